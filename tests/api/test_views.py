"""Views: JSON for whatever is known, names in camelCase, and nothing that is not known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api import views
from shared.domain import document_json
from shared.domain.documents import Document, Reason
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.routing import ActiveClassifier
from shared.language.types import (
    Classifier,
    ClassScore,
    Deployment,
    Evaluation,
    Kind,
    Model,
    Progress,
    Project,
    Score,
    State,
)
from tests.support import values
from tests.support.values import CLASSIFIER, NOW

VIEWS: dict[type, Callable[[Any], document_json.View]] = {
    Document: document_json.document,
    Job: views.job,
    Operation: views.operation,
    Classifier: document_json.classifier,
    ActiveClassifier: lambda value: views.active_classifier(value, "publish"),
    Project: views.project,
    Model: views.model,
    Deployment: views.deployment,
    Evaluation: views.evaluation,
}
OPEN_KEYS = ("classes", "confusion", "steps", "parameters", "result")  # their keys are names from elsewhere
CAMEL = re.compile(r"[a-z][a-zA-Z0-9]*")


def names(view: Any) -> Iterator[tuple[str, Any]]:
    """Every name that is ours, with what it holds."""
    if isinstance(view, list):
        for item in view:
            yield from names(item)
    elif isinstance(view, Mapping):
        for name, held in view.items():
            yield name, held
            if name not in OPEN_KEYS or isinstance(held, list):
                yield from names(held)


@given(st.one_of([st.from_type(kind) for kind in VIEWS]))
def test_whatever_is_known_is_json_in_camel_case(value: Any) -> None:
    view = VIEWS[type(value)](value)
    json.dumps(view, allow_nan=False)
    for name, held in names(view):
        assert CAMEL.fullmatch(name)
        assert held is not None
        assert name != "version"


def test_a_document_that_waits() -> None:
    assert json.loads(json.dumps(document_json.document(values.document(language="fr")))) == {
        "key": values.document().key,
        "name": "a.txt",
        "state": "waiting",
        "etag": "0x1",
        "size": 5,
        "language": "fr",
        "lastModified": "2026-03-01T12:00:00+00:00",
        "landed": "2026-03-01T12:00:00+00:00",
        "timeline": [{"at": "2026-03-01T12:00:00+00:00", "what": "landed"}],
    }


def test_a_document_that_has_its_classes_and_one_to_which_none_apply() -> None:
    handed = values.document().submitted("j", NOW, NOW)
    view = document_json.document(
        handed.succeeded((ClassScore("Drama", 0.9), ClassScore("Comedy", 0.5)), CLASSIFIER, NOW)
    )
    assert view["classes"] == [{"category": "Drama", "confidence": 0.9}, {"category": "Comedy", "confidence": 0.5}]
    assert view["classifier"] == {
        "project": "Movies",
        "deployment": "production",
        "model": "first",
        "modelType": "MultiClassification",
    }
    assert view["ended"] == "2026-03-01T12:00:00+00:00"
    assert document_json.document(handed.succeeded((), CLASSIFIER, NOW))["classes"] == []


def test_a_document_that_failed() -> None:
    view = document_json.document(values.document().failed(Reason.BAD_INPUT, "The file is empty.", NOW))
    assert (view["state"], view["reason"], view["detail"]) == ("failed", "bad_input", "The file is empty.")
    assert "classes" not in view


def test_an_empty_file_has_a_size() -> None:
    assert document_json.document(values.document(size=0))["size"] == 0


def test_a_job_says_when_it_is_looked_at_next_until_it_ended() -> None:
    running = values.job(values.document()).running(("service-id",), NOW, NOW)
    view = views.job(running)
    assert (view["state"], view["serviceIds"], view["apiVersion"], view["polls"]) == (
        "running",
        ["service-id"],
        "2023-04-01",
        0,
    )
    assert view["documents"] == [values.document().key]
    assert view["nextLook"] == "2026-03-01T12:00:00+00:00"
    assert view["expires"] == "2026-03-02T12:00:00+00:00"
    assert "nextLook" not in views.job(running.done(NOW))


def test_an_operation_tells_its_progress_and_its_result() -> None:
    running = values.operation().running("s", NOW, NOW)
    halfway = views.operation(running.progressed(Progress(State.RUNNING, 0, {"training": "running"}), NOW, NOW))
    assert (halfway["percent"], halfway["steps"]) == (0, {"training": "running"})
    done = views.operation(running.succeeded({"model": "first"}, {}, NOW))
    assert (done["state"], done["percent"], done["result"]) == ("succeeded", 100, {"model": "first"})
    assert "nextLook" not in done


@pytest.mark.parametrize("source", ["publish", "setting"])
def test_a_classifier_says_where_it_is_from(source: str) -> None:
    assert views.active_classifier(ActiveClassifier(CLASSIFIER, NOW), source) == {
        **document_json.classifier(CLASSIFIER),
        "since": "2026-03-01T12:00:00+00:00",
        "from": source,
    }


def test_an_evaluation() -> None:
    score = Score(1.0, 0.5, 0.75, 1, 2, 3, 4)
    found = Evaluation(Kind.SINGLE, {"Sci_fi": score}, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, {"Sci_fi": {"Sci_fi": 1}})
    assert views.evaluation(found) == {
        "modelType": "SingleClassification",
        "microPrecision": 0.1,
        "microRecall": 0.2,
        "microF1": 0.3,
        "macroPrecision": 0.4,
        "macroRecall": 0.5,
        "macroF1": 0.6,
        "classes": {
            "Sci_fi": {
                "precision": 1.0,
                "recall": 0.5,
                "f1": 0.75,
                "truePositives": 1,
                "trueNegatives": 2,
                "falsePositives": 3,
                "falseNegatives": 4,
            }
        },
        "confusion": {"Sci_fi": {"Sci_fi": 1}},
    }


def test_a_project_that_is_not_multilingual_says_so() -> None:
    view = views.project(Project("Movies", Kind.MULTI, "training"))
    assert view == {
        "name": "Movies",
        "modelType": "MultiClassification",
        "multiLingual": False,
        "culture": "en-us",
        "storageInputContainerName": "training",
    }
