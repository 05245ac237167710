"""Decodes a blob by its Content-Encoding, up to a maximum size. Pure."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from io import BytesIO

from shared.errors import InvalidText

PLAIN = ("", "identity", "utf-8", "utf8")  # the last two are charsets: a common, harmless mistake


def decoded(raw: bytes, encoding: str, largest: int) -> bytes:
    """Decode `raw` by this Content-Encoding.

    Raises InvalidText, with a reason for the user, for more than `largest` bytes, for an encoding other than gzip or
    deflate, and for invalid bytes. At most `largest` + 1 bytes are decoded.
    """
    name = encoding.strip().lower()
    if name in PLAIN:
        content = raw
    elif name in DECODERS:
        content = _decoded(raw, name, largest)
    else:
        raise InvalidText(f"The blob's Content-Encoding is {name[:40]!r}; only gzip and deflate are supported.")
    if len(content) > largest:
        raise InvalidText(f"The decoded file has more than {largest:,} bytes ({name or 'plain'}).")
    return content


def _decoded(raw: bytes, name: str, largest: int) -> bytes:
    try:
        return DECODERS[name](raw, largest + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidText(
            f"The blob's Content-Encoding is {name}, but its content is not: remove that property, or upload it whole."
        ) from error


def _gzip(raw: bytes, most: int) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(raw)) as file:
        return file.read(most)


def _deflate(raw: bytes, most: int) -> bytes:
    """With a zlib wrapper, as HTTP defines it, or without one, as many clients send it."""
    try:
        return _inflate(raw, most, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(raw, most, -zlib.MAX_WBITS)


def _inflate(raw: bytes, most: int, window: int) -> bytes:
    stream = zlib.decompressobj(window)
    content = stream.decompress(raw, most)
    if not stream.eof and len(content) < most:
        raise EOFError("It ends in the middle.")
    return content


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate}
