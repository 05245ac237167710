"""Exported models, in the previews of today's authoring protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from local.language.conditions.clock import Clock
from local.language.engine import load_model
from tests.emulator.authoring.previewing import newest, refusal
from tests.support.language_caller import CURRENT, Caller, Deployed, text_about, train, train_project


def export(call: Caller, project: str, name: str, label: str = "M") -> None:
    call.done(newest(call, "PUT", f"/{project}/exported-models/{name}", {"trainedModelLabel": label}))


def test_an_exported_model_stays_as_it_was_until_it_is_deleted(
    start: Callable[..., Any], clock: Clock, tmp_path: Path, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        train_project(call, project, texts)
        [model] = call("GET", f"{CURRENT}/{project}/models").json()["value"]
        export(call, project, "E")
        train(call, project)
        expected = {
            "exportedModelName": "E",
            "modelId": model["modelId"],
            "lastTrainedDateTime": "2026-03-04T05:06:07Z",
            "lastExportedModelDateTime": "2026-03-04T05:06:07Z",
            "modelExpirationDate": "2027-03-04",
            "modelTrainingConfigVersion": "2022-05-01",
        }
    with start(clock=clock) as call:
        assert newest(call, "GET", f"/{project}/exported-models").json()["value"] == [expected]
        assert newest(call, "GET", f"/{project}/exported-models/E").json() == expected
        folder = tmp_path / "language" / "models" / model["modelId"]
        assert folder.exists()
        call.done(newest(call, "DELETE", f"/{project}/exported-models/E"))
        assert not folder.exists()
        assert refusal(newest(call, "GET", f"/{project}/exported-models/E")) == (404, "NotFound")


def test_a_manifest_leads_to_files_that_are_the_model(call: Caller, tmp_path: Path, texts: str, project: str) -> None:
    train_project(call, project, texts)
    export(call, project, "E")
    found = newest(call, "GET", f"/{project}/exported-models/E/manifest").json()["modelFiles"]
    assert [file["name"] for file in found] == ["arrays.npz", "model.json"]
    for file in found:
        (tmp_path / file["name"]).write_bytes(call("GET", file["contentUri"]).content)
        assert requests.get(file["contentUri"], timeout=30).status_code == 401
    model = load_model(tmp_path)
    assert [name for name, _ in model.classify([text_about("Space")])[0]] == ["Space"]
    gone = f"/{project}/exported-models/E/files/..%2Fmodel.json"
    assert newest(call, "GET", gone).status_code == 404
    assert refusal(newest(call, "GET", f"/{project}/exported-models/E/files/secret")) == (404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "E", {"trainedModelLabel": "nobody"}, (404, "NotFound")),
        ("PUT", "a b", {"trainedModelLabel": "M"}, (400, "InvalidArgument")),
        ("PUT", "E", {}, (400, "InvalidRequest")),
        ("DELETE", "E", None, (404, "NotFound")),
        ("GET", "E/manifest", None, (404, "NotFound")),
    ],
)
def test_what_cannot_be_exported(
    *, call: Caller, deployed: Deployed, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    assert refusal(newest(call, method, f"/{deployed.multi}/exported-models/{path}", body)) == expected


def test_only_previews_export_models(call: Caller, deployed: Deployed) -> None:
    assert refusal(call("GET", f"{CURRENT}/{deployed.multi}/exported-models")) == (404, "404")


def test_an_export_under_way_is_made_after_a_restart(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        train_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        answer = newest(call, "PUT", f"/{project}/exported-models/E", {"trainedModelLabel": "M"})
        address = answer.headers["operation-location"].removeprefix(call.service.endpoint)
        assert refusal(newest(call, "GET", f"/{project}/exported-models/E")) == (404, "NotFound")
    clock.advance(3600)
    with start(clock=clock) as call:
        call.until(call.service.endpoint + address, lambda job: job["status"] == "succeeded")
        assert newest(call, "GET", f"/{project}/exported-models/E").status_code == 200


def test_there_are_no_prebuilt_entities(call: Caller) -> None:
    found = newest(call, "GET", "/global/prebuilt-entities")
    assert (found.status_code, found.json()) == (200, {"value": [], "nextLink": None})
