"""Files in Azurite whose names the blob trigger never runs: the sweep classifies them, or fails them with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from local.host.triggers.path_pattern import never_runs
from local.stack.azurite import Azurite
from tests.support.azurite_files import AzuriteFiles, put_unchanged
from tests.support.full_day_script import SHIP
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier

CLASSIFIED = ("/a.txt", "a/", "//b.txt")
FAILED = ("a/./b.txt", "a/../b.txt", "../x.txt", ".")


@pytest.fixture
def swept(azurite: Azurite, container: str) -> Iterator[tuple[Instance, Stage]]:
    """An app over a container with a file of each name, after a sweep."""
    stage = Stage()
    app = app_with_classifier(stage)
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        files = AzuriteFiles(service, container)
        for name in (*CLASSIFIED, *FAILED):
            put_unchanged(service, container, name, SHIP.encode())
        stage.documents = files.documents  # type: ignore[assignment]  # the contract that both keep
        app = stage.instance()
        sweep(app)
        yield app, stage


def sweep(app: Instance) -> None:
    assert app.ask("POST", "sweep").status == 202
    app.ticks(4)


def states(stage: Stage) -> dict[str, str]:
    return {one.name: one.reason or one.state for one in stage.known()}


def test_the_sweep_ends_files_that_the_trigger_never_runs(swept: tuple[Instance, Stage]) -> None:
    app, stage = swept
    assert all(never_runs(name) for name in (*CLASSIFIED, *FAILED))
    ends = dict.fromkeys(CLASSIFIED, "succeeded") | dict.fromkeys(FAILED, "bad_input")
    assert states(stage) == ends
    for document in stage.known():
        result = stage.documents.result(document.name)
        assert (result and result["document"]) == (document.key if document.name in CLASSIFIED else None)
        assert document.state == "succeeded" or "Upload it with another name" in document.detail
    sweep(app)
    assert len(app.ask("POST", "documents/replay", {"state": "failed"}).body["value"]) == len(FAILED)
    app.ticks(4)
    assert states(stage) == ends
    stage.wait(2 * 86_400)
    purge = {"state": "ended", "olderThanDays": 1, "dryRun": True}
    assert app.ask("POST", "documents/purge", purge).body["value"] == []  # for all files are there
    assert set(stage.language.times_sent.values()) == {1}
