"""Documents, jobs, operations: listed, or one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.api import views
from shared.api.call import Call
from shared.api.requests import Response, choice, key_of, name_asked, page_of, selection
from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.jobs import Job, JobState
from shared.domain.operations import Operation, OperationState
from shared.errors import BadRequest, NotFound
from shared.pipeline import waiting
from shared.services import Services

# Rows know only when something is due or ended: what else is wanted is looked for in so many readings, and what they
# did not find is left to the next page.
READINGS = 5
SOONEST, LATEST = timedelta(seconds=2), timedelta(seconds=60)  # to ask again for what has not ended

ALL, OPEN, ENDED = "all", "open", "ended"
EVERYTHING = Selection(None)
# What is listed: its value, the states it has, and its view.
LISTED: dict[str, tuple[Any, Any, Callable[[Any], views.View]]] = {
    "documents": (Document, DocumentState, views.document),
    "jobs": (Job, JobState, views.job),
    "operations": (Operation, OperationState, views.operation),
}


@dataclass(frozen=True)
class Listing:
    """What a call lists: a kind of LISTED, in these states; of documents, those that fit `wanted`."""

    what: str
    states: Sequence[Any]
    wanted: Selection = EVERYTHING

    @property
    def kind(self) -> Any:
        return LISTED[self.what][0]

    @property
    def ended(self) -> list[Any]:
        return [state for state in self.states if state.final]

    def keeps(self, value: Any) -> bool:
        return value.state in self.states and (not isinstance(value, Document) or self.wanted.fits(value))


def list_documents(call: Call[None]) -> Response:
    """Documents: those that are open, the longest due first; then those that have ended, newest first.

    With `name`, all versions of that file, the last one first. A page may be short, or empty, and still have a
    `continue`. `waitingFor` says why a document waits.
    """
    wanted, states = selection(call.request.query), _states(call, "documents")
    if wanted.category:
        states = [state for state in states if state is DocumentState.SUCCEEDED]
    if not states:
        raise BadRequest('Only documents that succeeded have a class: leave "state" out beside "class".')
    return _list(call, Listing("documents", states, wanted))


def list_jobs(call: Call[None]) -> Response:
    """Analyze jobs: those that are open, then those that have ended, newest first."""
    return _list(call, Listing("jobs", _states(call, "jobs")))


def list_operations(call: Call[None]) -> Response:
    """Operations: those that are open, then those that have ended, newest first."""
    return _list(call, Listing("operations", _states(call, "operations")))


def get_document(call: Call[None]) -> Response:
    """One document with its timeline."""
    return _get(call, "documents")


def get_job(call: Call[None]) -> Response:
    """One job and its documents."""
    return _get(call, "jobs")


def get_operation(call: Call[None]) -> Response:
    """How one operation stands, or what it yielded."""
    return _get(call, "operations")


def find(call: Call[Any], what: str) -> Any:
    """The value of the key in the path. Raises NotFound, and BadRequest for what no key can be."""
    found = call.services.ledger.find(LISTED[what][0], key_of(call.key))
    if found is None:
        raise NotFound(f"There is no {what.removesuffix('s')} {call.key}.")
    return found


def ask_again(value: Any, now: datetime) -> dict[str, str]:
    """The header that says when to ask again for what has not ended: when it is next looked at, within bounds.

    A document that is submitted is looked at with its job; its own time is that job's expiry.
    """
    wait = SOONEST if value.state is DocumentState.SUBMITTED else value.due - now
    return {"Retry-After": str(round(max(SOONEST, min(wait, LATEST)).total_seconds()))}


def _get(call: Call[Any], what: str) -> Response:
    value = find(call, what)
    [view] = _views(call, what, [value])
    return Response(200, view, {} if value.state.final else ask_again(value, call.now))


def _states(call: Call[Any], what: str) -> list[Any]:
    """The states that `state` asks for: one of them, those that are open, or all."""
    states = list(LISTED[what][1])
    words = {ALL: states, OPEN: [state for state in states if not state.final], **{state: [state] for state in states}}
    return choice(call.request.query.get("state", ALL), "state", words.__getitem__, list(words))  # type: ignore[no-any-return]


def _views(call: Call[Any], what: str, values: Sequence[Any]) -> list[views.View]:
    """What stops all documents is read once, and only if one of these waits."""
    if not any(value.state is DocumentState.WAITING for value in values):
        return [LISTED[what][2](value) for value in values]
    for_all = waiting.keeps_all(call.services, call.now)
    return [views.document(value, waiting.waiting_for(value, for_all, call.now)) for value in values]


def _list(call: Call[Any], listing: Listing) -> Response:
    top, after = page_of(call.request.query)
    if "name" in call.request.query:
        versions, after = call.services.ledger.named(name_asked(call.request.query), top, after)
        found: list[Any] = list(filter(listing.keeps, versions))
    else:
        found, after = _page(call.services, listing, top, after)
    return Response(200, {"value": _views(call, listing.what, found), **views.continued(after)})


def _page(services: Services, listing: Listing, top: int, after: str) -> tuple[list[Any], str]:
    kept: list[Any] = []
    for _ in range(READINGS):
        found, after = _reading(services, listing, top - len(kept), after)
        kept += filter(listing.keeps, found)
        if not after or len(kept) == top:
            break
    return kept, after


def _reading(services: Services, listing: Listing, limit: int, after: str) -> tuple[list[Any], str]:
    """What is open comes first: what ends meanwhile may be listed twice, but is never left out."""
    first = OPEN if len(listing.ended) < len(listing.states) else ENDED
    part, _, place = after.partition("|") if after else (first, "", "")
    if part == OPEN:
        found, place = services.ledger.open(listing.kind, limit, place)
        following = ENDED if listing.ended else ""
    elif part == ENDED:
        since, until = listing.wanted.since, listing.wanted.until
        found, place = services.ledger.ended_in(listing.kind, listing.ended, limit, place, since=since, until=until)
        following = ""
    else:
        raise BadRequest('"continue" must be what the answer before gave.')
    if place:
        return found, f"{part}|{place}"
    return found, f"{following}|" if following else ""
