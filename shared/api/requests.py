"""What a caller sends, read and checked; what is wrong with it, in words that say what to send."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.http import parse_options_header

from shared.api.reading import refuse, require_whole_characters, too_long, unknown
from shared.domain.documents import DocumentState
from shared.domain.file_names import MAX_FILE_NAME, is_file_name
from shared.domain.filters import Selection
from shared.errors import BadRequest, UnsupportedMediaType

MAX_BODY = 1_000_000  # bytes, unless a route says otherwise
PLAIN_TYPES = ("text/plain", "application/octet-stream")
# curl says the last of every body that it is not told the type of.
JSON_TYPES = ("", "application/json", "application/x-www-form-urlencoded")
MAX_TEXT = 10_000
PAGE, MAX_PAGE = 50, 500
KEY = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)
MOMENT = "2026-11-22T15:00:00Z"
CONTINUATION = re.compile(r"[0-9A-Za-z._|-]{0,200}", re.ASCII)
# What both protocols take for the name of a project, a model or a deployment.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
NAME_RULE = "have 1 to 50 letters, digits, hyphens, underscores or dots, and begin with a letter or digit"
FROM_THE_HOST = ("code", "clientId")  # parameters: a function key and its name, which the host looks at

MAX_NAME = 1024  # of a file in storage
MAX_PARTS = 254  # of a path in storage
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")  # what no listing of a container can spell
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")  # what no header may hold


@dataclass(frozen=True)
class Request:
    """A call as the door hands it on: `path` is what follows the route prefix, decoded; `query` has no repeats."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""
    range: str = ""


@dataclass(frozen=True)
class Response:
    """Status, a JSON value, headers; or, with another `content_type`, a file's bytes in place of the value."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def is_plain(request: Request) -> bool:
    """Whether the body says that it is a text, or a file's bytes."""
    return _media_type(request) in PLAIN_TYPES


def is_json(request: Request) -> bool:
    """Whether the body may be JSON by its media type; one that has none is taken for it."""
    media_type = _media_type(request)
    return media_type in JSON_TYPES or (media_type.startswith("application/") and media_type.endswith("+json"))


def _media_type(request: Request) -> str:
    return _content_type(request)[0].lower()


def charset(request: Request) -> str:
    """The charset of the Content-Type in lower case; "" if it has none."""
    return _content_type(request)[1].get("charset", "").lower()


def _content_type(request: Request) -> tuple[str, dict[str, str]]:
    """The media type and its parameters. Raises UnsupportedMediaType, where a parser would pass over the rest."""
    if CONTROL.search(request.content_type):
        raise UnsupportedMediaType("The Content-Type holds a control character, such as NUL.")
    return parse_options_header(request.content_type)


def whole(pattern: re.Pattern[str] | str) -> str:
    """The pattern of a whole text in JSON Schema, where Python's `$` would let a line break follow."""
    return f"^(?:{getattr(pattern, 'pattern', pattern)})(?!\\n)$"


def require_known(query: Iterable[str], known: Iterable[str]) -> None:
    """Raises BadRequest with all parameters that are none."""
    refuse(unknown(query, [*known, *FROM_THE_HOST], "parameter"))


def text(query: Mapping[str, str], name: str, default: str | None = None) -> str:
    """A parameter; required unless there is a default."""
    value = query.get(name, default)
    if value is None or (default is None and not value.strip()):
        raise BadRequest(f'"{name}" must be a string that is not empty.')
    if len(value) > MAX_TEXT:
        raise BadRequest(too_long(name, len(value), MAX_TEXT))
    require_whole_characters(value, name)
    return value


def choice(value: str, name: str, choices: Callable[[str], Any], allowed: list[str]) -> Any:
    """One of the words that `choices` (an enumeration, or what looks up in a table) knows."""
    try:
        return choices(value)
    except (ValueError, KeyError):
        raise BadRequest(f'"{name}" must be one of {", ".join(allowed)}.') from None


def name_of(value: str, what: str) -> str:
    """A project's, model's or deployment's name."""
    if not NAME.fullmatch(value):
        raise BadRequest(f"The {what} name must {NAME_RULE}.")
    return value


def file_name(name: str, what: str) -> str:
    """The name of a file to be written, if every storage and every listing can hold it."""
    length = len(name.encode("utf-16-le", "surrogatepass")) // 2  # as storage counts
    if length > MAX_FILE_NAME:
        raise BadRequest(too_long(what, length, MAX_FILE_NAME))
    if "\\" in name:
        raise BadRequest(f'"{what}" holds a backslash, which storage turns into a slash: write / between folders.')
    parts = name.split("/")
    whole = len(parts) <= MAX_PARTS and all(part.strip() and not part.endswith(".") for part in parts)
    if not whole or UNPRINTABLE.search(name) or not is_file_name(name):
        raise BadRequest(
            f'"{what}" must be the name of a file, such as reviews/first.txt: no control characters, and at most '
            f"{MAX_PARTS} parts between slashes, none of them blank or with a dot at its end."
        )
    return name


def name_asked(query: Mapping[str, str]) -> str:
    """The name of a file that may be there, however it is spelled."""
    name = text(query, "name")
    if len(name) > MAX_NAME or "\0" in name:
        raise BadRequest(f'"name" must be the name of a file: at most {MAX_NAME:,} characters, and no NUL.')
    return name


def key_of(value: str) -> str:
    """A document's, job's or operation's key."""
    if not KEY.fullmatch(value):
        raise BadRequest("A key has letters and digits only.")
    return value


def moment_of(value: str, name: str) -> datetime | None:
    """A moment in ISO 8601, None for ""; UTC unless it says otherwise. A blank is the + that a URL takes away."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        raise BadRequest(f'"{name}" must be a moment such as {MOMENT}.') from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def selection(values: Mapping[str, str]) -> Selection:
    """Which documents a listing or an export is of: `class`, `prefix`, `since`, `until`. None is needed."""
    category = text(values, "class", "")
    return Selection(
        state=DocumentState.SUCCEEDED if category else None,
        prefix=text(values, "prefix", ""),
        category=category,
        since=moment_of(text(values, "since", ""), "since"),
        until=moment_of(text(values, "until", ""), "until"),
    )


def page_of(query: Mapping[str, str]) -> tuple[int, str]:
    """`top` (how many at most) and `continue` (where to go on)."""
    top = query.get("top", str(PAGE))
    if not (re.fullmatch(r"[1-9][0-9]{0,2}", top, re.ASCII) and int(top) <= MAX_PAGE):
        raise BadRequest(f'"top" must be a whole number from 1 to {MAX_PAGE}.')
    return int(top), continuation(query)


def continuation(query: Mapping[str, str]) -> str:
    """The row after which to go on, from the `continue` of the answer before; "" at the beginning."""
    after = text(query, "continue", "")
    if not CONTINUATION.fullmatch(after):
        raise BadRequest('"continue" must be what the answer before gave.')
    return row_of(after)


def row_of(after: str) -> str:
    return after.replace("_", "|")
