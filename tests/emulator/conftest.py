"""A small set of labelled texts in storage, and the Language service over it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.language.conditions.clock import Clock
from local.language.server.server import running
from local.stack.azurite import Azurite
from tests.support.language_caller import START, Caller, Deployed, deploy_both, upload_texts


@pytest.fixture(scope="session")
def blobs(azurite: Azurite) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        yield client


@pytest.fixture(scope="session")
def texts(blobs: BlobServiceClient) -> str:
    return upload_texts(blobs)


@pytest.fixture(scope="session")
def call(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The service that tests share, at the instant pace. A test touches only its own `project`."""
    with running(azurite.connection_string, state=tmp_path_factory.mktemp("language")) as service:
        yield Caller(service)


@pytest.fixture
def project() -> str:
    return f"P{uuid.uuid4().hex[:10]}"


@pytest.fixture
def start(azurite: Azurite, tmp_path: Path) -> Callable[..., Any]:
    """Starts a service of one's own: `with start(pace="seconds", clock=Clock(START)) as call`. Its state stays."""

    @contextmanager
    def started(**options: Any) -> Iterator[Caller]:
        with running(azurite.connection_string, **{"state": tmp_path / "language", **options}) as service:
            yield Caller(service)

    return started


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock(START)


@pytest.fixture(scope="session")
def deployed(call: Caller, texts: str) -> Deployed:
    """Made once; a test only analyzes with them."""
    return deploy_both(call, texts)
