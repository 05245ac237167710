"""Projects of one class a text, which learn from labelled texts with hostile names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local.cli.client import Client
from local.cli.training_data import LABELS_NAME

SECONDS = 120.0
# Names of classes that the service accepts, and that try to be more than names.
SEA, KITCHEN, SPACE = "<img src=x onerror=alert`1`><b>sea", "\u202enehctik \u05d0\u05d1", "constructor"
WORDS = {
    SEA: ("anchor", "mast", "harbour", "rigging", "sail", "tide"),
    KITCHEN: ("onion", "simmer", "oven", "recipe", "butter", "garlic"),
    SPACE: ("orbit", "rocket", "planet", "comet", "lunar", "crater"),
}
NAMES = list(WORDS)
EVERY_WRONG = 6  # so many texts of a class have one label of another, so that no model is perfect


def text_of(name: str, number: int = 0) -> str:
    words = WORDS[name]
    return " ".join(words[(number + step * (number % 5 + 1)) % len(words)] for step in range(4)) + f" number {number}"


@dataclass(frozen=True)
class LabelledProject:
    """A project, its container and its texts. What it starts, it awaits."""

    app: Client
    name: str

    @property
    def container(self) -> str:
        return f"{self.name.lower()}-texts"

    @property
    def path(self) -> str:
        return f"projects/{self.name}"

    def put_texts(self, each: int) -> dict[str, str]:
        """Uploads so many texts of each class, and their labels file. Returns the class of each, by its location."""
        self.app.upload(self.container, {})
        documents = {}
        for place, name in enumerate(NAMES):
            for number in range(each):
                location = f"<i>\u202e{place}-{number:02}.txt"
                self.app.put(self.container, location, text_of(name, number).encode())
                documents[location] = name if number % EVERY_WRONG else NAMES[(place + 1) % len(NAMES)]
        self.put_labels(LABELS_NAME, documents, NAMES)
        return documents

    def put_labels(self, name: str, documents: dict[str, str], classes: list[str]) -> None:
        """Uploads a labels file. `documents`: the class of each, by its location."""
        self.app.put(self.container, name, json.dumps(self._labels(documents, classes)).encode())

    def _labels(self, documents: dict[str, str], classes: list[str]) -> dict[str, Any]:
        kind = "CustomSingleLabelClassification"
        named = [
            {"location": location, "language": "en-us", "class": {"category": name}}
            for location, name in documents.items()
        ]
        metadata = {"projectKind": kind, "projectName": self.name, "language": "en-us"}
        return {
            "projectFileVersion": "2022-05-01",
            "stringIndexType": "Utf16CodeUnit",
            "metadata": {**metadata, "storageInputContainerName": self.container},
            "assets": {
                "projectKind": kind,
                "classes": [{"category": name} for name in classes],
                "documents": named,
            },
        }

    def create(self, each: int) -> None:
        """With so many texts of each class."""
        self.put_texts(each)
        wanted = {
            "name": self.name,
            "modelType": "SingleClassification",
            "storageInputContainerName": self.container,
            "labelsLocation": LABELS_NAME,
            "culture": "en-us",
            "multiLingual": False,
            "description": "",
        }
        self._operated("POST", "projects", wanted)

    def train(self, model: str) -> None:
        self._operated("POST", f"{self.path}/train", {"tasks": [{"trainingModelName": model}]})

    def publish(self, model: str, deployment: str) -> None:
        """Dropped files go where they went."""
        tasks = [{"trainingModelName": model, "deploymentName": deployment}]
        self._operated("POST", f"{self.path}/publish", {"tasks": tasks, "asClassifier": False})

    def delete_deployment(self, name: str) -> None:
        self._operated("DELETE", f"{self.path}/deployments/{name}")

    def _operated(self, method: str, path: str, body: Any = None) -> None:
        started = self.app.call(method, path, body)
        self.app.finished(f"operations/{started['key']}", SECONDS, lambda _: None)

    def exists(self) -> bool:
        return self.app.found(self.path) is not None

    def models(self) -> set[str]:
        return {model["name"] for model in self.app.call("GET", f"{self.path}/models")["value"]}

    def deployments(self) -> dict[str, str]:
        """The model of each deployment."""
        return {one["name"]: one["model"] for one in self.app.call("GET", f"{self.path}/deployments")["value"]}

    def evaluation(self, model: str) -> Any:
        return self.app.call("GET", f"{self.path}/models/{model}/evaluation")
