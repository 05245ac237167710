"""Azurite's built-in storage account, and the connection strings for it.

The name and the key of the account are public constants that Azurite documents. They are not secrets.
"""

from __future__ import annotations

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
BLOB_PORT, QUEUE_PORT, TABLE_PORT = 10000, 10001, 10002
"""Azurite's default ports."""


def connection_string(blob_port: int, queue_port: int, table_port: int) -> str:
    """For an Azurite on these ports of 127.0.0.1."""
    ports = {"BlobEndpoint": blob_port, "QueueEndpoint": queue_port, "TableEndpoint": table_port}
    parts = ["DefaultEndpointsProtocol=http", f"AccountName={ACCOUNT}", f"AccountKey={KEY}"]
    parts += [f"{name}=http://127.0.0.1:{port}/{ACCOUNT}" for name, port in ports.items()]
    return ";".join(parts) + ";"


DEVELOPMENT_STORAGE = connection_string(BLOB_PORT, QUEUE_PORT, TABLE_PORT)
"""What `UseDevelopmentStorage=true` stands for."""
