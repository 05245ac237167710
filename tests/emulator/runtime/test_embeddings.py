"""A service trains with the sentence embeddings it is given, and says what its models need where they are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.language.engine.embedding import INSTALL
from tests.emulator.runtime.analyzing import submit
from tests.fakes.embedding import Lexicon
from tests.support.language_caller import CURRENT, deploy_project, input_document


def test_a_model_needs_the_embeddings_it_was_trained_with(start: Callable[..., Any], texts: str, project: str) -> None:
    with start(embedding=Lexicon()) as call:
        deploy_project(call, project, texts)
        with_them = call.done(submit(call, project, input_document(1, "Space")))["tasks"]
    with start() as call:
        job = call.ended(submit(call, project, input_document(1, "Space")))
        evaluation = call("GET", f"{CURRENT}/{project}/models/M/evaluation/summary-result")
    needed = f"The model needs the sentence embeddings of lexicon 1; run `{INSTALL}`, or train it again."
    assert (job["status"], [error["message"] for error in job["errors"]]) == ("failed", [needed])
    assert (evaluation.status_code, evaluation.json()["error"]["message"]) == (404, needed)
    with start(embedding=Lexicon()) as call:
        assert (
            call.done(submit(call, project, input_document(1, "Space")))["tasks"]["items"][0]["results"]
            == (with_them["items"][0]["results"])
        )
