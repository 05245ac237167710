"""Receipts: an empty blob for every version of a blob that was queued for a function. A restart queues none twice.

They lie where the real host keeps them. A receipt says "queued", not "succeeded"; who deletes one has it queued again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobClient, BlobLeaseClient, BlobServiceClient

from local.host.blobs.queue_message import Order
from local.host.storage.clients import HOSTS_CONTAINER, write

INCOMPLETE = {"Incomplete": "Incomplete"}
LEASE_SECONDS = 30


class Receipts:
    """The receipts of one app in the account its blobs are in."""

    def __init__(self, service: BlobServiceClient, host_id: str) -> None:
        self._service, self._host_id = service, host_id

    def once(self, order: Order, queue: Callable[[Order], None]) -> bool:
        """Queues an order unless its version has been queued before. False if another host is at it just now."""
        name = f"blobreceipts/{self._host_id}/{order.function_id}/{order.etag}/{order.container}/{order.blob}"
        receipt = self._service.get_blob_client(HOSTS_CONTAINER, name)
        if self._is_complete(receipt, name):
            return True
        try:
            lease = receipt.acquire_lease(LEASE_SECONDS)
        except ResourceExistsError:
            return False
        try:
            if receipt.get_blob_properties().metadata:  # it may have been completed before the lease was ours
                queue(order)
                receipt.set_blob_metadata({}, lease=lease)
        finally:
            _release(lease)
        return True

    def _is_complete(self, receipt: BlobClient, name: str) -> bool:
        """Whether it is; it is made, incomplete, if it is not there at all."""
        try:
            write(self._service, name, "", overwrite=False, metadata=INCOMPLETE)
        except ResourceExistsError:
            return not receipt.get_blob_properties().metadata
        return False


def _release(lease: BlobLeaseClient) -> None:
    with suppress(AzureError):  # else it runs out by itself
        lease.release()
