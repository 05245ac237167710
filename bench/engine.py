"""How good and how quick the classifier engine is: repeated cross-validation on a labelled folder of texts.

    python -m bench.engine [--texts DIR] [--labels FILE] [--folds 5] [--seeds 3]

Every choice (terms, weights, calibration, thresholds) is made inside the training folds, by `train` itself: the
held-out fold is handed over as the "Test" side of a manual split. The baseline gives every class to every document,
or, with one class a document, the most frequent one. Speed is set against scikit-learn with the same features and
linear model and nothing around them. All of it is measured without sentence embeddings; what they change comes last, if
they are installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

import numpy as np
from sklearn.linear_model import RidgeCV  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]

from local.language.engine import (
    Embedding,
    Evaluation,
    Example,
    Kind,
    Prediction,
    Split,
    TrainedModel,
    installed_embedding,
    load_model,
    save_model,
    train,
)
from local.language.engine.embedding import INSTALL
from local.language.engine.evaluation import evaluate
from local.language.engine.features import unfitted
from local.language.engine.splitting import assign_parts, sizes
from tests.support.peak_memory import peak_bytes

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples" / "movies"
BINS = 10
Z = 1.96  # for 95 %
PAIRS = 7


@dataclass(frozen=True)
class Task:
    examples: tuple[Example, ...]
    classes: tuple[str, ...]
    kind: Kind

    @property
    def texts(self) -> list[str]:
        return [example.text for example in self.examples]

    @property
    def labels(self) -> np.ndarray:
        return np.array([[name in example.classes for name in self.classes] for example in self.examples])


@dataclass(frozen=True)
class Round:
    """One cross-validation: the figures over all documents, and the confidences, a row a document."""

    evaluation: Evaluation
    confidences: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description="Measure the classifier engine.")
    parser.add_argument("--texts", type=Path, default=SAMPLES / "train", help="the folder of the labelled texts")
    parser.add_argument("--labels", type=Path, default=SAMPLES / "labels.json", help="their labels file")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peak", choices=("without", "with"), help=argparse.SUPPRESS)
    options = vars(parser.parse_args())
    peak = options.pop("peak")
    if peak:
        print_peak(read(options["texts"], options["labels"]), peak)
    else:
        report(**options)


def report(
    texts: Path = SAMPLES / "train", labels: Path = SAMPLES / "labels.json", folds: int = 5, seeds: int = 3
) -> None:
    """Print how well the engine does on documents it has not seen, and how quickly."""
    task = read(texts, labels)
    print(f"engine: {len(task.examples)} documents, {len(task.classes)} classes, {task.kind} label", end="; ")
    print(f"held out, {folds} folds x {seeds} seeds:")
    print_quality(task, [cross_validate(task, folds, seed) for seed in range(seeds)])
    print_speed(task)
    embedding = installed_embedding()
    if embedding:
        print_embedded(task, [cross_validate(task, folds, seed, embedding) for seed in range(seeds)], embedding)
        print_peaks(texts, labels)
    else:
        print(f"  sentence embeddings: not installed, so not measured ({INSTALL})")


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


def cross_validate(task: Task, folds: int, seed: int, embedding: Embedding | None = None) -> Round:
    confidences = np.zeros(task.labels.shape)
    documents: list[Prediction] = []
    fold = assign_parts(task.labels, np.tile(sizes(task.labels) / folds, (folds, 1)), seed)
    for number in range(folds):
        held = fold == number
        model = _trained_without(task, held, seed, embedding)
        confidences[held] = model.confidences([task.texts[place] for place in np.flatnonzero(held)])
        assert model.evaluation
        documents += model.evaluation.documents
    return Round(evaluate(documents, task.classes, single=task.kind == "single"), confidences)


def _trained_without(task: Task, held: np.ndarray, seed: int, embedding: Embedding | None) -> TrainedModel:
    examples = [
        replace(example, dataset="Test" if out else "Train") for example, out in zip(task.examples, held, strict=True)
    ]
    return train(examples, task.classes, task.kind, Split("manual"), seed, embedding=embedding)


def print_quality(task: Task, rounds: Sequence[Round]) -> None:
    simple = baseline(task)
    for name in ("micro_f1", "macro_f1", "micro_precision", "micro_recall"):
        found = [getattr(it.evaluation, name) for it in rounds]
        spread = f"{min(found):.3f} to {max(found):.3f}"
        print(f"  {name:15} {mean(found):.3f} ({spread}), baseline {getattr(simple, name):.3f}")
    print("  f1 of", ", ".join(f"{it} {mean(x.evaluation.classes[it].f1 for x in rounds):.3f}" for it in task.classes))
    errors = [calibration_error(it.confidences, task.labels) for it in rounds]
    empty = [sum(not document.predicted for document in it.evaluation.documents) for it in rounds]
    highest = max(it.confidences.max() for it in rounds)
    given = [mean(len(document.predicted) for document in it.evaluation.documents) for it in rounds]
    print(f"  {mean(given):.2f} classes a document, labelled {task.labels.sum(axis=1).mean():.2f}")
    print(f"  expected calibration error {mean(errors):.3f} ({BINS} bins); highest confidence {highest:.3f}", end="; ")
    print(f"{mean(empty):.1f} documents without any class")
    confidences, right = np.vstack([it.confidences for it in rounds]), np.vstack([task.labels] * len(rounds))
    print("  mean confidence / share that is right, by bin:", reliability(confidences, right))
    print("  highest bin:", highest_bin(confidences, right))


def baseline(task: Task) -> Evaluation:
    frequent = Counter(name for example in task.examples for name in example.classes).most_common(1)[0][0]
    given = (frequent,) if task.kind == "single" else task.classes
    documents = [Prediction(example.location, "", example.classes, given) for example in task.examples]
    return evaluate(documents, task.classes, single=task.kind == "single")


def calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """How far confidences are from how often they are right, over bins of equal width, weighted by their size."""
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    inside = [bins == it for it in range(BINS) if (bins == it).any()]
    return float(sum(abs(confidences[it].mean() - right[it].mean()) * it.mean() for it in inside))


def reliability(confidences: np.ndarray, right: np.ndarray) -> str:
    """Mean confidence and share that is right, for each of the bins of equal width that has any."""
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    inside = [bins == it for it in range(BINS) if (bins == it).any()]
    return ", ".join(f"{confidences[it].mean():.2f}/{right[it].mean():.2f}" for it in inside)


def highest_bin(confidences: np.ndarray, right: np.ndarray) -> str:
    """Mean confidence of the highest bin that has any, and the 95 % interval (Wilson) of the share that is right."""
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    inside = bins == bins.max()
    count, share = int(inside.sum()), right[inside].mean()
    middle, width = share + Z**2 / (2 * count), Z * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    low, high = ((middle + side * width) / (1 + Z**2 / count) for side in (-1, 1))
    return f"confidence {confidences[inside].mean():.3f}, right {share:.3f} (95 % interval {low:.3f} to {high:.3f})"


def print_speed(task: Task) -> None:
    model = train(task.examples, task.classes, task.kind)
    bare = make_pipeline(unfitted(), RidgeCV([1.0])).fit(task.texts, task.labels)
    whole = Split("percentage", 100, 0)
    evaluated = [_seconds(lambda: train(task.examples, task.classes, task.kind)) for _ in range(PAIRS)]
    training = _pairs(
        lambda: train(task.examples, task.classes, task.kind, whole), lambda: bare.fit(task.texts, task.labels)
    )
    together = _pairs(lambda: model.classify(task.texts), lambda: bare.predict(task.texts))
    alone = _pairs(
        lambda: [model.classify([text]) for text in task.texts], lambda: [bare.predict([text]) for text in task.texts]
    )
    print(f"  training with evaluation {median(evaluated):.2f} s", end="; ")
    print(f"without, as long as bare scikit-learn x {training[1]:.2f}")
    for name, (seconds, ratio) in {"together": together, "one by one": alone}.items():
        print(f"  classifies {len(task.texts) / seconds:.0f} documents/s {name}; bare scikit-learn x {1 / ratio:.2f}")
    print_saving(model, task.texts)


def print_embedded(task: Task, rounds: Sequence[Round], embedding: Embedding) -> None:
    """What sentence embeddings make of it; the ratios are to the same without them, in turn."""
    for name in ("micro_f1", "macro_f1"):
        found = [getattr(it.evaluation, name) for it in rounds]
        print(f"  {name} {mean(found):.3f} ({min(found):.3f} to {max(found):.3f})", end=", ")
    errors = [calibration_error(it.confidences, task.labels) for it in rounds]
    print(f"calibration error {mean(errors):.3f}, with sentence embeddings of {embedding.id.name}")
    embedded = train(task.examples, task.classes, task.kind, embedding=embedding)
    plain = train(task.examples, task.classes, task.kind)
    training = _pairs(
        lambda: train(task.examples, task.classes, task.kind, embedding=embedding),
        lambda: train(task.examples, task.classes, task.kind),
    )
    together = _pairs(lambda: embedded.classify(task.texts), lambda: plain.classify(task.texts))
    for name, (seconds, ratio) in {"trains on": training, "classifies": together}.items():
        print(f"    {name} {len(task.texts) / seconds:.0f} documents/s with them, without x {ratio:.2f}")


def print_peaks(texts: Path, labels: Path) -> None:
    """Each in a process of its own, which trains once and classifies every text."""
    command = [sys.executable, "-m", "bench.engine", "--texts", str(texts), "--labels", str(labels), "--peak"]
    without, with_them = (
        float(subprocess.run([*command, which], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        for which in ("without", "with")
    )
    print(f"    peak of memory {with_them:.0f} MB with them, {without:.0f} MB without")


def print_peak(task: Task, which: str) -> None:
    embedding = installed_embedding() if which == "with" else None
    train(task.examples, task.classes, task.kind, embedding=embedding).classify(task.texts)
    print(peak_bytes() / 1e6)


def print_saving(model: TrainedModel, texts: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save_model(model, Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        seconds = _seconds(lambda: load_model(Path(folder)))
        same = "the same" if load_model(Path(folder)).classify(texts) == model.classify(texts) else "OTHER"
    print(f"  saved {size / 1e6:.1f} MB, loaded in {seconds:.2f} s, gives {same} classes and confidences")


def _pairs(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of ours, and the median ratio to theirs, over runs in turn."""
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(PAIRS)]
    return median(mine for mine, _ in pairs), median(mine / other for mine, other in pairs)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
