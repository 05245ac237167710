"""Whether reviews teach more than labels of documents chosen at random: the loop of docs/learning.md on the samples.

    python -m bench.reviewing [--seeds 5]

The samples have 80 labelled texts. In each of 4 folds, 20 are held out, 12 are labelled at the start, and 48 wait. The
model classifies those that wait; the app's own rules put them into the queue; a scripted reviewer answers the first 6
with their true labels; the model is trained again. Random labels come 6 at a time too, from the same start. F1 is of
the held-out texts of all folds together. All numbers are a fifth of 60 labels, 30 a round, and 90 reviews against 120
random ones, for which the samples are too few.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import mean

import numpy as np

from bench.engine import SAMPLES, Task, read
from local.language.engine import Example, Prediction, Split, TrainedModel, train
from local.language.engine.evaluation import Evaluation, evaluate
from local.language.engine.splitting import assign_parts, sizes
from shared.domain.documents import Blob, Document
from shared.language.types import Classifier, ClassScore
from shared.learning.reviews import Review, reason_for
from shared.storage.row_keys import place_in_queue

FOLDS, START, ROUND = 4, 12, 6
REVIEWED, RANDOM = 3, 4  # rounds
SEEDS = 5
BELOW, AUDIT_PERCENT = 1.0, 2.0  # everything is put into the queue
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL_TO_TRAIN = Split("percentage", 100, 0)

Choice = Callable[[TrainedModel, Sequence[Example], np.random.Generator], list[Example]]


@dataclass(frozen=True)
class Score:
    micro: float
    macro: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reviewing", description="Measure the loop of reviews.")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    report(**vars(parser.parse_args()))


def report(seeds: int = SEEDS) -> None:
    """Print micro and macro F1 after each round of reviews, and with as many random labels."""
    task = read(SAMPLES / "train", SAMPLES / "labels.json")
    reviewed = [scores(task, from_queue, REVIEWED, seed) for seed in range(seeds)]
    chance = [scores(task, at_random, RANDOM, seed) for seed in range(seeds)]
    print(
        f"reviews: {len(task.examples)} documents, {FOLDS} folds x {seeds} seeds, {START} labels at the start;", end=" "
    )
    print("held-out F1, micro/macro (lowest to highest micro):")
    for number in range(max(REVIEWED, RANDOM) + 1):
        columns = {"reviewed": reviewed, "random": chance}
        shown = [
            f"{name} {_shown([each[number] for each in of])}" for name, of in columns.items() if number < len(of[0])
        ]
        print(f"  {START} + {number * ROUND:2}: {'; '.join(shown)}")
    _compare([one[REVIEWED] for one in reviewed], [one[RANDOM] for one in chance])


def scores(task: Task, choose: Choice, rounds: int, seed: int) -> list[Score]:
    """The scores at the start and after each round."""
    fold = assign_parts(task.labels, np.tile(sizes(task.labels) / FOLDS, (FOLDS, 1)), seed)
    found: list[list[Prediction]] = [[] for _ in range(rounds + 1)]
    for number in range(FOLDS):
        held = [example for example, part in zip(task.examples, fold, strict=True) if part == number]
        others = [example for example, part in zip(task.examples, fold, strict=True) if part != number]
        random = np.random.default_rng((seed, number))
        for place, model in enumerate(_models(task, others, choose, rounds, random)):
            found[place] += _predicted(model, held)
    return [_score(evaluate(predictions, task.classes, single=False)) for predictions in found]


def _models(
    task: Task, examples: Sequence[Example], choose: Choice, rounds: int, random: np.random.Generator
) -> list[TrainedModel]:
    order = [examples[place] for place in random.permutation(len(examples))]
    labelled, waiting = order[:START], order[START:]
    models = [train(labelled, task.classes, task.kind, ALL_TO_TRAIN)]
    for _ in range(rounds):
        chosen = choose(models[-1], waiting, random)
        labelled = [*labelled, *chosen]
        waiting = [example for example in waiting if example not in chosen]
        models.append(train(labelled, task.classes, task.kind, ALL_TO_TRAIN))
    return models


def from_queue(model: TrainedModel, waiting: Sequence[Example], _: np.random.Generator) -> list[Example]:
    """The first of the queue, in the app's order."""
    classified = zip(waiting, model.classify([example.text for example in waiting]), strict=True)
    queue = [(place_in_queue(review), example) for example, found in classified if (review := _review(example, found))]
    return [example for _, example in sorted(queue, key=lambda one: one[0])[:ROUND]]


def at_random(_: TrainedModel, waiting: Sequence[Example], random: np.random.Generator) -> list[Example]:
    return [waiting[place] for place in random.permutation(len(waiting))[:ROUND]]


def _review(example: Example, found: Sequence[tuple[str, float]]) -> Review | None:
    blob = Blob(example.location, "0x1", size=len(example.text), modified=NOW)
    classifier = Classifier("current", project="movies", deployment="production")
    classes = tuple(ClassScore(name, confidence) for name, confidence in found)
    document = Document.landed("documents", blob, NOW).succeeded(classes, classifier, NOW)
    reason = reason_for(document, BELOW, AUDIT_PERCENT)
    return Review.of(document, classifier, reason, NOW) if reason else None


def _predicted(model: TrainedModel, held: Sequence[Example]) -> list[Prediction]:
    classified = model.classify([example.text for example in held])
    return [
        Prediction(example.location, "", example.classes, tuple(name for name, _ in found))
        for example, found in zip(held, classified, strict=True)
    ]


def _score(evaluation: Evaluation) -> Score:
    return Score(evaluation.micro_f1, evaluation.macro_f1)


def _shown(found: Sequence[Score]) -> str:
    micro = [one.micro for one in found]
    return f"{mean(micro):.3f}/{mean(one.macro for one in found):.3f} ({min(micro):.3f} to {max(micro):.3f})"


def _compare(reviewed: Sequence[Score], chance: Sequence[Score]) -> None:
    averages: Mapping[str, tuple[float, float]] = {
        "micro": (mean(one.micro for one in reviewed), mean(one.micro for one in chance)),
        "macro": (mean(one.macro for one in reviewed), mean(one.macro for one in chance)),
    }
    better = sum(one.micro >= other.micro for one, other in zip(reviewed, chance, strict=True))
    said = ", ".join(f"{name} {ours - theirs:+.3f}" for name, (ours, theirs) in averages.items())
    print(f"  {REVIEWED * ROUND} reviews against {RANDOM * ROUND} random labels: {said}", end="; ")
    print(f"micro at least as good with {better} of {len(reviewed)} seeds")


if __name__ == "__main__":
    main()
