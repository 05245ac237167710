"""A training can be ended at any time: by a caller, by a signal to the service, and by the end of the service."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from local.stack.azurite import Azurite
from tests.emulator.training_processes import (
    LISTED,
    TRAIN,
    begin_training,
    ended_soon,
    service_process,
    training_of,
    upload_long_training,
)
from tests.support.language_caller import CURRENT, Caller, train_project

DEADLINE = 4.5  # seconds: less than the service waits for requests when it stops

pytestmark = LISTED


@pytest.fixture(scope="module")
def labels(blobs: BlobServiceClient) -> dict[str, Any]:
    return upload_long_training(blobs)


def asked_without_an_answer(call: Caller) -> threading.Thread:
    """A request that the service is answering for a minute."""
    patience = {"kind": "latency", "seconds": 60, "match": {"path": "/languages$"}}
    assert call("POST", "/_local/faults", patience).status_code == 201

    def ask() -> None:
        with suppress(requests.RequestException):
            call("GET", f"{CURRENT}/global/languages", projectKind="CustomMultiLabelClassification")

    asking = threading.Thread(target=ask)
    asking.start()
    call.until("/_local/faults", lambda found: found["value"][0]["struck"] == 1)
    return asking


def unfinished_files(state: Path) -> list[Path]:
    """Files that are not complete, and those of a model."""
    return [file for file in state.rglob("*") if file.suffix in (".draft", ".partial") or "models" in file.parts[:-1]]


def test_a_caller_ends_a_training(start: Callable[..., Any], tmp_path: Path, labels: dict[str, Any]) -> None:
    with start() as call:
        job, training = begin_training(call, labels), training_of(os.getpid())
        assert call("POST", job.replace("?", "/:cancel?")).status_code == 202
        assert ended_soon(training, DEADLINE)
        assert call("GET", job).json()["status"] == "cancelled"
        assert call("GET", f"{CURRENT}/P/models").json()["value"] == []
        job = call("POST", f"{CURRENT}/P/:train", TRAIN).headers["operation-location"]
        training = training_of(os.getpid())  # which has hardly started
        call.done(call("DELETE", f"{CURRENT}/P"))
        assert ended_soon(training, DEADLINE)
        assert call("GET", job).status_code == 404
        assert unfinished_files(tmp_path / "language") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_training_ends_with_its_service_and_begins_again_with_the_next(
    azurite: Azurite, start: Callable[..., Any], tmp_path: Path, labels: dict[str, Any], number: int
) -> None:
    state = tmp_path / "language"
    with service_process(azurite.connection_string, state) as (process, call):
        job = begin_training(call, labels).removeprefix(call.service.endpoint)
        training = training_of(process.pid)
        asking = asked_without_an_answer(call) if number == signal.SIGTERM else None
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as Ctrl-C does
        else:
            process.send_signal(number)
        assert ended_soon(training, DEADLINE)
        if asking:
            process.kill()
            asking.join()
        else:
            output, errors = process.communicate(timeout=60)
            assert (output, errors) == ("", "")
    assert unfinished_files(state) == []
    with start() as call:
        again = call.service.endpoint + job
        assert call("GET", again).json()["status"] in ("notStarted", "running")
        refused = call("POST", f"{CURRENT}/P/:train", TRAIN)
        assert "is being trained" in refused.json()["error"]["message"]
        assert "wait until it has ended, or cancel it" in refused.json()["error"]["message"]
        assert call("POST", again.replace("?", "/:cancel?")).status_code == 202
        call.until(again, lambda job: job["status"] == "cancelled")
    assert unfinished_files(state) == []


def test_the_next_service_removes_a_model_that_was_being_saved(
    start: Callable[..., Any], tmp_path: Path, texts: str
) -> None:
    with start() as call:
        train_project(call, "P", texts)
    models = tmp_path / "language" / "models"
    (kept,) = models.iterdir()
    partial = models / "M-of-a-process-that-was-killed" / "arrays.npz.partial"
    partial.parent.mkdir()
    partial.write_bytes(b"PK")
    with start() as call:
        assert call("GET", f"{CURRENT}/P/models/M/evaluation/summary-result").status_code == 200
    assert list(models.iterdir()) == [kept]
