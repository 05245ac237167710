"""Sends again what was once sent to the service, and compares, field by field, what comes back with what came then.

`recorded.json` holds exchanges by name. What differs each time stands there in angle brackets: a name that the test
gives a value to, or one of `PATTERNS`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from local.language.server.server import LanguageService

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text())
GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PATTERNS = {
    "any": r"(?s:.*)",
    "guid": GUID,
    "ticking": GUID + r"_[0-9]{18}",
    "seconds": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "ticks": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z",
    "number": r"\d+",
    "share": r"(?:[01]|[01]\.\d+)",
}
TOKEN = re.compile(r"<(\w+)>")
SECONDS_TO_BE_LIKE = 30
OTHERS = "..."  # stands for fields of any name


def replay_exchange(service: LanguageService, name: str, **names: Any) -> requests.Response:
    """Sends the request of an exchange; asserts that the answer is the recorded one."""
    exchange, names = RECORDED[name], {"host": service.endpoint, **names}
    answer = _sent(service, filled(exchange["request"], names), names.get("key", service.key))
    assert_like(exchange["response"], answer, names)
    return answer


def replay_poll(service: LanguageService, name: str, which: int, **names: Any) -> None:
    """The same for one of the several answers that a poll got, as soon as it comes: work takes its own time."""
    exchange, names = RECORDED[name], {"host": service.endpoint, **names}
    recorded, deadline = exchange["responses"][which], time.monotonic() + SECONDS_TO_BE_LIKE
    while True:
        answer = _sent(service, filled(exchange["request"], names), service.key)
        if not differences(recorded["body"], answer.json(), names) or time.monotonic() > deadline:
            return assert_like(recorded, answer, names)
        time.sleep(0.01)


def assert_like(recorded: Mapping[str, Any], answer: requests.Response, names: Mapping[str, Any]) -> None:
    assert answer.status_code == recorded["status"], answer.text
    found = differences(recorded["body"], answer.json() if answer.content else None, names)
    if "headers" in recorded:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        found += differences(recorded["headers"], headers, names, "headers")
    assert not found, "\n".join(found)


def differences(recorded: Any, found: Any, names: Mapping[str, Any], at: str = "") -> list[str]:
    """Where, and in what, the two differ."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        open_ended = OTHERS in recorded
        unlike = set(recorded) - {OTHERS} - set(found) if open_ended else set(recorded) ^ set(found)
        shared = set(recorded) & set(found)
        inner = (differences(recorded[name], found[name], names, f"{at}.{name}") for name in sorted(shared))
        return [f"{at}.{name} is not on both sides" for name in sorted(unlike)] + [
            one for some in inner for one in some
        ]
    if isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        pairs = enumerate(zip(recorded, found, strict=True))
        return [one for index, pair in pairs for one in differences(*pair, names, f"{at}[{index}]")]
    return [] if _alike(recorded, found, names) else [f"{at}: {recorded!r} was recorded, {found!r} found"]


def filled(template: Any, names: Mapping[str, Any]) -> Any:
    """The template with its names replaced; a name that is all of a text may stand for more than a text."""
    if isinstance(template, dict):
        return {key: filled(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(item, names) for item in template]
    if not isinstance(template, str):
        return template
    whole = TOKEN.fullmatch(template)
    return names[whole[1]] if whole else TOKEN.sub(lambda token: str(names[token[1]]), template)


def _alike(recorded: Any, found: Any, names: Mapping[str, Any]) -> bool:
    if not isinstance(recorded, str):
        return bool(recorded == found) and isinstance(recorded, bool) == isinstance(found, bool)
    patterns = PATTERNS | {name: re.escape(str(value)) for name, value in names.items()}
    words = TOKEN.split(recorded)
    pattern = "".join(patterns[word] if place % 2 else re.escape(word) for place, word in enumerate(words))
    comparable = isinstance(found, str) or TOKEN.fullmatch(recorded) is not None
    return comparable and re.fullmatch(pattern, str(found)) is not None


def _sent(service: LanguageService, request: Mapping[str, Any], key: str) -> requests.Response:
    content = json.dumps(request["body"]) if "body" in request else b""
    headers = {"Content-Type": request.get("content_type", "application/json"), "Ocp-Apim-Subscription-Key": key}
    address = service.endpoint + request["path"]
    return requests.request(request["method"], address, data=content, headers=headers, timeout=30)
