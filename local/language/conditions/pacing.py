"""How long jobs take, by their kind: when the status of a job may show each of its steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.errors import SetupError

TRAINING_STEPS = ("notStarted", "running", "training", "evaluating", "evaluated", "succeeded")  # as recorded
OTHER_STEPS = ("notStarted", "running", "succeeded")

Moments = tuple[float, ...]
PACES: Mapping[str, Mapping[str, Moments]] = {
    # Seconds from the creation of a job to each step after the first, unless the work takes longer.
    # "cancel": for how long a training is cancelling.
    "instant": {"train": (0.0,) * 5, "analyze": (0.0, 0.0), "cancel": (0.0,), "other": (0.0, 0.0)},
    "seconds": {"train": (0.4, 0.8, 1.6, 2.2, 2.6), "analyze": (0.3, 1.2), "cancel": (0.4,), "other": (0.4, 1.5)},
    "realistic": {"train": (1, 3, 31, 65, 95), "analyze": (2, 12), "cancel": (4,), "other": (3, 20)},
}
MAX_SECONDS = 7 * 24 * 3600.0  # then an authoring job expires


@dataclass(frozen=True)
class Pace:
    """A name in PACES, or seconds such as 5s. `kinds`: the exceptions for single kinds of job."""

    default: str = "instant"
    kinds: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, known: Collection[str]) -> Pace:
        """Parses `seconds`, `5s` or `seconds,train=instant,analyze=5s`. Raises SetupError.

        `known`: the kinds of job.
        """
        default, kinds = cls.default, dict[str, str]()
        for part in text.split(","):
            kind, named, word = part.strip().rpartition("=")
            _require(word)
            if named and kind not in known:
                raise SetupError(f"There is no kind of job {kind!r}: the kinds are {', '.join(sorted(known))}.")
            default = default if named else word
            kinds |= {kind: word} if named else {}
        return cls(default, kinds)

    def moments(self, kind: str, start: datetime) -> tuple[datetime, ...]:
        """The earliest time of each step after the first."""
        return tuple(start + timedelta(seconds=after) for after in _moments(kind, self.kinds.get(kind, self.default)))


def steps(kind: str) -> tuple[str, ...]:
    """The steps of a job of this kind that succeeds."""
    return TRAINING_STEPS if kind == "train" else OTHER_STEPS


def busy_step(kind: str) -> int:
    """The last step (index into `steps`) that a job shows while its work is running."""
    return 2 if kind == "train" else 1


def _moments(kind: str, word: str) -> Moments:
    """A number of seconds is divided among the steps in the proportions of the pace "seconds"."""
    pace = PACES.get(word, PACES["seconds"])
    moments = pace.get(kind, pace["other"])
    return moments if word in PACES else tuple(_seconds(word) * after / moments[-1] for after in moments)


def _seconds(word: str) -> float:
    return float(word.removesuffix("s"))


def _require(word: str) -> None:
    try:
        if word in PACES or (word.endswith("s") and 0 <= _seconds(word) <= MAX_SECONDS):
            return
    except ValueError:
        pass
    raise SetupError(f"The pace {word!r} does not exist: use {', '.join(PACES)}, or seconds such as 5s.")
