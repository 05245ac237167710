"""The local Language service on one core: status polls a second, and documents a second against the engine alone.

The service is a process of its own, the calls come from this one, over connections that are kept. Where the system
allows it, the service has one core to itself and everything else the others. Beside the rates stand the seconds of
processor time where the system tells them: they do not suffer from what else the machine does.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import local
from typing import Any

from azure.storage.blob import BlobServiceClient

from local.language.engine import Example, TrainedModel, train
from local.language.server.server import collect_seldom
from local.stack import azurite

ROOT = Path(__file__).parents[1]
MOVIES = ROOT / "samples" / "movies"
KEY = "bench"
PROJECT = "/language/authoring/analyze-text/projects/movies"
JOBS = "/language/analyze-text/jobs"
VERSION = "?api-version=2023-04-01"
TASKS = [{"kind": "CustomMultiLabelClassification", "parameters": {"projectName": "movies", "deploymentName": "D"}}]
IN_JOB = 25
CALLERS = 8
PAUSE = 0.1
SECONDS = 3.0
ROUNDS = 5
POLLS_GOAL, RATIO_GOAL, TRAINING_GOAL = 1000, 0.8, 3.0


@dataclass(frozen=True)
class Material:
    labels: dict[str, Any]
    texts: dict[str, str]

    @property
    def documents(self) -> list[dict[str, str]]:
        """A full job."""
        texts = list(self.texts.values())
        return [{"id": str(number), "text": texts[number % len(texts)]} for number in range(IN_JOB)]


@dataclass(frozen=True)
class Measured:
    """Things done a second, and the seconds of processor time that each took."""

    rate: float
    processor: float


class Caller:
    """Asks with the key, over one connection a thread."""

    def __init__(self, port: int) -> None:
        self._port, self._kept = port, local()

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, str], bytes]:
        connection = self._kept.__dict__.setdefault("connection", HTTPConnection("127.0.0.1", self._port, timeout=60))
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Ocp-Apim-Subscription-Key": KEY})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def ended(self, begun: tuple[int, dict[str, str], bytes], pause: float = 0.01) -> dict[str, Any]:
        """The job that was begun, once it has ended. Fails unless it succeeded."""
        status, headers, content = begun
        assert status == HTTPStatus.ACCEPTED, content
        path = headers["operation-location"].split(str(self._port), 1)[1] + "&top=50"
        while True:
            found: dict[str, Any] = json.loads(self("GET", path)[2])
            if found["status"] not in ("notStarted", "running"):
                assert found["status"] == "succeeded", found
                return found
            time.sleep(pause)


def report() -> None:
    """Print the three figures, each beside its goal."""
    labels = json.loads((MOVIES / "labels.json").read_text())
    material = Material(labels, {file.name: file.read_text() for file in sorted((MOVIES / "train").glob("*.txt"))})
    with azurite.running() as storage, _serving(storage.connection_string) as (port, process):
        _upload(storage.connection_string, material)
        call = Caller(port)
        training = _learn(call, material)
        polls = [_polls(call, material, process) for _ in range(ROUNDS)]
        collect_seldom()  # as the service does
        pairs = [(_through_http(call, material, process), _alone(material)) for _ in range(ROUNDS)]
    ratio = median(http.rate / alone.rate for http, alone in pairs)
    of_processor = median(alone.processor / http.processor for http, alone in pairs)
    http, alone = (median(one.rate for one in side) for side in zip(*pairs, strict=True))
    rate, of_core = (median(one) for one in ([it.rate for it in polls], [1 / it.processor for it in polls]))
    print(f"status polls of a finished job of {IN_JOB}: {rate:,.0f} a second", end=", ")
    print(f"{of_core:,.0f} a second of processor time (goal: {POLLS_GOAL:,} a second on one core)")
    print(f"documents through jobs of {IN_JOB}: {http:,.0f} a second, the engine alone {alone:,.0f}", end="; ")
    print(f"ratio {ratio:.2f}, {of_processor:.2f} in processor time, over {ROUNDS} pairs (goal: at least {RATIO_GOAL})")
    print(f"training and evaluating over HTTP, {len(material.texts)} documents: {training:.1f} s", end=" ")
    print(f"(goal: at most {TRAINING_GOAL:.0f} s for 210)")


@contextmanager
def _serving(storage: str) -> Iterator[tuple[int, int]]:
    """The port and the process id of a service in a process of its own."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    with tempfile.TemporaryDirectory() as folder:
        words = ["--storage", storage, "--state", folder, "--key", KEY]
        command = [sys.executable, "-m", "local", "language", *words]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **_on(cores[-1:])) as process:
            assert process.stdout is not None
            ready = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert ready, "the service did not start"
            _stay_on(cores[:-1])
            try:
                yield int(ready[1]), process.pid
            finally:
                process.terminate()
                _stay_on(cores)


def _on(cores: list[int]) -> dict[str, Any]:
    return {"preexec_fn": lambda: os.sched_setaffinity(0, cores)} if cores else {}


def _stay_on(cores: list[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)


def _upload(storage: str, material: Material) -> None:
    with BlobServiceClient.from_connection_string(storage) as service:
        container = service.create_container("movies")
        for name, text in material.texts.items():
            container.upload_blob(name, text)


def _learn(call: Caller, material: Material) -> float:
    """The seconds that training took; the model is deployed then."""
    call.ended(call("POST", f"{PROJECT}/:import{VERSION}", material.labels))
    began = time.perf_counter()
    call.ended(call("POST", f"{PROJECT}/:train{VERSION}", {"modelLabel": "M", "trainingConfigVersion": "latest"}))
    took = time.perf_counter() - began
    call.ended(call("PUT", f"{PROJECT}/deployments/D{VERSION}", {"trainedModelLabel": "M"}))
    return took


def _submitted(call: Caller, material: Material) -> tuple[int, dict[str, str], bytes]:
    return call("POST", JOBS + VERSION, {"analysisInput": {"documents": material.documents}, "tasks": TASKS})


def _polls(call: Caller, material: Material, process: int) -> Measured:
    path = f"{JOBS}/{call.ended(_submitted(call, material))['jobId']}{VERSION}"
    return _measured(lambda: call("GET", path)[0] == HTTPStatus.OK, CALLERS, lambda: _processor(process), things=1)


def _through_http(call: Caller, material: Material, process: int) -> Measured:
    def classified() -> bool:
        found = call.ended(_submitted(call, material), pause=PAUSE)["tasks"]["items"][0]["results"]
        return len(found["documents"]) == IN_JOB

    return _measured(classified, CALLERS, lambda: _processor(process))


def _alone(material: Material) -> Measured:
    """Jobs of the same size through the engine, in this process, one after the other."""
    model, texts = _model(material), [document["text"] for document in material.documents]
    return _measured(lambda: len(model.classify(texts)) == IN_JOB, 1, time.process_time)


def _measured(once: Callable[[], bool], callers: int, clock: Callable[[], float], things: int = IN_JOB) -> Measured:
    """`things`: how many are done at once. `clock`: gives the processor time used so far."""
    began = clock()
    rate, done = _rate(once, callers)
    return Measured(things * rate, (clock() - began) / (things * done))


def _processor(process: int) -> float:
    """Seconds of processor time that a process has used; not a number where the system does not tell."""
    told = Path(f"/proc/{process}/stat")
    if not told.exists():
        return math.nan
    fields = told.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _model(material: Material) -> TrainedModel:
    assets = material.labels["assets"]
    examples = [
        Example(it["location"], material.texts[it["location"]], tuple(found["category"] for found in it["classes"]))
        for it in assets["documents"]
        if it.get("classes")
    ]
    return train(examples, [found["category"] for found in assets["classes"]], "multi")


def _rate(once: Callable[[], bool], callers: int) -> tuple[float, int]:
    """How often a second, and in all, so many callers at once get something done."""
    began = time.perf_counter()

    def one(_caller: int) -> int:
        done = 0
        while time.perf_counter() - began < SECONDS:
            assert once()
            done += 1
        return done

    with ThreadPoolExecutor(callers) as pool:
        done = sum(pool.map(one, range(callers)))
    return done / (time.perf_counter() - began), done


if __name__ == "__main__":
    report()
