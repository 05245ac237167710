"""The names that are bound for a blob."""

from __future__ import annotations

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from local.host.blobs import trigger_metadata
from local.host.config.settings import Connection
from local.host.functions.function import BlobTrigger
from local.host.triggers import path_pattern
from local.stack.azurite import Azurite


@pytest.mark.fact("binding-data")
def test_a_parameter_counts_that_is_called_like_a_built_in_name(
    azurite: Azurite, container: str, blobs: ContainerClient
) -> None:
    blobs.upload_blob("a.b", b"x")
    trigger = BlobTrigger(path_pattern.parse(f"{container}/{{Uri}}.{{BlobTrigger}}"), Connection("X"), scans=True)
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        client = service.get_blob_client(container, "a.b")
        found = trigger_metadata.metadata(trigger, client, trigger_metadata.read(client)[1])
    assert (found["Uri"].value, found["BlobTrigger"].value) == ("a", "b")
    assert "ContentLength" in found["Properties"].value
