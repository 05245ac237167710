"""Instances of the app over a `Stage`, prepared for the start of a test."""

from __future__ import annotations

from tests.support.full_day_script import SHIP, publish, put
from tests.support.in_memory_app import Instance, Stage


def app_with_classifier(stage: Stage) -> Instance:
    """An instance that has published a model, and so has a classifier."""
    app = stage.instance()
    publish(app)
    for _ in range(2):
        stage.wait(10)
        app.tick()
    return app


def app_with_submitted_file(stage: Stage) -> Instance:
    """An instance with a classifier, and a file `lone.txt` that it has sent."""
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    return app
