"""The quickstart's steps, done through the app's own HTTP functions: create, train, evaluate, publish, drop."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import show, unanswered
from local.client import Client
from local.errors import SetupError
from local.event_grid import EventGrid
from local.running import ROOT
from shared.errors import BadRequest
from shared.labels import parse_labels
from shared.settings import APIS

MOVIES = ROOT / "samples" / "movies"
MODEL = "MyModel"
SECONDS_TO_TRAIN = 600
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9]{0,49}")


@dataclass(frozen=True)
class Material:
    """Texts to learn from, the labels file that says their classes, and files to drop."""

    texts: tuple[Path, ...]
    labels: Path
    drop: tuple[Path, ...]
    project: str
    kind: str

    @classmethod
    def of(cls, data: Path, labels: Path, drop: Path) -> Material:
        """Raises SetupError if something is not there."""
        texts, files = _texts(data), _texts(drop)
        named = _metadata(labels)
        name = str(named.get("projectName") or "")
        single = "single" in str(named.get("projectKind") or "").lower()
        return cls(
            texts,
            labels,
            files,
            project=name if NAME.fullmatch(name) else "MyProject",
            kind="SingleClassification" if single else "MultiClassification",
        )


def api(name: str) -> str:
    """The name, if it is one of the app's APIs. Raises SetupError."""
    if name not in APIS:
        raise SetupError(f"LANGUAGE_API must be one of {', '.join(APIS)}.")
    return name


def samples() -> Material:
    """The sample set that comes with the project."""
    return Material.of(MOVIES / "train", MOVIES / "labels.json", MOVIES / "drop")


def learn(client: Client, material: Material) -> None:
    """Create the project from its labels file, train, evaluate, publish: afterwards dropped files are classified."""
    # A container of its own: what is learnt from must not be classified as if it had been dropped.
    container = f"{material.project.lower()}-training"[:63]
    with show.step(f"Upload {len(material.texts)} labelled texts and {material.labels.name} to {container}"):
        client.upload(container, [*material.texts, material.labels])
    _operation(client, "Create the project", "projects", _project(material, container))
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


def _project(material: Material, container: str) -> dict[str, Any]:
    return {
        "name": material.project,
        "modelType": material.kind,
        "multiLingual": False,
        "description": "The quickstart, on one machine",
        "culture": "en-us",
        "storageInputContainerName": container,
        "labelsLocation": material.labels.name,
    }


def _task() -> dict[str, Any]:
    return {"tasks": [{"trainingModelName": MODEL}]}


def _texts(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise SetupError(f"There is no folder {folder}: correct DATA or DROP.")
    found = tuple(sorted(folder.glob("*.txt")))
    if not found:
        raise SetupError(f"There are no .txt files in {folder}: correct DATA or DROP.")
    return found


def _metadata(labels: Path) -> dict[str, Any]:
    try:
        content = labels.read_bytes()
        parse_labels(content)
    except OSError as error:
        raise SetupError(f"{labels} cannot be read ({error.strerror}): correct LABELS.") from error
    except BadRequest as error:
        raise SetupError(f"{labels} is no labels file: {error}") from error
    return dict(json.loads(content.decode("utf-8-sig")).get("metadata") or {})
