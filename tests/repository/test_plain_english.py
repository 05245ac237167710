"""Texts use plain English: phrases that were dropped from code and pages do not come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each with what to write instead.
DROPPED = {
    r"\b(goes|went|go) on\b": "continues, resumes",
    r"\bturns red\b": "/api/health returns 503",
    r"\bthe mend\b": "the fix",
    r"\b(told|tells) of\b": "notified of, reports",
    r"\bis at it\b": "is running",
    r"\b(asked|read) anew\b": "requested again, read again",
    r"\bnothing but\b": "only",
    r"\bcame to\b": "resulted in, reached",
    r"\bbegun\b": "started",
    r"\bnobody knows\b": "it is not known",
    r"\bthe road\b": "the path, the client",
    r"\b(lies|lie) (in|at|under)\b": "is stored in",
    r"(?<!\")\"\"\"Likewise\.": "what the function does",
    r"\bas hoped\b": "successfully",
}


def texts() -> Iterator[Path]:
    """The pages and modules that are held to it; the HTTP API's room is not yet."""
    yield ROOT / "README.md"
    yield from (ROOT / "docs").rglob("*.md")
    for folder in ("shared", "local"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md") and not {"node_modules", "api"} & {*path.relative_to(ROOT).parts}:
                yield path


def dropped_phrases(text: str) -> list[str]:
    """The dropped phrases in a text, each with its line and what to write instead."""
    return [
        f"line {number}: {found.group()!r} (write: {instead})"
        for number, line in enumerate(text.splitlines(), 1)
        for phrase, instead in DROPPED.items()
        if (found := re.search(phrase, line, re.IGNORECASE))
    ]


def test_no_text_has_a_dropped_phrase() -> None:
    found = {str(path.relative_to(ROOT)): phrases for path in texts() if (phrases := dropped_phrases(path.read_text()))}
    assert not found


@pytest.mark.parametrize(
    "line",
    ['    """Likewise."""', "# Told of twice.", "It goes on.", "the job came to its end", "It lies in a container."],
)
def test_a_dropped_phrase_is_found(line: str) -> None:
    assert dropped_phrases(line)


@pytest.mark.parametrize(
    "line", ["The algorithm categories", "It relies in part on this", "on the roadside", "outgoes once"]
)
def test_ordinary_words_are_not_found(line: str) -> None:
    assert not dropped_phrases(line)
