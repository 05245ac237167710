"""The Language service with a deployed model of each kind, and the service's own clients, each in its environment."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.language.server.server import LanguageService, running
from local.stack.azurite import Azurite
from tests.sdk_clients.client_process import Client, speaking
from tests.support.language_caller import Caller, Deployed, deploy_both, upload_texts


@pytest.fixture(scope="session")
def texts(azurite: Azurite) -> Iterator[str]:
    """The name of a container with labelled texts."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        yield upload_texts(blobs)


@pytest.fixture(scope="session")
def prepared(azurite: Azurite, texts: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Deployed]:
    """The state folder of a service that has trained and deployed."""
    state = tmp_path_factory.mktemp("language")
    with running(azurite.connection_string, state=state) as service:
        return state, deploy_both(Caller(service), texts)


@pytest.fixture(scope="session")
def deployed(prepared: tuple[Path, Deployed]) -> Deployed:
    return prepared[1]


@pytest.fixture(scope="session")
def at(
    azurite: Azurite, prepared: tuple[Path, Deployed], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Endpoint and key of a service that tests share, at the instant pace."""
    state = shutil.copytree(prepared[0], tmp_path_factory.mktemp("shared") / "language")
    with running(azurite.connection_string, state=state) as service:
        yield [service.endpoint, service.key]


@pytest.fixture
def start(azurite: Azurite, prepared: tuple[Path, Deployed], tmp_path: Path) -> Callable[..., Any]:
    """Starts a service of one's own over a copy of the prepared state, whose folder is `tmp_path / "language"`."""
    shutil.copytree(prepared[0], tmp_path / "language")

    @contextmanager
    def started(**options: Any) -> Iterator[LanguageService]:
        with running(azurite.connection_string, state=tmp_path / "language", **options) as service:
            yield service

    return started


@pytest.fixture(scope="session")
def today() -> Iterator[Client]:
    with speaking("5.4.0", "textanalytics_5_4_0") as client:
        yield client


@pytest.fixture(scope="session")
def sibling() -> Iterator[Client]:
    with speaking("5.2.0b2", "textanalytics_5_2_0b2") as client:
        yield client


@pytest.fixture(scope="session")
def newest() -> Iterator[Client]:
    with speaking("6.0.0b2", "textanalytics_6_0_0b2") as client:
        yield client


@pytest.fixture(scope="session")
def authoring() -> Iterator[Client]:
    with speaking("6.0.0b2", "authoring_1_0_0b1") as client:
        yield client
