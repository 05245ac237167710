"""azure-ai-textanalytics 5.2.0b2 against the local Language service's v3.2-preview.2."""

from __future__ import annotations

import pytest

from tests.sdk_clients.client_process import Client, Raised
from tests.support.language_caller import Deployed, input_document


def test_actions_of_both_kinds(sibling: Client, at: list[str], deployed: Deployed) -> None:
    targets = [["multi", deployed.multi, "D"], ["single", deployed.single, "D"]]
    documents = [input_document(1, "Space"), input_document(2), input_document(3, "Cooking")]
    found = sibling("actions", documents=documents, targets=targets, at=at)
    one, two, three = found["results"]
    assert [result["classes"][0][0] for result in one + three] == ["Space", "Space", "Cooking", "Cooking"]
    assert two == [{"id": "2", "error": ["InvalidDocument", "Document text is empty."]}] * 2
    assert found["details"] == {
        "status": "succeeded",
        "name": "J",
        "lifetime": 24 * 3600,
        "modified": True,
        "counts": [2, 0, 0],
    }


def test_statistics(sibling: Client, at: list[str], deployed: Deployed) -> None:
    documents = [input_document(1, "Space"), {"id": "2", "text": "é" * 1001}]
    targets = [["multi", deployed.multi, "D"]]
    found = sibling("actions", documents=documents, targets=targets, at=at, show_stats=True)
    assert [one["statistics"] for [one] in found["results"]] == [[len(documents[0]["text"]), 1], [1001, 2]]


def test_pages(sibling: Client, at: list[str], deployed: Deployed) -> None:
    documents = [input_document(number, "Space") for number in range(25)]
    found = sibling("actions", documents=documents, targets=[["single", deployed.single, "D"]], at=at)
    assert [one["id"] for [one] in found["results"]] == [str(number) for number in range(25)]


def test_documents_that_are_refused(sibling: Client, at: list[str], deployed: Deployed) -> None:
    documents = [input_document(number, "Space") for number in range(26)]
    with pytest.raises(Raised) as raised:
        sibling("actions", documents=documents, targets=[["multi", deployed.multi, "D"]], at=at)
    assert (raised.value.status, raised.value.code) == (400, "InvalidDocumentBatch")


def test_a_wrong_key(sibling: Client, at: list[str], deployed: Deployed) -> None:
    targets = [["multi", deployed.multi, "D"]]
    with pytest.raises(Raised, match="invalid subscription key") as raised:
        sibling("actions", documents=[input_document(1, "Space")], targets=targets, at=[at[0], "wrong"])
    assert (raised.value.kind, raised.value.status) == ("ClientAuthenticationError", 401)
