"""Singletons: of all hosts with one id and one storage, the one that holds a blob's lease does the work.

Blobs, lease and times are the real host's. A host that stops gives its leases back; those of one that was killed run
out. A holder that cannot reach storage works on, for nobody else can take its lease there either.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from local.host.clock import WALL_CLOCK, Clock
from local.host.config.leasing import Leasing
from local.host.storage.clients import HOSTS_CONTAINER, Outage, in_thread, write

SOON = 2.0  # seconds until a renewal that storage did not answer is tried again
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
log = logging.getLogger("host")


class Answer(enum.Enum):
    OURS = "ours"
    THEIRS = "theirs"
    NONE = "storage is away"


class Lease:
    """The lease on one lock of a host id; its blob is made if it is not there."""

    def __init__(self, service: BlobServiceClient, host_id: str, lock: str, period: int) -> None:
        self.name = f"locks/{host_id}/{lock}"
        self._service, self._period = service, period
        self._held: BlobLeaseClient | None = None

    def take(self) -> bool:
        """Whether it is ours now. Raises AzureError."""
        try:
            self._held = self._take()
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):  # another host made it in the meantime
                write(self._service, self.name, "", overwrite=False)
            return self.take()
        except ResourceExistsError:
            return False
        return True

    def _take(self) -> BlobLeaseClient:
        return self._service.get_blob_client(HOSTS_CONTAINER, self.name).acquire_lease(self._period)

    def renew(self) -> bool:
        """False if it is no longer ours, or its blob is gone. Raises AzureError."""
        try:
            if self._held:
                self._held.renew()
        except (ResourceExistsError, ResourceNotFoundError):
            self._held = None
        return self._held is not None

    def release(self) -> None:
        held, self._held = self._held, None
        if held:
            with suppress(Exception):  # it runs out by itself
                held.release(retry_total=0)


class Singleton:
    """Work that one host at a time does; `what` names it in the log."""

    def __init__(self, what: str, lease: Lease, leasing: Leasing, threads: Executor, clock: Clock = WALL_CLOCK) -> None:
        self._what, self._lease, self._leasing = what, lease, leasing
        self._threads, self._clock = threads, clock
        self._outage = Outage(f"{what}: its lease {lease.name}")
        self._waits = False

    async def hold(self, work: Work, stopping: asyncio.Event) -> None:
        """Does `work` whenever the lease is ours, until `stopping` is set. `work` gets an event that ends it."""
        while not stopping.is_set():
            answer = await self._ask(self._lease.take)
            if answer is Answer.OURS:
                await self._do(work, stopping)
            else:
                self._tell_once(answer)
                await self._clock.wait(self._pause(answer), stopping)

    def _pause(self, answer: Answer) -> float:
        return self._leasing.recovery if answer is Answer.THEIRS else min(SOON, self._leasing.recovery)

    async def _do(self, work: Work, stopping: asyncio.Event) -> None:
        if self._waits:
            log.info("%s: now done by this host", self._what)
            self._waits = False
        try:
            await self._do_and_keep(work, stopping)
        finally:
            await in_thread(self._threads, self._lease.release)

    async def _do_and_keep(self, work: Work, stopping: asyncio.Event) -> None:
        ending, done = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(ending, done))
            passing_on = tasks.create_task(_pass_on(stopping, ending))
            try:
                await work(ending)
            finally:
                done.set()
                passing_on.cancel()

    async def _keep(self, ending: asyncio.Event, done: asyncio.Event) -> None:
        """Renews the lease until the work is done, for its last run may take a while. Without it, the work ends."""
        pause = self._leasing.renewal
        while not await self._is_done_after(pause, done):
            answer = await self._ask(self._lease.renew)
            if answer is Answer.THEIRS:
                log.warning("%s: this host lost its lease", self._what)
                ending.set()
                return
            pause = self._leasing.renewal if answer is Answer.OURS else min(SOON, self._leasing.renewal)

    async def _is_done_after(self, pause: float, done: asyncio.Event) -> bool:
        await self._clock.wait(pause, done)
        return done.is_set()

    async def _ask(self, call: Callable[[], bool]) -> Answer:
        try:
            ours = await in_thread(self._threads, call)
        except Exception as error:  # noqa: BLE001  # whatever it is, the work under way must not end with it
            self._outage.seen(error)
            return Answer.NONE
        self._outage.over()
        return Answer.OURS if ours else Answer.THEIRS

    def _tell_once(self, answer: Answer) -> None:
        if answer is Answer.THEIRS and not self._waits:
            log.info("%s: done by another host; asking again every %g s", self._what, self._leasing.recovery)
            self._waits = True


async def _pass_on(stopping: asyncio.Event, ending: asyncio.Event) -> None:
    await stopping.wait()
    ending.set()
