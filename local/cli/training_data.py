"""Training data: labelled texts and the labels file with their classes; and the folder of files to classify."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import SetupError
from local.labelled.text_files import locations, read
from local.paths import ROOT
from shared.errors import BadRequest
from shared.labels.formats import parse_labels
from shared.settings import APIS

MOVIES = ROOT / "samples" / "movies"
TEXTS, LABELS, DROP = MOVIES / "train", MOVIES / "labels.json", MOVIES / "drop"
LABELS_NAME = "labels.json"
PROJECT = "MyProject"  # without a name in the labels file: the quickstart's
LANGUAGE = "en-us"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9]{0,49}")
CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True)
class TrainingData:
    """`texts` are those that the labels file names, by their locations in the container, as far as they exist.

    `project`, `kind` and `language` come from the labels file, or else from the quickstart.
    """

    texts: Mapping[str, Path]
    labels: Path
    project: str
    kind: str
    language: str

    @classmethod
    def of(cls, data: Path | None, labels: Path | None) -> TrainingData:
        """From a folder of texts and a labels file; without both, the samples. Raises SetupError."""
        data, labels = _both(data, labels)
        documents, named = load_labels(labels)
        name = str(named.get("projectName") or "")
        return cls(
            _labelled(data, documents),
            labels,
            project=name if NAME.fullmatch(name) else PROJECT,
            kind=project_kind(named),
            language=str(named.get("language") or LANGUAGE),
        )

    @property
    def container(self) -> str:
        """A separate container: training texts must not be classified like dropped files."""
        return training_container(self.project)

    @property
    def files(self) -> dict[str, Path]:
        """The texts and the labels file, by their names in the container."""
        return {self.labels.name: self.labels, **self.texts}

    def fingerprint(self) -> str:
        """A digest of the labels and the texts."""
        digest = hashlib.sha256()
        for name, file in self.files.items():
            content = read(file)
            digest.update(f"{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()


def check_container(name: str) -> str:
    """Returns the name if storage accepts it for a container. Raises SetupError."""
    if not CONTAINER.fullmatch(name):
        raise SetupError("--container must have 3 to 63 lower-case letters, digits and single hyphens.")
    return name


def load_labels(labels: Path) -> tuple[list[str], dict[str, Any]]:
    """The locations of the documents, and the properties of the project. Raises SetupError."""
    try:
        content = labels.read_bytes()
        documents = [document.location for document in parse_labels(content).documents]
    except OSError as error:
        raise SetupError(f"{labels} cannot be read ({error.strerror}): correct LABELS.") from error
    except BadRequest as error:
        raise SetupError(f"{labels} is not a labels file: {error}") from error
    body = json.loads(content.decode(json.detect_encoding(content)))
    return documents, dict(body.get("metadata") or {})


def project_kind(named: Mapping[str, Any]) -> str:
    """The `modelType` of a new project, from the properties in a labels file."""
    return "SingleClassification" if "single" in str(named.get("projectKind") or "").lower() else "MultiClassification"


def training_container(project: str) -> str:
    return f"{project.lower()}-training"


def samples() -> TrainingData:
    """The samples of this project."""
    return TrainingData.of(None, None)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The environment's DATA and LABELS are the defaults."""
    parser.add_argument("--data", type=Path, default=_path("DATA"), help="folder of the training texts")
    parser.add_argument(
        "--labels",
        type=Path,
        default=_path("LABELS"),
        help=f"labels file with their classes (default: DATA/{LABELS_NAME})",
    )


def api(name: str) -> str:
    """Returns the name if it is one of the app's APIs. Raises SetupError."""
    if name not in APIS:
        raise SetupError(f"LANGUAGE_API must be one of {', '.join(APIS)}.")
    return name


def texts(folder: Path) -> tuple[Path, ...]:
    """Its .txt files. Raises SetupError if there are none."""
    _require_folder(folder)
    found = tuple(sorted(folder.glob("*.txt")))
    if not found:
        raise SetupError(f"There are no .txt files in {folder}: correct DATA or DROP.")
    return found


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise SetupError(f"There is no folder {folder}: correct DATA or DROP.")


def _path(name: str) -> Path | None:
    return Path(os.environ[name]) if os.environ.get(name) else None


def _both(data: Path | None, labels: Path | None) -> tuple[Path, Path]:
    """Either path determines the other, if that is not given."""
    if data is None:
        return (TEXTS, LABELS) if labels is None else (labels.parent, labels)
    if labels is None and data.is_dir() and not (data / LABELS_NAME).is_file():
        make = f".venv/bin/python -m local labels {data}"
        raise SetupError(f"DATA has no {LABELS_NAME}: set LABELS to the labels file, or make one with {make}")
    return data, labels or data / LABELS_NAME


def _labelled(folder: Path, documents: Iterable[str]) -> Mapping[str, Path]:
    """The files below a folder that have these locations. Raises SetupError if there are none."""
    _require_folder(folder)
    there = locations(folder)
    found = {location: there[location] for location in documents if location in there}
    if not found:
        raise SetupError(f"{folder} has no .txt file that the labels file names: correct DATA or LABELS.")
    return found
