"""The length of a text as the service counts it: in grapheme clusters, billed in records of 1,000."""

from __future__ import annotations

import math
import re

import regex

MAX_ELEMENTS = 125_000  # of all texts of a request together
ELEMENTS_IN_RECORD = 1000  # one transaction in statistics and bills
GRAPHEME = regex.compile(r"\X")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")  # a pair of regional indicators
_JOINING = re.compile(  # any character outside those that form a cluster only with a line feed
    "[^\\u0000-\\u02ff\\u0370-\\u0482\\u048a-\\u058f\\u2010-\\u2027\\u2030-\\u205e\\u20a0-\\u20bf"
    "\\u3000-\\u3029\\u3041-\\u3096\\u30a0-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff9d]"
)


def text_elements(text: str) -> int:
    """The number of grapheme clusters. Most texts have no joining characters and need no iteration."""
    if text.isascii() or not _JOINING.search(text):
        return len(text) - text.count("\r\n")
    # Each flag counts as one letter: on a long row of flags `regex` needs quadratic time.
    return sum(1 for _ in GRAPHEME.finditer(_FLAG.sub("x", text)))


def transactions(elements: int) -> int:
    """The number of records that a text is billed as."""
    return math.ceil(elements / ELEMENTS_IN_RECORD)
