"""The state folder as it may be found: not to be written, cut short, or written by somebody else."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.errors import SetupError
from local.language.conditions.clock import Clock
from local.language.state.folder_lock import HOLDER
from local.language.state.records import InjectedOutcome
from local.language.state.state import State
from tests.support.language_caller import CURRENT, Caller, current_labels, deploy_model, import_labels, train

DRAFT = {"projectKind": "CustomMultiLabelClassification", "storageInputContainerName": "texts", "language": "en"}
PROJECT = {
    "name": "x",
    "kind": "multi",
    "container": "c",
    "language": "en",
    **dict.fromkeys(("created", "modified"), "2026-01-01T00:00:00+00:00"),
}


@contextmanager
def away(folder: Path) -> Iterator[None]:
    """Nothing can be written there until the block ends."""
    elsewhere = folder.with_suffix(".away")
    folder.rename(elsewhere)
    folder.write_text("in the way")
    try:
        yield
    finally:
        folder.unlink()
        elsewhere.rename(folder)


def patch(call: Caller, project: str) -> Any:
    return call("PATCH", f"{CURRENT}/{project}", {**DRAFT, "projectName": project})


def test_what_cannot_be_written_has_not_happened(start: Callable[..., Any], tmp_path: Path) -> None:
    with start() as call:
        assert patch(call, "Before").status_code == 201
        with away(tmp_path / "language" / "projects"):
            refused = patch(call, "P")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "ServiceUnavailable")
            assert "cannot write its state: Not a directory" in refused.json()["error"]["message"]
            assert call("GET", f"{CURRENT}/P").status_code == 404
            assert call("GET", f"{CURRENT}/Before").status_code == 200
        assert patch(call, "P").status_code == 201


@pytest.mark.parametrize("folder", ["projects", "jobs", "snapshots", "models"])
def test_a_job_whose_end_cannot_be_written_ends_when_it_can(
    start: Callable[..., Any], clock: Clock, tmp_path: Path, texts: str, folder: str
) -> None:
    with start() as call:
        import_labels(call, "P", texts)
        train(call, "P", "First")
    with start(clock=clock, pace="seconds") as call:
        body = {"modelLabel": "M", "trainingConfigVersion": "latest"}
        job = call("POST", f"{CURRENT}/P/:train", body).headers["operation-location"]
        clock.advance(2.3)
        call.until(job, lambda job: job["result"]["evaluationStatus"]["status"] == "succeeded")
        with away(tmp_path / "language" / folder):
            clock.advance(60)
            seen = set()
            for _ in range(2):
                assert call("GET", job).json()["status"] == "running"
                seen.add(call("GET", f"{CURRENT}/P/models/M").json().get("modelId"))
        assert call("GET", job).json()["status"] == "succeeded"
        made = call("GET", f"{CURRENT}/P/models/M").json()["modelId"]
        assert seen == ({made} if folder == "jobs" else {None})  # what has taken effect has done so for good
        assert call("GET", f"{CURRENT}/P/models/M/evaluation/summary-result").status_code == 200
    assert len(list((tmp_path / "language" / "models").iterdir())) == 2


def test_a_swap_that_is_done_again_swaps_once(
    start: Callable[..., Any], clock: Clock, tmp_path: Path, texts: str
) -> None:
    with start() as call:
        import_labels(call, "P", texts)
        for place in ("D", "E"):
            train(call, "P", place)
            deploy_model(call, "P", place, place)
    with start(clock=clock, pace="seconds") as call:
        names = {"firstDeploymentName": "D", "secondDeploymentName": "E"}
        job = call("POST", f"{CURRENT}/P/deployments/:swap", names).headers["operation-location"]
        shutil.copytree(tmp_path / "language" / "jobs", tmp_path / "before")
        clock.advance(60)
        call.until(job, lambda job: job["status"] == "succeeded")
        swapped = call("GET", f"{CURRENT}/P/deployments/D").json()["modelId"]
        assert swapped.startswith("E-")
        address = job.removeprefix(call.service.endpoint)
    shutil.copytree(tmp_path / "before", tmp_path / "language" / "jobs", dirs_exist_ok=True)  # its end was not written
    with start(clock=clock) as call:
        call.until(f"{call.service.endpoint}{address}", lambda job: job["status"] == "succeeded")
        assert call("GET", f"{CURRENT}/P/deployments/D").json()["modelId"] == swapped


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"name": "x", "value": null}',
        '{"name": "x", "value": []}',
        '{"name": "x", "value": ' + "[" * 100_000 + "]" * 100_000 + "}",
        json.dumps({"name": 5, "value": PROJECT}),
        json.dumps({"name": "x", "value": {**PROJECT, "kind": 5}}),
        json.dumps({"name": "x", "value": {**PROJECT, "models": []}}),
        json.dumps({"name": "x", "value": {**PROJECT, "labels": {"classes": "abc"}}}),
        json.dumps({"name": "x", "value": {**PROJECT, "created": "2026-01-01T00:00:00"}}),
        json.dumps({"name": "x", "value": {**PROJECT, "created": 5}}),
        json.dumps({"name": "x", "value": {**PROJECT, "unknown": 5}}),
    ],
)
def test_a_file_that_is_not_what_was_written_is_named(start: Callable[..., Any], tmp_path: Path, content: str) -> None:
    folder = tmp_path / "language" / "projects"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(content)
    with pytest.raises(SetupError, match=r"x\.json cannot be read"), start():
        pass


def test_a_folder_that_an_earlier_version_wrote_is_read(tmp_path: Path) -> None:
    """Fields that are no longer read are ignored; a stored name stays when the field in the code has another."""
    moment, later = "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00.250000+00:00"
    job: dict[str, Any] = {
        "id": "j",
        "kind": "analyze",
        "project": "",
        "created": moment,
        "expires": later,
        "moments": [moment, later],
        "asked": {"tasks": []},
        "input": {"documents": [{"id": "1", "text": "\ud83d"}]},
        "ending": None,
        "ended": None,
        "fate": {"kind": "lateJob", "seconds": 5, "documents": []},
        "cancels": later,
        "cancellation": None,
    }
    project = {**PROJECT, "trained": moment, "deployed": None, "labels": {"classes": ["a"], "documents": []}}
    for folder, name, value in (("analyses", "j", job), ("projects", "x", project)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "old.json").write_text(json.dumps({"name": name, "value": value}))
    state = State(tmp_path)
    [read], [labelled] = state.analyses.values(), state.projects.values()
    assert (read.request, read.cancel_at) == ({"tasks": []}, datetime(2026, 1, 2, microsecond=250_000, tzinfo=UTC))
    assert (read.injected, read.input) == (InjectedOutcome("lateJob", 5.0), job["input"])
    assert labelled.labels.classes == ("a",)
    state.analyses.put("j", read)
    [written] = [json.loads(file.read_text()) for file in (tmp_path / "analyses").iterdir() if file.name != "old.json"]
    assert written["value"].keys() == job.keys()
    assert State(tmp_path).analyses.values() == [read]


def test_a_folder_where_a_file_should_be_is_named(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "language" / "jobs" / "x.json").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"cannot be used: .*x\.json"), start():
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_keeps_nobody_from_reading(start: Callable[..., Any], tmp_path: Path) -> None:
    with start() as call:
        assert patch(call, "P").status_code == 201
    holder = tmp_path / "language" / HOLDER
    holder.unlink()
    holder.symlink_to("/dev/full")
    with start() as call:
        assert call("GET", f"{CURRENT}/P").status_code == 200


def _deep(folder: Path) -> None:
    (folder / "model.json").write_text("[" * 100_000)


def _folder(folder: Path) -> None:
    (folder / "model.json").unlink()
    (folder / "model.json").mkdir()


def _no_archive(folder: Path) -> None:
    """Arrays that are none, with the digest that belongs to them."""
    description = json.loads((folder / "model.json").read_text())
    (folder / "arrays.npz").write_bytes(b"PK\x03\x04 no more")
    description["arrays"] = hashlib.sha256(b"PK\x03\x04 no more").hexdigest()
    (folder / "model.json").write_text(json.dumps(description))


@pytest.mark.parametrize("spoil", [_deep, _folder, _no_archive, shutil.rmtree])
def test_a_model_that_cannot_be_read_is_told(
    start: Callable[..., Any], tmp_path: Path, texts: str, spoil: Callable[[Path], None]
) -> None:
    with start() as call:
        call.done(call("POST", f"{CURRENT}/P/:import", current_labels(texts)))
        train(call, "P")
    (folder,) = (tmp_path / "language" / "models").iterdir()
    spoil(folder)
    with start() as call:
        answer = call("GET", f"{CURRENT}/P/models/M/evaluation/summary-result")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
        assert "train it again" in answer.json()["error"]["message"]
