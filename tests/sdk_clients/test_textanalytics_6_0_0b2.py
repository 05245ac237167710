"""azure-ai-textanalytics 6.0.0b2 against the local Language service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.sdk_clients.client_process import Client, Raised
from tests.support.language_caller import START, Deployed, input_document

OWN = "2025-11-15-preview"


@pytest.mark.parametrize("version", [OWN, "2023-04-01", "2025-11-01"])
def test_actions_of_both_kinds(newest: Client, at: list[str], deployed: Deployed, version: str) -> None:
    targets = [["multi", deployed.multi, "D"], ["single", deployed.single, "D"]]
    documents = [input_document(1, "Space"), input_document(2), input_document(3, "Cooking")]
    found = newest("analyze", documents=documents, targets=targets, at=[*at, version])
    kinds = ["CustomMultiLabelClassificationLROResults", "CustomSingleLabelClassificationLROResults"]
    names = [f"multi of {deployed.multi}", f"single of {deployed.single}"]
    expected = {
        "status": "succeeded",
        "classes": {"1": ["Space"], "3": ["Cooking"]},
        "errors": {"2": "Invalid Document in request."},
    }
    assert (found["status"], found["name"]) == ("succeeded", "J")
    assert found["pages"] == [
        [{"name": name, "kind": kind, **expected} for name, kind in zip(names, kinds, strict=True)]
    ]


def test_pages(newest: Client, at: list[str], deployed: Deployed) -> None:
    documents = [input_document(number, "Space") for number in range(25)]
    found = newest("analyze", documents=documents, targets=[["multi", deployed.multi, "D"]], at=[*at, OWN])
    assert [len(page[0]["classes"]) for page in found["pages"]] == [20, 5]


def test_statistics(newest: Client, at: list[str], deployed: Deployed) -> None:
    documents = [input_document(1, "Space"), input_document(2)]
    found = newest("statistics", documents=documents, targets=[["multi", deployed.multi, "D"]], at=[*at, OWN])
    assert found == [[2, 1, 1]]


def test_a_cancelled_job(newest: Client, start: Callable[..., Any], deployed: Deployed) -> None:
    with start(clock=Clock(START), pace="realistic") as service:
        address, targets = [service.endpoint, service.key, OWN], [["multi", deployed.multi, "D"]]
        found = newest("cancel", documents=[input_document(1, "Space")], targets=targets, at=address)
    [item] = found["items"]
    assert (found["status"], item["status"], item["classes"], item["errors"]) == ("cancelled", "cancelled", {}, {})


def test_a_job_that_is_cancelled_after_so_many_seconds(
    newest: Client, start: Callable[..., Any], deployed: Deployed
) -> None:
    with start(clock=Clock(START), pace="realistic") as service:
        address, targets = [service.endpoint, service.key, OWN], [["multi", deployed.multi, "D"]]
        job = newest("submit", documents=[input_document(1, "Space")], targets=targets, at=address, cancel_after=5)
        service.clock.advance(60)
        assert newest("status", job=job, at=address) == "cancelled"


def test_a_wrong_key(newest: Client, at: list[str], deployed: Deployed) -> None:
    targets = [["multi", deployed.multi, "D"]]
    with pytest.raises(Raised, match="invalid subscription key") as raised:
        newest("analyze", documents=[input_document(1, "Space")], targets=targets, at=[at[0], "wrong", OWN])
    assert (raised.value.kind, raised.value.status) == ("ClientAuthenticationError", 401)
