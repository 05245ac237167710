"""Blob functions of a real host on real storage."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobProperties, BlobServiceClient, ContainerClient, ContentSettings
from azure.storage.queue import QueueServiceClient

from local.host.launch import Host, running
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually, write_app

CODE = """
import json

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/in/{name}.txt", connection="DATA")
def landed(blob: func.InputStream, context: func.Context) -> None:
    shown = {"name": blob.name, "uri": blob.uri, "length": blob.length, "text": blob.read().decode(),
             "etag": blob.blob_properties["ETag"], "type": blob.blob_properties["ContentType"],
             "metadata": blob.metadata}
    logging.info("LANDED %s", json.dumps(shown))
    if "bad" in blob.name:
        raise ValueError("a bad one")

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/raw/{name}", connection="DATA")
async def raw(blob: bytes) -> None:
    logging.info("RAW %r", blob)

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/events/{name}", connection="DATA", source="EventGrid")
def told(blob: func.InputStream) -> None:
    logging.info("TOLD %s %s", blob.name, blob.read().decode())
    if "bad" in blob.name:
        raise ValueError("a bad one")

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/off/{name}", connection="DATA")
def off(blob: func.InputStream) -> None:
    logging.info("OFF")
"""


@pytest.fixture
def environ(azurite: Azurite, container: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "DATA": azurite.connection_string,
        "CONTAINER": container,
        "AzureFunctionsWebHost__hostid": container,
        "AzureWebJobs.off.Disabled": "true",
    }


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path, CODE, extensions={"blobs": {"poisonBlobThreshold": 5}})


@pytest.fixture
def blobs(azurite: Azurite, container: str) -> Iterator[ContainerClient]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.get_container_client(container)


def shown(host: Host) -> list[dict[str, Any]]:
    lines = [line.partition("LANDED ")[2] for line in host.output.splitlines() if "LANDED " in line]
    return [json.loads(line) for line in lines]


def receipts(azurite: Azurite, container: str, function: str = "landed") -> dict[str, BlobProperties]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        hosts = service.get_container_client("azure-webjobs-hosts")
        start = f"blobreceipts/{container}/Host.Functions.{function}/"
        with suppress(ResourceNotFoundError):
            return {blob.name.removeprefix(start): blob for blob in hosts.list_blobs(start, include=["metadata"])}
    return {}


def complete(azurite: Azurite, container: str, blob: str) -> list[str]:
    return eventually(
        lambda: [name for name, one in receipts(azurite, container).items() if blob in name and not one.metadata]
    )


@pytest.fixture
def poisoned(azurite: Azurite, container: str) -> Callable[[], list[dict[str, Any]]]:
    """The messages in the poison queue for the test's container."""

    def look() -> list[dict[str, Any]]:
        with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
            queue = service.get_queue_client("webjobs-blobtrigger-poison")
            with suppress(ResourceNotFoundError):
                found = [json.loads(base64.b64decode(one.content)) for one in queue.peek_messages(32)]
                return [one for one in found if one["ContainerName"] == container]
        return []

    return look


@pytest.mark.fact("reading", "receipt", "no-container", "binding-data")
def test_what_a_function_gets(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite, container: str
) -> None:
    with running(app, environ=environ) as host:  # the container is not there yet, which is no error
        blobs.create_container()
        blobs.upload_blob("in/a b/ü.txt", "tëxt", metadata={"by": "me"}, content_type="text/plain")
        blobs.upload_blob("in/other.md", "no")
        as_stored = ContentSettings(content_encoding="gzip")  # whatever it says of itself
        blobs.upload_blob("raw/bytes", b"\xff\x00", content_settings=as_stored)
        blobs.upload_blob("raw/empty", b"")
        host.wait_for_line(r"RAW b'\xff\x00'")
        host.wait_for_line("RAW b''")
        eventually(lambda: shown(host))
        etag = blobs.get_blob_client("in/a b/ü.txt").get_blob_properties().etag
        assert complete(azurite, container, "ü") == [f"{etag}/{container}/in/a b/ü.txt"]
    assert shown(host) == [
        {
            "name": f"{container}/in/a b/ü.txt",
            "uri": f"http://127.0.0.1:{azurite.blob_port}/devstoreaccount1/{container}/in/a%20b/%C3%BC.txt",
            "length": 5,
            "text": "tëxt",
            "etag": {},
            "type": "text/plain",
            "metadata": {"by": "me"},
        }
    ]
    assert "unreachable" not in host.output


@pytest.mark.fact("again", "restart")
def test_every_version_once_and_none_again_after_a_restart(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite, container: str
) -> None:
    blobs.create_container()
    blobs.upload_blob("in/x.txt", "one")
    with running(app, environ=environ) as host:
        eventually(lambda: shown(host))
        blobs.upload_blob("in/x.txt", "two", overwrite=True)
        eventually(lambda: len(shown(host)) == 2)
        eventually(lambda: len(complete(azurite, container, "x.txt")) == 2)
    assert [one["text"] for one in shown(host)] == ["one", "two"]
    with running(app, environ=environ) as again:
        blobs.upload_blob("in/y.txt", "three")
        eventually(lambda: shown(again))
        complete(azurite, container, "y.txt")
    assert [one["text"] for one in shown(again)] == ["three"]


@pytest.mark.fact("again")
def test_a_deleted_receipt_has_its_blob_processed_again(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite, container: str
) -> None:
    blobs.create_container()
    blobs.upload_blob("in/x.txt", "one")
    with running(app, environ=environ) as host:
        eventually(lambda: shown(host))
        name = complete(azurite, container, "x.txt")[0]
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        receipt = f"blobreceipts/{container}/Host.Functions.landed/{name}"
        service.get_blob_client("azure-webjobs-hosts", receipt).delete_blob()
    with running(app, environ=environ) as again:
        eventually(lambda: shown(again))


@pytest.mark.fact("receipt-states")
def test_an_unfinished_receipt_is_taken_up(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite, container: str
) -> None:
    """As a host leaves it that dies between the receipt and the message."""
    blobs.create_container()
    etag = blobs.upload_blob("in/x.txt", "one").get_blob_properties().etag
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        hosts = service.get_container_client("azure-webjobs-hosts")
        if not hosts.exists():
            hosts.create_container()
        name = f"blobreceipts/{container}/Host.Functions.landed/{etag}/{container}/in/x.txt"
        hosts.upload_blob(name, b"", metadata={"Incomplete": "Incomplete"})
    with running(app, environ=environ) as host:
        eventually(lambda: shown(host))
        assert complete(azurite, container, "x.txt")


@pytest.mark.fact("attempts", "poison")
@pytest.mark.parametrize("name", ["in/bad.txt", "events/bad"])
def test_five_attempts_and_then_poison(
    app: Path, environ: dict[str, str], blobs: ContainerClient, poisoned: Callable[[], list[dict[str, Any]]], name: str
) -> None:
    blobs.create_container()
    etag = blobs.upload_blob(name, "x").get_blob_properties().etag
    with running(app, environ=environ) as host:
        function = "landed" if name.startswith("in") else "told"
        if function == "told":
            notify(host, blobs.get_blob_client(name).url, "told", etag)
        message = eventually(poisoned)
        host.wait_for_line("was moved to webjobs-blobtrigger-poison")  # the host writes it last
        assert host.output.count("ValueError: a bad one") == 5
    assert message == [
        {
            "Type": "BlobTrigger",
            "FunctionId": f"Host.Functions.{function}",
            "BlobType": "BlockBlob",
            "ContainerName": blobs.container_name,
            "BlobName": name,
            "ETag": etag,
        }
    ]


def test_a_bad_blob_holds_up_no_other(app: Path, environ: dict[str, str], blobs: ContainerClient) -> None:
    blobs.create_container()
    for index in range(20):
        blobs.upload_blob(f"in/{'bad' if index % 5 == 0 else 'good'}{index}.txt", str(index))
    with running(app, environ=environ) as host:
        eventually(lambda: {one["text"] for one in shown(host)} == {str(index) for index in range(20)})
        eventually(lambda: host.output.count("was moved to webjobs-blobtrigger-poison") == 4)
    texts = [one["text"] for one in shown(host)]
    assert all(texts.count(str(index)) == (5 if index % 5 == 0 else 1) for index in range(20))


def test_a_disabled_function_gets_nothing(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite, container: str
) -> None:
    blobs.create_container()
    blobs.upload_blob("off/x", "x")
    blobs.upload_blob("in/x.txt", "x")
    with running(app, environ=environ) as host:
        eventually(lambda: shown(host))
    assert "OFF" not in host.output
    assert receipts(azurite, container, "off") == {}


@pytest.mark.fact("overwritten-while-queued", "deleted-while-queued", "messages-by-hand", "crash-loop")
def test_what_becomes_of_messages_that_somebody_else_wrote(
    app: Path,
    environ: dict[str, str],
    blobs: ContainerClient,
    azurite: Azurite,
    poisoned: Callable[[], list[dict[str, Any]]],
) -> None:
    container = blobs.container_name
    blobs.create_container()
    etag = blobs.upload_blob("in/new.txt", "new").get_blob_properties().etag
    other = blobs.upload_blob("elsewhere", "of no pattern").get_blob_properties().etag
    landed = {"FunctionId": "Host.Functions.landed", "ContainerName": container, "BlobType": "BlockBlob"}
    new = {**landed, "BlobName": "in/new.txt"}
    with QueueServiceClient.from_connection_string(azurite.connection_string) as service:
        queue = service.create_queue(f"azure-webjobs-blobtrigger-{container}")

        def send(text: str) -> None:
            queue.send_message(base64.b64encode(text.encode()).decode())

        send(json.dumps({**landed, "BlobName": "in/five_times.txt", "ETag": etag}))
        for _ in range(5):  # the host ended in each attempt
            [taken] = queue.receive_messages(max_messages=1)
            queue.update_message(taken, visibility_timeout=0)
        dropped: list[dict[str, str]] = [
            {**new, "FunctionId": "Host.Functions.nobody", "ETag": etag},
            {**landed, "BlobName": "in/gone.txt", "ETag": etag},
            {**new, "ETag": '"0x1"'},  # an older version
            {**new, "ETag": etag.strip('"')},
            new,
        ]
        run = [{**new, "ETag": etag}, {**new, "ETag": etag, "Type": "Other"}]
        run.append({**landed, "BlobName": "elsewhere", "ETag": other})
        send("not a message")
        for message in (*dropped, *run):
            send(json.dumps(message))
        with running(app, environ=environ) as host:
            eventually(lambda: queue.get_queue_properties().approximate_message_count == 0)
            eventually(lambda: len(shown(host)) >= 4)
            eventually(poisoned)
    found = sorted(one["text"] for one in shown(host))
    assert found == ["new", "new", "new", "of no pattern"]  # one of them for the scan's message
    assert [one["BlobName"] for one in poisoned()] == ["in/five_times.txt"]


def test_a_blob_function_can_be_asked_for(
    app: Path, environ: dict[str, str], blobs: ContainerClient, container: str
) -> None:
    blobs.create_container()
    blobs.upload_blob("elsewhere", "asked")
    with running(app, environ=environ) as host:
        answer = requests.post(
            f"{host.url}/admin/functions/landed", json={"input": f"{container}/elsewhere"}, timeout=30
        )
        assert answer.status_code == 202
        eventually(lambda: shown(host))
        requests.post(f"{host.url}/admin/functions/landed", json={"input": f"{container}/none"}, timeout=30)
        host.wait_for_line(f"ERROR landed: '{container}/none' cannot be read")
    assert [one["text"] for one in shown(host)] == ["asked"]


def notify(host: Host, url: str, function: str, etag: str = '"0x1"', **more: Any) -> requests.Response:
    event = {"data": {"api": "PutBlob", "url": url, "eTag": etag, "blobType": "BlockBlob"}}
    return requests.post(
        f"{host.url}/runtime/webhooks/blobs?functionName={function}",
        json=[event],
        headers={"aeg-event-type": "Notification"},
        timeout=30,
        **more,
    )


def test_event_grid(app: Path, environ: dict[str, str], blobs: ContainerClient) -> None:
    blobs.create_container()
    url = blobs.upload_blob("events/a b", "told").url
    with running(app, environ=environ) as host:
        assert notify(host, url, "Host.Functions.told").status_code == 202
        host.wait_for_line("/events/a b told")
        address = f"{host.url}/runtime/webhooks/blobs?functionName=told"
        code = [{"data": {"validationCode": "42"}}]
        answer = requests.post(address, json=code, headers={"aeg-event-type": "SubscriptionValidation"}, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"validationResponse": "42"})
        assert requests.post(address, headers={"aeg-event-type": "Unsubscribe"}, timeout=30).status_code == 202
        assert requests.post(address, json=code, timeout=30).status_code == 400
        assert requests.post(address, headers={"aeg-event-type": "Notification"}, timeout=30).status_code == 500
        assert notify(host, url, "landed").status_code == 202
        assert notify(host, url, "nobody").status_code == 202
    assert host.output.count("TOLD") == 1  # by the event; the container is not scanned for it


class Relay:
    """A TCP relay to a port, which can be cut and mended."""

    def __init__(self, target: int) -> None:
        self._target, self._open = target, threading.Event()
        self._open.set()
        self._ends: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if not self._open.is_set():
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while content := one.recv(65536):
                other.sendall(content)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self._open.clear()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def repair(self) -> None:
        self._open.set()

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        for end in (self._door, *self._ends):
            end.close()


@contextmanager
def relayed(azurite: Azurite) -> Iterator[tuple[str, tuple[Relay, Relay]]]:
    blob, queue = Relay(azurite.blob_port), Relay(azurite.queue_port)
    try:
        text = azurite.connection_string
        text = text.replace(f":{azurite.blob_port}/", f":{blob.port}/").replace(
            f":{azurite.queue_port}/", f":{queue.port}/"
        )
        yield text, (blob, queue)
    finally:
        for relay in (blob, queue):
            relay.close()


@pytest.mark.fact("outage")
def test_storage_that_is_away_for_a_while(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite, container: str
) -> None:
    blobs.create_container()
    with relayed(azurite) as (connection, relays):
        with running(app, environ=environ | {"DATA": connection, "AzureWebJobsStorage": connection}) as host:
            blobs.upload_blob("in/before.txt", "before")
            eventually(lambda: shown(host))
            for relay in relays:
                relay.cut()
            host.wait_for_line(f"WARNING landed: container {container}: unreachable, will retry")
            host.wait_for_line(f"WARNING queue azure-webjobs-blobtrigger-{container}: unreachable, will retry")
            blobs.upload_blob("in/while.txt", "while")
            for relay in relays:
                relay.repair()
            host.wait_for_line(f"landed: container {container}: recovered")
            eventually(lambda: "while" in {one["text"] for one in shown(host)})
        assert host.process.returncode == 0


def test_a_host_starts_without_storage_and_finds_it_later(
    app: Path, environ: dict[str, str], blobs: ContainerClient, azurite: Azurite
) -> None:
    blobs.create_container()
    blobs.upload_blob("in/x.txt", "x")
    with relayed(azurite) as (connection, relays):
        for relay in relays:
            relay.cut()
        with running(app, environ=environ | {"DATA": connection, "AzureWebJobsStorage": connection}) as host:
            host.wait_for_line("unreachable")
            for relay in relays:
                relay.repair()
            eventually(lambda: shown(host))
