"""What the service answers when something is wrong: its error envelope, and the errors that carry one.

The codes are those of the service's published enumerations; texts marked "recorded" are the service's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One error as it stands on the wire. `target` names the part of the request that it is about."""

    code: str
    message: str
    target: str = ""
    details: tuple[Fault, ...] = ()
    inner: Fault | None = None

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

    def __init__(self, status: int, fault: Fault, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.status = status
        self.fault = fault
        self.headers = headers or {}


def invalid(
    message: str, *, code: str = "InvalidRequest", inner: Fault | None = None, target: str = ""
) -> ServiceError:
    return ServiceError(400, Fault(code, message, target, inner=inner))


def malformed(message: str, target: str = "") -> ServiceError:
    """The body is not what the operation takes."""
    return invalid("Invalid request body.", inner=Fault("InvalidRequestBodyFormat", message, target))


def bad_parameter(message: str, target: str = "") -> ServiceError:
    """A value is of the right type but cannot be meant."""
    inner = Fault("InvalidParameterValue", message, target)
    return invalid("Invalid parameter value.", code="InvalidArgument", inner=inner)


def bad_documents(message: str, inner_code: str = "InvalidDocumentBatch") -> ServiceError:
    return invalid("Invalid document in request.", inner=Fault(inner_code, message))


def conflict(message: str) -> ServiceError:
    return ServiceError(409, Fault("Conflict", message))


def quota(message: str) -> ServiceError:
    return ServiceError(400, Fault("QuotaExceeded", message))


def not_found(message: str) -> ServiceError:
    return ServiceError(404, Fault("NotFound", message))


def project_not_found() -> ServiceError:
    """Recorded from the same front end, which hides the name behind a number."""
    detail = Fault("ProjectNotFound", str(uuid.uuid4()))
    return ServiceError(404, Fault("ProjectNotFound", "The specified project was not found.", details=(detail,)))


def operation_not_found(job: str) -> ServiceError:
    return ServiceError(404, Fault("OperationNotFound", f"There is no job {job}: it was never begun, or has expired."))


def wrong_key() -> ServiceError:
    """Recorded; the gateway answers with a number where the service has a word."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    )
    return ServiceError(401, Fault("401", message))


def no_such_route() -> ServiceError:
    return ServiceError(404, Fault("404", "Resource not found"))


def wrong_method(allowed: Iterable[str]) -> ServiceError:
    names = ", ".join(sorted(allowed))
    return ServiceError(405, Fault("405", f"This address takes {names}."), {"Allow": names})


def too_large(limit: int) -> ServiceError:
    return ServiceError(413, Fault("InvalidRequest", f"The request is too large: at most {limit} bytes are taken."))


def empty_document() -> Fault:
    """Recorded: how one empty document among good ones is reported."""
    inner = Fault("InvalidDocument", "Document text is empty.")
    return Fault("InvalidArgument", "Invalid Document in request.", inner=inner)


def all_documents_empty() -> ServiceError:
    """Recorded."""
    return invalid("Invalid Document in request.", inner=Fault("InvalidDocumentBatch", "Document text is empty."))
