"""What routes of the current authoring protocol share: jobs, pages, and routes of previews only."""

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
    """The handler of a route that only previews have. Other api-versions get a 404."""

    @wraps(handler)
    def handled(call: Call, service: Service) -> Reply:
        if not is_preview(call):
            raise no_such_route()
        return handler(call, service)

    return handled


def is_preview(call: Call) -> bool:
    return call.query["api-version"].endswith("-preview")


def job_of(call: Call, service: Service, *kinds: str, **request: str) -> Job:
    """The job in the path of the call, if kind and `request` are as expected. Raises a 404 ServiceError."""
    return service.job(call.names["project"], kinds, call.names["job"], **request)


def status_of(kind: str, *names: str) -> Handler[Service]:
    """A handler that returns the status of a job. `names`: parts of the path that the request of the job had too."""

    def status(call: Call, service: Service) -> Reply:
        request = {name: call.names[name] for name in names}
        return Reply(200, job_body(service, job_of(call, service, kind, **request)))

    status.__name__ = f"{kind}_status"
    return status


def accepted(call: Call, start: str, job: Job, *segments: str) -> Reply:
    """202 with the URL of the status of the job."""
    version = {"api-version": call.query["api-version"]}
    return Reply(202, headers={"operation-location": call.link(PREFIX + start, *segments, job.id, **version)})


def require_string_index(call: Call) -> None:
    """Raises a 400 ServiceError. Upper and lower case are the same, as in the service."""
    if call.required("stringIndexType").lower() != "utf16codeunit":
        raise bad_parameter("stringIndexType must be Utf16CodeUnit.", "stringIndexType")


def page(call: Call, items: Sequence[JSON]) -> Reply:
    """At most `maxpagesize` of the `top` items after `skip`. `nextLink` has the rest; null: no more items."""
    skip, top = call.whole("skip", 0) or 0, call.whole("top", len(items))
    size = call.whole("maxpagesize", ITEMS_IN_PAGE, least=1) or ITEMS_IN_PAGE
    requested = items[skip:][:top]
    link = None
    if len(requested) > size:
        rest: dict[str, Any] = {**call.query, "skip": skip + size, "top": len(requested) - size, "maxpagesize": size}
        link = call.link(call.path, **rest)
    return Reply(200, {"value": list(requested[:size]), "nextLink": link})
