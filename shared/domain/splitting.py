"""Where a text too long for one request is cut, and how the answers about its parts are merged. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from shared.domain.text import REQUEST_TEXT
from shared.language.types import Analysis, ClassScore, Kind, State

PARAGRAPH_ENDS = ("\n\n", "\r\n\r\n")
SENTENCE_ENDS = (
    *(mark + blank for mark in ".!?" for blank in (" ", "\n", "\r\n")),
    *("\u3002", "\uff01", "\uff1f"),  # those of Chinese and Japanese
)
# Each end is found, also one that overlaps another: a look ahead takes nothing.
ENDS = tuple(re.compile(f"(?=({'|'.join(marks)}))") for marks in (PARAGRAPH_ENDS, map(re.escape, SENTENCE_ENDS)))
JOINER = "\u200d"
VIRAMA = 9  # the combining class of what joins two consonants in the scripts of India
JOINED = (JOINER, *map(chr, range(0x1F3FB, 0x1F400)))  # skin tones


def cut(text: str, longest: int = REQUEST_TEXT) -> list[str]:
    """The text in parts of about the same length, at most `longest` each; together they are the text again.

    Cut after a paragraph, else after a sentence, else between two graphemes, in the last half of what fits.
    """
    parts = []
    while len(text) > longest:
        number = -(-len(text) // longest)
        end = _end(text, min(longest, -(-len(text) // number) + longest // 20))
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def merge(analyses: Sequence[Analysis], kind: Kind, key: str) -> Analysis:
    """What the answers about the parts of one text, document `key`, say together; nothing partial is kept.

    With one class a document, the class with the highest mean confidence over all parts, a part that did not name it
    counting 0. With several, each class that any part has, with the highest confidence it got. Of other documents that
    an answer names nothing is known.
    """
    for one in analyses:
        if one.state is not State.SUCCEEDED or key in one.errors or key not in one.classes:
            return replace(one, classes={})
    found: dict[str, list[float]] = {}
    for one in analyses:
        for score in one.classes[key]:
            found.setdefault(score.category, []).append(score.confidence)
    if kind is Kind.MULTI:
        merged = [ClassScore(category, max(given)) for category, given in found.items()]
    else:
        merged = [ClassScore(category, sum(given) / len(analyses)) for category, given in found.items()]
    merged.sort(key=lambda score: (-score.confidence, score.category))
    return replace(analyses[0], classes={key: tuple(merged if kind is Kind.MULTI else merged[:1])})


def _end(text: str, longest: int) -> int:
    """Where the first part ends: in the last half of `longest`."""
    for end in ENDS:
        if found := _last(text, end, longest // 2, longest):
            return found
    places = range(longest, max(1, longest // 2), -1)
    return longest - sum(1 for _ in takewhile(lambda at: _is_joined(text, at), places))


def _last(text: str, end: re.Pattern[str], first: int, last: int) -> int:
    """The last such end between two places that is no part of a grapheme, or 0. One pass, whatever the text."""
    places = (found.end(1) for found in end.finditer(text, first, last))
    return max((at for at in places if not _is_joined(text, at)), default=0)


def _is_joined(text: str, at: int) -> bool:
    """Whether the characters around this place belong to one grapheme."""
    before, after = text[at - 1], text[at]
    if before in "\r\n":
        return before + after == "\r\n"
    linked = before == JOINER or unicodedata.combining(before) == VIRAMA
    return linked or unicodedata.category(after).startswith("M") or after in JOINED
