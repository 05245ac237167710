"""HTTP requests and responses, and the checks of path and query parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from shared.api.parsing import raise_faults, require_whole_characters, too_long, unknown_names
from shared.domain.documents import DocumentState
from shared.domain.file_names import MAX_FILE_NAME, is_file_name
from shared.domain.filters import Selection
from shared.errors import BadRequest, UnsupportedMediaType

MAX_BODY = 1_000_000  # bytes, unless the route has another limit
TEXT_TYPES = ("text/plain", "application/octet-stream")
# curl sends the last one unless it is given a type.
JSON_TYPES = ("", "application/json", "application/x-www-form-urlencoded")
MAX_TEXT = 10_000  # characters of a parameter or a field
PAGE, MAX_PAGE = 50, 500
KEY = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)
EXAMPLE_TIME = "2026-11-22T15:00:00Z"
CONTINUATION = re.compile(r"[0-9A-Za-z._|-]{0,200}", re.ASCII)
# The names of projects, models and deployments that both protocols accept.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
NAME_RULE = "have 1 to 50 letters, digits, hyphens, underscores or dots, and start with a letter or digit"
HOST_PARAMETERS = ("code", "clientId")  # a function key and its name, which the host checks

MAX_NAME = 1024  # characters of a blob's name
MAX_PARTS = 254  # parts of a blob's name between slashes
# Characters that the XML of a container's listing cannot contain.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")  # characters that a header cannot contain


@dataclass(frozen=True)
class Request:
    """An HTTP request. `path`: decoded, without the route prefix. `query`: one value for each name.

    `target`: path and query, encoded, with the route prefix, as the caller sent them.
    `is_chunked`: it has a `Transfer-Encoding`; the Functions host drops the body of such a request.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""
    range: str = ""
    accept: str = ""
    target: str = ""
    is_chunked: bool = False

    @property
    def url_path(self) -> str:
        """The path, encoded, with the route prefix."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Response:
    """An HTTP response. `body`: a JSON value, or the bytes of a file."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def encoded(body: Any) -> bytes:
    """The body of a response as it is sent. A lone surrogate, which a caller's words may hold, becomes "?"."""
    if isinstance(body, bytes):
        return body
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def is_plain_text(request: Request) -> bool:
    """Whether the media type of the body is text/plain or application/octet-stream."""
    return _media_type(request) in TEXT_TYPES


def is_json(request: Request) -> bool:
    """Whether the media type of the body is JSON, missing, or the default of curl."""
    media_type = _media_type(request)
    return media_type in JSON_TYPES or (media_type.startswith("application/") and media_type.endswith("+json"))


def prefers_html(request: Request) -> bool:
    """Whether the caller accepts HTML rather than JSON, as browsers do that open a page."""
    accepted = parse_accept_header(request.accept, MIMEAccept)
    return accepted["text/html"] > accepted["application/json"]


def _media_type(request: Request) -> str:
    return _content_type(request)[0].lower()


def charset(request: Request) -> str:
    """The charset of the Content-Type in lower case; "" if there is none."""
    return _content_type(request)[1].get("charset", "").lower()


def _content_type(request: Request) -> tuple[str, dict[str, str]]:
    """The media type and its parameters. Raises UnsupportedMediaType for a control character."""
    if CONTROL.search(request.content_type):
        raise UnsupportedMediaType("The Content-Type contains a control character, such as NUL.")
    return parse_options_header(request.content_type)


def full_match(pattern: re.Pattern[str] | str) -> str:
    """The JSON Schema pattern that matches a whole text. In Python, `$` alone would allow a line break at the end."""
    return f"^(?:{getattr(pattern, 'pattern', pattern)})(?!\\n)$"


def require_known_parameters(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises BadRequest with all unknown query parameters, so that typos are not ignored."""
    raise_faults(unknown_names(names, [*known, *HOST_PARAMETERS], "parameter"))


def require_utf8(target: str) -> None:
    """Raises BadRequest for a path or query with bytes that are not UTF-8.

    The Functions host leaves those percent-encoded: "%FF" would be taken for three characters.
    """
    raw = unquote_to_bytes(target.encode("utf-8", "surrogatepass"))
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise BadRequest(
            f"The path or query has the byte %{byte:02X}, which is not UTF-8 there: "
            f"encode names in UTF-8 (é is %C3%A9), and a percent sign as %25."
        ) from None


def text(query: Mapping[str, str], name: str, default: str | None = None) -> str:
    """A query parameter, which is required if `default` is None. Raises BadRequest."""
    value = query.get(name, default)
    if value is None or (default is None and not value.strip()):
        raise BadRequest(f'"{name}" must be a string that is not empty.')
    if len(value) > MAX_TEXT:
        raise BadRequest(too_long(name, len(value), MAX_TEXT))
    require_whole_characters(value, name)
    return value


def choice(value: str, name: str, choices: Callable[[str], Any], allowed: list[str]) -> Any:
    """The result of `choices`, an enumeration or a lookup in a table, for `value`.

    Raises BadRequest, which names the `allowed` values, if `choices` raises ValueError or KeyError.
    """
    try:
        return choices(value)
    except (ValueError, KeyError):
        raise BadRequest(f'"{name}" must be one of {", ".join(allowed)}.') from None


def name_of(value: str, what: str) -> str:
    """The name of a project, model or deployment. Raises BadRequest if it is not valid."""
    if not NAME.fullmatch(value):
        raise BadRequest(f"The {what} name must {NAME_RULE}.")
    return value


def file_name(name: str, what: str) -> str:
    """The name of a file to be written. Raises BadRequest if storage or a listing cannot represent it."""
    length = len(name.encode("utf-16-le", "surrogatepass")) // 2  # storage counts UTF-16 units
    if length > MAX_FILE_NAME:
        raise BadRequest(too_long(what, length, MAX_FILE_NAME))
    if "\\" in name:
        raise BadRequest(f'"{what}" contains a backslash, which storage changes to a slash: write / between folders.')
    parts = name.split("/")
    valid_parts = len(parts) <= MAX_PARTS and all(part.strip() and not part.endswith(".") for part in parts)
    if not valid_parts or UNPRINTABLE.search(name) or not is_file_name(name):
        raise BadRequest(
            f'"{what}" must be the name of a file, such as reviews/first.txt: no control characters, and at most '
            f"{MAX_PARTS} parts between slashes, none of them blank or ending in a dot."
        )
    return name


def prefix_of(value: str) -> str:
    """A prefix of file names, from a path in which the host leaves %2F encoded. Raises BadRequest if not valid."""
    prefix = ENCODED_SLASH.sub("/", value)
    require_whole_characters(prefix, "prefix")
    if len(prefix) > MAX_FILE_NAME:
        raise BadRequest(too_long("prefix", len(prefix), MAX_FILE_NAME))
    if "\\" in prefix or UNPRINTABLE.search(prefix):
        raise BadRequest(
            "A prefix is how names of files begin, such as reviews/en/: no backslash, no control characters."
        )
    return prefix


def file_name_filter(query: Mapping[str, str]) -> str:
    """The `name` parameter of a listing: the name of any file that may exist. Raises BadRequest."""
    name = text(query, "name")
    if len(name) > MAX_NAME or "\0" in name:
        raise BadRequest(f'"name" must be the name of a file: at most {MAX_NAME:,} characters, and no NUL.')
    return name


def key_of(value: str) -> str:
    """The key of a document, job or operation. Raises BadRequest if it is not valid."""
    if not KEY.fullmatch(value):
        raise BadRequest("A key has letters and digits only.")
    return value


def time_of(value: str, name: str) -> datetime | None:
    """A time in ISO 8601, in UTC if it has no offset; None for "". Raises BadRequest if it is not valid.

    A blank counts as the + of an offset, because URL decoding replaces + by a blank.
    """
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        raise BadRequest(f'"{name}" must be a time such as {EXAMPLE_TIME}.') from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def selection(values: Mapping[str, str]) -> Selection:
    """The documents that a listing or an export selects, from the optional `class`, `prefix`, `since` and `until`."""
    category = text(values, "class", "")
    return Selection(
        state=DocumentState.SUCCEEDED if category else None,
        prefix=text(values, "prefix", ""),
        category=category,
        since=time_of(text(values, "since", ""), "since"),
        until=time_of(text(values, "until", ""), "until"),
    )


def page_of(query: Mapping[str, str]) -> tuple[int, str]:
    """The page size `top`, and the row of `continue`. Raises BadRequest."""
    top = query.get("top", str(PAGE))
    if not (re.fullmatch(r"[1-9][0-9]{0,2}", top, re.ASCII) and int(top) <= MAX_PAGE):
        raise BadRequest(f'"top" must be a whole number from 1 to {MAX_PAGE}.')
    return int(top), continuation(query)


def continuation(query: Mapping[str, str]) -> str:
    """The row after which the page starts, from `continue`; "" for the first page. Raises BadRequest."""
    after = text(query, "continue", "")
    if not CONTINUATION.fullmatch(after):
        raise BadRequest('"continue" must be the "continue" of the previous response.')
    return row_of(after)


def row_of(after: str) -> str:
    """The row that `views.continuation` encoded."""
    return after.replace("_", "|")
