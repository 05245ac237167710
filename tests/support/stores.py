"""The stores that tests run against, each with its twin in memory: fixtures for a test that names this as a plugin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.data.tables import TableClient
from azure.storage.blob import BlobServiceClient

from local.stack.azurite import Azurite
from shared.storage.ledger import Ledger
from shared.storage.tables import Rows, TableRows
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows
from tests.support.azurite_files import AzuriteFiles


class MemoryFiles(MemoryDocuments):
    @property
    def documents(self) -> MemoryDocuments:
        return self


@pytest.fixture(params=["memory", "azurite"])
def rows(request: pytest.FixtureRequest, azurite: Azurite, container: str) -> Iterator[Rows]:
    if request.param == "memory":
        yield MemoryRows()
        return
    with TableClient.from_connection_string(azurite.connection_string, "textdrop") as table:
        yield TableRows(table, container)


@pytest.fixture
def ledger(rows: Rows) -> Ledger:
    return Ledger(rows)


@pytest.fixture
def service(azurite: Azurite) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        yield client


@pytest.fixture
def blobs(service: BlobServiceClient, container: str) -> AzuriteFiles:
    return AzuriteFiles(service, container)


@pytest.fixture(params=["memory", "azurite"])
def files(request: pytest.FixtureRequest, service: BlobServiceClient, container: str) -> Any:
    if request.param == "memory":
        return MemoryFiles(container, f"{container}-results")
    return AzuriteFiles(service, container)
