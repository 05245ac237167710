"""Decodes and checks the text of a file. Pure."""

from __future__ import annotations

import codecs

from shared.errors import InvalidText

# Microsoft's limit for all texts of one request, in text elements. We count code points, of which there are no fewer.
REQUEST_TEXT = 125_000
MAX_TEXT = 10 * REQUEST_TEXT  # characters of one document, which is then sent in parts
MAX_FILE = 4 * MAX_TEXT + 4  # bytes: at most four for each code point, and a byte order mark
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = frozenset(chr(code) for code in range(32)) - set("\t\n\r\f\v\x1a\x1b")


def decode(raw: bytes) -> str:
    """Decode a file: UTF-8, or UTF-16 with a byte order mark. Raises InvalidText with a reason for the user."""
    if not raw:
        raise InvalidText("The file is empty.")
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidText(
            f"The file is not UTF-8 or UTF-16 text (byte {error.start} cannot be read). Save it as UTF-8."
        ) from error
    return _checked(text)


def check_size(size: int) -> None:
    """Raise InvalidText if a file of `size` bytes is too large for its text to be within the limit."""
    if size > MAX_FILE:
        raise InvalidText(f"The file has {size:,} bytes; the limit is {MAX_FILE:,} bytes for {MAX_TEXT:,} characters.")


def _checked(text: str) -> str:
    if not text.strip():
        raise InvalidText("The file contains only white space.")
    if not _CONTROLS.isdisjoint(text):
        raise InvalidText("The file is not text: it contains control characters. Save it as plain text in UTF-8.")
    if len(text) > MAX_TEXT:
        raise InvalidText(f"The text has {len(text):,} characters; the limit is {MAX_TEXT:,}.")
    return text
