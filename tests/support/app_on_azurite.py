"""textdrop in one test: the app's three functions, over Azurite and a local Language service, with a clock to move."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.functions.blob import InputStream
from azure.functions.timer import TimerRequest
from azure.storage.blob import BlobServiceClient

import function_app
from local.language.server.server import LanguageService
from local.stack.azurite import Azurite
from shared import services

SECONDS = 60.0  # real ones, before a wait for a condition is given up
TEXTS = {  # a few words a class are enough to learn from
    "Cooking": "simmer onion butter saucepan oven recipe flour garlic roast stew",
    "Sailing": "harbour mast rigging anchor tide helm spinnaker buoy deck keel",
}


@dataclass
class World:
    storage: str
    language: LanguageService
    container: str
    api: str
    now: datetime

    @property
    def project(self) -> str:
        """A project of this test alone, at a service that all tests share."""
        return f"P{self.container}"

    def classifier_name(self) -> str:
        """What an analyze request calls this test's classifier."""
        found = self.get("classifier")
        return str(found.get("modelId") or found["project"])

    # --- what people and hosts do -------------------------------------------------------------------------------

    def put(self, name: str, content: str | bytes, container: str = "") -> None:
        raw = content.encode() if isinstance(content, str) else content
        self.blobs.get_blob_client(container or self.container, name).upload_blob(raw, overwrite=True)

    def delete(self, name: str) -> None:
        self.blobs.get_blob_client(self.container, name).delete_blob()

    def land(self, name: str) -> None:
        """The blob trigger fires, as the host hands it on: the name, and an ETag that nobody can use."""
        blob = InputStream(data=b"", name=f"{self.container}/{name}", blob_properties={"ETag": {}})
        function_app.document_landed(blob)

    def drop(self, name: str, content: str | bytes) -> None:
        self.put(name, content)
        self.land(name)

    def tick(self, after: timedelta = timedelta(seconds=10)) -> None:
        self.now += after
        function_app.tick(TimerRequest(past_due=False))

    def ask(
        self, method: str, path: str, body: Any = None, raw: bytes | None = None, kind: str = ""
    ) -> tuple[int, Any, Mapping[str, str]]:
        path, _, query = path.partition("?")
        request = func.HttpRequest(
            method=method,
            url=f"http://127.0.0.1/api/{path}",
            params={
                name: unquote(value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
            },
            headers={"Content-Type": kind} if kind else {},
            route_params={"path": path},
            body=raw if raw is not None else b"" if body is None else json.dumps(body).encode(),
        )
        answer = function_app.manage(request)
        return answer.status_code, json.loads(answer.get_body()), dict(answer.headers)

    def download(self, path: str, part: str = "") -> func.HttpResponse:
        """What is no JSON; `part` is a Range."""
        headers = {"Range": part} if part else {}
        params = {"path": path}
        url = f"http://127.0.0.1/api/{path}"
        request = func.HttpRequest(method="GET", url=url, headers=headers, route_params=params, body=b"")
        answer: func.HttpResponse = function_app.manage(request)
        return answer

    def get(self, path: str) -> Any:
        status, body, _ = self.ask("GET", path)
        assert status == 200, body
        return body

    # --- what is so ---------------------------------------------------------------------------------------------

    def result(self, name: str) -> Any:
        try:
            raw = self.blobs.get_blob_client(f"{self.container}-results", f"{name}.json").download_blob().readall()
        except ResourceNotFoundError:
            return None
        return json.loads(raw)

    def documents(self, state: str) -> dict[str, Any]:
        """The documents in this state, by name."""
        return {one["name"]: one for one in self.get(f"documents?state={state}&top=500")["value"]}

    def wire(self, method: str, ending: str) -> list[Any]:
        """The requests that reached the service, of this method and with this end of their path."""
        return [one for one in self.language.requests if one.method == method and one.path.endswith(ending)]

    def until(self, condition: Callable[[], Any], after: timedelta = timedelta(seconds=10)) -> Any:
        """Tick until it holds; fails at the deadline."""
        deadline = time.monotonic() + SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not come true in time"
            self.tick(after)
        return found

    # --- the quickstart's steps ---------------------------------------------------------------------------------

    def upload_training(self, container: str) -> None:
        self.blobs.create_container(container)
        documents = []
        for category, words in TEXTS.items():
            for number in range(10):
                name = f"{category}{number}.txt"
                self.put(name, f"{words} number {number}. " * 3, container)
                documents.append({"location": name, "language": "en-us", "classifiers": [{"classifierName": category}]})
        labels = {"classifiers": [{"name": category} for category in TEXTS], "documents": documents}
        self.put("labels.json", json.dumps(labels), container)

    def create(self, project: str = "") -> tuple[int, Any, Mapping[str, str]]:
        return self.ask(
            "POST",
            "projects",
            {
                "name": project or self.project,
                "modelType": "MultiClassification",
                "multiLingual": False,
                "description": "",
                "culture": "en-US",
                "storageInputContainerName": f"{self.container}-training",
                "labelsLocation": "labels.json",
            },
        )

    def begin(self, what: str, project: str = "") -> Any:
        path = f"projects/{project or self.project}/{what}"
        status, body, _ = self.ask("POST", path, {"tasks": [{"trainingModelName": "MyModel"}]})
        assert status == 202, body
        return body

    def ended(self, operation: Any) -> Any:
        """The operation, once it has ended; nobody but the tick follows it."""

        def look() -> Any:
            found = self.get(f"operations/{operation['key']}")
            return found if found["state"] in ("succeeded", "failed") else None

        return self.until(look)

    def publish(self) -> None:
        """A classifier for dropped files, made the quickstart's way."""
        self.upload_training(f"{self.container}-training")
        status, body, _ = self.create()
        assert status == 202, body
        assert self.ended(body)["state"] == "succeeded"
        for what in ("train", "publish"):
            assert self.ended(self.begin(what))["state"] == "succeeded"

    @property
    def blobs(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.storage)


def environment(storage: str, language: LanguageService, container: str, api: str) -> dict[str, str]:
    return {
        "LANGUAGE_ENDPOINT": language.endpoint,
        "LANGUAGE_KEY": language.key,
        "LANGUAGE_API": api,
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": container,
        "RESULTS_CONTAINER": f"{container}-results",
        "TICK_SCHEDULE": "*/10 * * * * *",
    }


@contextmanager
def running_world(
    azurite: Azurite, language: LanguageService, container: str, api: str, patch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The app of this process, pointed at these for the length of the block."""
    made = World(azurite.connection_string, language, container, api, datetime.now(UTC))
    for name, value in environment(made.storage, language, container, api).items():
        patch.setenv(name, value)
    patch.setattr(function_app, "clock", lambda: made.now)
    made.blobs.create_container(container)
    services.forget()
    yield made
    services.forget()
