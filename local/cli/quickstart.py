"""The quickstart's steps, done through the app's own HTTP functions: create, train, evaluate, publish, drop."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from local.cli import show, unanswered
from local.cli.client import Client
from local.cli.material import Material
from local.errors import SetupError
from local.stack.event_grid import EventGrid

MODEL = "MyModel"
SECONDS_TO_TRAIN = 600


def learn(client: Client, material: Material) -> None:
    """Create the project from its labels file, train, evaluate, publish: afterwards dropped files are classified."""
    with show.step(f"Upload {len(material.texts)} labelled texts and {material.labels.name} to {material.container}"):
        client.upload(material.container, [*material.texts, material.labels])
    _operation(client, "Create the project", "projects", _project(material))
    path = f"projects/{material.project}"
    _operation(client, "Train a model", f"{path}/train", _task())
    show.evaluation(client.call("GET", f"{path}/models/{MODEL}/evaluation"))
    _operation(client, "Publish it", f"{path}/publish", _task())


def learn_anew(client: Client, material: Material) -> None:
    """The same, where an earlier project may have been left behind."""
    with suppress(SetupError):  # there is none
        begun = client.call("DELETE", f"projects/{material.project}")
        client.finished(f"operations/{begun['key']}", SECONDS_TO_TRAIN, lambda _: None)
    learn(client, material)


def drop(client: Client, files: tuple[Path, ...], seconds: float, events: EventGrid | None = None) -> int:
    """Drop the files and print their classes as they come; returns how many were not classified.

    Why they were not is printed too. Raises SetupError if the app or its storage does not answer.
    """
    with show.step(f"Drop {show.counted(len(files), 'file')}{', and play Event Grid' if events else ''}"):
        if events:
            events.subscribe()
        dropped = client.drop(files, events)
    width, classified = show.column(dropped), 0
    missing, health = dict(dropped), unanswered.HealthWatch(client)
    with show.going_on(f"Wait for {show.counted(len(dropped), 'result')}") as said:
        for name, found in client.results(dropped, seconds, health.look):
            classified += show.result(name, found, width)
            del missing[name]
            said(f"{len(dropped) - len(missing)} are there")
    if missing:
        unanswered.explain(client, missing)
    return len(dropped) - classified


def _operation(client: Client, what: str, path: str, body: Any) -> None:
    with show.step(what) as said:
        begun = client.call("POST", path, body)
        where = f"{path}/jobs/{begun['key']}" if begun["kind"] in ("train", "publish") else f"operations/{begun['key']}"
        client.finished(where, SECONDS_TO_TRAIN, lambda operation: said(show.progress(operation)))


def _project(material: Material) -> dict[str, Any]:
    return {
        "name": material.project,
        "modelType": material.kind,
        "multiLingual": False,
        "description": "The quickstart, on one machine",
        "culture": "en-us",
        "storageInputContainerName": material.container,
        "labelsLocation": material.labels.name,
    }


def _task() -> dict[str, Any]:
    return {"tasks": [{"trainingModelName": MODEL}]}
