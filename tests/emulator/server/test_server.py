"""The service as a command, and as a part of this process."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from local.errors import SetupError
from local.language.server import server
from local.language.server.server import running
from local.stack.azurite import Azurite

ROOT = Path(__file__).parents[3]
READY = re.compile(r"The Language service answers at (http://127\.0\.0\.1:\d+)\n")


@contextmanager
def command(*words: str) -> Iterator[subprocess.Popen[str]]:
    started = [sys.executable, "-m", "local", "language", *words]
    with subprocess.Popen(started, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(azurite: Azurite, tmp_path: Path, number: int) -> None:
    words = ["--key", "K", "--state", str(tmp_path / "s"), "--storage", azurite.connection_string, "--pace", "seconds"]
    limited = ["--requests-per-minute", "9", "--authoring-reads-per-minute", "1", "--text-records", "5"]
    with command(*words, "--pace", "analyze=5s", *limited) as process:
        assert process.stdout is not None
        ready = READY.fullmatch(process.stdout.readline())
        assert ready is not None
        query = {"api-version": "2023-04-01"}
        address = f"{ready[1]}/language/authoring/analyze-text/projects"
        answer = requests.get(address, query, headers={"Ocp-Apim-Subscription-Key": "K"}, timeout=30)
        assert answer.json() == {"value": [], "nextLink": None}
        again = requests.get(address, query, headers={"Ocp-Apim-Subscription-Key": "K"}, timeout=30)
        assert (again.status_code, "F0" in again.json()["error"]["message"]) == (429, True)
        os.kill(process.pid, number)
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output, errors) == (0, "", "")


def test_a_storage_that_cannot_be_understood_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with command("--state", str(tmp_path), "--storage", "AccountKey=secret") as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert errors == "The storage connection string is not valid.\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"port": 99_999}, "choose another --port"),
        ({"port": -1}, "127.0.0.1:-1 cannot be used"),
        ({"address": "192.0.2.1"}, "choose another --address"),
        ({"address": ""}, "The address to listen on is empty"),
        ({"address": f"{'a' * 64}.example"}, "cannot be used"),
        ({"key": ""}, "The key must not be empty"),
        ({"key": "two\nlines"}, "The key must not be empty"),
        ({"key": " "}, "The key must not be empty"),
        ({"key": "schl\u00fcssel"}, "The key must not be empty"),
        ({"key": "\udcff"}, "The key must not be empty"),
    ],
)
def test_an_option_that_makes_no_sense_is_told(
    azurite: Azurite, tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    with (
        pytest.raises(SetupError, match=re.escape(told)),
        running(azurite.connection_string, state=tmp_path, **options),
    ):
        pass


@pytest.mark.parametrize(
    ("option", "word", "told"),
    [
        ("--requests-per-minute", "-5", "'-5' is not a whole number of 0 or more"),
        ("--text-records", "x", "'x' is not a whole number of 0 or more"),
        ("--state", "", "it is empty"),
        ("--storage", "", "it is empty"),
    ],
)
def test_a_word_that_makes_no_sense_is_told(
    capsys: pytest.CaptureFixture[str], option: str, word: str, told: str
) -> None:
    parser = argparse.ArgumentParser()
    server.arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--state", "s", "--storage", "x", f"{option}={word}"])
    assert f"argument {option}: {told}" in capsys.readouterr().err


def test_a_state_folder_in_use_is_refused(azurite: Azurite, tmp_path: Path) -> None:
    words = ("--state", str(tmp_path), "--storage", azurite.connection_string)
    with command(*words) as first:
        assert first.stdout is not None
        assert READY.fullmatch(first.stdout.readline())
        with command(*words) as second:
            _, errors = second.communicate(timeout=60)
        assert (second.returncode, f"is in use by another Language service (process {first.pid})" in errors) == (
            1,
            True,
        )


def test_a_port_that_is_taken_is_named(azurite: Azurite, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        expected = pytest.raises(SetupError, match=f"127.0.0.1:{port} cannot be used .*: choose another --port")
        with expected, running(azurite.connection_string, state=tmp_path, port=port):
            pass


def test_a_service_ends_with_its_block_even_when_that_breaks(start: Callable[..., Any]) -> None:
    endpoints = []

    def broken() -> None:
        with start() as call:
            endpoints.append(call.service.endpoint)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        broken()
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoints[0], timeout=5)


def test_storage_that_does_not_answer_is_told(tmp_path: Path, azurite: Azurite) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{nobody.getsockname()[1]}"
        storage = azurite.connection_string.replace(f"127.0.0.1:{azurite.blob_port}", here)
        with running(storage, state=tmp_path) as service:
            body = {
                "name": "P",
                "modelType": "MultiClassification",
                "storageInputContainerName": "texts",
                "labelsLocation": "labels.json",
            }
            address = f"{service.endpoint}/language/text/authoring/v1.0-preview.2/projects"
            answer = requests.post(address, json=body, headers={"Ocp-Apim-Subscription-Key": service.key}, timeout=60)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ServiceUnavailable")
