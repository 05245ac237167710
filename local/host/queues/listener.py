"""Creates what the queue functions of an app need. Every host listens: a message is hidden from the others."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.host.functions.function import Function, QueueTrigger, triggered_by
from local.host.functions.invoker import Invoker
from local.host.listeners import Listener
from local.host.loading.load_app import App
from local.host.queues.dispatcher import Dispatcher
from local.host.storage import clients
from local.host.storage.polled_queue import PolledQueue

POISON = "-poison"


class QueueListeners:
    """For the functions that are not disabled."""

    def __init__(self, app: App, invoker: Invoker) -> None:
        self._queueing, self._invoker = app.host_json.queueing, invoker
        self._triggered = [pair for pair in triggered_by(QueueTrigger, app.functions) if not pair[0].disabled]

    def listeners(self) -> Iterator[Listener]:
        for function, trigger in self._triggered:
            dispatcher = self._dispatcher(function, trigger)
            yield Listener(f"The queue {trigger.queue}", partial(dispatcher.queue.run, dispatcher.process))

    def _dispatcher(self, function: Function, trigger: QueueTrigger) -> Dispatcher:
        batch, threshold = self._queueing.batch, self._queueing.threshold
        threads = ThreadPoolExecutor(batch + threshold + 1, "queue")
        client = clients.queue(trigger.connection, trigger.queue, as_stored=True)
        poison = clients.queue(trigger.connection, trigger.queue + POISON, as_stored=True)
        queue = PolledQueue(client, threads, batch, threshold, creates=False)
        return Dispatcher(function, queue, poison, self._invoker, self._queueing)
