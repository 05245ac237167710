"""What the routes of today's authoring protocol share: where jobs are found, pages, what only previews have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

from local.language.authoring.shapes import job_body
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Handler, Reply
from local.language.protocol.json_body import JSON
from local.language.protocol.service_errors import bad_parameter, no_such_route
from local.language.state.records import Job

PREFIX = "/language/authoring/analyze-text"
ITEMS_IN_PAGE = 100  # not documented


def in_previews(handler: Handler[Service]) -> Handler[Service]:
    """The handler, of which api-versions that are no previews know nothing."""

    @wraps(handler)
    def handled(call: Call, service: Service) -> Reply:
        if not previewed(call):
            raise no_such_route()
        return handler(call, service)

    return handled


def previewed(call: Call) -> bool:
    return call.query["api-version"].endswith("-preview")


def job_of(call: Call, service: Service, *kinds: str, **asked: str) -> Job:
    """The job that the call's path names. Raises a 404 ServiceError."""
    return service.job(call.names["project"], kinds, call.names["job"], **asked)


def status_of(kind: str, *names: str) -> Handler[Service]:
    """Answers how a job of the kind stands; `names` are the parts of the path that say more of what it was about."""

    def status(call: Call, service: Service) -> Reply:
        asked = {name: call.names[name] for name in names}
        return Reply(200, job_body(service, job_of(call, service, kind, **asked)))

    status.__name__ = f"{kind}_status"
    return status


def accepted(call: Call, start: str, job: Job, *segments: str) -> Reply:
    version = {"api-version": call.query["api-version"]}
    return Reply(202, headers={"operation-location": call.link(PREFIX + start, *segments, job.id, **version)})


def require_string_index(call: Call) -> None:
    """In any case, as the service takes it."""
    if call.required("stringIndexType").lower() != "utf16codeunit":
        raise bad_parameter("stringIndexType must be Utf16CodeUnit.", "stringIndexType")


def page(call: Call, items: Sequence[JSON]) -> Reply:
    """`top` items in total after `skip`, at most `maxpagesize` at once; `nextLink` leads to the rest, null ends."""
    skip, top = call.whole("skip", 0) or 0, call.whole("top", len(items))
    size = call.whole("maxpagesize", ITEMS_IN_PAGE, least=1) or ITEMS_IN_PAGE
    wanted = items[skip:][:top]
    link = None
    if len(wanted) > size:
        rest: dict[str, Any] = {**call.query, "skip": skip + size, "top": len(wanted) - size, "maxpagesize": size}
        link = call.link(call.path, **rest)
    return Reply(200, {"value": list(wanted[:size]), "nextLink": link})
