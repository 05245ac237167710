"""Splits a text that is too long for one request, and merges the classes of its parts. Pure."""

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
    *("\u3002", "\uff01", "\uff1f"),  # Chinese and Japanese
)
# Lookaheads, so that overlapping ends are all found.
ENDS = tuple(re.compile(f"(?=({'|'.join(marks)}))") for marks in (PARAGRAPH_ENDS, map(re.escape, SENTENCE_ENDS)))
JOINER = "\u200d"
VIRAMA = 9  # the combining class of signs that join two consonants in Indic scripts
JOINED = (JOINER, *map(chr, range(0x1F3FB, 0x1F400)))  # skin tones


def cut(text: str, longest: int = REQUEST_TEXT) -> list[str]:
    """Split the text into parts of similar length, at most `longest` characters each. Joined, they equal the text.

    A part ends after a paragraph, else after a sentence, else between two graphemes, in the second half of its maximum
    length.
    """
    parts = []
    while len(text) > longest:
        number = -(-len(text) // longest)
        end = _end(text, min(longest, -(-len(text) // number) + longest // 20))
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def merge(analyses: Sequence[Analysis], kind: Kind, key: str) -> Analysis:
    """The analysis of document `key` from those of its parts. If one part has no classes, the result has none.

    Single-label: the class with the highest mean confidence over all parts; it counts as 0 in a part without it.
    Multi-label: each class of any part, with its highest confidence. Other documents in the analyses are ignored.
    """
    for analysis in analyses:
        if analysis.state is not State.SUCCEEDED or key in analysis.errors or key not in analysis.classes:
            return replace(analysis, classes={})
    confidences: dict[str, list[float]] = {}
    for analysis in analyses:
        for score in analysis.classes[key]:
            confidences.setdefault(score.category, []).append(score.confidence)
    if kind is Kind.MULTI:
        merged = [ClassScore(category, max(given)) for category, given in confidences.items()]
    else:
        merged = [ClassScore(category, sum(given) / len(analyses)) for category, given in confidences.items()]
    merged.sort(key=lambda score: (-score.confidence, score.category))
    return replace(analyses[0], classes={key: tuple(merged if kind is Kind.MULTI else merged[:1])})


def _end(text: str, longest: int) -> int:
    """Where the first part ends: in the second half of `longest`."""
    for end in ENDS:
        if place := _last(text, end, longest // 2, longest):
            return place
    places = range(longest, max(1, longest // 2), -1)
    return longest - sum(1 for _ in takewhile(lambda at: _is_joined(text, at), places))


def _last(text: str, end: re.Pattern[str], first: int, last: int) -> int:
    """The last match of `end` between two places that does not split a grapheme, or 0. Takes one pass."""
    places = (match.end(1) for match in end.finditer(text, first, last))
    return max((at for at in places if not _is_joined(text, at)), default=0)


def _is_joined(text: str, at: int) -> bool:
    """Whether the characters before and after this place belong to one grapheme."""
    before, after = text[at - 1], text[at]
    if before in "\r\n":
        return before + after == "\r\n"
    linked = before == JOINER or unicodedata.combining(before) == VIRAMA
    return linked or unicodedata.category(after).startswith("M") or after in JOINED
