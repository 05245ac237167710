"""The schedule monitor: when a timer ran last and is due next, kept in storage so that no stop of the host hides a run.

`beginning` decides, and `Monitor` reads and writes the blob, which has the real host's name and form.
"""

from __future__ import annotations

import json
import logging
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.host.storage.clients import HOSTS_CONTAINER, Outage, in_thread, write
from local.host.triggers.ncrontab import Schedule

NEVER = datetime(1, 1, 1, tzinfo=UTC)
log = logging.getLogger("host")


@dataclass(frozen=True)
class Status:
    """Aware UTC times; NEVER for one that has not been."""

    last: datetime
    next: datetime
    updated: datetime

    def to_dict(self) -> dict[str, str]:
        return {"Last": _text(self.last), "Next": _text(self.next), "LastUpdated": _text(self.updated)}


@dataclass(frozen=True)
class Beginning:
    """How a timer starts: from `status`, with a run that is past due or not; `unwritten` is to be stored first."""

    status: Status
    past_due: bool = False
    unwritten: Status | None = None


def unmonitored(schedule: Schedule, now: datetime) -> Beginning:
    return Beginning(Status(NEVER, schedule.next(now), NEVER))


def after_run(schedule: Schedule, ran: datetime) -> Status:
    return Status(ran, schedule.next(ran), ran)


def beginning(schedule: Schedule, stored: Status | None, now: datetime) -> Beginning:
    """From what the last host left. A status of another schedule is made anew, and then nothing is past due."""
    if stored is None:
        begun = unmonitored(schedule, now)
        return Beginning(begun.status, unwritten=Status(NEVER, begun.status.next, now))
    base = next((moment for moment in (stored.last, stored.updated) if moment > NEVER), now)
    if stored.next == schedule.next(base):
        return Beginning(stored, past_due=now > stored.next)
    if now > schedule.next(base):
        base = now
    changed = Status(NEVER, schedule.next(base), base)
    return Beginning(changed, unwritten=changed)


def parse(text: str) -> Status:
    """Raises ValueError."""
    try:
        content = json.loads(text)
        return Status(*(_moment(content[name]) for name in ("Last", "Next", "LastUpdated")))
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error
    except (RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


def _text(moment: datetime) -> str:
    """As the real host writes times: with an offset, and a fraction without trailing zeros."""
    whole, dot, fraction = moment.replace(tzinfo=None).isoformat().partition(".")
    return f"{whole}{dot}{fraction.rstrip('0')}+00:00"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.year <= NEVER.year:
        return NEVER
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Monitor:
    """One timer's status blob. Storage that is away is told of once, and holds up no schedule."""

    def __init__(self, service: BlobServiceClient, host_id: str, function_id: str, threads: Executor) -> None:
        self._name = f"timers/{host_id}/{function_id}/status"
        self._service, self._threads = service, threads
        self._outage = Outage(f"the schedule status {self._name}")

    async def begin(self, schedule: Schedule, now: datetime) -> Beginning:
        """Where the schedule stands, as far as storage tells."""
        try:
            stored = await in_thread(self._threads, self._read)
        except Exception as error:  # noqa: BLE001  # whatever it is, it holds up no schedule
            self._outage.seen(error)
            return unmonitored(schedule, now)
        begun = beginning(schedule, stored, now)
        if begun.unwritten:
            await self.write(begun.unwritten)
        return begun

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
            return parse(content.decode())
        except ResourceNotFoundError:
            return None
        except ValueError as error:
            log.warning("The schedule status %s is made anew, for it cannot be read: %s", self._name, error)
            return None
