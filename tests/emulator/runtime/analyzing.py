"""Analyze jobs in today's protocol, and faults for them."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.language_caller import Caller

JOBS = "/language/analyze-text/jobs"
FAULTS = "/_local/faults"


def submit(call: Caller, project: str, *documents: dict[str, str]) -> requests.Response:
    parameters = {"projectName": project, "deploymentName": "D"}
    task = {"kind": "CustomMultiLabelClassification", "parameters": parameters}
    return call("POST", JOBS, {"analysisInput": {"documents": documents}, "tasks": [task]})


def order(call: Caller, kind: str, **fields: Any) -> str:
    """The id of a fault that is there from now on."""
    answer = call("POST", FAULTS, {"kind": kind, **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def struck(call: Caller) -> dict[str, tuple[int, int]]:
    """How often each fault was looked at, and has struck."""
    return {item["id"]: (item["seen"], item["struck"]) for item in call("GET", FAULTS).json()["value"]}
