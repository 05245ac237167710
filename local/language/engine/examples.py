"""The input of a training: labelled texts and how to split them. Rejects what cannot be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["single", "multi"]


@dataclass(frozen=True)
class Example:
    """One labelled text. `dataset`: its side of a manual split, "Train", "Test" or "" (the same as "Train")."""

    location: str
    text: str
    classes: tuple[str, ...]
    language: str = ""
    dataset: str = ""


@dataclass(frozen=True)
class Split:
    """Which examples are held out for the evaluation: a percentage (both sum to 100), or by `dataset`."""

    kind: Literal["percentage", "manual"] = "percentage"
    training: int = 80
    testing: int = 20


class TrainingError(Exception):
    """These examples cannot be used for a training. The message is for the person who labelled them."""


def usable(examples: Sequence[Example], classes: Sequence[str], kind: Kind) -> list[Example]:
    """The examples that have a text. Raises TrainingError if they cannot be used for a training."""
    if not examples:
        raise TrainingError("There are no labelled documents: label some texts, then train.")
    for example in examples:
        _check(example, classes, kind)
    nonblank = [example for example in examples if example.text.strip()]
    if not nonblank:
        raise TrainingError(f"All {len(examples)} labelled documents are blank: add text to them.")
    return nonblank


def require_two_classes(training: Sequence[Example]) -> None:
    """Raises TrainingError if the training part has fewer than two classes."""
    if not training:
        raise TrainingError("The training set is empty: assign documents to it.")
    used = {name for example in training for name in example.classes}
    if len(used) < 2:  # noqa: PLR2004
        named = f"only {used.pop()!r} has" if used else "none has"
        raise TrainingError(f"Training needs documents of at least two classes, but {named} any in the training set.")


def _check(example: Example, classes: Sequence[str], kind: Kind) -> None:
    unknown = sorted(set(example.classes) - set(classes))
    if unknown:
        raise TrainingError(f"{example.location}: {unknown[0]!r} is not a class of the project.")
    if kind == "single" and len(example.classes) != 1:
        raise TrainingError(
            f"{example.location}: a document of a single-label project needs exactly one class, "
            f"but this one has {len(example.classes)}."
        )
