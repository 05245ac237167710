"""The bundle of services with its storage in memory. Nobody listens where its Language service would be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.services import Services, build
from shared.settings import load
from shared.storage.ledger import Ledger
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows

ENVIRON = {
    "LANGUAGE_ENDPOINT": "http://127.0.0.1:1",
    "LANGUAGE_KEY": "key",
    # SDK clients refuse to be built without an account; none of these addresses is ever asked.
    "DOCUMENTS_STORAGE": (
        "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;"
        "BlobEndpoint=http://127.0.0.1:1/account;TableEndpoint=http://127.0.0.1:1/account;"
    ),
    "DOCUMENTS_CONTAINER": "documents",
    "TICK_SCHEDULE": "*/10 * * * * *",
}


def in_memory() -> Services:
    documents: Any = MemoryDocuments()
    return replace(build(load(ENVIRON)), ledger=Ledger(MemoryRows()), documents=documents)
