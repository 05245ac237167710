"""What the host knows of a function once it is loaded. The triggers' own values are already resolved."""

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
    """No `methods` means every method; `level` is what a caller's key must open."""

    route: Route
    methods: tuple[str, ...]
    level: str


@dataclass(frozen=True)
class TimerTrigger:
    """`monitored`: what became of the schedule is kept in storage."""

    expression: str
    schedule: Schedule
    run_on_startup: bool = False
    monitored: bool = False


@dataclass(frozen=True)
class BlobTrigger:
    """`scans`: the host looks for new blobs itself; otherwise events tell of them."""

    path: BlobPath
    connection: Connection
    scans: bool


Trigger = HttpTrigger | TimerTrigger | BlobTrigger
Kind = TypeVar("Kind", HttpTrigger, TimerTrigger, BlobTrigger)


@dataclass(frozen=True)
class Function:
    """`argument` takes the trigger's value: an object of the library, or with `raw` the bytes or text alone."""

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
        """What storage calls it: in receipts, messages and locks."""
        return f"Host.Functions.{self.name}"


def triggered_by(kind: type[Kind], functions: Iterable[Function]) -> list[tuple[Function, Kind]]:
    """Those of the functions that have this kind of trigger, each with its trigger."""
    return [(one, one.trigger) for one in functions if isinstance(one.trigger, kind)]
