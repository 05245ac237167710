"""Receipts: an empty blob for every version of a blob that was queued for a function. A restart queues none twice.

Their names are those of the real host. A receipt means "queued", not "succeeded"; on a real account, deleting it
runs nothing again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobClient, BlobLeaseClient, BlobServiceClient

from local.host.blobs.queue_message import BlobMessage
from local.host.storage.clients import HOSTS_CONTAINER, write

INCOMPLETE = {"Incomplete": "Incomplete"}
LEASE_SECONDS = 30


class Receipts:
    """The receipts of one app, in the account that contains its blobs."""

    def __init__(self, service: BlobServiceClient, host_id: str) -> None:
        self._service, self._host_id = service, host_id

    def queue_once(self, message: BlobMessage, queue: Callable[[BlobMessage], None]) -> bool:
        """Queues a version of a blob unless it was queued before. False if another host is just queueing it."""
        name = f"blobreceipts/{self._host_id}/{message.function_id}/{message.etag}/{message.container}/{message.blob}"
        receipt = self._service.get_blob_client(HOSTS_CONTAINER, name)
        if self._is_complete(receipt, name):
            return True
        try:
            lease = receipt.acquire_lease(LEASE_SECONDS)
        except ResourceExistsError:
            return False
        try:
            if receipt.get_blob_properties().metadata:  # another host may have completed it before this lease
                queue(message)
                receipt.set_blob_metadata({}, lease=lease)
        finally:
            _release(lease)
        return True

    def _is_complete(self, receipt: BlobClient, name: str) -> bool:
        """Whether the receipt is complete. Creates an incomplete one if there is none."""
        try:
            write(self._service, name, "", overwrite=False, metadata=INCOMPLETE)
        except ResourceExistsError:
            return not receipt.get_blob_properties().metadata
        return False


def _release(lease: BlobLeaseClient) -> None:
    with suppress(AzureError):  # it expires by itself
        lease.release()
