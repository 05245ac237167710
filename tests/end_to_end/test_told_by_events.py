"""From a file to its result with BLOB_TRIGGER_SOURCE=EventGrid and keys, with every event sent twice."""

from __future__ import annotations

import re
from pathlib import Path

from local.cli import quickstart, training_data
from local.cli.client import Client
from local.host.http.key_auth import BLOBS
from local.stack import launch
from local.stack.event_grid import TIMES, EventGrid
from shared.domain.documents import DocumentState
from tests.host.host_apps import eventually

SECONDS = 60.0  # for what takes a few
ENDED = re.compile(r"\[document_landed \S+\] Succeeded after")


def test_each_file_that_is_told_of_twice_has_one_result_and_one_document(tmp_path: Path) -> None:
    files = training_data.texts(training_data.DROP)
    with launch.running(state=tmp_path, pace="instant", source="EventGrid", auth=True) as started:
        keys = started.read_keys()
        assert keys
        client, events = Client(started), EventGrid(started.root, keys.system[BLOBS])
        quickstart.learn(client, training_data.samples())
        assert quickstart.drop(client, files, SECONDS, events) == 0
        log, names = tmp_path / launch.LOG, sorted(file.name for file in files)
        eventually(lambda: len(ENDED.findall(log.read_text())) == TIMES * len(names), SECONDS)
        asked = {state: client.call("GET", f"documents?state={state.value}")["value"] for state in DocumentState}
    assert {state for state, documents in asked.items() if documents} == {DocumentState.SUCCEEDED}
    assert sorted(one["name"] for one in asked[DocumentState.SUCCEEDED]) == names
    assert "Failed" not in log.read_text()
