"""How training grows: time and memory of the engine against scikit-learn's TfidfVectorizer and LinearSVC.

    python -m bench.training [DOCUMENTS …]

The same made-up texts of about 100 words and 50 classes, up to two for each text. The engine trains, calibrates and
evaluates; scikit-learn counts words and fits one LinearSVC for each class, and that is all it does. Each is a process
of its own, so that each tells its own peak of memory. 100,000 documents take minutes: `make bench` leaves them out.

Then how quickly a training of the Language service can be ended: the seconds from a cancel, Ctrl-C, SIGTERM or SIGKILL
to the end of the training process.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from azure.storage.blob import BlobServiceClient
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.multiclass import OneVsRestClassifier  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from local.language.engine import Example, train
from local.stack import azurite
from tests.emulator.training_processes import (
    begin_training,
    ended_soon,
    service_process,
    training_of,
    upload_long_training,
)
from tests.support.peak_memory import peak_bytes

ROOT = Path(__file__).parents[1]
CLASSES, WORDS, VOCABULARY, TOPIC = 50, 100, 30_000, 80
SYLLABLES = [consonant + vowel for consonant in "bcdfghklmnprstvwz" for vowel in ("a", "e", "i", "o", "an", "er", "ol")]
SIZES = (5_000, 20_000)
RATIO_GOAL, MEMORY_GOAL = 8, 2
WAYS = {"cancel": 0, "Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}
ROUNDS, END_GOAL = 3, 1.0  # seconds


def report(sizes: tuple[int, ...] = SIZES) -> None:
    """Print seconds of processor time, their ratio and the peaks of memory, for each number of documents."""
    for size in sizes:
        engine, simple = (_apart(name, size) for name in ("engine", "simple"))
        ratio = engine["seconds"] / simple["seconds"]
        print(
            f"training on {size:,} documents, {CLASSES} classes: {engine['seconds']:.0f} s of processor time", end=", "
        )
        print(f"TfidfVectorizer and LinearSVC {simple['seconds']:.0f} s, ratio {ratio:.1f}", end=" ")
        print(
            f"(goal at 20,000: {RATIO_GOAL}); peak {engine['memory']:.2f} GB, they {simple['memory']:.2f} GB", end=" "
        )
        print(f"(goal at 20,000: under {MEMORY_GOAL}); micro F1 {engine['f1']:.2f}")
    report_ends()


def report_ends() -> None:
    """Print how many seconds the training process of a service lives on, for each way to end it."""
    with azurite.running() as storage, BlobServiceClient.from_connection_string(storage.connection_string) as blobs:
        labels = upload_long_training(blobs)
        ended = {way: _seconds_to_end(storage.connection_string, labels, way) for way in WAYS}
    figures = ", ".join(f"{way} {median(seconds):.2f} s (at most {max(seconds):.2f})" for way, seconds in ended.items())
    print(f"a training process has ended after: {figures} (goal: {END_GOAL})")


def _seconds_to_end(storage: str, labels: dict[str, Any], way: str) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as state, service_process(storage, Path(state)) as (service, call):
            job, training = begin_training(call, labels), training_of(service.pid)
            began = time.perf_counter()
            if number := WAYS[way]:
                service.send_signal(number)
            else:
                call("POST", job.replace("?", "/:cancel?"))
            assert ended_soon(training), way
            found.append(time.perf_counter() - began)
    return found


def corpus(size: int) -> list[Example]:
    """Texts of a few common and many rare words; about 6 % of their words belong to each of their classes."""
    chance = np.random.default_rng(0)
    spelled = (chance.choice(SYLLABLES, length) for length in chance.integers(1, 5, 3 * VOCABULARY))
    words = np.array(list(dict.fromkeys("".join(syllables) for syllables in spelled))[:VOCABULARY])
    often = 1 / np.arange(1, len(words) + 1) ** 0.9
    topics = chance.integers(200, len(words), (CLASSES, TOPIC))
    return [_example(number, words, often / often.sum(), topics, chance) for number in range(size)]


def _example(
    number: int, words: np.ndarray, often: np.ndarray, topics: np.ndarray, chance: np.random.Generator
) -> Example:
    classes = chance.choice(CLASSES, chance.integers(1, 3), replace=False)
    chosen = np.searchsorted(often.cumsum(), chance.random(chance.integers(WORDS // 2, WORDS * 3 // 2)))
    own = len(chosen) // 16 + 1
    for each in classes:
        chosen[chance.integers(0, len(chosen), own)] = chance.choice(topics[each], own)
    text = " ".join(words[np.minimum(chosen, len(words) - 1)])
    return Example(f"{number}.txt", text, tuple(str(each) for each in sorted(classes)))


def _apart(name: str, size: int) -> dict[str, float]:
    """What a process of its own measures."""
    command = [sys.executable, "-m", "bench.training", "--only", name, str(size)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _measure(name: str, size: int) -> None:
    examples, names = corpus(size), [str(number) for number in range(CLASSES)]
    began, f1 = time.process_time(), 0.0
    if name == "engine":
        evaluation = train(examples, names, "multi").evaluation
        f1 = evaluation.micro_f1 if evaluation else 0.0
    else:
        labels = np.array([[name in example.classes for name in names] for example in examples])
        rows = TfidfVectorizer().fit_transform([example.text for example in examples])
        OneVsRestClassifier(LinearSVC()).fit(rows, labels)
    seconds = time.process_time() - began
    print(json.dumps({"seconds": seconds, "memory": peak_bytes() / 1e9, "f1": f1}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--only"]:
        _measure(sys.argv[2], int(sys.argv[3]))
    else:
        report(tuple(int(size) for size in sys.argv[1:]) or SIZES)
