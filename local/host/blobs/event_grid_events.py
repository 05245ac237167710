"""Parses what Event Grid sends about blobs, in its own schema and as CloudEvents: handshakes and blob events. Pure."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from local.host.blobs.queue_message import BlobMessage

BLOB_TYPES = ("BlockBlob", "PageBlob", "AppendBlob")
MAX_NAME = 1024  # characters of a blob's name


class NoBlob(ValueError):
    """The event is about a container, not about a blob."""


class OtherAccount(ValueError):
    """The event is about a blob in another account than the trigger's."""


@dataclass(frozen=True)
class ParsedEvents:
    """A message for each event about a blob, the addresses of others, and why each other event was ignored."""

    messages: tuple[BlobMessage, ...]
    without_blob: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def validation_code(body: bytes) -> str:
    """The code that the answer to a handshake must contain. Raises ValueError if the body is no handshake."""
    if not (events := _events(body)):
        raise ValueError("the body holds no events")
    return _text(events[0], "validationCode")


def parse(body: bytes, function_id: str, account_address: str) -> ParsedEvents:
    """Parses one event or an array of events, in either schema; there may be none. Raises ValueError if an event cannot
    be read.

    Like the real host it checks neither the event type nor the trigger's path: subscriptions have filters for both.
    Events of other accounts are ignored; the real host would look for their blobs in the trigger's own account.
    """
    found, without, foreign = [], [], []
    for event in _events(body):
        try:
            found.append(_message(event, function_id, account_address))
        except NoBlob as error:
            without.append(str(error))
        except OtherAccount as error:
            foreign.append(str(error))
    return ParsedEvents(tuple(found), tuple(without), tuple(foreign))


def _events(body: bytes) -> list[Mapping[str, Any]]:
    content = json.loads(body)
    events = content if isinstance(content, list) else [content]
    if not all(isinstance(event, dict) and isinstance(event.get("data"), dict) for event in events):
        raise ValueError("the body holds no events with data")
    return [event["data"] for event in events]


def _message(event: Mapping[str, Any], function_id: str, account_address: str) -> BlobMessage:
    address = _text(event, "url")
    if (blob_type := _text(event, "blobType")) not in BLOB_TYPES:
        raise ValueError(f"{blob_type:.200} is no type of a blob")
    container, blob = split(address, account_address)
    return BlobMessage(function_id, container, blob, str(event.get("eTag", "")), blob_type)


def _text(event: Mapping[str, Any], name: str) -> str:
    if not isinstance(value := event.get(name), str) or not value:
        raise ValueError(f"an event has no {name}")
    value.encode()  # raises ValueError for half a surrogate pair: valid in JSON, not in storage
    return value


def split(address: str, account_address: str) -> tuple[str, str]:
    """The container and the name in a blob's address. Raises ValueError: NoBlob, OtherAccount, or another."""
    account, path = _account(address)
    container, slash, blob = path.partition("/")
    if container and not blob and "://" in address:
        raise NoBlob(address)
    if not (container and slash and blob) or len(unquote(blob)) > MAX_NAME:
        raise ValueError(f"{address:.200} is not the address of a blob")
    if account != _account(account_address)[0]:
        raise OtherAccount(f"{address:.200} is in another account")
    return unquote(container), unquote(blob)


def _account(address: str) -> tuple[str, str]:
    """The name of the account, and the path in it.

    In an emulator's address the name is the first segment, otherwise the first label of the host: addresses at `blob.`
    and at `dfs.` have the same account.
    """
    parts = urlsplit(address)
    host, path = parts.hostname or "", parts.path.lstrip("/")
    if host == "localhost" or _is_number(host):
        account, _, path = path.partition("/")
        return account, path
    return host.partition(".")[0], path


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
