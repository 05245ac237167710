"""The steps of the quickstart, through the app's HTTP functions: create, train, evaluate, publish, drop."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from local.cli import missing_results, show
from local.cli.client import Client
from local.cli.training_data import TrainingData
from local.errors import SetupError
from local.stack.event_grid import EventGrid
from shared.labels.rules import FEW_EXAMPLES

MODEL = "MyModel"
SECONDS_TO_TRAIN = 600


def learn(client: Client, data: TrainingData) -> None:
    """Creates the project from its labels file, trains, evaluates, publishes. Then dropped files are classified."""
    with show.step(f"Upload {len(data.texts)} labelled texts and {data.labels.name} to {data.container}"):
        client.upload(data.container, data.files)
    _operation(client, "Create the project", "projects", _project(data))
    path = f"projects/{data.project}"
    _operation(client, "Train a model", f"{path}/train", _task())
    _show_evaluation(client, f"{path}/models/{MODEL}/evaluation")
    _operation(client, "Publish it", f"{path}/publish", _task())


def learn_again(client: Client, data: TrainingData) -> None:
    """Deletes an earlier project, if there is one, and learns again."""
    with suppress(SetupError):  # there is none
        started = client.call("DELETE", f"projects/{data.project}")
        client.finished(f"operations/{started['key']}", SECONDS_TO_TRAIN, lambda _: None)
    learn(client, data)


def drop(client: Client, files: tuple[Path, ...], seconds: float, events: EventGrid | None = None) -> int:
    """Drops files, prints their classes as they arrive, or why there are none; returns how many were not classified.

    Raises SetupError if the app or its storage does not respond.
    """
    with show.step(f"Drop {show.counted(len(files), 'file')}{', and simulate Event Grid' if events else ''}"):
        if events:
            events.subscribe()
        dropped = client.drop(files, events)
    width, classified = show.column(dropped), 0
    missing, health = dict(dropped), missing_results.HealthWatch(client)
    with show.status(f"Wait for {show.counted(len(dropped), 'result')}") as report:
        for name, found in client.results(dropped, seconds, health.look):
            classified += show.result(name, found, width)
            del missing[name]
            report(f"{len(dropped) - len(missing)} arrived")
    if missing:
        missing_results.explain(list(missing), lambda name: client.document(name, missing[name]), health)
    return len(dropped) - classified


def _operation(client: Client, what: str, path: str, body: Any) -> None:
    with show.step(what) as report:
        started = client.call("POST", path, body)
        is_job = started["kind"] in ("train", "publish")
        where = f"{path}/jobs/{started['key']}" if is_job else f"operations/{started['key']}"
        client.finished(where, SECONDS_TO_TRAIN, lambda operation: report(show.progress(operation)))


def _show_evaluation(client: Client, path: str) -> None:
    """A model that was trained on few texts has none, and can be published all the same."""
    found = client.found(path)
    if found is None:
        show.warning(f"No evaluation: all texts were used in training. With {FEW_EXAMPLES} or more, some are held out.")
    else:
        show.evaluation(found)


def _project(data: TrainingData) -> dict[str, Any]:
    return {
        "name": data.project,
        "modelType": data.kind,
        "multiLingual": False,
        "description": "The quickstart, on one machine",
        "culture": data.language,
        "storageInputContainerName": data.container,
        "labelsLocation": data.labels.name,
    }


def _task() -> dict[str, Any]:
    return {"tasks": [{"trainingModelName": MODEL}]}
