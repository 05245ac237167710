"""How long things take to be seen, by the kind of job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.errors import SetupError

TRAINING = ("notStarted", "running", "training", "evaluating", "evaluated", "succeeded")  # as recorded
ANYTHING_ELSE = ("notStarted", "running", "succeeded")

Moments = tuple[float, ...]
PACES: Mapping[str, Mapping[str, Moments]] = {
    # The seconds after a job's creation at which each step after the first is seen, unless the work takes longer;
    # of "cancel", those for which a training is seen as cancelling.
    "instant": {"train": (0.0,) * 5, "analyze": (0.0, 0.0), "cancel": (0.0,), "other": (0.0, 0.0)},
    "seconds": {"train": (0.4, 0.8, 1.6, 2.2, 2.6), "analyze": (0.3, 1.2), "cancel": (0.4,), "other": (0.4, 1.5)},
    "realistic": {"train": (1, 3, 31, 65, 95), "analyze": (2, 12), "cancel": (4,), "other": (3, 20)},
}
MOST_SECONDS = 7 * 24 * 3600.0  # after that an authoring job has expired


@dataclass(frozen=True)
class Pace:
    """A word of PACES, or seconds such as 5s, for every job; `kinds`: what is different for some kinds."""

    usual: str = "instant"
    kinds: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, known: Collection[str]) -> Pace:
        """From `seconds`, `5s` or `seconds,train=instant,analyze=5s`. Raises SetupError.

        `known` are the kinds of jobs there are.
        """
        usual, kinds = cls.usual, dict[str, str]()
        for part in text.split(","):
            kind, named, word = part.strip().rpartition("=")
            _require(word)
            if named and kind not in known:
                raise SetupError(f"There is no kind of job {kind!r} to pace: the kinds are {', '.join(sorted(known))}.")
            usual = usual if named else word
            kinds |= {kind: word} if named else {}
        return cls(usual, kinds)

    def moments(self, kind: str, start: datetime) -> tuple[datetime, ...]:
        """When each step after the first may be seen at the earliest."""
        return tuple(start + timedelta(seconds=after) for after in _moments(kind, self.kinds.get(kind, self.usual)))


def steps(kind: str) -> tuple[str, ...]:
    """The steps a job of this kind is seen to take when all goes well."""
    return TRAINING if kind == "train" else ANYTHING_ELSE


def busy_step(kind: str) -> int:
    """How far (index into `steps`) a job can be seen to be while its work is still under way."""
    return 2 if kind == "train" else 1


def _moments(kind: str, word: str) -> Moments:
    """A number of seconds is shared out among the steps as in the pace that is called so."""
    pace = PACES.get(word, PACES["seconds"])
    found = pace.get(kind, pace["other"])
    return found if word in PACES else tuple(_seconds(word) * after / found[-1] for after in found)


def _seconds(word: str) -> float:
    return float(word.removesuffix("s"))


def _require(word: str) -> None:
    try:
        if word in PACES or (word.endswith("s") and 0 <= _seconds(word) <= MOST_SECONDS):
            return
    except ValueError:
        pass
    raise SetupError(f"{word!r} is no pace: use {', '.join(PACES)}, or seconds such as 5s.")
