"""Documents, jobs, operations: listed, or one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shared.errors import NotFound
from shared.management import views
from shared.management.requests import Answer, Request, choice, key_of, page_of, selection
from shared.model import Document, DocumentState, Job, JobState
from shared.operation import Operation, OperationState
from shared.selection import Selection
from shared.services import Services

# Rows know only when something is due or ended: what else is wanted is looked for in so many readings, and what they
# did not find is left to the next page.
READINGS = 5
SOONEST, LATEST = timedelta(seconds=2), timedelta(seconds=60)  # to ask again for what has not ended

# What is listed: its value, the states it has, and its view.
LISTED: dict[str, tuple[Any, Any, Callable[[Any], views.View]]] = {
    "documents": (Document, DocumentState, views.document),
    "jobs": (Job, JobState, views.job),
    "operations": (Operation, OperationState, views.operation),
}


def list_documents(services: Services, request: Request, now: datetime) -> Answer:
    """Documents that are open, the longest due first; or those that ended in a `state`, newest first.

    A page may be short, or empty, and still have a `continue`.
    """
    del now
    return _list(services, "documents", request, selection(request.query))


def list_jobs(services: Services, request: Request, now: datetime) -> Answer:
    """Analyze jobs that are open, or those that ended in a `state`."""
    del now
    return _list(services, "jobs", request, _of_state("jobs", request))


def list_operations(services: Services, request: Request, now: datetime) -> Answer:
    """Operations that are open, or those that ended in a `state`."""
    del now
    return _list(services, "operations", request, _of_state("operations", request))


def get_document(services: Services, request: Request, now: datetime, key: str) -> Answer:
    """One document with its timeline."""
    del request
    return _get(services, "documents", key, now)


def get_job(services: Services, request: Request, now: datetime, key: str) -> Answer:
    """One job and its documents."""
    del request
    return _get(services, "jobs", key, now)


def get_operation(services: Services, request: Request, now: datetime, key: str) -> Answer:
    """How one operation stands, or what it yielded."""
    del request
    return _get(services, "operations", key, now)


def find(services: Services, what: str, key: str) -> Any:
    """The value of this key. Raises NotFound, and BadRequest for what no key can be."""
    found = services.ledger.find(LISTED[what][0], key_of(key))
    if found is None:
        raise NotFound(f"There is no {what.removesuffix('s')} {key}.")
    return found


def ask_again(value: Any, now: datetime) -> dict[str, str]:
    """The header that says when to ask again for what has not ended: when it is next looked at, within bounds.

    A document that is submitted is looked at with its job; its own time is that job's expiry.
    """
    wait = SOONEST if value.state is DocumentState.SUBMITTED else value.due - now
    return {"Retry-After": str(round(max(SOONEST, min(wait, LATEST)).total_seconds()))}


def _get(services: Services, what: str, key: str, now: datetime) -> Answer:
    value = find(services, what, key)
    return Answer(200, LISTED[what][2](value), {} if value.state.final else ask_again(value, now))


def _of_state(what: str, request: Request) -> Selection:
    """Jobs and operations are told apart by their state alone."""
    states = LISTED[what][1]
    state = request.query.get("state")
    return Selection(choice(state, "state", states, list(states)) if state else None)


def _list(services: Services, what: str, request: Request, wanted: Selection) -> Answer:
    view = LISTED[what][2]
    top, after = page_of(request.query)
    found, more = _page(services, what, wanted, top, after)
    return Answer(200, {"value": [view(one) for one in found], **views.continued(more)})


def _page(services: Services, what: str, wanted: Selection, top: int, after: str) -> tuple[list[Any], str]:
    kept: list[Any] = []
    for _ in range(READINGS):
        found, after = _reading(services, what, wanted, top - len(kept), after)
        kept += [one for one in found if _fits(one, wanted)]
        if not after or len(kept) == top:
            break
    return kept, after


def _reading(services: Services, what: str, wanted: Selection, limit: int, after: str) -> tuple[list[Any], str]:
    kind = LISTED[what][0]
    if wanted.state is not None and wanted.state.final:
        return services.ledger.ended(kind, wanted.state, limit, after, since=wanted.since, until=wanted.until)
    return services.ledger.open(kind, limit, after)


def _fits(one: Any, wanted: Selection) -> bool:
    return wanted.state in (None, one.state) and (not isinstance(one, Document) or wanted.fits(one))
