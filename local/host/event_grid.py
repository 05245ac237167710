"""Event Grid's door, `/runtime/webhooks/blobs`: the handshake, and events that blobs have been created. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from local.host.orders import Order


def validation_code(body: bytes) -> str:
    """The code a handshake wants to get back. Raises ValueError if the body is no handshake."""
    return _text(_events(body)[0], "validationCode")


def orders(body: bytes, function_id: str, account_address: str) -> list[Order]:
    """One order for each event: an array in Event Grid's own schema, or one object as a cloud event.

    The trigger's path is not looked at, as in the real host: that is the subscription's filter. Raises ValueError.
    """
    return [_order(event, function_id, account_address) for event in _events(body)]


def _events(body: bytes) -> list[Mapping[str, Any]]:
    content = json.loads(body)
    events = content if isinstance(content, list) else [content]
    if not events or not all(isinstance(one, dict) and isinstance(one.get("data"), dict) for one in events):
        raise ValueError("the body holds no events with data")
    return [one["data"] for one in events]


def _order(event: Mapping[str, Any], function_id: str, account_address: str) -> Order:
    container, blob = split(_text(event, "url"), account_address)
    return Order(function_id, container, blob, str(event.get("eTag", "")), str(event.get("blobType", "BlockBlob")))


def _text(event: Mapping[str, Any], name: str) -> str:
    if not isinstance(value := event.get(name), str) or not value:
        raise ValueError(f"an event has no {name}")
    return value


def split(address: str, account_address: str) -> tuple[str, str]:
    """A blob's container and name from its address. An emulator's has the account's name as its first segment."""
    path = urlsplit(address).path.lstrip("/")
    account = urlsplit(account_address).path.strip("/")
    container, slash, blob = path.removeprefix(f"{account}/" if account else "").partition("/")
    if not (container and slash and blob):
        raise ValueError(f"{address} is no blob's address")
    return unquote(container), unquote(blob)
