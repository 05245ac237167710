"""Labelled texts, and a caller that asks the local Language service for things over real HTTP."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient

from local.language.server.server import LanguageService

CURRENT = "/language/authoring/analyze-text/projects"
PREVIEW = "/language/text/authoring/v1.0-preview.2/projects"
VERSION = "2023-04-01"
START = datetime(2026, 3, 4, 5, 6, 7, 891_234, tzinfo=UTC)

WORDS = {
    "Cooking": "oven butter garlic simmer saucepan flour recipe onion roast whisk",
    "Sailing": "harbour mast anchor tide rudder starboard knots sail hull buoy",
    "Space": "orbit rocket comet telescope lunar astronaut galaxy launch capsule crater",
}


def text_about(*classes: str, number: int = 0) -> str:
    """A text out of the words of its classes; different for each number."""
    words = [word for name in classes for word in WORDS[name].split()]
    chosen = [words[(number + step * 3) % len(words)] for step in range(12)]
    return f"Notice {number}: the {' and the '.join(chosen)}."


def labelled_texts() -> dict[str, tuple[str, ...]]:
    """24 file names and their classes: 18 with one class, 6 with two."""
    names = list(WORDS)
    ones: dict[str, tuple[str, ...]] = {f"{name}_{number}.txt": (name,) for name in names for number in range(6)}
    twos: dict[str, tuple[str, ...]] = {
        f"Both_{number}.txt": (names[number % 3], names[(number + 1) % 3]) for number in range(6)
    }
    return ones | twos


def current_labels(container: str, kind: str = "CustomMultiLabelClassification", **changes: Any) -> dict[str, Any]:
    """Labels in today's format."""
    documents: list[dict[str, Any]] = [
        {"location": name, "language": "en-us", "classes": [{"category": it} for it in classes]}
        for name, classes in labelled_texts().items()
    ]
    if "Single" in kind:
        documents = [
            {"location": name, "language": "en-us", "class": {"category": classes[0]}}
            for name, classes in labelled_texts().items()
            if len(classes) == 1
        ]
    metadata = {"projectKind": kind, "storageInputContainerName": container, "language": "en-us", "projectName": None}
    return {
        "projectFileVersion": "2022-05-01",
        "stringIndexType": "Utf16CodeUnit",
        "metadata": metadata,
        "assets": {"projectKind": kind, "classes": [{"category": name} for name in WORDS], "documents": documents},
        **changes,
    }


def preview_labels() -> dict[str, Any]:
    """Labels in the quickstart's format."""
    documents = [
        {"location": name, "language": "en-us", "classifiers": [{"classifierName": it} for it in classes]}
        for name, classes in labelled_texts().items()
    ]
    return {"classifiers": [{"name": name} for name in WORDS], "documents": documents}


def upload_texts(blobs: BlobServiceClient) -> str:
    """A new container with the labelled texts and, in both formats, their labels."""
    name = f"texts{uuid.uuid4().hex[:8]}"
    container = blobs.create_container(name)
    for number, (location, classes) in enumerate(labelled_texts().items()):
        container.upload_blob(location, text_about(*classes, number=number))
    container.upload_blob("preview.json", json.dumps(preview_labels()))
    container.upload_blob("current.json", json.dumps(current_labels(name)))
    container.upload_blob("single.json", json.dumps(current_labels(name, "CustomSingleLabelClassification")))
    return name


@dataclass(frozen=True)
class Caller:
    """Asks the service as a client would: with the key, and following what it says."""

    service: LanguageService

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """`path` may be an absolute address that the service gave. Today's protocols get their api-version."""
        address = path if path.startswith("http") else self.service.endpoint + path
        if path.startswith(("/language/authoring/", "/language/analyze-text/")):
            query = {"api-version": VERSION, **query}
        key = {"Ocp-Apim-Subscription-Key": self.service.key}
        query = {name: value for name, value in query.items() if value is not None}
        return requests.request(method, address, json=body, params=query, headers=key, timeout=30)

    def until(self, address: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What stands at the address once it is as wanted."""
        deadline = time.monotonic() + 60
        while True:
            answer = self("GET", address)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            if wanted(found):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.01)

    def ended(self, answer: requests.Response) -> dict[str, Any]:
        """The end of the job that this 202 began."""
        assert answer.status_code == 202, answer.text
        address = answer.headers.get("operation-location") or answer.headers["location"]
        return self.until(address, lambda job: job["status"] not in ("notStarted", "running", "inProgress"))

    def done(self, answer: requests.Response) -> dict[str, Any]:
        job = self.ended(answer)
        assert job["status"] in ("succeeded", "completed"), job
        return job


def import_labels(call: Caller, project: str, texts: str, kind: str = "CustomMultiLabelClassification") -> None:
    call.done(call("POST", f"{CURRENT}/{project}/:import", current_labels(texts, kind)))


def train(call: Caller, project: str, label: str = "M", **options: Any) -> dict[str, Any]:
    body = {"modelLabel": label, "trainingConfigVersion": "latest", **options}
    return call.done(call("POST", f"{CURRENT}/{project}/:train", body))


def deploy_model(call: Caller, project: str, label: str = "M", name: str = "D") -> None:
    call.done(call("PUT", f"{CURRENT}/{project}/deployments/{name}", {"trainedModelLabel": label}))


def train_project(call: Caller, project: str, texts: str, kind: str = "CustomMultiLabelClassification") -> None:
    """A project with labels and a model M."""
    import_labels(call, project, texts, kind)
    train(call, project)


def deploy_project(call: Caller, project: str, texts: str, kind: str = "CustomMultiLabelClassification") -> None:
    """A project with labels and a model M, which is deployed as D."""
    train_project(call, project, texts, kind)
    deploy_model(call, project)


def create_preview(call: Caller, project: str, texts: str, **changes: Any) -> requests.Response:
    body = {
        "name": project,
        "modelType": "MultiClassification",
        "multiLingual": False,
        "description": "Notices",
        "culture": "en-US",
        "storageInputContainerName": texts,
        "labelsLocation": "preview.json",
        **changes,
    }
    return call("POST", PREVIEW, body)


def publish_preview(call: Caller, project: str, model: str) -> str:
    """Trains and publishes as the quickstart does; gives the model id."""
    task: Mapping[str, Any] = {"tasks": [{"trainingModelName": model}]}
    call.done(call("POST", f"{PREVIEW}/{project}/train", task))
    job = call.done(call("POST", f"{PREVIEW}/{project}/publish", task))
    return str(job["tasks"][0]["modelId"])


@dataclass(frozen=True)
class Deployed:
    """Two projects whose model is deployed as D and published: their names, and the ids of the published models."""

    multi: str
    single: str
    multi_id: str
    single_id: str


def deploy_both(call: Caller, texts: str) -> Deployed:
    """A project of each kind, trained, published, and deployed as D."""
    kinds = {"MultiClassification": "preview.json", "SingleClassification": "single.json"}
    ids = []
    for kind, labels in kinds.items():
        assert create_preview(call, kind, texts, modelType=kind, labelsLocation=labels).status_code == 201
        ids.append(publish_preview(call, kind, "M"))
        deploy_model(call, kind)
    return Deployed(*kinds, *ids)


def input_document(number: int, *classes: str) -> dict[str, str]:
    return {"id": str(number), "text": text_about(*classes, number=number) if classes else "", "language": "en"}
