"""How long a text is, as the service counts it: in grapheme clusters, billed in records of a thousand."""

from __future__ import annotations

import math
import re

import regex

MOST_ELEMENTS = 125_000  # of all texts of a request together
ELEMENTS_IN_RECORD = 1000  # what the service counts, and bills, as one transaction
GRAPHEME = regex.compile(r"\X")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")  # two letters for a country
_JOINING = re.compile(  # anything but the characters that no neighbour but a line feed can join
    "[^\\u0000-\\u02ff\\u0370-\\u0482\\u048a-\\u058f\\u2010-\\u2027\\u2030-\\u205e\\u20a0-\\u20bf"
    "\\u3000-\\u3029\\u3041-\\u3096\\u30a0-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff9d]"
)


def text_elements(text: str) -> int:
    """Counts what cannot join at once, and anything else one grapheme cluster after the other."""
    if text.isascii() or not _JOINING.search(text):
        return len(text) - text.count("\r\n")
    # Each flag becomes one letter: a long row of them takes `regex` a time that grows with its square.
    return sum(1 for _ in GRAPHEME.finditer(_FLAG.sub("x", text)))


def transactions(elements: int) -> int:
    """The records that a text is billed as."""
    return math.ceil(elements / ELEMENTS_IN_RECORD)
