"""What the service answers when something is wrong: its error envelope, and the errors that carry one.

The codes are those of the service's published enumerations; texts marked "recorded" are the service's own.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SECONDS_IN_DAY = 24 * 3600
FRONT_HEADERS = {  # recorded: what stands on all answers but the gateway's own to strangers
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class WireError:
    """One error as it stands on the wire. `target` names the part of the request that it is about."""

    code: str
    message: str
    target: str = ""
    details: tuple[WireError, ...] = ()
    inner: WireError | None = None

    def wire(self, renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON of it. `renamed`: codes that a dialect spells differently."""
        renamed = renamed or {}
        found: dict[str, Any] = {"code": renamed.get(self.code, self.code), "message": self.message}
        if self.target:
            found["target"] = self.target
        if self.details:
            found["details"] = [detail.wire(renamed) for detail in self.details]
        if self.inner:
            found["innererror"] = self.inner.wire(renamed)
        return found


class ServiceError(Exception):
    """A request that gets no better answer than `status` and `fault`."""

    def __init__(self, status: int, fault: WireError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.status = status
        self.fault = fault
        self.headers = headers or {}

    @property
    def by_gateway(self) -> bool:
        """Whether it is the gateway's, which answers with a number where the service has a word (recorded)."""
        return self.fault.code.isdigit()


def invalid(
    message: str, *, code: str = "InvalidRequest", inner: WireError | None = None, target: str = ""
) -> ServiceError:
    return ServiceError(400, WireError(code, message, target, inner=inner))


def malformed(message: str, target: str = "") -> ServiceError:
    """The body is not what the operation takes."""
    return invalid("Invalid request body.", inner=WireError("InvalidRequestBodyFormat", message, target))


def bad_parameter(message: str, target: str = "") -> ServiceError:
    """A value is of the right type but cannot be meant."""
    inner = WireError("InvalidParameterValue", message, target)
    return invalid("Invalid parameter value.", code="InvalidArgument", inner=inner)


def bad_documents(message: str, inner_code: str = "InvalidDocumentBatch") -> ServiceError:
    return invalid("Invalid document in request.", inner=WireError(inner_code, message))


def too_much_text(limit: int) -> ServiceError:
    """More text elements than a request may have."""
    inner = WireError(
        "InvalidDocumentBatch", f"Request Payload sent is too large to be processed. Limit request size to: {limit}"
    )
    return ServiceError(413, WireError("InvalidRequest", "Invalid Document in request.", inner=inner))


def duplicate_task(name: str, kind: str) -> ServiceError:
    """Recorded, for tasks of another kind."""
    message = (
        f"Duplicate task name {name} for task type {kind}. Make sure each task under a task type has a unique name"
    )
    return invalid("InvalidTask in AnalyzeInput", inner=WireError("InvalidRequestBodyFormat", message))


def conflict(message: str) -> ServiceError:
    return ServiceError(409, WireError("Conflict", message))


def quota(message: str) -> ServiceError:
    return ServiceError(400, WireError("QuotaExceeded", message))


def not_found(message: str) -> ServiceError:
    return ServiceError(404, WireError("NotFound", message))


def project_not_found() -> ServiceError:
    """Recorded from the same front end, which hides the name behind a number."""
    detail = WireError("ProjectNotFound", str(uuid.uuid4()))
    return ServiceError(404, WireError("ProjectNotFound", "The specified project was not found.", details=(detail,)))


def operation_not_found(job: str) -> ServiceError:
    return ServiceError(
        404, WireError("OperationNotFound", f"There is no job {job}: it was never begun, or has expired.")
    )


def wrong_key() -> ServiceError:
    """Recorded."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    )
    return ServiceError(401, WireError("401", message))


def throttled(operation: str, api: str, seconds: int | None, tier: str = "S") -> ServiceError:
    """Recorded, with a Retry-After in whole seconds; None: without one."""
    message = (
        f"Requests to the {operation} Operation under {api} have exceeded rate limit of your current TextAnalytics "
        f"{tier} pricing tier. Please retry after {_count(1 if seconds is None else seconds, 'second')}. "
        "Please contact Azure support service if you would like to further increase the default rate limit."
    )
    return ServiceError(429, WireError("429", message), _retry_after(seconds))


def quota_spent(seconds: int | None, tier: str = "F0") -> ServiceError:
    """Recorded, with a Retry-After in seconds that the message rounds up to days; None: without one."""
    days = math.ceil((SECONDS_IN_DAY if seconds is None else seconds) / SECONDS_IN_DAY)
    message = (
        f"Out of call volume quota for TextAnalytics {tier} pricing tier. Please retry after {_count(days, 'day')}. "
        "To increase your call volume switch to a paid tier."
    )
    return ServiceError(403, WireError("403", message), _retry_after(seconds))


def no_such_route() -> ServiceError:
    return ServiceError(404, WireError("404", "Resource not found"))


def wrong_method(allowed: Iterable[str]) -> ServiceError:
    names = ", ".join(sorted(allowed))
    return ServiceError(405, WireError("405", f"This address takes {names}."), {"Allow": names})


def too_large(limit: int) -> ServiceError:
    return ServiceError(413, WireError("InvalidRequest", f"The request is too large: at most {limit} bytes are taken."))


def empty_document() -> WireError:
    """Recorded: how one empty document among good ones is reported."""
    inner = WireError("InvalidDocument", "Document text is empty.")
    return WireError("InvalidArgument", "Invalid Document in request.", inner=inner)


def all_documents_empty() -> ServiceError:
    """Recorded."""
    return invalid("Invalid Document in request.", inner=WireError("InvalidDocumentBatch", "Document text is empty."))


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _retry_after(seconds: int | None) -> Mapping[str, str]:
    return FRONT_HEADERS | ({} if seconds is None else {"Retry-After": str(seconds)})
