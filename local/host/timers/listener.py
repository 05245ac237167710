"""Creates what the timer functions of an app need: leases and schedule monitors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from local.host.config.settings import STORAGE
from local.host.functions.function import Function, TimerTrigger, triggered_by
from local.host.functions.invoker import Invoker
from local.host.listeners import Listener
from local.host.loading.load_app import App
from local.host.storage import clients
from local.host.storage.lease import Lease, Singleton
from local.host.timers.schedule_monitor import Monitor
from local.host.timers.timer import Timer


class TimerListeners:
    """For the functions that are not disabled. Without any, no storage is needed."""

    def __init__(self, app: App, invoker: Invoker) -> None:
        self._app, self._invoker = app, invoker
        self._timed = [pair for pair in triggered_by(TimerTrigger, app.functions) if not pair[0].disabled]
        if self._timed:
            self._host_id = clients.host_id(app.settings, app.directory)
            self._service = clients.blob_service(app.settings.connection(STORAGE))
            self._threads = ThreadPoolExecutor(2 * len(self._timed), "timers")

    def listeners(self) -> Iterator[Listener]:
        for function, trigger in self._timed:
            run = partial(self._singleton(function).hold, self._timer(function, trigger).run)
            yield Listener(_name(function), run)

    def _singleton(self, function: Function) -> Singleton:
        leasing = self._app.host_json.leasing
        lease = Lease(self._service, self._host_id, f"{function.id}.Listener", leasing.period)
        return Singleton(_name(function), lease, leasing, self._threads)

    def _timer(self, function: Function, trigger: TimerTrigger) -> Timer:
        monitor = Monitor(self._service, self._host_id, function.id, self._threads) if trigger.monitored else None
        return Timer(function, trigger, self._invoker, monitor)


def _name(function: Function) -> str:
    """For the log."""
    return f"Timer {function.name}"
