"""How an operation is carried out: the base of the handlers, one for each kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from shared.domain.operations import Operation
from shared.errors import LanguageError
from shared.language.types import Progress
from shared.services import Services

Result = Mapping[str, Any]
Effect = tuple[list[tuple[Any, Any]], Result]


class Handler(ABC):
    """The handler of one kind of operation. `begin` and `effect` must be idempotent: the process may die after them."""

    already_done: ClassVar[type[LanguageError] | None] = None
    """The error of a repeated request whose first try had its effect."""

    @abstractmethod
    def begin(self, services: Services, operation: Operation) -> str | None:
        """The service's id of the job, "" where the service has none; None if it is already done."""

    @abstractmethod
    def look(self, services: Services, operation: Operation) -> Progress:
        """How the work stands. Work of the app's own takes its next step."""

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """After success: the other changes in the ledger, as (before, after) pairs, and the operation's result."""
        del services, operation, progress, now
        return [], {}
