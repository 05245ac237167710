"""Requests: this host against what Microsoft's Functions host answered.

Of an answer that textdrop gave only this is compared: that a function gave it. Framing is not compared, nor the text
of a refusal, which the real host leaves empty.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.host.config.host_json import HostJson
from local.host.config.settings import Settings
from local.stack.azurite import Azurite
from tests.host.recorded import recordings
from tests.host.recorded.in_process import Door, app_of
from tests.host.recorded.recorded_app import KEYS, failing, keys, textdrop

OF_FUNCTIONS = ("what a function sees", "fatal", "function", "route")
WITH_KEYS = ("keys", "system key", "admin keys", "admin", "admin invoke")
FRAMING = ("date", "server", "transfer-encoding", "content-length", "connection", "keep-alive")
CUT = re.compile(r"(.)…\[(\d+) bytes in all\]")
TAIL = " HTTP/1.1\r\nHost: localhost:7071\r\n\r\n"
LONG = 1100  # characters; longer bodies are cut in the recording
BYTE = re.compile(rb"\\x([0-9a-f]{2})")


def sent(row: dict[str, Any]) -> bytes:
    """The bytes of a request; what was cut is filled up with its last character, or with headers like its last."""
    text: str = row["request"]
    for placeholder, key in KEYS.items():
        text = text.replace(placeholder, key)
    if cut := CUT.search(text):
        rest = text[cut.end() :] or (TAIL if row["group"] in ("paths", "query") else "\r\n\r\n")
        text = text[: cut.start(1)] + cut[1] * (int(cut[2]) - cut.start(1) - len(rest)) + rest
    head, end, body = text.encode("utf-8", "surrogateescape").partition(b"\r\n\r\n")
    return head + end + BYTE.sub(byte, body)


def byte(escape: re.Match[bytes]) -> bytes:
    hexadecimal: bytes = escape[1]
    return bytes.fromhex(hexadecimal.decode())


def answers(received: bytes, *, to_head: bool) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of each response."""
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = 0 if to_head else int(headers.get("content-length", "0"))
        yield int(first.split()[1]), headers, received[:length]
        received = received[length:]


def summary(group: str, status: int, headers: dict[str, str], body: Any) -> Any:
    kind = headers.get("content-type", "")
    if group not in OF_FUNCTIONS and kind == "application/json" and "by" not in headers:
        return "a function's"
    if str(body).lower().startswith("<!doctype html"):
        return status, "page"
    if group not in OF_FUNCTIONS and status >= 400 and kind.startswith("text/plain"):
        body = ""  # this host says why it refuses
    body = body if len(body) < LONG else f"{body[:200]}…"
    kept = {name: value for name, value in headers.items() if name not in FRAMING and (group in OF_FUNCTIONS or body)}
    kept |= {name: headers[name] for name in ("www-authenticate", "cache-control", "allow") if name in headers}
    return status, kept, loaded(body)


def loaded(body: str) -> Any:
    try:
        return json.loads(body, parse_constant=str)
    except ValueError:
        return body


def recorded(row: dict[str, Any]) -> Any:
    found = []
    for answer in row["answers"]:
        if answer.get("by"):
            found.append("a function's")
        elif "status" in answer:
            text = answer["body"]
            for placeholder, key in KEYS.items():
                text = text.replace(placeholder, key)
            found.append(summary(row["group"], answer["status"], answer["headers"], text))
        elif answer.get("end") == "timeout":
            found.append("nothing")
    return found


async def here(row: dict[str, Any], door: Door) -> Any:
    wire = await door.ask(sent(row))
    to_head = row["request"].startswith("HEAD")
    found = []
    for status, headers, body in answers(wire.sent, to_head=to_head):
        found.append(summary(row["group"], status, headers, text_of(body)))
    return found


def text_of(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"base16:{body.hex()}"


def doors(azurite: Azurite, container: str) -> dict[str, Door]:
    storage = {"AzureWebJobsStorage": azurite.connection_string, "AzureFunctionsWebHost__hostid": container}
    settings, host_json = Settings(storage), HostJson(has_bundle=True, timeout=5.0)
    open_door = Door(app_of(textdrop(), settings=settings, host_json=host_json))
    with_keys = Door(app_of(textdrop(), settings=settings, host_json=host_json), keys())
    of_functions = Door(app_of(failing(), settings=settings, host_json=host_json))
    groups = {row["group"] for row in recordings.rows("http").values()}
    return {
        group: of_functions if group in OF_FUNCTIONS else with_keys if group in WITH_KEYS else open_door
        for group in groups
    }


async def differing(found: dict[str, Door]) -> set[str]:
    rows = recordings.rows("http").items()
    return {
        name
        for name, row in rows
        if row["title"] not in recordings.NOT_REPLAYED and await here(row, found[row["group"]]) != recorded(row)
    }


@pytest.mark.filterwarnings("ignore")
def test_every_request_is_answered_as_recorded_but_for_those_that_differ_on_purpose(
    azurite: Azurite, container: str
) -> None:
    async def ask() -> set[str]:
        return await differing(doors(azurite, container))

    assert asyncio.run(ask()) == set(recordings.on_purpose("http"))
