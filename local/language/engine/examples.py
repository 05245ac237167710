"""What a training starts from: labelled texts, how they are to be split, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["single", "multi"]


@dataclass(frozen=True)
class Example:
    """One labelled text. `dataset` is the side of a manual split it is for: "Train", "Test" or "" (as "Train")."""

    location: str
    text: str
    classes: tuple[str, ...]
    language: str = ""
    dataset: str = ""


@dataclass(frozen=True)
class Split:
    """Which examples are held out for the evaluation: a percentage (the two sum to 100), or by their `dataset`."""

    kind: Literal["percentage", "manual"] = "percentage"
    training: int = 80
    testing: int = 20


class TrainingError(Exception):
    """Why nothing can be learned from these examples, in words for whoever labelled them."""


def usable(examples: Sequence[Example], classes: Sequence[str], kind: Kind) -> list[Example]:
    """The examples that have a text. Raises TrainingError if they make no training set."""
    if not examples:
        raise TrainingError("There are no labelled documents: label some texts, then train.")
    for example in examples:
        _check(example, classes, kind)
    found = [example for example in examples if example.text.strip()]
    if not found:
        raise TrainingError(f"All {len(examples)} labelled documents are blank: there is nothing to learn from.")
    return found


def require_two_classes(training: Sequence[Example]) -> None:
    """Raises TrainingError if the training part shows fewer than two classes."""
    if not training:
        raise TrainingError("No document is left to train on: put some into the training set.")
    shown = {name for example in training for name in example.classes}
    if len(shown) < 2:  # noqa: PLR2004
        named = f"only {shown.pop()!r} has" if shown else "none has"
        raise TrainingError(f"Training needs documents of at least two classes, but {named} any in the training set.")


def _check(example: Example, classes: Sequence[str], kind: Kind) -> None:
    unknown = sorted(set(example.classes) - set(classes))
    if unknown:
        raise TrainingError(f"{example.location}: {unknown[0]!r} is not one of the project's classes.")
    if kind == "single" and len(example.classes) != 1:
        raise TrainingError(
            f"{example.location}: a document of a single-label project needs exactly one class, "
            f"but this one has {len(example.classes)}."
        )
