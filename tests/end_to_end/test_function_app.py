"""function_app.py: what the host sees of it, and what it does in a process without settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import azure.functions as func
import pytest

import function_app
from local.language.server.server import LanguageService
from local.stack.azurite import Azurite
from shared import services
from shared.settings import TODAY_API
from tests.fakes.services import in_memory
from tests.support.app_on_azurite import World, environment
from tests.worker.worker_process import working

ROOT = Path(__file__).parents[2]
LISTING = """
import json, function_app
print(json.dumps({f.get_function_name(): [json.loads(b) for b in f.get_raw_bindings()]
                  for f in function_app.app.get_functions()}))
"""


def listed(environ: dict[str, str]) -> dict[str, list[dict[str, object]]]:
    """Every function with its bindings, indexed in a process of its own with these settings and no others."""
    done = subprocess.run(
        [sys.executable, "-c", LISTING], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return found


def test_exactly_four_functions_as_ordered() -> None:
    found = listed({})
    blob, timer, (http, out) = found["document_landed"][0], found["tick"][0], found["manage"]
    page, _ = found["console"]
    assert found.keys() == {"document_landed", "tick", "manage", "console"}
    assert (blob["type"], blob["path"]) == ("blobTrigger", "%DOCUMENTS_CONTAINER%/{name}")
    assert (blob["connection"], blob["source"]) == ("DOCUMENTS_STORAGE", "LogsAndContainerScan")
    assert (timer["type"], timer["schedule"]) == ("timerTrigger", "%TICK_SCHEDULE%")
    assert (http["type"], http["route"], http["authLevel"]) == ("httpTrigger", "{*path}", "FUNCTION")
    assert (http["name"], out["type"]) == ("request", "http")
    assert (page["type"], page["route"], page["authLevel"]) == ("httpTrigger", "console/{*file}", "ANONYMOUS")


def test_the_trigger_source_is_a_setting_and_a_wrong_one_does_not_stop_indexing() -> None:
    assert listed({"BLOB_TRIGGER_SOURCE": "EventGrid"})["document_landed"][0]["source"] == "EventGrid"
    assert listed({"BLOB_TRIGGER_SOURCE": "nonsense"})["document_landed"][0]["source"] == "LogsAndContainerScan"


@pytest.mark.parametrize(("params", "body"), [({"top\udc80": "5"}, b""), ({}, b'{"\\ud800": 1}')])
def test_half_a_character_in_a_name_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, params: dict[str, str], body: bytes
) -> None:
    monkeypatch.setattr(services, "services", in_memory)
    method, path = "POST" if body else "GET", {"path": "documents"}
    request = func.HttpRequest(method=method, url="/api/documents", params=params, route_params=path, body=body)
    answer = function_app.manage(request)
    assert answer.status_code == 400
    assert json.loads(answer.get_body())["error"]["code"] == "BadRequest"


def test_without_settings_a_caller_is_told_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE_ENDPOINT", "DOCUMENTS_STORAGE", "DOCUMENTS_CONTAINER", "TICK_SCHEDULE"):
        monkeypatch.delenv(name, raising=False)
    services.forget()
    request = func.HttpRequest(method="GET", url="/api/health", route_params={"path": "health"}, body=b"")
    answer = function_app.manage(request)
    error = json.loads(answer.get_body())["error"]
    assert (answer.status_code, error["code"]) == (500, "SettingsError")
    for name in ("LANGUAGE_ENDPOINT", "DOCUMENTS_STORAGE", "DOCUMENTS_CONTAINER", "TICK_SCHEDULE"):
        assert f"{name} is missing" in error["message"]


def test_microsofts_worker_runs_them_all(
    worker_python: Path, azurite: Azurite, language_service: LanguageService, container: str
) -> None:
    settings = environment(azurite.connection_string, language_service, container, TODAY_API)
    world = World(azurite.connection_string, language_service, container, TODAY_API, function_app.clock())
    world.blobs.create_container(container)
    world.put("landed.txt", "One text among others")
    with working(worker_python, ROOT, settings) as worker:
        assert worker.functions.keys() == {"document_landed", "tick", "manage", "console"}
        worker.blob("document_landed", f"{container}/landed.txt", "One text among others")
        worker.timer("tick", past_due=False)
        answer = worker.http("manage", "GET", "http://127.0.0.1/api/documents", route={"path": "documents"})
        health = worker.http("manage", "GET", "http://127.0.0.1/api/health", route={"path": "health"})
        page = worker.http("console", "GET", "http://127.0.0.1/api/console/")
    [document] = json.loads(answer["body"])["value"]
    assert (document["name"], document["state"]) == ("landed.txt", "waiting")
    checks = {check["name"]: check["ok"] for check in json.loads(health["body"])["checks"]}
    assert checks["tick"]
    assert checks["container"]
    assert not checks["classifier"]
    assert page["status"] == 200
    assert page["headers"]["content-type"] == "text/html; charset=utf-8"
    assert "<title>textdrop</title>" in page["body"]
