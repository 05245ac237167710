"""A loaded function and its trigger. `%SETTING%` in the trigger's values is resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from local.host.config.settings import Connection
    from local.host.functions.retry_policy import Retry
    from local.host.triggers.ncrontab import Schedule
    from local.host.triggers.path_pattern import BlobPath
    from local.host.triggers.route_templates import Route


@dataclass(frozen=True)
class HttpTrigger:
    """Without `methods` every method is allowed. `level`: see auth_level."""

    route: Route
    methods: tuple[str, ...]
    level: str

    def takes(self, method: str) -> bool:
        return not self.methods or method.upper() in self.methods


@dataclass(frozen=True)
class TimerTrigger:
    """`monitored`: the last and next run are stored."""

    expression: str
    schedule: Schedule
    run_on_startup: bool = False
    monitored: bool = False


@dataclass(frozen=True)
class BlobTrigger:
    """`scans`: the host lists the container; otherwise Event Grid notifies it of blobs."""

    path: BlobPath
    connection: Connection
    scans: bool


@dataclass(frozen=True)
class QueueTrigger:
    """A queue of an account."""

    queue: str
    connection: Connection


Trigger = HttpTrigger | TimerTrigger | BlobTrigger | QueueTrigger
Kind = TypeVar("Kind", HttpTrigger, TimerTrigger, BlobTrigger, QueueTrigger)


@dataclass(frozen=True)
class Function:
    """`argument` is the parameter for the trigger's value: an object of the library, or with `raw` bytes or str."""

    name: str
    call: Callable[..., Any]
    directory: str
    trigger: Trigger
    argument: str
    raw: bool = False
    wants_context: bool = False
    is_async: bool = False
    returns: bool = False
    retry: Retry | None = None
    disabled: bool = False
    bindings: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its name in receipts, messages and locks."""
        return f"Host.Functions.{self.name}"


def triggered_by(kind: type[Kind], functions: Iterable[Function]) -> list[tuple[Function, Kind]]:
    """The functions with this kind of trigger, each with its trigger."""
    return [(function, function.trigger) for function in functions if isinstance(function.trigger, kind)]
