"""Creates what the blob functions of an app need: storage clients, scanners, and the queue they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.host.blobs.dispatcher import Dispatcher, Target
from local.host.blobs.queue_listener import BlobQueue
from local.host.blobs.queue_message import POISON, QUEUE, BlobMessage
from local.host.blobs.receipts import Receipts
from local.host.blobs.scanner import Scanner
from local.host.config.settings import STORAGE
from local.host.functions.function import BlobTrigger, Function, triggered_by
from local.host.functions.invoker import Invoker
from local.host.listeners import Listener
from local.host.loading.load_app import App
from local.host.storage import clients
from local.host.storage.lease import Lease, Singleton

SCAN = "The scan for blobs"
SCAN_LOCK = "WebJobs.Internal.Blobs.Listener"  # one for all blob functions, as in the real host


class BlobListeners:
    """`targets` by function id. Disabled functions neither scan nor run."""

    def __init__(self, app: App, invoker: Invoker) -> None:
        self._app, self._host_id = app, clients.host_id(app.settings, app.directory)
        self._invoker = invoker
        self.targets: dict[str, Target] = {}
        self._queue: BlobQueue | None = None
        if functions := triggered_by(BlobTrigger, app.functions):
            self._threads = ThreadPoolExecutor(app.host_json.parallel_blobs + len(functions) + 2, "storage")
            self._queue = queue = self._open_queue()
            self.targets = {function.id: self._target(function, trigger, queue.add) for function, trigger in functions}

    def listeners(self) -> Iterator[Listener]:
        enabled = {key: target for key, target in self.targets.items() if not target.function.disabled}
        if scanners := [target.scanner for target in enabled.values() if target.scanner]:
            yield Listener(SCAN, partial(self._singleton().hold, partial(self._scan, scanners)))
        if self._queue:
            dispatcher = Dispatcher(self._queue, enabled, self._invoker, self._app.host_json.attempts)
            yield Listener(f"The queue {self._queue.name}", partial(self._queue.run, dispatcher.process))

    async def _scan(self, scanners: list[Scanner], ending: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            for scanner in scanners:
                tasks.create_task(scanner.run(self._threads, ending))

    def _singleton(self) -> Singleton:
        leasing = self._app.host_json.leasing
        service = clients.blob_service(self._app.settings.connection(STORAGE))
        lease = Lease(service, self._host_id, SCAN_LOCK, leasing.period)
        return Singleton(SCAN, lease, leasing, self._threads)

    def event_grid_target(self, name: str) -> Target | None:
        """The function of this name, with or without "Host.Functions.", if Event Grid notifies it."""
        target = self.targets.get(f"Host.Functions.{name.removeprefix('Host.Functions.')}")
        return target if target and not target.scanner and not target.function.disabled else None

    def _open_queue(self) -> BlobQueue:
        account = clients.queue_connection(self._app.settings.connection(STORAGE), self._app.settings)
        client = clients.queue(account, QUEUE + self._host_id)
        return BlobQueue(client, self._threads, self._app.host_json.parallel_blobs)

    def _target(self, function: Function, trigger: BlobTrigger, queue: Callable[[BlobMessage], None]) -> Target:
        service = clients.blob_service(trigger.connection)
        poison = clients.queue(clients.queue_connection(trigger.connection, self._app.settings), POISON)
        receipts = Receipts(service, self._host_id)
        scanner = Scanner(function, trigger.path, service, receipts, queue) if trigger.scans else None
        return Target(function, trigger, service, queue, poison, scanner)
