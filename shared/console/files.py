"""Serves the static files of the console.

The page is never cached. It names its scripts and styles below a version, which is a digest of all files, so that
browsers may keep these for good.
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
PAGE = "index.html"
# In the page: the folder of all other files, and the place of the links to modules.
BASE, MODULES = "{base}", "{modules}"
# What browsers load at once, with all that these import, instead of finding one module in another.
FIRST = ("main.js", "views/overview/overview.js")
IMPORT = re.compile(r'\bfrom "(\.[^"]+)"')
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
VERSION = re.compile(r"[0-9a-f]{12}")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"  # kept, but used only if the ETag still matches


@dataclass(frozen=True)
class Response:
    """`content_type` has no charset: all texts are UTF-8."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    content: bytes
    content_type: str

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)

    @cached_property
    def etag(self) -> str:
        return f'"{digest(self.content)}"'


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def files() -> Mapping[str, File]:
    """All files by their paths, such as "views/overview.js". See `_page` for the page."""
    return {
        path.relative_to(FOLDER).as_posix(): File(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in TYPES
    }


@cache
def version() -> str:
    return digest(b"".join(f"{name} {digest(file.content)}\n".encode() for name, file in files().items()))


def answer(method: str, path: str, request_path: str, headers: Mapping[str, str]) -> Response:
    """The response to a request for `path`, which is what follows the console's own address.

    `request_path` is the whole path, as the browser sees it; `headers` have names in lower case.
    """
    if method not in ("GET", "HEAD"):
        return Response(405, b"GET and HEAD only.\n", headers={**HEADERS, "Allow": "GET, HEAD"})
    if path in ("", PAGE):
        return _sent(_page(path == PAGE or request_path.endswith("/")), ASK_FIRST, headers)
    given, _, name = path.partition("/")
    file = files().get(name) if VERSION.fullmatch(given) and name != PAGE else None
    if file is None:
        return Response(404, b"There is no such file.\n", headers=HEADERS)
    # Of another version: while a new one is being deployed, instances of both answer.
    return _sent(file, FOR_GOOD if given == version() else ASK_FIRST, headers)


@cache
def _page(below_slash: bool) -> File:
    """The page with the addresses of its files, which browsers resolve against its own address: with a slash or not."""
    base = version() if below_slash else f"console/{version()}"
    page = files()[PAGE]
    links = "\n    ".join(f'<link rel="modulepreload" href="{BASE}/{name}" />' for name in first_modules())
    text = page.content.decode().replace(MODULES, links).replace(BASE, base)
    return File(text.encode(), page.content_type)


def first_modules() -> list[str]:
    """The paths of the modules of the first view, those that it imports after it."""
    found: dict[str, None] = {}
    waiting = list(FIRST)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            folder = posixpath.dirname(name)
            imported = IMPORT.findall(files()[name].content.decode())
            waiting += [posixpath.normpath(posixpath.join(folder, one)) for one in imported]
    return list(found)


def _sent(file: File, caching: str, headers: Mapping[str, str]) -> Response:
    sent = {**HEADERS, "Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in headers.get("if-none-match", ""):
        return Response(304, content_type=file.content_type, headers=sent)
    if _accepts_gzip(headers.get("accept-encoding", "")) and len(file.compressed) < len(file.content):
        return Response(200, file.compressed, file.content_type, {**sent, "Content-Encoding": "gzip"})
    return Response(200, file.content, file.content_type, sent)


def _accepts_gzip(accepted: str) -> bool:
    """Whether a browser accepts it: "gzip, br", and not "gzip;q=0"."""
    codings = (one.replace(" ", "").partition(";") for one in accepted.lower().split(","))
    return any(name == "gzip" and weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000") for name, _, weight in codings)
