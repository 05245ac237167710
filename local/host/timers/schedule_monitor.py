"""The schedule monitor: stores when a timer ran last and is due next, so that a restart of the host misses no run.

`schedule_start` decides; `Monitor` reads and writes the blob, whose name and form are those of the real host.
"""

from __future__ import annotations

import json
import logging
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.host.errors import HostInError
from local.host.storage.clients import HOSTS_CONTAINER, Outage, in_thread, write
from local.host.triggers.ncrontab import Schedule

NEVER = datetime(1, 1, 1, tzinfo=UTC)
log = logging.getLogger("host")


@dataclass(frozen=True)
class Status:
    """Aware UTC times; NEVER before the first run."""

    last: datetime
    next: datetime
    updated: datetime

    def to_dict(self) -> dict[str, str]:
        return {"Last": _text(self.last), "Next": _text(self.next), "LastUpdated": _text(self.updated)}


@dataclass(frozen=True)
class ScheduleStart:
    """How a timer starts: from `status`, at once if a run is past due; `to_write` must be stored first."""

    status: Status
    past_due: bool = False
    to_write: Status | None = None


def unmonitored(schedule: Schedule, now: datetime) -> ScheduleStart:
    return ScheduleStart(Status(NEVER, schedule.next(now), NEVER))


def after_run(schedule: Schedule, ran: datetime) -> Status:
    return Status(ran, schedule.next(ran), ran)


def schedule_start(schedule: Schedule, stored: Status | None, now: datetime) -> ScheduleStart:
    """From the stored status. If the schedule has changed, a new status replaces it, and nothing is past due."""
    if stored is None:
        start = unmonitored(schedule, now)
        return ScheduleStart(start.status, to_write=Status(NEVER, start.status.next, now))
    base = next((moment for moment in (stored.last, stored.updated) if moment > NEVER), now)
    if stored.next == schedule.next(base):
        return ScheduleStart(stored, past_due=now > stored.next)
    if now > schedule.next(base):
        base = now
    changed = Status(NEVER, schedule.next(base), base)
    return ScheduleStart(changed, to_write=changed)


def parse(text: str) -> Status:
    """Raises ValueError; HostInError for what is no JSON object."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HostInError("it is no JSON") from error
    try:
        return Status(*(_moment(content[name]) for name in ("Last", "Next", "LastUpdated")))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error
    except (RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


def _text(moment: datetime) -> str:
    """A time as the real host writes it: with an offset, and a fraction without trailing zeros."""
    whole, dot, fraction = moment.replace(tzinfo=None).isoformat().partition(".")
    return f"{whole}{dot}{fraction.rstrip('0')}+00:00"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.year <= NEVER.year:
        return NEVER
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Monitor:
    """The status blob of one timer. A failure of storage is logged once, and delays no schedule."""

    def __init__(self, service: BlobServiceClient, host_id: str, function_id: str, threads: Executor) -> None:
        self._name = f"timers/{host_id}/{function_id}/status"
        self._service, self._threads = service, threads
        self._outage = Outage(f"the schedule status {self._name}")

    async def begin(self, schedule: Schedule, now: datetime) -> ScheduleStart:
        """How the schedule starts; unmonitored if storage fails. Raises HostInError if the status is no JSON."""
        try:
            stored = await in_thread(self._threads, self._read)
        except HostInError as error:
            raise HostInError(
                f"The schedule status {HOSTS_CONTAINER}/{self._name} keeps the host from starting, as in Azure: "
                f"{error}. Delete this blob."
            ) from error
        except Exception as error:  # noqa: BLE001  # it must not delay the schedule
            self._outage.seen(error)
            return unmonitored(schedule, now)
        start = schedule_start(schedule, stored, now)
        if start.to_write:
            await self.write(start.to_write)
        return start

    async def write(self, status: Status) -> None:
        text = json.dumps(status.to_dict(), separators=(",", ":"))
        try:
            await in_thread(self._threads, write, self._service, self._name, text)
            self._outage.over()
        except Exception as error:  # noqa: BLE001
            self._outage.seen(error)

    def _read(self) -> Status | None:
        try:
            content = self._service.get_blob_client(HOSTS_CONTAINER, self._name).download_blob().readall()
            return parse(content.decode()) if content.strip() else None
        except ResourceNotFoundError:
            return None
        except ValueError as error:
            log.warning("The schedule status %s cannot be read, and is replaced: %s", self._name, error)
            return None
