"""What a listener raises, whatever it is, ends neither the host nor the other listeners."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from local.host import clock, listeners
from local.host.blobs.queue_message import BlobMessage
from local.host.blobs.receipts import Receipts
from local.host.blobs.scanner import PAUSE, Scanner
from local.host.errors import HostInError
from local.host.functions.function import Function
from local.host.launch import running
from local.host.listeners import Listener, keep_running
from local.host.triggers import path_pattern
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually, write_app
from tests.support.azurite_files import put_unchanged

UNFORESEEN = [
    RecursionError("too deep"),
    MemoryError(),
    UnicodeError("half a pair"),
    KeyError("etag"),
    OSError(28, "full"),
]


class Clock(clock.Clock):
    """Stands still, except where somebody waits."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.moment

    async def wait(self, seconds: float, _stopping: asyncio.Event) -> None:
        self.waits.append(seconds)
        self.moment += timedelta(seconds=seconds)


def waits_between(failures: int, seconds: Callable[[int], float] = lambda _number: 0.0) -> list[float]:
    """How long a listener rests that fails so often, run `number` after `seconds(number)`, and then stops."""
    watch, stopping, runs = Clock(), asyncio.Event(), iter(range(failures))

    async def run(stop: asyncio.Event) -> None:
        if (number := next(runs, None)) is None:
            stop.set()
            return
        watch.moment += timedelta(seconds=seconds(number))
        raise UNFORESEEN[number % len(UNFORESEEN)]

    asyncio.run(keep_running(Listener("of a test", run), stopping, watch))
    return watch.waits


def test_a_listener_that_fails_starts_again_after_longer_and_longer_rests() -> None:
    assert waits_between(8) == [2, 4, 8, 16, 32, 60, 60, 60]


def test_one_that_ran_well_for_a_while_starts_again_soon() -> None:
    assert waits_between(4, lambda number: 61.0 if number == 2 else 0.0) == [2, 4, 2, 4]


def test_what_ends_the_real_host_ends_this_one() -> None:
    async def run(_stop: asyncio.Event) -> None:
        raise ExceptionGroup("of a task group", [OSError(), HostInError("the reason")])

    with pytest.raises(HostInError, match="the reason"):
        asyncio.run(keep_running(Listener("x", run), asyncio.Event(), Clock()))


def test_a_failure_is_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    waits_between(1)
    assert "of a test failed, and will restart in 2 seconds" in caplog.text
    assert "RecursionError: too deep" in caplog.text
    assert listeners.MAX_PAUSE == 60


class Storage(RequestsTransport):  # type: ignore[misc]  # azure.core exports it without its type
    """Real storage, but what is in `failures` is raised first, once each, by the next listings."""

    def __init__(self, failures: list[Exception]) -> None:
        super().__init__()
        self.failures = failures

    def send(self, request: Any, **more: Any) -> Any:
        if "comp=list" in request.url and self.failures:
            raise self.failures.pop(0)
        return super().send(request, **more)


def scan(
    azurite: Azurite, container: str, queue: Callable[[BlobMessage], None], failures: list[Exception], host: str = ""
) -> None:
    """Listings of the container until one of them has queued something, as the host makes them but without rests.

    `host`: its id; default: one that no other scan has.
    """
    ended = asyncio.Event()

    def taken(order: BlobMessage) -> None:
        queue(order)
        ended.set()

    function = Function("landed", print, "", trigger=None, argument="blob")  # type: ignore[arg-type]  # nobody looks at it
    transport = Storage(failures)
    with (
        BlobServiceClient.from_connection_string(azurite.connection_string, transport=transport) as service,
        ThreadPoolExecutor() as threads,
    ):
        path = path_pattern.parse(f"{container}/{{name}}")
        scanner = Scanner(function, path, service, Receipts(service, host or uuid.uuid4().hex[:8]), taken, pause=0.0)
        asyncio.run(asyncio.wait_for(scanner.run(threads, ended), 60))


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
def test_a_listing_that_fails_is_made_again(
    azurite: Azurite, container: str, blobs: ContainerClient, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    blobs.upload_blob("a", b"x")
    queued: list[BlobMessage] = []
    scan(azurite, container, queued.append, [error, error])
    assert [order.blob for order in queued] == ["a"]
    assert caplog.text.count(f"container {container}: failed, will retry ({type(error).__name__}") == 1


@pytest.mark.fact("names-never-found")
def test_a_name_that_never_runs_in_azure_is_not_offered(
    azurite: Azurite, container: str, blobs: ContainerClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert blobs.exists()
    never = ("/lead", "trail/", "a/./b", "a/../b")
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        for name in (*never, "z"):
            put_unchanged(service, container, name, b"x")
    queued: list[BlobMessage] = []
    scan(azurite, container, queued.append, [])
    assert [order.blob for order in queued] == ["z"]
    for name in never:
        assert f"landed: blob '{name}' is not offered: in Azure no trigger runs for a name that begins" in caplog.text


@pytest.mark.fact("again", "scan-path-style")
def test_every_listing_is_of_the_whole_container_and_a_new_etag_is_new_work(
    azurite: Azurite, container: str, blobs: ContainerClient
) -> None:
    blob, queued = blobs.upload_blob("a", b"x"), list[BlobMessage]()
    changes = (
        lambda: None,
        lambda: blobs.upload_blob("a", b"x", overwrite=True),  # with the same content
        lambda: blob.set_blob_metadata({"only": "this"}),
        lambda: blobs.upload_blob("0", b"x"),  # before it in the listing
    )
    for change in changes:
        change()
        scan(azurite, container, queued.append, [], host=container)
    assert [order.blob for order in queued] == ["a", "a", "a", "0"]
    assert len({order.etag for order in queued}) == len(changes)
    assert PAUSE == 2.0


@pytest.mark.fact("receipt", "receipt-states")
def test_a_receipt_is_incomplete_until_its_message_is_queued(
    azurite: Azurite, container: str, blobs: ContainerClient
) -> None:
    assert blobs.exists()
    message = BlobMessage("Host.Functions.landed", container, "a", '"0x1"')
    name = f'blobreceipts/{container}/Host.Functions.landed/"0x1"/{container}/a'
    seen: list[tuple[int, dict[str, str], str]] = []
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        receipt, receipts = service.get_blob_client("azure-webjobs-hosts", name), Receipts(service, container)

        def look(_: BlobMessage) -> None:
            found = receipt.get_blob_properties()
            seen.append((found.size, found.metadata, found.lease.state))
            assert not receipts.queue_once(message, look)  # it is leased: the next scan asks again

        assert receipts.queue_once(message, look)
        assert receipts.queue_once(message, look)  # it is complete
        after = receipt.get_blob_properties()
    assert seen == [(0, {"Incomplete": "Incomplete"}, "leased")]
    assert (after.metadata, after.lease.state) == ({}, "available")


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
def test_a_blob_that_cannot_be_queued_holds_up_no_other(
    azurite: Azurite, container: str, blobs: ContainerClient, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b"):
        blobs.upload_blob(name, b"x")
    queued = []

    def queue(order: BlobMessage) -> None:
        if order.blob == "a":
            raise error
        queued.append(order.blob)

    scan(azurite, container, queue, [])
    assert queued == ["b"]
    assert f"landed: blob 'a' cannot be queued, will retry: {type(error).__name__}" in caplog.text


CODE = """
@app.blob_trigger(arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage")
def landed(blob: func.InputStream) -> None:
    logging.info("LANDED %s", blob.name)
"""
NAMELESS = '{"FunctionId": "Host.Functions.landed", "ContainerName": "", "BlobName": "", "ETag": "\\"0x1\\""}'


@pytest.mark.parametrize("message", ["[" * 30_000, NAMELESS], ids=["deep", "nameless"])
def test_a_message_that_no_host_wrote_ends_neither_the_host_nor_its_functions(
    tmp_path: Any, azurite: Azurite, container: str, blobs: ContainerClient, message: str
) -> None:
    environ = {"AzureWebJobsStorage": azurite.connection_string, "CONTAINER": container}
    environ |= {"AzureFunctionsWebHost__hostid": container}
    with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        queue = service.get_queue_client(
            f"azure-webjobs-blobtrigger-{container}", message_encode_policy=TextBase64EncodePolicy()
        )
        queue.create_queue()
        queue.send_message(message)
    with running(write_app(tmp_path, CODE), environ=environ) as host:
        eventually(lambda: "a message in " in host.output)
        blobs.upload_blob("x", b"x")
        host.wait_for_line(f"LANDED {container}/x")
        assert host.end() == 0
