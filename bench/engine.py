"""How good and how quick the classifier engine is: repeated cross-validation on a labelled folder of texts.

    python -m bench.engine [--texts DIR] [--labels FILE] [--folds 5] [--seeds 3]

Every choice (terms, weights, calibration, thresholds) is made inside the training folds, by `train` itself: the
held-out fold is handed over as the "Test" side of a manual split. Beside each figure stands the baseline: give every
class to every document, or, with one class a document, the most frequent one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from local.language.engine import Evaluation, Example, Kind, Prediction, Split, Trained, train
from local.language.engine.evaluation import evaluate
from local.language.engine.splitting import folds

SAMPLES = Path(__file__).parent.parent / "samples" / "movies"
BINS = 10


@dataclass(frozen=True)
class Task:
    examples: tuple[Example, ...]
    classes: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True)
class Round:
    """One cross-validation: the figures over all documents, and each confidence beside what was true."""

    evaluation: Evaluation
    confidences: np.ndarray
    expected: np.ndarray
    folds: list[Evaluation]


def main() -> None:
    options = _arguments().parse_args()
    task = read(options.texts, options.labels)
    lengths = [len(example.text) for example in task.examples]
    print(
        f"{len(task.examples)} documents, {len(task.classes)} classes, {task.kind} label, "
        f"{min(lengths)} to {max(lengths)} characters (median {statistics.median(lengths):.0f})"
    )
    rounds = [cross_validate(task, options.folds, seed) for seed in range(options.seeds)]
    print_quality(task, rounds, options.folds)
    print_speed(task, options.seeds)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description="Measure the classifier engine.")
    parser.add_argument("--texts", type=Path, default=SAMPLES / "train", help="the folder of the labelled texts")
    parser.add_argument("--labels", type=Path, default=SAMPLES / "labels.json", help="their labels file")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    return parser


def read(texts: Path, labels: Path) -> Task:
    """A task from a labels file in today's format (`assets.classes`, `assets.documents`)."""
    assets = json.loads(labels.read_text("utf-8"))["assets"]
    kind: Kind = "single" if "single" in assets["projectKind"].lower() else "multi"
    examples = tuple(
        Example(
            document["location"],
            (texts / Path(document["location"]).name).read_text("utf-8"),
            tuple(it["category"] for it in document.get("classes") or [document["class"]]),
            document.get("language", ""),
        )
        for document in assets["documents"]
    )
    return Task(examples, tuple(it["category"] for it in assets["classes"]), kind)


def cross_validate(task: Task, count: int, seed: int) -> Round:
    expected = np.array([[name in example.classes for name in task.classes] for example in task.examples])
    found = np.zeros(expected.shape)
    parts: list[Evaluation] = []
    fold = folds(expected, count, seed)
    for number in range(count):
        held = fold == number
        model = _trained_without(task, held, seed)
        found[held] = model.confidences([task.examples[place].text for place in np.flatnonzero(held)])
        assert model.evaluation
        parts.append(model.evaluation)
    documents = [document for part in parts for document in part.documents]
    return Round(evaluate(documents, task.classes, single=task.kind == "single"), found, expected, parts)


def _trained_without(task: Task, held: np.ndarray, seed: int) -> Trained:
    examples = [
        replace(example, dataset="Test" if out else "Train") for example, out in zip(task.examples, held, strict=True)
    ]
    return train(examples, task.classes, task.kind, Split("manual"), seed)


def print_quality(task: Task, rounds: Sequence[Round], count: int) -> None:
    simple = baseline(task)
    print(f"\nheld out, {count} folds x {len(rounds)} seeds    baseline   engine: mean, lowest and highest seed")
    for name in ("micro_f1", "macro_f1", "micro_precision", "micro_recall", "macro_precision", "macro_recall"):
        _print_row(name, getattr(simple, name), [getattr(it.evaluation, name) for it in rounds])
    for name in task.classes:
        _print_row(f"f1 of {name}", simple.classes[name].f1, [it.evaluation.classes[name].f1 for it in rounds])
    for name in ("micro_f1", "macro_f1"):
        single = [getattr(part, name) for it in rounds for part in it.folds]
        print(f"{name} of single folds: {min(single):.3f} to {max(single):.3f}, deviation {np.std(single):.3f}")
    print(f"expected calibration error: {np.mean([calibration_error(it) for it in rounds]):.3f} ({BINS} bins)")
    empty = [sum(not document.predicted for document in it.evaluation.documents) for it in rounds]
    print(f"documents without any class: {np.mean(empty):.1f} of {len(task.examples)}")


def _print_row(name: str, simple: float, found: Sequence[float]) -> None:
    print(f"{name:34} {simple:.3f}      {np.mean(found):.3f}   {min(found):.3f} to {max(found):.3f}")


def baseline(task: Task) -> Evaluation:
    frequent = Counter(name for example in task.examples for name in example.classes).most_common(1)[0][0]
    given = (frequent,) if task.kind == "single" else task.classes
    documents = [Prediction(example.location, "", example.classes, given) for example in task.examples]
    return evaluate(documents, task.classes, single=task.kind == "single")


def calibration_error(found: Round) -> float:
    """How far confidences are from how often they are right, over bins of equal width, weighted by their size."""
    confidences, right = found.confidences.ravel(), found.expected.ravel()
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidences[bins == it].mean() - right[bins == it].mean()) * (bins == it).mean()
        for it in range(BINS)
        if (bins == it).any()
    ]
    return float(sum(gaps))


def print_speed(task: Task, repeats: int) -> None:
    texts = [example.text for example in task.examples]
    models: list[Trained] = []
    trainings: list[float] = []
    together: list[float] = []
    alone: list[float] = []
    for seed in range(repeats):
        with timed(trainings):
            model = train(task.examples, task.classes, task.kind, seed=seed)
        with timed(together):
            model.classify(texts)
        with timed(alone):
            for text in texts:
                model.classify([text])
        models.append(model)
    print(f"\ntraining with evaluation: {min(trainings):.2f} to {max(trainings):.2f} s")
    print(f"classification: {_rate(texts, together)} together, {_rate(texts, alone)} one by one")
    print_saving(models[0], texts)


def print_saving(model: Trained, texts: Sequence[str]) -> None:
    loading: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        with timed(loading):
            loaded = Trained.load(Path(folder))
    same = "the same" if loaded.classify(texts) == model.classify(texts) else "OTHER"
    print(f"saved: {size / 1e6:.1f} MB; loaded in {loading[0]:.2f} s, gives {same} classes and confidences")


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - start)


def _rate(texts: Sequence[str], seconds: Sequence[float]) -> str:
    return f"{len(texts) / max(seconds):.0f} documents/s"


if __name__ == "__main__":
    main()
