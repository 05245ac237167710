"""How much a project, a text and a name may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import regex
from azure.storage.blob import BlobServiceClient
from hypothesis import given, settings
from hypothesis import strategies as st

from local.language.protocol.text_length import text_elements
from tests.support.language_caller import (
    CURRENT,
    PREVIEW,
    Caller,
    current_labels,
    import_labels,
    labelled_texts,
    text_about,
    train,
    train_project,
)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["\r\n", "\u0301", "\u200d", "\U0001f468", "\U0001f1e9", "가"]),
)
def test_a_text_is_as_long_as_its_grapheme_clusters(text: str, joining: str) -> None:
    for one in (text, joining.join(text), text + joining):
        assert text_elements(one) == len(regex.findall(r"\X", one))


def test_a_training_text_that_is_too_long_is_left_out(call: Caller, blobs: BlobServiceClient, project: str) -> None:
    container = blobs.create_container(project.lower())
    for number, (name, classes) in enumerate(labelled_texts().items()):
        container.upload_blob(name, text_about(*classes, number=number))
    location = next(iter(labelled_texts()))
    container.upload_blob(location, "x" * 128_001, overwrite=True)
    import_labels(call, project, container.container_name)
    trained = train(call, project)
    assert [it["message"] for it in trained["warnings"]] == [
        f"{location} was skipped: it has more than 128000 characters."
    ]


@pytest.mark.parametrize("name", ["global", "a b", "a:b", "x" * 101, "ä/b"])
def test_what_cannot_name_a_project(call: Caller, texts: str, name: str) -> None:
    body = {"name": name, "modelType": "MultiClassification", "storageInputContainerName": texts}
    answer = call("POST", PREVIEW, {**body, "labelsLocation": "preview.json"})
    assert (answer.status_code, "cannot name a project" in answer.json()["error"]["innererror"]["message"]) == (
        400,
        True,
    )


@pytest.mark.parametrize("name", ["swap", "a b", "x" * 51])
def test_what_cannot_name_a_deployment(call: Caller, texts: str, project: str, name: str) -> None:
    train_project(call, project, texts)
    answer = call("PUT", f"{CURRENT}/{project}/deployments/{name}", {"trainedModelLabel": "M"})
    assert (answer.status_code, "cannot name a deployment" in answer.json()["error"]["innererror"]["message"]) == (
        400,
        True,
    )


def test_there_are_500_projects_at_most(start: Callable[..., Any], texts: str) -> None:
    with start() as own:
        for number in range(500):
            body = {**current_labels(texts)["metadata"], "projectName": f"P{number}"}
            assert own("PATCH", f"{CURRENT}/P{number}", body).status_code == 201
        refused = own("PATCH", f"{CURRENT}/P500", {**body, "projectName": "P500"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "QuotaExceeded")
