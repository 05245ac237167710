"""`python -m local upload FOLDER`: uploads texts to a container of the running app, and training texts' labels file."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from local import bulk
from local.cli import show
from local.cli.client import Client
from local.cli.training_data import LABELS_NAME, LANGUAGE, PROJECT, check_container, load_labels, project_kind
from local.errors import SetupError
from local.labelled.examples import name_errors
from local.labelled.text_files import locations, read, text_files
from local.stack import discovery
from local.stack.discovery import Stack

MAX_LISTED = 5  # names in a message


class LabelsFile:
    """A labels file, which is read once, when it is needed: texts to be classified need none. Raises SetupError."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @cached_property
    def _read(self) -> tuple[list[str], dict[str, Any]]:
        return load_labels(self.file)

    @property
    def documents(self) -> list[str]:
        """The locations of its documents."""
        return self._read[0]

    @property
    def named(self) -> dict[str, Any]:
        """The properties of the project."""
        return self._read[1]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="its .txt files, also those in sub-folders")
    parser.add_argument(
        "--container", help="documents, where texts get classified (the default), or one for training texts"
    )
    parser.add_argument("--labels", type=Path, help=f"labels file of training texts (default: FOLDER/{LABELS_NAME})")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if everything is in the container."""
    stack = discovery.find()
    client = Client(stack)
    client.health()  # only a running textdrop gets files
    labels = _labels_file(options)
    container = _container(options, stack, labels)
    classified = container == stack.container
    texts = _named_by_path(options.folder) if classified else locations(options.folder)
    if not texts:
        raise SetupError(f"There are no .txt files in {options.folder}.")
    _check_names(texts)
    _show_others(options.folder)
    stored = client.stored(container)
    if labels and not classified:
        texts = _labelled(labels, texts, stored)
    _upload(client, container, texts, stored)
    if classified:
        _notify(client, stack)
    elif labels:
        _upload(client, container, {labels.file.name: labels.file}, stored)
        _show_next(stack, container, labels)
    return 0


def _labels_file(options: argparse.Namespace) -> LabelsFile | None:
    """The one that was named, or that of the folder, if there is one."""
    file = options.labels or options.folder / LABELS_NAME
    return LabelsFile(file) if options.labels or file.is_file() else None


def _container(options: argparse.Namespace, stack: Stack, labels: LabelsFile | None) -> str:
    """Raises SetupError if training texts would be classified, because nobody named their container."""
    if options.container or not labels:
        container = check_container(options.container or stack.container)
        if container == stack.results:
            raise SetupError(f"{container} holds the app's results: name another --container.")
        if options.labels and container == stack.container:
            raise SetupError(f"Files in {container} get classified: name another --container for training texts.")
        return container
    training = labels.named.get("storageInputContainerName") or "NAME-training"
    raise SetupError(
        f"{labels.file} is a labels file: upload its texts for training with --container {training}, or have them "
        f"classified with --container {stack.container}."
    )


def _named_by_path(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in text_files(folder)}


def _check_names(texts: Mapping[str, Path]) -> None:
    found = [error for name, file in texts.items() for error in name_errors(name, str(file))]
    if found:
        raise SetupError(f"{found[0].where} {found[0].what}. {found[0].do}")


def _show_others(folder: Path) -> None:
    files = sum(file.is_file() and file.name != LABELS_NAME for file in folder.rglob("*"))
    others = files - len(text_files(folder))
    if others > 0:
        show.warning(f"Left out, because only .txt files are uploaded: {show.counted(others, 'other file')}.")


def _labelled(labels: LabelsFile, texts: Mapping[str, Path], stored: Mapping[str, bytes]) -> dict[str, Path]:
    """The texts that the labels file names. Raises SetupError if any is neither here nor in the container."""
    names = labels.documents
    missing = [name for name in names if name not in texts and name not in stored]
    if missing:
        more = " …" if len(missing) > MAX_LISTED else ""
        raise SetupError(
            f"{labels.file} names {show.counted(len(missing), 'text')} that the folder does not have: "
            f"{', '.join(missing[:MAX_LISTED])}{more}. Make it again with python -m local labels."
        )
    found = {name: texts[name] for name in names if name in texts}
    if unlabelled := len(texts) - len(found):
        show.warning(f"Left out, because {labels.file.name} does not name them: {show.counted(unlabelled, 'text')}.")
    return found


def _upload(client: Client, container: str, files: Mapping[str, Path], stored: Mapping[str, bytes]) -> None:
    """Uploads what the container does not have yet. Raises SetupError; what was uploaded stays."""

    def upload(name: str) -> str:
        content = read(files[name])
        if stored.get(name) == hashlib.md5(content, usedforsecurity=False).digest():
            return "unchanged"
        client.put(container, name, content)
        return "replaced" if name in stored else "uploaded"

    outcomes: Counter[str] = Counter()
    what = f"Upload {next(iter(files)) if len(files) == 1 else show.counted(len(files), 'text')} to {container}"
    with show.step(what) as report:
        for _, outcome in bulk.each(upload, list(files)):
            outcomes[outcome] += 1
            report(f"{outcomes.total():,} of {len(files):,}")
    said = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(outcomes.items()))
    show.console.print(f"  {said}", markup=False)


def _notify(client: Client, stack: Stack) -> None:
    """An app that waits for events of Event Grid finds files without one by a sweep."""
    if stack.uses_events:
        client.call("POST", "sweep")
        show.console.print("The app's next sweep finds the files; nobody sends events here.")
    show.console.print("\nNext, when they are classified:\n  .venv/bin/python -m local results", markup=False)


def _show_next(stack: Stack, container: str, labels: LabelsFile) -> None:
    """Prints how to create the project."""
    named = labels.named
    body = {
        "name": named.get("projectName") or PROJECT,
        "modelType": project_kind(named),
        "multiLingual": bool(named.get("multilingual")),
        "description": str(named.get("description") or ""),
        "culture": named.get("language") or LANGUAGE,
        "storageInputContainerName": container,
        "labelsLocation": labels.file.name,
    }
    key = "-H 'x-functions-key: KEY' " if stack.keys else ""
    show.console.print(
        f"\nNext: create the project, then train and publish (docs/quickstart.md):\n"
        f"  curl -i -X POST {key}{stack.url}/projects -d {shlex.quote(json.dumps(body))}",
        markup=False,
        soft_wrap=True,
    )
