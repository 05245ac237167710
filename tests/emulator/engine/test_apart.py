"""A training in a process of its own is the same training, says how far it is, and can be ended at any time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.language.engine import Example, Split, TrainingError, train, train_apart
from local.language.engine.progress import Progress
from tests.emulator.engine.engine_texts import CLASSES, answers, corpus
from tests.emulator.training_processes import LISTED, ended_soon, trainings_of

ROOT = Path(__file__).parents[3]
TRAINED_UNTIL_KILLED = """
from local.language.engine import Split, train_apart
from tests.emulator.engine.test_apart import CLASSES, many
train_apart(many(), CLASSES, "multi", Split(), lambda percent: print(percent, flush=True))
"""


class StopTraining(Exception):
    pass


def many(times: int = 40) -> list[Example]:
    """More than 500,000 characters, of few words."""
    return [replace(it, text=f"{it.text} " * times) for it in corpus("multi", 80)]


def test_it_is_the_same_training_and_its_progress_never_falls() -> None:
    seen: list[int] = []
    model, here = train_apart(many(), CLASSES, "multi", Split(), seen.append), train(many(), CLASSES, "multi")
    assert answers(model) == answers(here)
    assert model.evaluation == here.evaluation
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] <= 100


def test_what_cannot_be_learned_from_is_refused_as_here() -> None:
    with pytest.raises(TrainingError, match="'Chess' is not a class of the project"):
        train_apart(many(), CLASSES[:2], "multi", Split(), lambda _percent: None)


@LISTED
def test_a_training_that_is_stopped_leaves_no_process() -> None:
    started: list[int] = []

    def stop(_percent: int) -> None:
        started.extend(trainings_of(os.getpid()))
        if started:
            raise StopTraining

    with pytest.raises(StopTraining):
        train_apart(many(400), CLASSES, "multi", Split(), stop)
    assert len(started) == 1
    assert not Path(f"/proc/{started[0]}").exists()


@LISTED
def test_a_training_ends_with_its_caller() -> None:
    script = [sys.executable, "-c", TRAINED_UNTIL_KILLED.replace("many()", "many(400)")]
    with subprocess.Popen(script, cwd=ROOT, stdout=subprocess.PIPE) as caller:
        assert caller.stdout
        while int(caller.stdout.readline()) == 0:
            pass
        (training,) = trainings_of(caller.pid)
        caller.kill()
    assert ended_soon(training)


def test_progress_is_that_of_the_work_done() -> None:
    seen: list[int] = []
    progress = Progress(10, seen.append)
    with progress.part(4, steps=4) as step:
        for expected in ([10], [10, 20], [10, 20, 30], [10, 20, 30, 40], [10, 20, 30, 40]):
            step()
            assert seen == expected
    with progress.part(6, steps=3) as step:
        step()
        assert seen[-1] == 60
    assert seen[-1] == 100


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_training_reports_each_percent_once_up_to_100(kind: str) -> None:
    seen: list[int] = []
    train(corpus("single" if kind == "single" else "multi", 40), CLASSES, "multi", report=seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == 100
    assert len(seen) > 20


def test_the_evaluation_is_a_part_of_the_work() -> None:
    seen: list[int] = []
    examples = [replace(it, dataset="Test" if place >= 20 else "Train") for place, it in enumerate(corpus("multi", 60))]
    train(examples, CLASSES, "multi", Split("manual"), report=seen.append)
    assert seen[-2] < 90
    assert seen[-1] == 100
