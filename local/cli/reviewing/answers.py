"""What a reviewer types in answer to a review. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

KEYS = "Enter accepts the prediction, numbers choose classes (several with spaces), 0 none, s skips, u undoes, q ends"


class Key(StrEnum):
    SKIP = "s"
    UNDO = "u"
    MORE = "m"  # of the text
    QUIT = "q"


def parse(line: str, predicted: Sequence[str], classes: Sequence[str]) -> Key | tuple[str, ...]:
    """A key, or the classes that the text has: the predicted ones for an empty line. Raises ValueError.

    Without `classes`, which the service does not always tell, they are given by name.
    """
    words = line.replace(",", " ").split()
    if not words:
        return tuple(predicted)
    if len(words) == 1 and words[0].lower() in list(Key):
        return Key(words[0].lower())
    if words == ["0"]:
        return ()
    if not classes:
        return tuple(dict.fromkeys(name for part in line.split(";") if (name := part.strip())))
    return tuple(dict.fromkeys(_numbered(word, classes) for word in words))


def _numbered(word: str, classes: Sequence[str]) -> str:
    """The class with this number, from 1."""
    if word.isascii() and word.isdigit() and len(word) < 6 and 1 <= int(word) <= len(classes):  # noqa: PLR2004
        return classes[int(word) - 1]
    if word == "0":
        raise ValueError("0 means no class: type it alone")
    raise ValueError(f"{word[:20]!r} is neither a number from 0 to {len(classes)} nor a key")
