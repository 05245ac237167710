"""Copies of projects, in the previews of today's authoring protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.emulator.authoring.previewing import newest, refusal
from tests.support.language_caller import CURRENT, Caller, Deployed, import_labels, train

MULTI = {"projectKind": "CustomMultiLabelClassification"}


def authorized(call: Caller, target: str, **changes: Any) -> dict[str, Any]:
    answer = newest(call, "POST", f"/{target}/:authorize-copy", MULTI | changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def labels(call: Caller, project: str) -> Any:
    job = call.done(call("POST", f"{CURRENT}/{project}/:export", stringIndexType="Utf16CodeUnit"))
    return call("GET", job["resultUrl"]).json()["assets"]


def test_a_copy_has_the_labels_and_settings_but_no_models(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
        call("PATCH", f"{CURRENT}/{project}", {"settings": {"confidenceThreshold": 0.3}, "description": "Notices"})
        train(call, project)
        allowed = authorized(call, "Copy")
        assert (allowed["targetProjectName"], allowed["expiresAt"]) == ("Copy", "2026-03-05T05:06:07Z")
        job = call.done(newest(call, "POST", f"/{project}/:copy", allowed))
        assert job.keys() == {"jobId", "createdDateTime", "lastUpdatedDateTime", "expirationDateTime", "status"}
        original, copied = (call("GET", f"{CURRENT}/{name}").json() for name in (project, "Copy"))
        for said in ("projectKind", "storageInputContainerName", "settings", "description", "language"):
            assert copied[said] == original[said]
        assert labels(call, "Copy") == labels(call, project)
        assert call("GET", f"{CURRENT}/Copy/models").json()["value"] == []
        train(call, "Copy")


def test_a_copy_may_read_its_texts_elsewhere(call: Caller, deployed: Deployed, project: str) -> None:
    allowed = authorized(call, project, storageInputContainerName="elsewhere")
    call.done(newest(call, "POST", f"/{deployed.multi}/:copy", allowed))
    assert call("GET", f"{CURRENT}/{project}").json()["storageInputContainerName"] == "elsewhere"


def test_a_project_is_only_copied_over_if_that_was_allowed(
    call: Caller, deployed: Deployed, texts: str, project: str
) -> None:
    import_labels(call, project, texts)
    assert refusal(newest(call, "POST", f"/{project}/:authorize-copy", MULTI)) == (409, "Conflict")
    allowed = authorized(call, project, allowOverwrite=True)
    train(call, project)
    call.done(newest(call, "POST", f"/{deployed.multi}/:copy", allowed))
    assert [it["label"] for it in call("GET", f"{CURRENT}/{project}/models").json()["value"]] == ["M"]
    single = {"projectKind": "CustomSingleLabelClassification", "allowOverwrite": True}
    assert refusal(newest(call, "POST", f"/{project}/:authorize-copy", single)) == (409, "Conflict")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"accessToken": "guessed"}, (403, "Forbidden")),
        ({"targetProjectName": "Another"}, (403, "Forbidden")),
        ({"projectKind": "CustomSingleLabelClassification"}, (403, "Forbidden")),
        ({"targetResourceId": "http://169.254.169.254/"}, (400, "InvalidArgument")),
        ({"targetResourceRegion": "westus"}, (400, "InvalidArgument")),
        ({"expiresAt": None}, (400, "InvalidRequest")),
    ],
)
def test_a_copy_that_was_not_allowed_like_this(
    call: Caller, deployed: Deployed, project: str, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    asked = authorized(call, project) | changes
    assert refusal(newest(call, "POST", f"/{deployed.multi}/:copy", asked)) == expected
    assert call("GET", f"{CURRENT}/{project}").status_code == 404


def test_a_project_of_another_kind_is_not_copied(call: Caller, deployed: Deployed, project: str) -> None:
    allowed = authorized(call, project)
    assert refusal(newest(call, "POST", f"/{deployed.single}/:copy", allowed)) == (400, "InvalidArgument")


def test_a_token_outlives_a_restart_but_not_its_day_and_is_not_on_disk(
    start: Callable[..., Any], clock: Clock, tmp_path: Path, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
        allowed = authorized(call, "Copy", allowOverwrite=True)
    grants = list((tmp_path / "language" / "grants").iterdir())
    files = [file.read_text() for file in (tmp_path / "language").rglob("*.json")]
    assert not any(allowed["accessToken"] in text for text in files)
    with start(clock=clock) as call:
        call.done(newest(call, "POST", f"/{project}/:copy", allowed))
        clock.advance(24 * 3600)
        assert refusal(newest(call, "POST", f"/{project}/:copy", allowed)) == (403, "Forbidden")
        authorized(call, "Other")
        assert [file for file in grants if file.exists()] == []


def test_a_copy_under_way_is_made_after_a_restart(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        first = call.service.endpoint
        answer = newest(call, "POST", f"/{project}/:copy", authorized(call, "Copy"))
        address = answer.headers["operation-location"].removeprefix(first)
    clock.advance(3600)
    with start(clock=clock) as call:
        call.until(call.service.endpoint + address, lambda job: job["status"] == "succeeded")
        assert labels(call, "Copy") == labels(call, project)


def test_a_copy_that_was_made_but_not_said_to_be_is_not_made_again(
    start: Callable[..., Any], clock: Clock, tmp_path: Path, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        answer = newest(call, "POST", f"/{project}/:copy", authorized(call, "Copy"))
        address = answer.headers["operation-location"].removeprefix(call.service.endpoint)
    before = {file: file.read_text() for file in (tmp_path / "language" / "jobs").iterdir()}
    clock.advance(3600)
    for _ in range(2):
        with start(clock=clock) as call:
            call.until(call.service.endpoint + address, lambda job: job["status"] == "succeeded")
        for file, text in before.items():  # as a process that was ended in between leaves it
            file.write_text(text)


def test_a_copy_that_is_no_longer_possible_fails(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="copy=60s") as call:
        import_labels(call, project, texts)
        copying = newest(call, "POST", f"/{project}/:copy", authorized(call, "Copy"))
        call("PATCH", f"{CURRENT}/Copy", {**MULTI, "projectName": "Copy", "storageInputContainerName": "x", "language": "en"})  # fmt: skip  # noqa: E501
        clock.advance(60)
        job = call.ended(copying)
        assert (job["status"], job["errors"][0]["code"]) == ("failed", "Conflict")


def test_only_previews_copy(call: Caller, deployed: Deployed, project: str) -> None:
    for path in (f"/{project}/:authorize-copy", f"/{deployed.multi}/:copy"):
        assert refusal(newest(call, "POST", path, MULTI, **{"api-version": "2023-04-01"})) == (404, "404")
