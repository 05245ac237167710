"""Calls of today's authoring protocol in its newest preview, and the figures of an evaluation."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.language_caller import CURRENT, Caller

NEWEST = "2025-05-15-preview"


def newest(call: Caller, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
    return call(method, f"{CURRENT}{path}", body, **{"api-version": NEWEST, **query})


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def evaluation(call: Caller, project: str, label: str = "M") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The summary, and the documents that it was made from."""
    at = f"/{project}/models/{label}/evaluation"
    documents = newest(call, "GET", f"{at}/result", stringIndexType="Utf16CodeUnit").json()["value"]
    return newest(call, "GET", f"{at}/summary-result").json(), documents
