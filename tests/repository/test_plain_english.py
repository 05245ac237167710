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
    r"\b(the mend|mends?)\b": "the fix, fix",
    r"\b(told|tells?) of\b": "notified of, reports",
    r"\bis at it\b": "is running",
    r"\banew\b": "again",
    r"\bnothing but\b": "only",
    r"\bcame to\b": "resulted in, reached",
    r"\bbegun\b": "started",
    r"\bnobody knows\b": "it is not known",
    r"\broads?\b": "the path, the client",
    r"\b(the|a) door\b": "the entry point",
    r"\b(story|stories)\b": "the use case",
    r"\b(lies|lie) (in|at|under|ahead|beside)\b": "is stored in",
    r"\b(brings|brought)\b": "includes, causes",
    r"\bof (its|their) own\b(?! \w)": "its own, separate",
    r"\bas (it is|they are)(?=[.,;:)]|$)": "unchanged",
    r"\bunheard\b": "ignored",
    r"\bamiss\b": "wrong, a problem",
    r"\bas if nothing had\b": "normally",
    r"\bsaid at once\b": "reported together",
    r"\blikewise\b": "what the function does",
    r"\bas hoped\b": "successfully",
}


WRITTEN = {".py", ".md", ".js", ".html", ".css"}
OTHERS = {"node_modules", "vendor"}  # folders of what others wrote


def texts() -> Iterator[Path]:
    """The pages and modules that are held to it."""
    yield ROOT / "README.md"
    yield ROOT / "CONTRIBUTING.md"
    yield from (ROOT / "docs").rglob("*.md")
    for folder in ("shared", "local", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in WRITTEN and not OTHERS & set(path.parts) and path != Path(__file__):
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
    [
        '    """Likewise."""',
        "# Told of twice.",
        "It goes on.",
        "written anew",
        "the job came to its end",
        "It lies in a container.",
    ],
)
def test_a_dropped_phrase_is_found(line: str) -> None:
    assert dropped_phrases(line)


@pytest.mark.parametrize(
    "line",
    ["The algorithm categories", "It relies in part on this", "on the roadside", "outgoes once", "of its own files"],
)
def test_ordinary_words_are_not_found(line: str) -> None:
    assert not dropped_phrases(line)
