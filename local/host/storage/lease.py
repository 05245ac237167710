"""Singletons: of all hosts with the same id and storage, the one that holds a blob's lease does the work.

Blobs, leases and times are those of the real host. A host that stops releases its leases; those of a killed host
expire. A holder that cannot reach storage keeps working: no other host can take its lease meanwhile.
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

SOON = 2.0  # seconds before a renewal that storage did not answer is retried
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
log = logging.getLogger("host")


class LeaseState(enum.Enum):
    HELD = "held by this host"
    TAKEN = "held by another host"
    UNREACHABLE = "storage failed"


class Lease:
    """The lease on one lock of a host id. Its blob is created if it does not exist."""

    def __init__(self, service: BlobServiceClient, host_id: str, lock: str, period: int) -> None:
        self.name = f"locks/{host_id}/{lock}"
        self._service, self._period = service, period
        self._held: BlobLeaseClient | None = None

    def take(self) -> bool:
        """Whether this host holds it now. Raises AzureError."""
        try:
            self._held = self._take()
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):  # another host created it meanwhile
                write(self._service, self.name, "", overwrite=False)
            return self.take()
        except ResourceExistsError:
            return False
        return True

    def _take(self) -> BlobLeaseClient:
        return self._service.get_blob_client(HOSTS_CONTAINER, self.name).acquire_lease(self._period)

    def renew(self) -> bool:
        """False if this host lost it, or its blob was deleted. Raises AzureError."""
        try:
            if self._held:
                self._held.renew()
        except (ResourceExistsError, ResourceNotFoundError):
            self._held = None
        return self._held is not None

    def release(self) -> None:
        held, self._held = self._held, None
        if held:
            with suppress(Exception):  # it expires by itself
                held.release(retry_total=0)


class Singleton:
    """Work that only one host at a time does; `what` names it in the log."""

    def __init__(self, what: str, lease: Lease, leasing: Leasing, threads: Executor, clock: Clock = WALL_CLOCK) -> None:
        self._what, self._lease, self._leasing = what, lease, leasing
        self._threads, self._clock = threads, clock
        self._outage = Outage(f"{what}: its lease {lease.name}")
        self._waits = False

    async def hold(self, work: Work, stopping: asyncio.Event) -> None:
        """Does `work` while this host holds the lease, until `stopping` is set. `work` gets an event that ends it."""
        while not stopping.is_set():
            answer = await self._ask(self._lease.take)
            if answer is LeaseState.HELD:
                await self._do(work, stopping)
            else:
                self._log_once(answer)
                await self._clock.wait(self._pause(answer), stopping)

    def _pause(self, answer: LeaseState) -> float:
        return self._leasing.recovery if answer is LeaseState.TAKEN else min(SOON, self._leasing.recovery)

    async def _do(self, work: Work, stopping: asyncio.Event) -> None:
        if self._waits:
            log.info("%s: taken over by this host", self._what)
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
        """Renews the lease until the work is done, including its last run. If the lease is lost, ends the work."""
        pause = self._leasing.renewal
        while not await self._is_done_after(pause, done):
            answer = await self._ask(self._lease.renew)
            if answer is LeaseState.TAKEN:
                log.warning("%s: this host lost its lease", self._what)
                ending.set()
                return
            pause = self._leasing.renewal if answer is LeaseState.HELD else min(SOON, self._leasing.renewal)

    async def _is_done_after(self, pause: float, done: asyncio.Event) -> bool:
        await self._clock.wait(pause, done)
        return done.is_set()

    async def _ask(self, call: Callable[[], bool]) -> LeaseState:
        try:
            ours = await in_thread(self._threads, call)
        except Exception as error:  # noqa: BLE001  # the work in progress must not end with it
            self._outage.seen(error)
            return LeaseState.UNREACHABLE
        self._outage.over()
        return LeaseState.HELD if ours else LeaseState.TAKEN

    def _log_once(self, answer: LeaseState) -> None:
        if answer is LeaseState.TAKEN and not self._waits:
            log.info("%s: done by another host; checking every %g s", self._what, self._leasing.recovery)
            self._waits = True


async def _pass_on(stopping: asyncio.Event, ending: asyncio.Event) -> None:
    await stopping.wait()
    ending.set()
