"""Authoring beyond the quickstart's steps, on the wire: literal requests, and answers as recorded or documented."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from shared.errors import InvalidResponse, ResourceNotFound
from shared.language.current import CurrentLanguage
from shared.language.preview import PreviewLanguage
from shared.language.types import (
    Kind,
    LabelledDocument,
    Labels,
    Model,
    Prediction,
    Project,
    SpokenLanguage,
    State,
)
from tests.support.json_mutations import mutated
from tests.support.language_messages import API, DEPLOYMENT, JOB, MODEL, PROJECT, PROJECTS, TICKET, TRAINING
from tests.support.wire import Wire, accepted, said

PREVIEW = "/language/text/authoring/v1.0-preview.2/projects"
INDEXED = "stringIndexType=Utf16CodeUnit"
MULTI_RESULT = {
    "location": "a.txt",
    "language": "en-us",
    "projectKind": "CustomMultiLabelClassification",
    "customMultiLabelClassificationResult": {"expectedClasses": ["Drama", "Comedy"], "predictedClasses": []},
}
SINGLE_RESULT = {
    "location": "b.txt",
    "language": "en-us",
    "projectKind": "CustomSingleLabelClassification",
    "customSingleLabelClassificationResult": {"expectedClass": "Drama", "predictedClass": "Comedy"},
}
VALIDATION = {
    "modelType": "MultiClassification",
    "singleClassificationValidation": None,
    "multiClassificationValidation": {
        "documents": [
            {
                "classes": {"labeledClasses": ["Drama"], "predictedClasses": ["Drama", "Comedy"]},
                "location": "a.txt",
                "culture": "en-us",
            }
        ]
    },
}
LANGUAGES = {"value": [{"languageName": "English", "languageCode": "en"}], "nextLink": None}


def test_a_project_is_changed_as_a_whole(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(PROJECT), said({**PROJECT, "description": "Other"}))
    changed = language.change_project(replace(language.project("Movies"), description="Other"))
    assert changed.description == "Other"
    seen = wire.requests[1]
    assert (seen.line, seen.headers["content-type"]) == (
        f"PATCH {PROJECTS}/Movies?{API}", "application/merge-patch+json",
    )  # fmt: skip
    assert seen.body == {
        "projectKind": "CustomMultiLabelClassification",
        "storageInputContainerName": "films",
        "projectName": "Movies",
        "language": "en",
        "multilingual": True,
        "description": "Other",
    }


def test_labels_are_imported_into_a_project_that_exists(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(accepted(f"{wire.url}{PROJECTS}/Movies/import/jobs/{TICKET}?{API}"))
    labels = Labels(("Drama",), (LabelledDocument("a.txt", ("Drama",), dataset="Test"),))
    assert language.begin_import(Project("Movies", Kind.MULTI, "films", "en"), labels) == TICKET
    assert wire.lines == [f"POST {PROJECTS}/Movies/:import?{API}"]
    assert wire.requests[0].body["metadata"]["storageInputContainerName"] == "films"
    assert wire.requests[0].body["assets"]["documents"] == [
        {"location": "a.txt", "language": "en", "dataset": "Test", "classes": [{"category": "Drama"}]}
    ]


def test_an_export_is_a_job_whose_file_is_read_from_its_own_path(wire: Wire, language: CurrentLanguage) -> None:
    elsewhere = {**JOB, "resultUrl": "https://elsewhere.example/result"}
    jobs = f"{PROJECTS}/Movies/export/jobs/{TICKET}"
    wire.script(accepted(f"{wire.url}{jobs}?{API}"), said(elsewhere), said({"assets": {}}))
    assert language.begin_export("Movies") == TICKET
    assert language.exporting("Movies", TICKET).state is State.SUCCEEDED
    assert language.exported("Movies", TICKET) == b'{"assets": {}}'
    assert wire.lines == [
        f"POST {PROJECTS}/Movies/:export?{API}&{INDEXED}",
        f"GET {jobs}?{API}",
        f"GET {jobs}/result?{API}",
    ]


def test_trainings_are_listed_and_cancelled(wire: Wire, language: CurrentLanguage) -> None:
    jobs = f"{PROJECTS}/Movies/train/jobs"
    wire.script(said({"value": [TRAINING]}), accepted(f"{wire.url}{jobs}/{TICKET}?{API}"))
    [training] = language.trainings("Movies")
    assert (training.job, training.model, training.progress.state, training.progress.percent) == (
        TICKET, "model1", State.RUNNING, 50,
    )  # fmt: skip
    assert training.created == datetime(2025, 7, 18, 0, 52, 30, tzinfo=UTC)
    language.cancel_training("Movies", TICKET)
    assert wire.lines == [f"GET {jobs}?{API}", f"POST {jobs}/{TICKET}/:cancel?{API}"]


def test_one_model_and_one_deployment_are_asked_for_by_name(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(MODEL), said(DEPLOYMENT), said({"value": [MODEL]}))
    assert isinstance(language.model("Movies", "m1"), Model)
    assert language.deployment("Movies", "production").model == "m1"
    assert wire.lines == [
        f"GET {PROJECTS}/Movies/models/m1?{API}",
        f"GET {PROJECTS}/Movies/deployments/production?{API}",
        f"GET {PROJECTS}/Movies/models?{API}",
    ]


def test_a_deployment_is_deleted_and_two_are_swapped(wire: Wire, language: CurrentLanguage) -> None:
    place = f"{PROJECTS}/Movies/deployments"
    wire.script(accepted(f"{wire.url}{place}/old/jobs/{TICKET}"), accepted(f"{wire.url}{place}/swap/jobs/{TICKET}"))
    assert language.begin_delete_deployment("Movies", "old") == TICKET
    assert language.begin_swap("Movies", "blue", "green") == TICKET
    assert wire.requests[1].body == {"firstDeploymentName": "blue", "secondDeploymentName": "green"}
    wire.script(said(JOB))
    assert language.swapping("Movies", TICKET).state is State.SUCCEEDED
    assert wire.lines == [
        f"DELETE {place}/old?{API}",
        f"POST {place}/:swap?{API}",
        f"GET {place}/swap/jobs/{TICKET}?{API}",
    ]


def test_predictions_of_both_kinds(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({"value": [MULTI_RESULT, SINGLE_RESULT], "nextLink": None}))
    assert language.predictions("Movies", "m1") == [
        Prediction("a.txt", ("Drama", "Comedy"), (), "en-us"),
        Prediction("b.txt", ("Drama",), ("Comedy",), "en-us"),
    ]
    assert wire.lines == [f"GET {PROJECTS}/Movies/models/m1/evaluation/result?{API}&{INDEXED}"]


def test_the_quickstarts_validation_is_its_predictions(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said(VALIDATION))
    assert preview.predictions("Movies", "m 1") == [Prediction("a.txt", ("Drama",), ("Drama", "Comedy"), "en-us")]
    assert wire.lines == [f"GET {PREVIEW}/Movies/validation?trainingModelName=m%201"]


def test_languages(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(LANGUAGES))
    assert language.languages() == [SpokenLanguage("English", "en")]
    assert wire.lines == [f"GET {PROJECTS}/global/languages?{API}"]


READERS: dict[str, tuple[Callable[[CurrentLanguage], object], list[Any]]] = {
    "trainings": (lambda one: one.trainings("P"), [{"value": [TRAINING]}]),
    "model": (lambda one: one.model("P", "m"), [MODEL]),
    "predictions": (lambda one: one.predictions("P", "m"), [{"value": [MULTI_RESULT, SINGLE_RESULT]}]),
    "languages": (lambda one: one.languages(), [LANGUAGES]),
}


@pytest.mark.parametrize("name", READERS)
def test_an_answer_wrong_in_any_place_is_read_or_garbled(wire: Wire, language: CurrentLanguage, name: str) -> None:
    look, answers = READERS[name]

    @settings(database=None, deadline=None, max_examples=200)
    @given(mutated(answers))
    def survives(answer: Any) -> None:
        wire.otherwise = lambda _: said(answer)
        with suppress(InvalidResponse, ResourceNotFound):
            look(language)

    survives()


def test_a_validation_wrong_in_any_place_is_read_or_garbled(wire: Wire, preview: PreviewLanguage) -> None:
    @settings(database=None, deadline=None, max_examples=200)
    @given(mutated([VALIDATION]))
    def survives(answer: Any) -> None:
        wire.otherwise = lambda _: said(answer)
        with suppress(InvalidResponse):
            preview.predictions("P", "m")

    survives()
