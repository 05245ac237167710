"""Instances of the app over a `Stage`, prepared for the start of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.language.types import LabelledDocument
from shared.learning.reviews import Review
from tests.fakes.language import PROJECT, TRAINING
from tests.support.full_day_script import SHIP, publish, put
from tests.support.in_memory_app import Instance, Stage

LABEL = f"projects/{PROJECT}/labels/reviews"
UNSURE = "the mast alone"  # one of four words of its class: confidence 0.25


def app_with_classifier(stage: Stage) -> Instance:
    """An instance that has published a model, and so has a classifier."""
    app = stage.instance()
    publish(app)
    app.ticks(2)
    return app


def classify_files(app: Instance, *names: str) -> None:
    """Files of one class, dropped and classified."""
    for name in names:
        put(name, SHIP)(app.stage)
        app.land(name)
    app.ticks(4)


def app_with_submitted_file(stage: Stage) -> Instance:
    """An instance with a classifier, and a file `lone.txt` that it has sent."""
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    return app


# --- reviews that become labels -----------------------------------------------------------------------------------


def reviewed(decisions: Mapping[str, list[str]], texts: Mapping[str, str] | None = None) -> tuple[Stage, Instance]:
    """Files with an unsure class, each decided; by name, without the ending."""
    stage = Stage()
    stage.documents.put("labels.json", b"{}", container=TRAINING)
    app = app_with_classifier(stage)
    for name in decisions:
        stage.documents.put(f"{name}.txt", (texts or {}).get(name, f"{UNSURE} {name}").encode(), language="es")
        app.land(f"{name}.txt")
    app.ticks(5)
    for name, classes in decisions.items():
        decide_review(app, review_key(stage, name), *classes)
    return stage, app


def decide_review(app: Instance, key: str, *classes: str) -> None:
    answer = app.ask("PUT", f"reviews/{key}", {"classes": list(classes), "reviewer": "Ada"})
    assert answer.status == 200, answer.body


def review_key(stage: Stage, name: str) -> str:
    [found] = [review.key for review in reviews(stage) if review.name == f"{name}.txt"]
    return found


def reviews(stage: Stage) -> Iterator[Review]:
    return (value for value in stage.check().values() if isinstance(value, Review))


def used(stage: Stage) -> dict[str, str]:
    """The operation that used each review, by the file's name without the ending."""
    return {review.name.removesuffix(".txt"): review.used for review in reviews(stage)}


def ended_operation(stage: Stage, app: Instance, key: str, ticks: int = 60) -> Any:
    """The operation, once it has ended."""
    for _ in range(ticks):
        found = app.ask("GET", f"operations/{key}").body
        if found["state"] in ("succeeded", "failed"):
            return found
        stage.wait(10)
        app.tick()
    raise AssertionError(found)


def label(stage: Stage, app: Instance, body: Any = None) -> Any:
    """The operation that makes labels of the decisions, once it has ended."""
    answer = app.ask("POST", LABEL, body)
    assert answer.status == 202, answer.body
    return ended_operation(stage, app, answer.body["key"])


def new_labels(stage: Stage) -> dict[str, LabelledDocument]:
    """The labels of the project that reviews have become, by the file's name without the ending."""
    names = {f"review-{review.key}.txt": review.name.removesuffix(".txt") for review in reviews(stage)}
    return {names[one.location]: one for one in stage.language.labels.documents if one.location in names}
