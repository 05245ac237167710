"""What tests of the host share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from local.stack.azurite import Azurite


@pytest.fixture
def blobs(azurite: Azurite, container: str) -> Iterator[ContainerClient]:
    """A new container, with the test's name."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.create_container(container)
