"""The errors of the service and their JSON envelope.

The codes come from the enumerations that the service publishes. Texts marked "recorded" were recorded from the service.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SECONDS_IN_DAY = 24 * 3600
FRONT_HEADERS = {  # recorded: on all responses, except those the gateway sends without a dialect
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class WireError:
    """One error in a response. `target` names the part of the request that is wrong."""

    code: str
    message: str
    target: str = ""
    details: tuple[WireError, ...] = ()
    inner: WireError | None = None

    def wire(self, renamed: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The error as JSON. `renamed`: codes that a dialect spells differently."""
        renamed = renamed or {}
        body: dict[str, Any] = {"code": renamed.get(self.code, self.code), "message": self.message}
        if self.target:
            body["target"] = self.target
        if self.details:
            body["details"] = [detail.wire(renamed) for detail in self.details]
        if self.inner:
            body["innererror"] = self.inner.wire(renamed)
        return body


class ServiceError(Exception):
    """A request that fails with this HTTP status and error."""

    def __init__(self, status: int, fault: WireError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.status = status
        self.fault = fault
        self.headers = headers or {}

    @property
    def by_gateway(self) -> bool:
        """Whether the gateway sends it: its codes are numbers, those of the service are words (recorded)."""
        return self.fault.code.isdigit()


def invalid(
    message: str, *, code: str = "InvalidRequest", inner: WireError | None = None, target: str = ""
) -> ServiceError:
    return ServiceError(400, WireError(code, message, target, inner=inner))


def malformed(message: str, target: str = "") -> ServiceError:
    """The body does not have the form that the operation requires."""
    return invalid("Invalid request body.", inner=WireError("InvalidRequestBodyFormat", message, target))


def bad_parameter(message: str, target: str = "") -> ServiceError:
    """A value has the right type but is not allowed."""
    inner = WireError("InvalidParameterValue", message, target)
    return invalid("Invalid parameter value.", code="InvalidArgument", inner=inner)


def bad_documents(message: str, inner_code: str = "InvalidDocumentBatch") -> ServiceError:
    return invalid("Invalid document in request.", inner=WireError(inner_code, message))


def too_much_text(limit: int) -> ServiceError:
    """The request has more text elements than allowed."""
    inner = WireError(
        "InvalidDocumentBatch", f"Request Payload sent is too large to be processed. Limit request size to: {limit}"
    )
    return ServiceError(413, WireError("InvalidRequest", "Invalid Document in request.", inner=inner))


def duplicate_task(name: str, kind: str) -> ServiceError:
    """Recorded for another kind of task."""
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
    """Recorded from the same front end, which sends a random id instead of the name."""
    detail = WireError("ProjectNotFound", str(uuid.uuid4()))
    return ServiceError(404, WireError("ProjectNotFound", "The specified project was not found.", details=(detail,)))


def operation_not_found(job: str) -> ServiceError:
    return ServiceError(404, WireError("OperationNotFound", f"The job {job} does not exist or has expired."))


def wrong_key() -> ServiceError:
    """The key is missing or wrong (recorded)."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    )
    return ServiceError(401, WireError("401", message))


def throttled(operation: str, api: str, seconds: int | None, tier: str = "S") -> ServiceError:
    """Recorded. `seconds`: the Retry-After header; None: no such header."""
    message = (
        f"Requests to the {operation} Operation under {api} have exceeded rate limit of your current TextAnalytics "
        f"{tier} pricing tier. Please retry after {_count(1 if seconds is None else seconds, 'second')}. "
        "Please contact Azure support service if you would like to further increase the default rate limit."
    )
    return ServiceError(429, WireError("429", message), _retry_after(seconds))


def quota_exceeded(seconds: int | None, tier: str = "F0") -> ServiceError:
    """Recorded. `seconds`: the Retry-After header, which the message rounds up to days; None: no such header."""
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
    return ServiceError(405, WireError("405", f"This address accepts {names}."), {"Allow": names})


def too_large(limit: int) -> ServiceError:
    return ServiceError(413, WireError("InvalidRequest", f"The request is too large: the limit is {limit} bytes."))


def empty_document() -> WireError:
    """Recorded: the error of one empty document among valid ones."""
    inner = WireError("InvalidDocument", "Document text is empty.")
    return WireError("InvalidArgument", "Invalid Document in request.", inner=inner)


def all_documents_empty() -> ServiceError:
    """Recorded: the error when every document is empty."""
    return invalid("Invalid Document in request.", inner=WireError("InvalidDocumentBatch", "Document text is empty."))


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _retry_after(seconds: int | None) -> Mapping[str, str]:
    return FRONT_HEADERS | ({} if seconds is None else {"Retry-After": str(seconds)})
