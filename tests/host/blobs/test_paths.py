"""A blob trigger's path, what Event Grid sends, and the messages of the internal queue."""

import json
from typing import Any

import pytest

from local.host.blobs import event_grid_events, queue_message
from local.host.blobs.event_grid_events import ParsedEvents
from local.host.blobs.queue_message import BlobMessage
from local.host.errors import FunctionInError
from local.host.triggers import path_pattern


@pytest.mark.parametrize(
    ("path", "blob", "expected"),
    [
        ("docs", "any/thing.at all", {}),
        ("docs/{name}", "a/b.txt", {"name": "a/b.txt"}),
        ("docs/{name}.txt", "a/b.txt", {"name": "a/b"}),
        ("docs/{name}.txt", "a/b.TXT", None),
        ("docs/{name}.{ext}", "a.b.c", {"name": "a.b", "ext": "c"}),
        ("docs/in/{name}", "in/x", {"name": "x"}),
        ("docs/in/{name}", "out/x", None),
        ("docs/in/{name}", "in/", {"name": ""}),
        ("docs/a+b(1).txt", "a+b(1).txt", {}),
        ("docs/a+b(1).txt", "aab1.txt", None),
        ("docs/{{{name}}}", "{x}", {"name": "x"}),
        ("docs/{name}", "x\n", {"name": "x"}),
        ("docs/{name}", "x\ny", None),
    ],
)
def test_match(path: str, blob: str, expected: dict[str, str] | None) -> None:
    parsed = path_pattern.parse(path)
    assert (parsed.container, parsed.match(blob)) == ("docs", expected)


def test_only_the_literal_start_of_a_pattern_is_listed() -> None:
    assert path_pattern.parse("docs/in/{{x}}/{name}/end").prefix == "in/{x}/"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/docs/x",
        "docs/",
        "{container}/x",
        "docs/{x",
        "docs/{a-b}",
        "docs/{a}/{a}",
        "docs/a}b",
        "docs/a/",
        "docs/a.",
        "docs/{A}/{a}",
    ],
)
def test_a_wrong_path_is_refused(path: str) -> None:
    with pytest.raises(FunctionInError, match="the blob path '"):
        path_pattern.parse(path)


@pytest.mark.fact("message")
def test_an_order_is_written_as_the_real_host_writes_it() -> None:
    order = BlobMessage("Host.Functions.landed", "docs", "a/ü.txt", '"0x8D"')
    assert order.to_json() == (
        '{\n  "Type": "BlobTrigger",\n  "FunctionId": "Host.Functions.landed",\n  "BlobType": "BlockBlob",\n'
        '  "ContainerName": "docs",\n  "BlobName": "a/ü.txt",\n  "ETag": "\\"0x8D\\""\n}'
    )
    assert queue_message.parse(order.to_json()) == order


@pytest.mark.parametrize("text", ["", "[]", '{"Type": "BlobTrigger", "ETag": 1}'])
def test_another_message_is_no_order(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        queue_message.parse(text)


@pytest.mark.parametrize("etag", ["0x8D", '"0x8D"'])
def test_an_etag_gets_its_quotes_once(etag: str) -> None:
    assert queue_message.quoted(etag) == '"0x8D"'


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("https://acct.blob.core.windows.net/docs/a%20b/c.txt", "https://acct.blob.core.windows.net/"),
        ("http://127.0.0.1:10000/devstoreaccount1/docs/a%20b/c.txt", "http://127.0.0.1:10000/devstoreaccount1"),
        ("http://localhost:10000/devstoreaccount1/docs/a%20b/c.txt?x", "http://127.0.0.1:9/devstoreaccount1/"),
    ],
)
def test_split(address: str, account: str) -> None:
    assert event_grid_events.split(address, account) == ("docs", "a b/c.txt")


EVENT = {"api": "PutBlob", "url": "https://acct.blob.core.windows.net/docs/x", "eTag": "0x8D", "blobType": "BlockBlob"}


@pytest.mark.parametrize("body", [[{"data": EVENT}], {"specversion": "1.0", "data": EVENT}])
def test_events_of_both_schemas(body: Any) -> None:
    found = event_grid_events.parse(
        json.dumps(body).encode(), "Host.Functions.f", "https://acct.blob.core.windows.net/"
    )
    assert found == ParsedEvents((BlobMessage("Host.Functions.f", "docs", "x", "0x8D"),))


@pytest.mark.parametrize("body", [b"", b"[1]", b'[{"data": {}}]', b'[{"data": {"url": "https://a/b"}}]'])
def test_what_holds_no_events_is_refused(body: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        event_grid_events.parse(body, "f", "https://a/")
