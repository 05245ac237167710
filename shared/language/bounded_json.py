"""Decodes JSON with a limit on the number of values: bytes such as `[],` need a hundred times as much memory. Pure."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

MAX_FILE_TOKENS = 3_000_000  # of a labels file: 100,000 documents with a few classes each need about half
# A string, also an unterminated one so that none is scanned twice; or a character before a value.
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)


class TooManyValues(ValueError):
    """The JSON has more strings and values than the caller allows."""


def decode(raw: bytes, max_tokens: int) -> Any:
    """The value of UTF-8, UTF-16 or UTF-32 JSON with at most `max_tokens` strings, brackets and commas.

    A value that is no string counts through the bracket or comma before it. Raises TooManyValues, UnicodeDecodeError,
    JSONDecodeError and other ValueErrors, and RecursionError for JSON nested too deep.
    """
    text = raw.decode(json.detect_encoding(raw), "surrogatepass")
    if next(islice(TOKEN.finditer(text), max_tokens, None), None):
        raise TooManyValues(f"more than {max_tokens:,} values")
    return json.loads(text)
