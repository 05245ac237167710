"""What Event Grid sends about blobs, in its own schema and as cloud events: handshakes, and events of blobs. Pure."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from local.host.blobs.queue_message import Order

LONGEST_NAME = 1024  # characters of a blob's name


class AnotherAccount(ValueError):
    """The event is of a blob in another account than the trigger's."""


@dataclass(frozen=True)
class Heard:
    """An order for each event about a blob, and why the others give none."""

    orders: tuple[Order, ...]
    left_aside: tuple[str, ...] = ()


def validation_code(body: bytes) -> str:
    """The code a handshake wants to get back. Raises ValueError if the body is no handshake."""
    return _text(_events(body)[0], "validationCode")


def orders(body: bytes, function_id: str, account_address: str) -> Heard:
    """Of one event or an array of them, in either schema. Raises ValueError if not one of them is of use.

    Neither the kind of event nor the trigger's path is looked at, as in the real host: a subscription has filters.
    Events of another account are left aside; the real host would look for their blobs in the trigger's own.
    """
    found, foreign, wrong = [], [], []
    for event in _events(body):
        try:
            found.append(_order(event, function_id, account_address))
        except AnotherAccount as error:
            foreign.append(str(error))
        except ValueError as error:
            wrong.append(str(error))
    if wrong and not (found or foreign):
        raise ValueError(wrong[0])
    return Heard(tuple(found), (*foreign, *wrong))


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
    value.encode()  # a ValueError for half a surrogate pair, which JSON can hold and storage cannot
    return value


def split(address: str, account_address: str) -> tuple[str, str]:
    """A blob's container and name from its address. Raises ValueError."""
    account, path = _account(address)
    container, slash, blob = path.partition("/")
    if not (container and slash and blob) or len(unquote(blob)) > LONGEST_NAME:
        raise ValueError(f"{address:.200} is no blob's address")
    if account != _account(account_address)[0]:
        raise AnotherAccount(f"{address:.200} is in another account")
    return unquote(container), unquote(blob)


def _account(address: str) -> tuple[str, str]:
    """The account's name, and the path in it: at an emulator the name is the first segment, else the host's first word.

    So an address at `blob.` and one at `dfs.` are of one account.
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
