"""Leases on real storage, and two hosts that share it: each thing is done by one of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from local.host.config.leasing import Leasing
from local.host.launch import Host, running
from local.host.storage.clients import PATIENCE
from local.host.storage.lease import Lease, Singleton
from local.stack import azurite as emulator
from tests.host.host_apps import eventually, write_app

BRISK = Leasing(period=60, renewal=0.05, recovery=0.05)
SECONDS = 30.0  # to wait for anything but a lease that runs out, which takes longer


class Work:
    """What a singleton does: it starts, and runs until it is stopped, and `may_end`."""

    def __init__(self) -> None:
        self.started = 0
        self.is_on = self.is_told = False
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, ending: asyncio.Event) -> None:
        self.started += 1
        self.is_on = True
        await ending.wait()
        self.is_told = True
        await self.may_end.wait()
        self.is_on = False


async def comes(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


@contextmanager
def leasing(connection: str, lock: str) -> Iterator[Callable[[], Singleton]]:
    """Makes singletons of one lock, as if each were in its own host."""
    with BlobServiceClient.from_connection_string(connection, **PATIENCE) as service, ThreadPoolExecutor() as threads:

        def make() -> Singleton:
            return Singleton("work", Lease(service, lock, "Work.Listener", BRISK.period), BRISK, threads)

        yield make


@contextmanager
def lease_blob(connection: str, lock: str) -> Iterator[BlobLeaseClient]:
    with BlobServiceClient.from_connection_string(connection) as service:
        yield BlobLeaseClient(service.get_blob_client("azure-webjobs-hosts", f"locks/{lock}/Work.Listener"))


def test_one_of_two_works_and_the_other_goes_on_as_it_stops(azurite: emulator.Azurite, container: str) -> None:
    async def play(make: Callable[[], Singleton]) -> None:
        one, other, stop_one, stop_other = Work(), Work(), asyncio.Event(), asyncio.Event()
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            tasks.create_task(make().hold(one, stop_one))
            await comes(lambda: one.is_on)
            waiting = tasks.create_task(make().hold(other, stop_other))
            stop_one.set()
            await comes(lambda: other.is_on)
            assert (one.is_on, one.started, other.started) == (False, 1, 1)
            stop_other.set()
            await waiting

    with leasing(azurite.connection_string, container) as make:
        asyncio.run(play(make))


def test_who_has_no_lease_does_nothing(
    azurite: emulator.Azurite, container: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(make: Callable[[], Singleton]) -> None:
        one, other, stop = Work(), Work(), asyncio.Event()
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            tasks.create_task(make().hold(one, stop))
            await comes(lambda: one.is_on)
            tasks.create_task(make().hold(other, stop))
            await comes(lambda: "done by another host" in caplog.text)
            stop.set()
        assert (one.started, other.started) == (1, 0)

    caplog.set_level("INFO")
    with leasing(azurite.connection_string, container) as make:
        asyncio.run(play(make))


class Counted(Lease):
    renewals = 0

    def renew(self) -> bool:
        self.renewals += 1
        return super().renew()


def test_a_lease_is_renewed_until_the_last_run_has_ended(azurite: emulator.Azurite, container: str) -> None:
    async def play(lease: Counted, threads: ThreadPoolExecutor) -> None:
        work, stop = Work(), asyncio.Event()
        work.may_end.clear()
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            tasks.create_task(Singleton("work", lease, BRISK, threads).hold(work, stop))
            await comes(lambda: work.is_on)
            stop.set()
            await comes(lambda: work.is_told)
            already = lease.renewals
            await comes(lambda: lease.renewals >= already + 3)
            work.may_end.set()

    with (
        BlobServiceClient.from_connection_string(azurite.connection_string) as service,
        ThreadPoolExecutor() as threads,
    ):
        asyncio.run(play(Counted(service, container, "Work.Listener", BRISK.period), threads))


def test_who_loses_the_lease_ends_its_work_and_asks_again(
    azurite: emulator.Azurite, container: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(make: Callable[[], Singleton], stranger: BlobLeaseClient) -> None:
        work, stop = Work(), asyncio.Event()
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            tasks.create_task(make().hold(work, stop))
            await comes(lambda: work.is_on)
            stranger.break_lease(0)
            stranger.acquire(60)
            await comes(lambda: not work.is_on)
            assert work.started == 1
            stranger.release()
            await comes(lambda: work.started == 2)
            stop.set()

    with leasing(azurite.connection_string, container) as make, lease_blob(azurite.connection_string, container) as one:
        asyncio.run(play(make, one))
    assert caplog.text.count("work: this host lost its lease") == 1


def test_a_holder_without_storage_works_on(caplog: pytest.LogCaptureFixture) -> None:
    async def play(make: Callable[[], Singleton], end_storage: Callable[[], None]) -> None:
        work, stop = Work(), asyncio.Event()
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            tasks.create_task(make().hold(work, stop))
            await comes(lambda: work.is_on)
            await asyncio.to_thread(end_storage)
            await comes(lambda: "unreachable" in caplog.text)
            assert work.is_on
            stop.set()

    with ExitStack() as storage:
        connection = storage.enter_context(emulator.running()).connection_string
        with leasing(connection, "host") as make:
            asyncio.run(play(make, storage.close))


CODE = """
import pathlib, time

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def tick(timer: func.TimerRequest) -> None:
    logging.info("TICK")
    if pathlib.Path("hold").exists():
        pathlib.Path("held").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.02)

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage")
def landed(blob: func.InputStream) -> None:
    logging.info("LANDED %s", blob.name)
"""
SINGLETON = "AzureFunctionsJobHost__singleton__listenerLock"
HELD = ("Timer tick: taken over by this host", "The scan for blobs: taken over by this host")
TAKEN = ("Timer tick: done by another host", "The scan for blobs: done by another host")


class Pair:
    """Two hosts with one id and one storage. The first has the leases."""

    def __init__(self, first: Host, second: Host, connection: str, container: str) -> None:
        self.first, self.second = first, second
        self._connection, self._container = connection, container

    def drop(self, *names: str) -> None:
        with BlobServiceClient.from_connection_string(self._connection) as service:
            for name in names:
                service.get_blob_client(self._container, name).upload_blob("x")

    def landed(self) -> list[str]:
        """Of both, in order of name."""
        return sorted(re.findall(rf"LANDED {self._container}/(.*)", self.first.output + self.second.output))

    def wait_for_takeover(self, seconds: float = SECONDS) -> None:
        for line in HELD:
            self.second.wait_for_line(line, seconds)

    def lease(self, lock: str) -> str:
        """The state of a lease: leased or available."""
        with BlobServiceClient.from_connection_string(self._connection) as service:
            blob = service.get_blob_client("azure-webjobs-hosts", f"locks/{self._container}/{lock}")
            return str(blob.get_blob_properties().lease.state)


def environ_of(connection: str, container: str, period: int) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": connection,
        "AzureFunctionsWebHost__hostid": container,
        "CONTAINER": container,
        f"{SINGLETON}Period": f"00:00:{period}" if period < 60 else "00:01:00",
        f"{SINGLETON}RecoveryPollingInterval": "00:00:01",
    }


@pytest.fixture
def pair(request: pytest.FixtureRequest, azurite: emulator.Azurite, container: str, tmp_path: Path) -> Iterator[Pair]:
    """Its leases last 15 seconds, or as many as the test's parameter says."""
    connection = azurite.connection_string
    environ = environ_of(connection, container, getattr(request, "param", 15))
    with BlobServiceClient.from_connection_string(connection) as service:
        service.create_container(container)
    app = write_app(tmp_path, CODE)
    with running(app, environ=environ) as first:
        Pair(first, first, connection, container).drop("first")
        first.wait_for_line("TICK")
        first.wait_for_line("LANDED")
        with running(app, environ=environ) as second:
            for line in TAKEN:
                second.wait_for_line(line)
            yield Pair(first, second, connection, container)


@pytest.mark.fact("two-processes")
@pytest.mark.parametrize("pair", [60], indirect=True)
def test_two_hosts_do_each_thing_once_and_a_stop_hands_it_on(pair: Pair) -> None:
    names = [f"{number:02}" for number in range(30)]
    pair.drop(*names)
    eventually(lambda: len(pair.landed()) >= 31, 60)
    ticks = pair.first.output.count("TICK")
    eventually(lambda: pair.first.output.count("TICK") > ticks)
    assert "TICK" not in pair.second.output
    assert pair.first.end() == 0
    pair.wait_for_takeover()
    pair.second.wait_for_line("TICK")
    pair.drop("later")
    eventually(lambda: pair.landed() == sorted([*names, "first", "later"]))


@pytest.mark.fact("two-processes", "timer-lock")
def test_after_a_kill_the_other_goes_on_as_the_leases_run_out(pair: Pair) -> None:
    pair.first.process.kill()
    pair.first.process.wait(30)
    pair.drop("later")
    pair.wait_for_takeover(60)
    pair.second.wait_for_line("TICK")
    eventually(lambda: pair.landed() == ["first", "later"])


@pytest.mark.fact("timer-stop", "timer-lock", "sigterm-blob")
def test_a_run_that_is_under_way_keeps_its_lease(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    eventually((tmp_path / "held").exists)
    pair.first.process.terminate()
    pair.second.wait_for_line(HELD[1])  # the scan goes over at once
    assert pair.lease("Host.Functions.tick.Listener") == "leased"
    assert HELD[0] not in pair.second.output
    (tmp_path / "hold").unlink()
    (tmp_path / "go").touch()
    pair.second.wait_for_line(HELD[0])
    assert pair.first.process.wait(30) == 0


def test_a_host_that_starts_before_its_storage(tmp_path: Path, container: str) -> None:
    with emulator.running() as former:
        pass
    code = CODE + '@app.route(route="x")\ndef x(req: func.HttpRequest) -> func.HttpResponse:\n    return "fine"\n'
    environ = environ_of(former.connection_string, container, 15)
    with running(write_app(tmp_path, code), environ=environ) as host:
        host.wait_for_line("Timer tick: its lease")
        assert requests.get(f"{host.url}/api/x", timeout=30).text == "fine"
        assert "TICK" not in host.output
        with emulator.running(where=former):
            host.wait_for_line("TICK")
            assert host.end() == 0
    assert host.output.count("Timer tick: its lease") == 2  # gone, and back
