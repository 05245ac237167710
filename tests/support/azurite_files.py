"""`BlobStore` over Azurite, with what people do to the files."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, ContentSettings, generate_container_sas

from local import development_storage
from shared.storage.blobs import BlobStore


class AzuriteFiles:
    """What `MemoryDocuments` offers people; the app's side is `documents`."""

    def __init__(self, service: BlobServiceClient, container: str) -> None:
        self.service = service
        self._container = container
        self.documents = BlobStore(service, container, f"{container}-results")
        service.create_container(container)

    def put(self, name: str, content: bytes, language: str = "", container: str = "", encoding: str = "") -> str:
        there = self.service.get_container_client(container or self._container)
        if not there.exists():
            there.create_container()
        blob = there.get_blob_client(name)
        kept = ContentSettings(content_encoding=encoding or None)
        written = blob.upload_blob(content, overwrite=True, metadata={"Language": language}, content_settings=kept)
        return str(written["etag"]).strip('"')

    def delete(self, name: str) -> None:
        self.service.get_blob_client(self._container, name).delete_blob()

    def remove_container(self) -> None:
        self.service.delete_container(self._container)


def put_unchanged(service: BlobServiceClient, container: str, name: str, content: bytes) -> None:
    """Write a file under exactly this name. Clients of HTTP resolve "." and ".." in it."""
    signed = generate_container_sas(
        development_storage.ACCOUNT,
        container,
        account_key=development_storage.KEY,
        permission=ContainerSasPermissions(create=True, write=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    address = urlsplit(service.url)
    connection = http.client.HTTPConnection(address.netloc)
    path = f"{address.path.rstrip('/')}/{container}/{quote(name)}?{signed}"
    connection.request("PUT", path, content, {"x-ms-blob-type": "BlockBlob"})
    assert connection.getresponse().status == 201
    connection.close()
