"""A request's path and query as Kestrel and ASP.NET Core read them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
ABSOLUTE = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
SLASH = 0x2F
IN_A_PATH = "!$&'()*+,;=:@/-._~"
FIRST_SURROGATE = 0xDC80  # stands for the first of the bytes that are no UTF-8


def authority(target: str) -> str | None:
    """The host in a target that is a whole address; None for every other."""
    return match[1] if (match := ABSOLUTE.match(target)) else None


def origin_form(target: str) -> str:
    """The path and query of a request's target, which may be a whole address."""
    return ABSOLUTE.sub("", target, count=1)


def path(raw: str) -> str:
    """The path, decoded and without dot segments. "%2F" and what is no UTF-8 stay encoded."""
    decoded = _decoded(raw, keep_slash=True)
    return _without_dots(decoded) if "/." in decoded else decoded


def spelled(decoded: str) -> str:
    """A path as the real host writes it into a URL."""
    kept = ESCAPE.findall(decoded)
    parts = [quote(part, safe=IN_A_PATH, errors="surrogatepass") for part in ESCAPE.split(decoded)]
    return "".join(part + escape for part, escape in zip(parts, [*kept, ""], strict=True))


def query(raw: str) -> list[tuple[str, str]]:
    """Names and values in the order in which they were sent, decoded; what is no UTF-8 stays encoded."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return [(_form(name), _form(value)) for name, _, value in pairs]


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Joins the values of one name with commas, without empty ones, and omits names without a value.

    Names are compared without regard to case, and the last spelling counts.
    """
    names: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        names[name.lower()] = name
        values.setdefault(name.lower(), []).extend([value] if value else [])
    return {names[key]: ",".join(parts) for key, parts in values.items() if parts}


def _form(text: str) -> str:
    return _decoded(text.replace("+", " "), keep_slash=False)


def _decoded(text: str, *, keep_slash: bool) -> str:
    if "%" not in text:
        return text
    return ESCAPES.sub(lambda match: _run(match[0], keep_slash=keep_slash), text)


def _run(escapes: str, *, keep_slash: bool) -> str:
    """One or more escapes in a row."""
    found, offset = "", 0
    for char in bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "surrogateescape"):
        is_invalid = FIRST_SURROGATE <= ord(char) <= FIRST_SURROGATE + 0x7F
        length = 1 if is_invalid else len(char.encode())
        stays = is_invalid or (keep_slash and ord(char) == SLASH)
        found += escapes[3 * offset : 3 * (offset + length)] if stays else char
        offset += length
    return found


def _without_dots(decoded: str) -> str:
    kept: list[str] = []
    words = decoded.split("/")[1:]
    for word in words:
        if word == ".." and kept:
            kept.pop()
        if word not in (".", ".."):
            kept.append(word)
    ends_open = words[-1] in (".", "..")
    return "/" + "/".join([*kept, ""] if ends_open else kept)
