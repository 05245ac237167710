"""Lists documents, jobs and operations, and returns one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from shared.api import views
from shared.api.call import Call
from shared.api.requests import Response, choice, file_name_filter, key_of, page_of, selection, text
from shared.domain import document_json
from shared.domain.document_json import View
from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.jobs import Job, JobState
from shared.domain.operations import Operation, OperationState
from shared.errors import BadRequest, NotFound, TextdropError
from shared.pipeline import waiting
from shared.pipeline.collection import collect_asked
from shared.services import Services

# Index rows have only times. Other filters are applied to what is read: so many queries fill a page, and the rest is
# left to the next page.
MAX_QUERIES = 5
MIN_RETRY_AFTER, MAX_RETRY_AFTER = timedelta(seconds=2), timedelta(seconds=60)
RETRY_COLLECTED = {"Retry-After": "1"}  # seconds; for a document whose job is polled when somebody asks for it
MAX_POLLING = timedelta(seconds=5)  # for a caller who waits for the answer

ALL, OPEN, ENDED = "all", "open", "ended"
ALL_DOCUMENTS = Selection(None)
# Each resource: its type, its states, and its view.
RESOURCES: dict[str, tuple[Any, Any, Callable[[Any], View]]] = {
    "documents": (Document, DocumentState, document_json.document),
    "jobs": (Job, JobState, views.job),
    "operations": (Operation, OperationState, views.operation),
}


@dataclass(frozen=True)
class Listing:
    """What a request lists: a resource in these states; `selection` applies to documents, `project` to operations."""

    resource: str
    states: Sequence[Any]
    selection: Selection = ALL_DOCUMENTS
    project: str = ""  # empty: all

    @property
    def type(self) -> Any:
        return RESOURCES[self.resource][0]

    @property
    def final_states(self) -> list[Any]:
        return [state for state in self.states if state.final]

    def matches(self, value: Any) -> bool:
        if value.state not in self.states:
            return False
        if isinstance(value, Document):
            return self.selection.fits(value)
        return not isinstance(value, Operation) or self.project in ("", value.project)


def list_documents(call: Call[None]) -> Response:
    """List documents: first the open ones, the longest due first; then those that have ended, newest first.

    With `name`, all versions of that file, newest first. A page may be short, or empty, and still have a `continue`.
    `waitingFor` is the reason why a document has to wait.
    """
    documents, states = selection(call.request.query), _states(call, "documents")
    if documents.category:
        states = [state for state in states if state is DocumentState.SUCCEEDED]
    if not states:
        raise BadRequest('Only documents that succeeded have classes: omit "state" when "class" is given.')
    return _list(call, Listing("documents", states, documents))


def list_jobs(call: Call[None]) -> Response:
    """List analyze jobs: first the open ones, then those that have ended, newest first."""
    return _list(call, Listing("jobs", _states(call, "jobs")))


def list_operations(call: Call[None]) -> Response:
    """List operations: first the open ones, then those that have ended, newest first.

    With `project`, a page may be short, or empty, and still have a `continue`.
    """
    project = text(call.request.query, "project", "")
    return _list(call, Listing("operations", _states(call, "operations"), project=project))


def get_document(call: Call[None]) -> Response:
    """One document with its timeline. If its job is due, it is polled first."""
    return _get(call, "documents")


def get_job(call: Call[None]) -> Response:
    """One job and its documents. If it is due, it is polled first."""
    return _get(call, "jobs")


def get_operation(call: Call[None]) -> Response:
    """One operation with its result."""
    return _get(call, "operations")


def find(call: Call[Any], resource: str) -> Any:
    """The document, job or operation of the key in the path. Raises NotFound, or BadRequest for an invalid key."""
    value = call.services.ledger.find(RESOURCES[resource][0], key_of(call.key))
    if value is None:
        raise NotFound(f"There is no {resource.removesuffix('s')} {call.key}.")
    return value


def find_collected(call: Call[Any], resource: str) -> Any:
    """What `find` returns, after its job was polled, if that is due. Errors of the poll are not raised."""
    value = find(call, resource)
    job = value.job if isinstance(value, Document) else value.key if isinstance(value, Job) else ""
    if value.state.final or not job or not collect_asked(call.services, job, call.now, _has_time()):
        return value
    with suppress(TextdropError):  # then what was known before the poll
        return find(call, resource)
    return value


def _has_time() -> Callable[[], bool]:
    """Whether a caller may be kept waiting for one more poll."""
    started = monotonic()
    return lambda: monotonic() - started < MAX_POLLING.total_seconds()


def retry_after(value: Any, now: datetime) -> dict[str, str]:
    """The Retry-After header for an open value: the time until it is due, within bounds.

    A submitted document is itself due only when its job expires: it ends when its job is polled, also by a caller.
    """
    if value.state is DocumentState.SUBMITTED:
        return RETRY_COLLECTED
    wait = value.due - now
    return {"Retry-After": str(round(max(MIN_RETRY_AFTER, min(wait, MAX_RETRY_AFTER)).total_seconds()))}


def _get(call: Call[Any], resource: str) -> Response:
    value = find_collected(call, resource)
    [view] = _views(call, resource, [value])
    return Response(200, view, {} if value.state.final else retry_after(value, call.now))


def _states(call: Call[Any], resource: str) -> list[Any]:
    """The states of the `state` parameter: one of them, the open ones, or all. Raises BadRequest."""
    states = list(RESOURCES[resource][1])
    choices = {
        ALL: states,
        OPEN: [state for state in states if not state.final],
        **{state: [state] for state in states},
    }
    return choice(call.request.query.get("state", ALL), "state", choices.__getitem__, list(choices))  # type: ignore[no-any-return]


def _views(call: Call[Any], resource: str, values: Sequence[Any]) -> list[View]:
    """The views. What stops all documents is read once, and only if one of them waits."""
    if not any(value.state is DocumentState.WAITING for value in values):
        return [RESOURCES[resource][2](value) for value in values]
    for_all = waiting.keeps_all(call.services, call.now)
    return [document_json.document(value, waiting.waiting_for(value, for_all, call.now)) for value in values]


def _list(call: Call[Any], listing: Listing) -> Response:
    top, after = page_of(call.request.query)
    if "name" in call.request.query:
        versions, after = call.services.ledger.named(file_name_filter(call.request.query), top, after)
        values: list[Any] = list(filter(listing.matches, versions))
    else:
        values, after = _page(call.services, listing, top, after)
    return Response(200, {"value": _views(call, listing.resource, values), **views.continuation(after)})


def _page(services: Services, listing: Listing, top: int, after: str) -> tuple[list[Any], str]:
    page: list[Any] = []
    for _ in range(MAX_QUERIES):
        values, after = _query(services, listing, top - len(page), after)
        page += filter(listing.matches, values)
        if not after or len(page) == top:
            break
    return page, after


def _query(services: Services, listing: Listing, limit: int, after: str) -> tuple[list[Any], str]:
    """Up to `limit` values after a row, and the last row.

    Open values are first, so that one that ends meanwhile may be listed twice, but is never omitted.
    """
    first = OPEN if len(listing.final_states) < len(listing.states) else ENDED
    section, _, row = after.partition("|") if after else (first, "", "")
    if section == OPEN:
        values, row = services.ledger.open(listing.type, limit, row)
        following = ENDED if listing.final_states else ""
    elif section == ENDED:
        since, until = listing.selection.since, listing.selection.until
        values, row = services.ledger.ended_in(listing.type, listing.final_states, limit, row, since=since, until=until)
        following = ""
    else:
        raise BadRequest('"continue" must be the "continue" of the previous response.')
    if row:
        return values, f"{section}|{row}"
    return values, f"{following}|" if following else ""
