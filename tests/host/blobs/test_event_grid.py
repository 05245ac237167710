"""The webhook of Event Grid and its simulation: each against the other, and the webhook with invalid events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient

from local.errors import SetupError
from local.host.blobs import event_grid_events
from local.host.blobs.event_grid_events import OtherAccount
from local.host.launch import Host, running
from local.stack.azurite import Azurite
from local.stack.event_grid import Created, EventGrid
from tests.host.host_apps import eventually, write_app

CODE = """
@app.blob_trigger(arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage", source="EventGrid")
def document_landed(blob: func.InputStream) -> None:
    logging.info("LANDED %s", blob.name)

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage", source="EventGrid")
def off(blob: func.InputStream) -> None: ...
"""
ACCOUNT = "http://127.0.0.1:1/devstoreaccount1/"
SCANNING = 'app.blob_trigger(arg_name="blob", path="%CONTAINER%/{name}", connection="AzureWebJobsStorage")'


@pytest.fixture(scope="module")
def storage(azurite: Azurite) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service


@pytest.fixture(scope="module")
def documents(storage: BlobServiceClient) -> Iterator[ContainerClient]:
    container = storage.get_container_client("event-grid-documents")
    container.create_container()
    yield container
    container.delete_container()


def event(url: str) -> dict[str, Any]:
    return {"data": {"url": url, "blobType": "BlockBlob"}}


def environ(azurite: Azurite, host_id: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "CONTAINER": "event-grid-documents",
        "AzureFunctionsWebHost__hostid": host_id,
        "AzureWebJobs.off.Disabled": "true",
    }


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, azurite: Azurite) -> Iterator[Host]:
    folder = write_app(tmp_path_factory.mktemp("app"), CODE)
    with running(folder, environ=environ(azurite, "eventgriddoor")) as started:
        yield started


def told(host: Host, blob: BlobClient) -> int:
    return sum(line.endswith(f"LANDED {blob.container_name}/{blob.blob_name}\n") for line in host.lines)


def created(blob: BlobClient) -> Created:
    return Created(blob.url, "0x1", 4, "text/plain")


def door(
    host: Host, body: Any, kind: str = "Notification", function: str = "document_landed", **more: Any
) -> requests.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"aeg-event-type": kind}
    address = f"{host.url}/runtime/webhooks/blobs?functionName={function}"
    return requests.post(address, data=content, headers=headers, timeout=30, **more)


@pytest.mark.parametrize("cloud_events", [False, True], ids=["event-grid", "cloud-events"])
def test_a_subscription_shakes_hands_and_tells_of_each_blob_twice(
    host: Host, documents: ContainerClient, cloud_events: bool
) -> None:
    blob = documents.upload_blob(f"a folder/{cloud_events} é.txt", "text", overwrite=True)
    subscription = EventGrid(host.url, cloud_events=cloud_events)
    subscription.subscribe()
    subscription.notify(created(blob))
    assert eventually(lambda: told(host, blob) == 2)


def test_a_batch_with_duplicates_deleted_blobs_and_what_is_no_blob(host: Host, documents: ContainerClient) -> None:
    blob = documents.upload_blob("batch.txt", "text", overwrite=True)
    last = documents.upload_blob("last.txt", "text", overwrite=True)
    batch = [event(one) for one in (blob.url, blob.url, f"{documents.url}/deleted.txt", documents.url)]
    elsewhere = event(blob.url.replace("devstoreaccount1", "another"))
    assert door(host, [*batch, elsewhere]).status_code == 202
    assert door(host, [elsewhere]).status_code == 202
    assert door(host, event(last.url)).status_code == 202
    assert eventually(lambda: (told(host, blob), told(host, last)) == (2, 1))
    assert "deleted.txt" not in host.output
    assert host.output.count("is in another account") == 2
    assert f"an event is about {documents.url}, no blob: the real host accepts it and ends" in host.output


def test_a_batch_is_refused_as_a_whole_for_one_event_that_cannot_be_read(
    host: Host, documents: ContainerClient
) -> None:
    blob = documents.upload_blob("whole.txt", "text", overwrite=True)
    assert door(host, [event(blob.url), {"data": {"sequencer": "1"}}]).status_code == 500
    assert door(host, [event(blob.url)]).status_code == 202
    assert eventually(lambda: told(host, blob)) == 1


def test_the_path_is_not_looked_at_for_that_is_the_subscriptions_filter(host: Host, storage: BlobServiceClient) -> None:
    container = storage.get_container_client("event-grid-elsewhere")
    container.create_container()
    try:
        blob = container.upload_blob("a.txt", "text")
        assert door(host, [event(blob.url)]).status_code == 202
        assert eventually(lambda: told(host, blob) == 1)
    finally:
        container.delete_container()


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"null", b"1", b'"x"', b"{}", b"[1]", b'{"data": 1}', b'{"data": {}}',
     b'{"data": {"url": 1}}', b'{"data": {"url": ""}}', b'{"data": {"url": "http://["}}',
     b'{"data": {"url": "http://127.0.0.1/devstoreaccount1"}}', b'{"data": {"url": "http://127.0.0.1/devstoreaccount1/c/b"}}',
     b'{"data": {"url": "http://127.0.0.1/devstoreaccount1/c/b", "blobType": "Odd"}}',
     b'{"data": {"url": ' + b"9" * 5000,
     b'{"data": {"url": "http://127.0.0.1/devstoreaccount1/c/\\ud800"}}', b"[" * 100_000,
     b'{"data": {"url": "http://127.0.0.1/devstoreaccount1/c/' + b"x" * 1025 + b'"}}', b'{"data":' * 50_000],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Notification", "SubscriptionValidation"])
def test_what_is_no_event_is_500(host: Host, body: Any, kind: str) -> None:
    answer = door(host, body, kind)
    assert answer.status_code == 500
    assert "cannot be read" in answer.text


def test_no_events_are_accepted_and_are_no_handshake(host: Host) -> None:
    assert door(host, []).status_code == 202
    assert door(host, [], "SubscriptionValidation").status_code == 500


@pytest.mark.parametrize("function", ["nobody", "off", "Host.Functions.", "../admin"])
def test_events_for_a_function_that_takes_none_are_accepted_with_a_line_that_says_so(host: Host, function: str) -> None:
    assert door(host, [], function=function).status_code == 202
    host.wait_for_line(f"Event Grid's events are for {function!r}, which takes none: the real host accepts them")


def test_events_for_no_function_are_accepted_and_the_line_says_that_the_real_host_ends(host: Host) -> None:
    assert door(host, [], function="").status_code == 202
    line = host.wait_for_line("Event Grid's events name no function: the real host accepts them and ends.")
    assert "Correct functionName" in line


@pytest.mark.parametrize("kind", ["", "Other", "notification x"])
def test_the_kind_of_call_must_be_known(host: Host, kind: str) -> None:
    assert door(host, [], kind).status_code == 400


def test_the_handshake_of_cloud_events(host: Host) -> None:
    address = f"{host.url}/runtime/webhooks/blobs?functionName=document_landed"
    answer = requests.options(address, headers={"WebHook-Request-Origin": "eventgrid.azure.net"}, timeout=30)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert requests.options(address, timeout=30).status_code == 400
    assert requests.options(f"{address}x", headers={"WebHook-Request-Origin": "x"}, timeout=30).status_code == 200
    host.wait_for_line("Event Grid's events are for 'document_landedx', which takes none")


def test_an_app_that_scans_says_how_to_start_it(tmp_path: Path, azurite: Azurite) -> None:
    code = f"@{SCANNING}\ndef document_landed(blob: func.InputStream) -> None: ..."
    with (
        running(write_app(tmp_path, code), environ=environ(azurite, "eventgridscans")) as host,
        pytest.raises(SetupError, match="scans for files itself: restart it: BLOB_TRIGGER_SOURCE=EventGrid make run"),
    ):
        EventGrid(host.url).subscribe()


def test_with_keys_it_needs_the_key_of_the_door(tmp_path: Path, azurite: Azurite) -> None:
    file = tmp_path / "own" / "keys.json"
    with running(write_app(tmp_path, CODE), environ=environ(azurite, "eventgridkeys"), keys=file) as host:
        EventGrid(host.url, json.loads(file.read_text())["system"]["blobs_extension"]).subscribe()
        with pytest.raises(SetupError, match=r"refused Event Grid's event \(401\)") as refused:
            EventGrid(host.url, "a-wrong-key").subscribe()
        assert "a-wrong-key" not in str(refused.value)


def test_storage_that_is_away_is_503_so_that_the_event_comes_again(tmp_path: Path, azurite: Azurite) -> None:
    nowhere = ";".join(
        "QueueEndpoint=http://127.0.0.1:9/devstoreaccount1" if part.startswith("QueueEndpoint") else part
        for part in azurite.connection_string.split(";")
    )
    given = {**environ(azurite, "eventgridaway"), "AzureWebJobsStorage": nowhere}
    with running(write_app(tmp_path, CODE), environ=given) as host:
        assert door(host, [event(f"{ACCOUNT}c/b")]).status_code == 503
        assert "9/devstore" not in door(host, [event(f"{ACCOUNT}c/b")]).text


class Moody(BaseHTTPRequestHandler):
    """Answers what `statuses` says, one after the other; then 202."""

    statuses: tuple[int, ...] = ()
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.statuses[len(self.bodies) - 1] if len(self.bodies) <= len(self.statuses) else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def moody() -> Iterator[tuple[type[Moody], str]]:
    kind = type("Own", (Moody,), {"bodies": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kind, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_event_is_sent_again_until_it_is_taken_and_then_once_more(moody: tuple[type[Moody], str]) -> None:
    kind, address = moody
    kind.statuses = (503, 500, 202, 429, 202)
    EventGrid(address, pauses=(0, 0, 0)).notify(Created(f"{ACCOUNT}c/b%20c", "0x1", 4, "text/plain"))
    [event] = json.loads(kind.bodies[0])
    assert set(kind.bodies) == {kind.bodies[0]}
    assert len(kind.bodies) == 5
    assert event["eventType"] == "Microsoft.Storage.BlobCreated"
    assert event["subject"] == "/blobServices/default/containers/c/blobs/b c"
    assert event["data"]["url"] == f"{ACCOUNT}c/b%20c"
    assert (event["data"]["eTag"], event["data"]["contentLength"]) == ("0x1", 4)


def test_trouble_without_end_is_told(moody: tuple[type[Moody], str]) -> None:
    kind, address = moody
    kind.statuses = (503,) * 9
    with pytest.raises(SetupError, match="could not be delivered: the Functions host returned 503"):
        EventGrid(address, pauses=(0, 0)).notify(Created(f"{ACCOUNT}c/b", "0x1", 4, "text/plain"))
    assert len(kind.bodies) == 3


def test_a_host_that_is_gone_is_told_without_the_key() -> None:
    with pytest.raises(SetupError, match="does not answer") as told_why:
        EventGrid("http://127.0.0.1:9", "the-key", pauses=(0,)).subscribe()
    assert "the-key" not in str(told_why.value)


def test_a_handshake_that_does_not_agree(moody: tuple[type[Moody], str]) -> None:
    with pytest.raises(SetupError, match="did not agree"):
        EventGrid(moody[1]).subscribe()


@pytest.mark.parametrize(
    ("address", "account", "expected"),
    [
        ("http://localhost:1/devstoreaccount1/c/b", ACCOUNT, ("c", "b")),
        ("https://one.dfs.core.windows.net/c/b", "https://one.blob.core.windows.net/", ("c", "b")),
    ],
)
def test_the_same_account_at_another_address(address: str, account: str, expected: tuple[str, str]) -> None:
    assert event_grid_events.split(address, account) == expected


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/other/c/b", "https://other.blob.core.windows.net/c/b"])
def test_the_address_of_another_accounts_blob(address: str) -> None:
    with pytest.raises(OtherAccount):
        event_grid_events.split(address, ACCOUNT)
