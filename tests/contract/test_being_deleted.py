"""Containers and tables that are on their way out, which Azure says for half a minute and Azurite never."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.domain.singletons import Heartbeat
from shared.errors import ContainerMissing, StorageUnavailable
from shared.services import Services, build
from shared.settings import load
from shared.storage.blobs import BlobStore
from tests.fakes.services import ENVIRON
from tests.support.values import NOW
from tests.support.wire import Reply, Seen, Wire

BLOB = {
    "ETag": '"0x1"',
    "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
    "x-ms-blob-type": "BlockBlob",
    "Content-Length": "0",
}


@pytest.fixture
def services(wire: Wire) -> Services:
    there = ENVIRON["DOCUMENTS_STORAGE"].replace("http://127.0.0.1:1", wire.url)
    return build(load(ENVIRON | {"DOCUMENTS_STORAGE": there}))


def gone(code: str) -> Reply:
    return Reply(409, headers={"x-ms-error-code": code})


ASKED: dict[str, Callable[[BlobStore], object]] = {
    "get_properties": lambda documents: documents.get_properties("a.txt"),
    "page": lambda documents: documents.page("", 10),
    "read": lambda documents: documents.read("a.txt", "0x1"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_documents_container_on_its_way_out_is_missing(
    wire: Wire, services: Services, ask: Callable[[BlobStore], object]
) -> None:
    wire.otherwise = lambda _: gone("ContainerBeingDeleted")
    with pytest.raises(ContainerMissing):
        ask(services.documents)


def test_a_result_waits_for_its_container_to_be_out_of_the_way(wire: Wire, services: Services) -> None:
    """Whoever takes it for another's result would look for that without end."""

    def answer(seen: Seen) -> Reply:
        return Reply(200, headers=BLOB) if "/documents/" in seen.target else gone("ContainerBeingDeleted")

    wire.otherwise = answer
    with pytest.raises(ContainerMissing):
        services.documents.write_result("a.txt", "0x1", {})


def test_a_table_on_its_way_out_is_no_change_that_came_first(wire: Wire, services: Services) -> None:
    wire.script(Reply(204))
    wire.otherwise = lambda _: gone("TableBeingDeleted")
    with pytest.raises(StorageUnavailable):
        services.ledger.write(Heartbeat(NOW))
