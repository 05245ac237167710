"""azure-ai-textanalytics 5.4.0 against the local Language service, at both of the api-versions it classifies with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.sdk_clients.client_process import Client, Raised
from tests.support.language_caller import START, Deployed, input_document

EMPTY = {"id": "2", "error": ["InvalidDocument", "Document text is empty."]}
DAY = 24 * 3600


@pytest.fixture(params=["2022-05-01", "2023-04-01"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def best(result: dict[str, Any]) -> str:
    return str(result["classes"][0][0])


def test_many_labels(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    documents = [input_document(1, "Space"), input_document(2, "Cooking")]
    found = today("classify", kind="multi", documents=documents, target=[deployed.multi, "D"], at=[*at, version])
    one, two = found["results"]
    assert (one["id"], best(one), one["statistics"]) == ("1", "Space", None)
    assert (two["id"], best(two)) == ("2", "Cooking")
    assert all(0 < confidence <= 1 for _, confidence in one["classes"] + two["classes"])
    assert found["details"] == {
        "status": "succeeded",
        "name": None,
        "lifetime": DAY,
        "modified": True,
        "counts": [1, 0, 0],
    }


def test_a_single_label(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    documents = [input_document(1, "Space"), input_document(2, "Sailing")]
    found = today("classify", kind="single", documents=documents, target=[deployed.single, "D"], at=[*at, version])
    assert [[name for name, _ in one["classes"]] for one in found["results"]] == [["Space"], ["Sailing"]]


def test_actions_of_both_kinds(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    targets = [["multi", deployed.multi, "D"], ["single", deployed.single, "D"], ["multi", deployed.multi, "D"]]
    documents = [input_document(1, "Space"), input_document(2, "Cooking")]
    found = today("actions", documents=documents, targets=targets, at=[*at, version])
    assert [[best(one) for one in results] for results in found["results"]] == [["Space"] * 3, ["Cooking"] * 3]
    assert (found["details"]["name"], found["details"]["counts"]) == ("J", [3, 0, 0])


def test_statistics(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    documents = [input_document(1, "Space"), {"id": "2", "text": "é" * 1001}]
    found = today(
        "classify",
        kind="multi",
        documents=documents,
        target=[deployed.multi, "D"],
        at=[*at, version],
        show_stats=True,
    )
    assert [one["statistics"] for one in found["results"]] == [[len(documents[0]["text"]), 1], [1001, 2]]


def test_an_error_of_one_document(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    documents = [input_document(1, "Space"), input_document(2), input_document(3, "Cooking")]
    found = today("classify", kind="multi", documents=documents, target=[deployed.multi, "D"], at=[*at, version])
    assert found["results"][1] == EMPTY
    assert [best(found["results"][place]) for place in (0, 2)] == ["Space", "Cooking"]
    assert found["details"]["status"] == "succeeded"


def test_pages(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    documents = [input_document(number, "Space") for number in range(25)]
    found = today("classify", kind="multi", documents=documents, target=[deployed.multi, "D"], at=[*at, version])
    assert [one["id"] for one in found["results"]] == [str(number) for number in range(25)]


def test_a_cancelled_job(today: Client, start: Callable[..., Any], deployed: Deployed, version: str) -> None:
    with start(clock=Clock(START), pace="realistic") as service:
        documents = [input_document(1, "Space"), input_document(2, "Cooking")]
        address = [service.endpoint, service.key, version]
        found = today("cancel", documents=documents, target=[deployed.multi, "D"], at=address)
        [asked] = [it for it in service.requests if it.path.endswith(":cancel")]
        assert (asked.method, asked.status, asked.query) == ("POST", 202, {"api-version": version})
    assert (found["details"]["status"], found["details"]["counts"]) == ("cancelled", [0, 0, 0])
    assert [one["id"] for one in found["results"]] == ["1", "2"]
    assert all("error" in one for one in found["results"])


def test_a_finished_job_cannot_be_cancelled(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    with pytest.raises(Raised, match="as its already completed") as raised:
        today(
            "cancel_finished", documents=[input_document(1, "Space")], target=[deployed.multi, "D"], at=[*at, version]
        )
    assert (raised.value.kind, raised.value.status, raised.value.code) == ("HttpResponseError", 400, "InvalidRequest")


def test_a_failed_action_is_an_error_of_each_of_its_documents(
    today: Client, start: Callable[..., Any], tmp_path: Path, deployed: Deployed, version: str
) -> None:
    models = [folder for folder in (tmp_path / "language" / "models").iterdir() if folder.name.startswith("M-")]
    targets = [["multi", deployed.multi, "D"], ["single", deployed.single, "D"]]
    documents = [input_document(1, "Space"), input_document(2, "Cooking")]
    for file in max(models, key=lambda folder: folder.stat().st_mtime).iterdir():  # the single-label one came last
        file.write_bytes(b"not a model")
    with start() as service:
        found = today("actions", documents=documents, targets=targets, at=[service.endpoint, service.key, version])
    assert [best(results[0]) for results in found["results"]] == ["Space", "Cooking"]
    message = "The model cannot be used: train it again."
    assert [results[1]["error"] for results in found["results"]] == [["InternalServerError", message]] * 2
    assert found["details"]["status"] == "partiallyCompleted"


@pytest.mark.parametrize(
    ("documents", "code"),  # the client takes the inner one
    [
        ([input_document(number, "Space") for number in range(26)], "InvalidDocumentBatch"),
        ([input_document(1, "Space")] * 2, "InvalidDocument"),
        ([input_document(1), input_document(2)], "InvalidDocumentBatch"),
    ],
    ids=["too many", "the same id twice", "all empty"],
)
def test_documents_that_are_refused(
    today: Client, at: list[str], deployed: Deployed, documents: list[dict[str, str]], code: str
) -> None:
    with pytest.raises(Raised) as raised:
        today("classify", kind="multi", documents=documents, target=[deployed.multi, "D"], at=[*at, "2023-04-01"])
    refusal = raised.value
    assert (refusal.kind, refusal.status, refusal.code) == ("HttpResponseError", 400, code)


def test_an_unknown_project(today: Client, at: list[str], version: str) -> None:
    with pytest.raises(Raised) as raised:
        today("classify", kind="multi", documents=[input_document(1, "Space")], target=["P", "D"], at=[*at, version])
    assert (raised.value.kind, raised.value.status) == ("ResourceNotFoundError", 404)


def test_a_wrong_key(today: Client, at: list[str], deployed: Deployed, version: str) -> None:
    documents, target = [input_document(1, "Space")], [deployed.multi, "D"]
    with pytest.raises(Raised, match="invalid subscription key") as raised:
        today("classify", kind="multi", documents=documents, target=target, at=[at[0], "wrong", version])
    assert (raised.value.kind, raised.value.status) == ("ClientAuthenticationError", 401)
