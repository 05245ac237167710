"""Reads a blob as the real host passes it to the worker: its bytes and the trigger's metadata."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from azure.core import MatchConditions
from azure.functions import meta
from azure.storage.blob import BlobClient

from local.host.functions.function import BlobTrigger

BLOB_TYPES = {"BlockBlob": 0, "PageBlob": 1, "AppendBlob": 2}  # numbers, as the host serialises its enum


def read(client: BlobClient, etag: str = "") -> tuple[bytes, Any]:
    """The blob's stored bytes, not decompressed, and its properties; of the version `etag`, if given.

    Raises ResourceNotFoundError if it was deleted, ResourceModifiedError if it has another version now.
    """
    condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
    download = client.download_blob(decompress=False, **condition)
    return download.readall(), download.properties


def metadata(trigger: BlobTrigger, client: BlobClient, properties: Any) -> Mapping[str, meta.Datum]:
    """The trigger's metadata, and the parameters of its path, which count if they have the same name."""
    path = f"{client.container_name}/{client.blob_name}"
    named = trigger.path.match(client.blob_name) or {}
    built_in = {
        "BlobTrigger": meta.Datum(path, "string"),
        "Uri": meta.Datum(json.dumps(client.url.partition("?")[0]), "json"),  # without the query, which may hold a SAS
        "Properties": meta.Datum(json.dumps(_properties(properties)), "json"),
        "Metadata": meta.Datum(json.dumps(properties.metadata or {}), "json"),
    }
    return built_in | {name: meta.Datum(value, "string") for name, value in named.items()}


def _properties(properties: Any) -> dict[str, Any]:
    content = properties.content_settings
    return {
        "LastModified": properties.last_modified.isoformat(),
        "CreatedOn": properties.creation_time.isoformat() if properties.creation_time else None,
        "Metadata": properties.metadata or {},
        "BlobType": BLOB_TYPES.get(getattr(properties.blob_type, "value", properties.blob_type), 0),
        "ContentLength": properties.size,
        "ContentType": content.content_type,
        "ETag": {},  # empty as in the real host, so that no app relies on it
        "ContentHash": base64.b64encode(content.content_md5).decode() if content.content_md5 else None,
        "ContentEncoding": content.content_encoding,
        "ContentDisposition": content.content_disposition,
        "ContentLanguage": content.content_language,
        "CacheControl": content.cache_control,
    }
