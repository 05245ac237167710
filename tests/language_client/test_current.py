"""Today's protocol on the wire: literal requests, and answers as recorded from the service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings

from shared.errors import BadRequest, Busy, InvalidResponse, Rejected, ResourceNotFound
from shared.language.current import CurrentLanguage
from shared.language.transport import Transport
from shared.language.types import (
    Classifier,
    ClassScore,
    Deployment,
    Kind,
    LabelledDocument,
    Labels,
    Model,
    Project,
    Score,
    State,
    Text,
)
from tests.support.json_mutations import mutated
from tests.support.language_messages import API, DEPLOYMENT, JOB, MODEL, PROJECT, PROJECTS, TICKET, TRAINING
from tests.support.wire import KEY, Reply, Wire, accepted, refused, said

JOBS = "/language/analyze-text/jobs"
UUID = "e1ac6b4e-5a75-4a91-89d5-ce82101243b0"

JOB_EXPIRES = datetime(2025, 7, 25, 0, 52, 30, tzinfo=UTC)
SCORED = {
    "f1": 0.75,
    "precision": 0.8,
    "recall": 0.7,
    "truePositiveCount": 7,
    "trueNegativeCount": 3,
    "falsePositiveCount": 2,
    "falseNegativeCount": 1,
}
FIGURES = {
    "classes": {"Drama": SCORED},
    "microF1": 0.1,
    "microPrecision": 0.2,
    "microRecall": 0.3,
    "macroF1": 0.4,
    "macroPrecision": 0.5,
    "macroRecall": 0.6,
}
SINGLE_SUMMARY = {
    "projectKind": "CustomSingleLabelClassification",
    "evaluationOptions": {"kind": "percentage"},
    "customSingleLabelClassificationEvaluation": {
        **FIGURES,
        "confusionMatrix": {
            "Drama": {
                "Drama": {"normalizedValue": 83.3, "rawValue": 5.0},
                "Action": {"normalizedValue": 16.7, "rawValue": 1},
            },
            "None": {},
        },
    },
}
ANALYSIS: dict[str, Any] = {
    "jobId": UUID,
    "lastUpdatedDateTime": "2022-06-09T17:12:12Z",
    "createdDateTime": "2022-06-09T17:12:12Z",
    "expirationDateTime": "2022-06-10T17:12:12Z",
    "status": "succeeded",
    "errors": [],
    "tasks": {
        "completed": 1,
        "failed": 0,
        "inProgress": 0,
        "total": 1,
        "items": [
            {
                "kind": "CustomMultiLabelClassificationLROResults",
                "lastUpdateDateTime": "2022-06-09T17:12:12.6925222Z",
                "status": "succeeded",
                "results": {
                    "documents": [
                        {"id": "1", "class": [], "warnings": []},
                        {"id": "3", "class": [{"category": "BookRestaurant", "confidenceScore": 0.97}], "warnings": []},
                    ],
                    "errors": [
                        {
                            "id": "2",
                            "error": {
                                "code": "InvalidArgument",
                                "message": "Invalid Document in request.",
                                "innererror": {"code": "InvalidDocument", "message": "Document text is empty."},
                            },
                        }
                    ],
                    "projectName": "P",
                    "deploymentName": "D",
                },
            }
        ],
    },
}


def analysis(**changed: Any) -> dict[str, Any]:
    return {**ANALYSIS, **changed}


def task(**changed: Any) -> dict[str, Any]:
    return {"items": [{**ANALYSIS["tasks"]["items"][0], **changed}]}


def page(ids: list[str], **more: Any) -> dict[str, Any]:
    documents = [{"id": one, "class": [], "warnings": []} for one in ids]
    return analysis(tasks=task(results={"documents": documents, "errors": []}), **more)


MULTI = Project(
    "Movies", Kind.MULTI, "films", "en-us", multilingual=True, description="Plots", labels_location="l.json"
)
METADATA = {
    "projectKind": "CustomMultiLabelClassification",
    "storageInputContainerName": "films",
    "projectName": "Movies",
    "language": "en-us",
    "multilingual": True,
    "description": "Plots",
}


def test_a_project_is_made_and_its_labels_imported(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(PROJECT, 201), accepted(f"{wire.url}{PROJECTS}/Movies/import/jobs/{TICKET}?{API}"))
    documents = (
        LabelledDocument("a b.txt", ("Drama", "Action"), "de", "Train"),
        LabelledDocument("ß.txt", ()),
    )
    assert language.begin_create_project(MULTI, Labels(("Drama", "Action"), documents)) == TICKET
    made, imported = wire.requests
    assert made.line == f"PATCH {PROJECTS}/Movies?{API}"
    assert made.headers["content-type"] == "application/merge-patch+json"
    assert made.body == METADATA
    assert imported.line == f"POST {PROJECTS}/Movies/:import?{API}"
    assert imported.headers["content-type"] == "application/json"
    assert imported.body == {
        "projectFileVersion": "2022-05-01",
        "stringIndexType": "Utf16CodeUnit",
        "metadata": METADATA,
        "assets": {
            "projectKind": "CustomMultiLabelClassification",
            "classes": [{"category": "Drama"}, {"category": "Action"}],
            "documents": [
                {
                    "location": "a b.txt",
                    "language": "de",
                    "dataset": "Train",
                    "classes": [{"category": "Drama"}, {"category": "Action"}],
                },
                {"location": "ß.txt", "language": "en-us", "classes": []},
            ],
        },
    }


def test_a_single_label_projects_documents_have_one_class_or_none(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(PROJECT), accepted(f"{wire.url}{PROJECTS}/Movies/import/jobs/{TICKET}"))
    project = Project("Movies", Kind.SINGLE, "films")
    documents = (LabelledDocument("a.txt", ("Drama",)), LabelledDocument("b.txt", ()))
    language.begin_create_project(project, Labels(("Drama",), documents))
    made, imported = wire.requests
    assert made.body["projectKind"] == "CustomSingleLabelClassification"
    assert imported.body["assets"]["documents"] == [
        {"location": "a.txt", "language": "en-us", "class": {"category": "Drama"}},
        {"location": "b.txt", "language": "en-us"},
    ]


def test_two_classes_in_a_single_label_project_are_refused_before_anything_is_sent(
    wire: Wire, language: CurrentLanguage
) -> None:
    labels = Labels(("A", "B"), (LabelledDocument("both.txt", ("A", "B")),))
    with pytest.raises(BadRequest, match=r"'both\.txt' has several classes"):
        language.begin_create_project(Project("P", Kind.SINGLE, "films"), labels)
    assert wire.requests == []


@pytest.mark.parametrize(
    ("look", "line"),
    [
        (lambda one: one.creation("My P", "J"), f"{PROJECTS}/My%20P/import/jobs/J"),
        (lambda one: one.deletion("My P", "J"), f"{PROJECTS}/global/deletion-jobs/J"),
        (lambda one: one.publishing("My P", "a/b", "J"), f"{PROJECTS}/My%20P/deployments/a%2Fb/jobs/J"),
    ],
)
def test_a_jobs_progress_is_its_status(wire: Wire, language: CurrentLanguage, look: Any, line: str) -> None:
    wire.script(said({**JOB, "status": "notStarted"}, Retry_After="4"), said(JOB))
    started, done = look(language), look(language)
    assert wire.lines == [f"GET {line}?{API}"] * 2
    assert (started.state, started.retry_after, started.expires) == (State.RUNNING, 4.0, JOB_EXPIRES)
    assert (done.state, done.retry_after, done.error, done.steps) == (State.SUCCEEDED, None, "", {})


def test_a_failed_job_says_why(wire: Wire, language: CurrentLanguage) -> None:
    errors = [{"code": "InvalidArgument", "message": "The file a.txt is missing."}, {"message": "So is b.txt."}]
    wire.script(said({**JOB, "status": "failed", "errors": errors}))
    progress = language.creation("P", "J")
    assert (progress.state, progress.error) == (State.FAILED, "The file a.txt is missing. So is b.txt.")


def test_an_unknown_status_is_kept_and_means_to_ask_again(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({**JOB, "status": "hibernating"}), said(analysis(status="hibernating")))
    progress = language.creation("P", "J")
    assert (progress.state, progress.steps) == (State.RUNNING, {"job": "hibernating"})
    found = language.analysis(UUID)
    assert (found.state, found.status) == (State.RUNNING, "hibernating")


def test_a_training_begins_with_todays_configuration_and_split(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(accepted(f"{wire.url}{PROJECTS}/Movies/train/jobs/{TICKET}?{API}"))
    assert language.begin_train("Movies", "m1") == TICKET
    assert wire.lines == [f"POST {PROJECTS}/Movies/:train?{API}"]
    assert wire.requests[0].body == {
        "modelLabel": "m1",
        "trainingConfigVersion": "latest",
        "evaluationOptions": {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20},
    }


def test_a_training_may_be_tested_with_the_documents_that_are_labelled_for_it(
    wire: Wire, language: CurrentLanguage
) -> None:
    wire.script(accepted(f"{wire.url}{PROJECTS}/Movies/train/jobs/{TICKET}?{API}"))
    language.begin_train("Movies", "m1", manual_split=True)
    assert wire.requests[0].body["evaluationOptions"] == {"kind": "manual"}


def test_a_trainings_progress_has_both_its_steps(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(TRAINING))
    progress = language.training("Movies", TICKET)
    assert wire.lines == [f"GET {PROJECTS}/Movies/train/jobs/{TICKET}?{API}"]
    assert progress.state is State.RUNNING
    assert progress.steps == {"training": "succeeded", "evaluation": "running"}
    assert progress.percent == 50


def test_a_training_without_a_result_yet_has_no_steps(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({**JOB, "status": "notStarted"}))
    progress = language.training("Movies", TICKET)
    assert (progress.state, progress.steps, progress.percent) == (State.RUNNING, {}, None)


def test_another_training_under_way_is_busy(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(refused(409, "Another training is running."))
    with pytest.raises(Busy, match="Another training is running"):
        language.begin_train("Movies", "m1")


def test_publishing_puts_a_model_under_a_name(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(accepted(f"{wire.url}{PROJECTS}/Movies/deployments/production/jobs/{TICKET}?{API}"))
    assert language.begin_publish("Movies", "m1", "production") == TICKET
    assert wire.lines == [f"PUT {PROJECTS}/Movies/deployments/production?{API}"]
    assert wire.requests[0].body == {"trainedModelLabel": "m1"}


@pytest.mark.parametrize(
    ("word", "kind"),
    [("CustomMultiLabelClassification", Kind.MULTI), ("customSingleLabelClassification", Kind.SINGLE)],
)
def test_a_classifier_has_its_projects_kind(wire: Wire, language: CurrentLanguage, word: str, kind: Kind) -> None:
    wire.script(said({**PROJECT, "projectKind": word}))
    assert language.classifier("Movies", "production", "") == Classifier(
        "current", project="Movies", deployment="production", kind=kind
    )
    assert wire.lines == [f"GET {PROJECTS}/Movies?{API}"]


def test_deleting_a_project_is_a_job(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(accepted(f"{wire.url}{PROJECTS}/global/deletion-jobs/{TICKET}?{API}"))
    assert language.begin_delete_project("Movies") == TICKET
    assert wire.lines == [f"DELETE {PROJECTS}/Movies?{API}"]


def test_deleting_a_model_is_done_at_once(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(Reply(204))
    language.delete_model("Movies", "m/1")
    assert wire.lines == [f"DELETE {PROJECTS}/Movies/models/m%2F1?{API}"]


def test_a_project_is_read_with_its_times(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(PROJECT))
    assert language.project("Movies") == Project(
        name="Movies",
        kind=Kind.MULTI,
        container="films",
        language="en",
        multilingual=True,
        description="Plots",
        created=datetime(2025, 6, 3, 21, 38, 49, tzinfo=UTC),
        modified=datetime(2025, 6, 3, 21, 39, 49, tzinfo=UTC),
        trained=datetime(2025, 6, 3, 21, 40, 49, tzinfo=UTC),
        deployed=datetime(2025, 6, 3, 21, 41, 49, tzinfo=UTC),
    )


def test_a_project_of_another_feature_is_no_classification(wire: Wire, language: CurrentLanguage) -> None:
    entities = {**PROJECT, "projectKind": "CustomEntityRecognition", "projectName": "Names"}
    wire.script(said(entities), said({"value": [entities, PROJECT], "nextLink": None}))
    with pytest.raises(ResourceNotFound, match="another feature"):
        language.project("Names")
    assert [project.name for project in language.projects()] == ["Movies"]


def test_a_listing_is_followed_to_its_end_but_nowhere_else(wire: Wire, language: CurrentLanguage) -> None:
    second = {**PROJECT, "projectName": "Second"}
    wire.script(
        said({"value": [PROJECT], "nextLink": f"{wire.url}/quite/elsewhere?api-version=1999&top=5&skip=20"}),
        said({"value": [second], "nextLink": f"{wire.url}{PROJECTS}?{API}&$skiptoken=a%2Bb"}),
        said({"value": [], "nextLink": None}),
    )
    assert [project.name for project in language.projects()] == ["Movies", "Second"]
    assert wire.lines == [
        f"GET {PROJECTS}?{API}",
        f"GET {PROJECTS}?{API}&top=5&skip=20",
        f"GET {PROJECTS}?{API}&$skiptoken=a%2Bb",
    ]


def test_only_the_query_of_a_link_to_a_next_page_is_used(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({"value": [], "nextLink": "https://other.example/elsewhere?skip=20"}), said({"value": []}))
    assert language.projects() == []
    assert [urlsplit(line).path for line in wire.lines] == [f"GET {PROJECTS}"] * 2
    assert "skip=20" in wire.lines[1]


def test_a_listing_in_circles_is_garbled(wire: Wire, language: CurrentLanguage) -> None:
    again = said({"value": [], "nextLink": f"{wire.url}{PROJECTS}?skip=20"})
    wire.script(again, again, again)
    with pytest.raises(InvalidResponse, match="does not end"):
        language.projects()
    assert len(wire.requests) == 2


def test_a_listing_without_end_is_garbled(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(*(said({"value": [], "nextLink": f"{wire.url}/?skip={number}"}) for number in range(200)))
    with pytest.raises(InvalidResponse, match="does not end"):
        language.projects()
    assert len(wire.requests) == 100


def test_models_are_listed(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({"value": [MODEL], "nextLink": None}))
    [model] = language.models("Movies")
    assert model == Model(
        "m1",
        "m1-20220418T034749-299f",
        trained=datetime(2022, 4, 18, 3, 47, 49, tzinfo=UTC),
        expires=datetime(2023, 10, 28, tzinfo=UTC),
    )
    assert wire.lines == [f"GET {PROJECTS}/Movies/models?{API}"]


def test_deployments_are_listed_with_their_models_names(wire: Wire, language: CurrentLanguage) -> None:
    orphan = {**DEPLOYMENT, "deploymentName": "old", "modelId": "m0-gone"}
    wire.script(said({"value": [DEPLOYMENT, orphan]}), said({"value": [MODEL]}))
    production, old = language.deployments("Movies")
    assert production == Deployment(
        "production",
        "m1",
        deployed=datetime(2022, 4, 18, 4, 0, tzinfo=UTC),
        expires=datetime(2024, 10, 28, tzinfo=UTC),
    )
    assert (old.name, old.model) == ("old", "m0-gone")
    assert wire.lines == [f"GET {PROJECTS}/Movies/deployments?{API}", f"GET {PROJECTS}/Movies/models?{API}"]


def test_without_deployments_no_models_are_asked_for(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({"value": []}))
    assert list(language.deployments("Movies")) == []


@pytest.mark.parametrize("plural", ["", "s"])
def test_a_multi_label_evaluation(wire: Wire, language: CurrentLanguage, plural: str) -> None:
    scored = {name.replace("Positive", "Positive" + "s" * bool(plural)): value for name, value in SCORED.items()}
    summary = {"customMultiLabelClassificationEvaluation": {**FIGURES, "classes": {"Drama": scored}}}
    wire.script(said({"projectKind": "CustomMultiLabelClassification", **summary}))
    evaluation = language.evaluation("Movies", "m 1")
    assert wire.lines == [f"GET {PROJECTS}/Movies/models/m%201/evaluation/summary-result?{API}"]
    assert evaluation.kind is Kind.MULTI
    assert evaluation.classes == {"Drama": Score(0.8, 0.7, 0.75, 7, 3, 2, 1)}
    assert (evaluation.micro_f1, evaluation.micro_precision, evaluation.micro_recall) == (0.1, 0.2, 0.3)
    assert (evaluation.macro_f1, evaluation.macro_precision, evaluation.macro_recall) == (0.4, 0.5, 0.6)
    assert evaluation.confusion == {}


def test_a_single_label_evaluation_has_its_confusion(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(SINGLE_SUMMARY))
    evaluation = language.evaluation("Movies", "m1")
    assert evaluation.kind is Kind.SINGLE
    assert evaluation.confusion == {"Drama": {"Drama": 5, "Action": 1}, "None": {}}


def test_an_evaluation_of_neither_kind_is_garbled(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said({"projectKind": "CustomEntityRecognition"}))
    with pytest.raises(InvalidResponse, match="no evaluation"):
        language.evaluation("Movies", "m1")


@pytest.mark.parametrize(
    ("kind", "word"),
    [(Kind.MULTI, "CustomMultiLabelClassification"), (Kind.SINGLE, "CustomSingleLabelClassification")],
)
def test_an_analyze_job_is_submitted(wire: Wire, kind: Kind, word: str, connection: Transport) -> None:
    wire.script(accepted(f"{wire.url}{JOBS}/{UUID}?api-version=2022-05-01"))
    language = CurrentLanguage(connection, "2022-05-01")
    classifier = Classifier("current", project="P", deployment="D", kind=kind)
    assert language.begin_analyze([Text("1", "Überall…", "en"), Text("2", "b")], classifier, "a-job") == UUID
    [seen] = wire.requests
    assert seen.line == f"POST {JOBS}?api-version=2022-05-01"
    assert seen.headers["ocp-apim-subscription-key"] == KEY
    assert "Überall…".encode() in seen.content
    assert seen.body == {
        "displayName": "a-job",
        "analysisInput": {
            "documents": [{"id": "1", "text": "Überall…", "language": "en"}, {"id": "2", "text": "b"}],
        },
        "tasks": [{"kind": word, "parameters": {"projectName": "P", "deploymentName": "D"}}],
    }


def test_a_refused_submission_says_why(wire: Wire, language: CurrentLanguage) -> None:
    inner = {"code": "InvalidDocumentBatch", "message": "Document text is empty."}
    error = {"code": "InvalidRequest", "message": "Invalid Document in request.", "innererror": inner}
    wire.script(said({"error": error}, 400))
    with pytest.raises(Rejected, match=r"400: Invalid Document in request\. Document text is empty\."):
        language.begin_analyze([Text("1", "")], Classifier("current", project="P", deployment="D"), "a-job")


def test_an_analysis_as_recorded(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(ANALYSIS))
    found = language.analysis(UUID)
    assert wire.lines == [f"GET {JOBS}/{UUID}?{API}&top=25"]
    assert (found.state, found.status, found.error) == (State.SUCCEEDED, "succeeded", "")
    assert found.classes == {"1": (), "3": (ClassScore("BookRestaurant", 0.97),)}
    assert found.errors == {"2": "Invalid Document in request. Document text is empty."}
    assert found.expires == datetime(2022, 6, 10, 17, 12, 12, tzinfo=UTC)


@pytest.mark.parametrize("tasks", [{"completed": 0, "failed": 0, "inProgress": 1, "total": 1}, {"items": []}, None])
def test_a_job_that_has_no_results_yet_is_running(wire: Wire, language: CurrentLanguage, tasks: Any) -> None:
    link = f"{wire.url}{JOBS}/{UUID}?skip=20"
    wire.script(said(analysis(status="running", tasks=tasks, nextLink=link), Retry_After="3"))
    found = language.analysis(UUID)
    assert (found.state, found.classes, found.errors, found.retry_after) == (State.RUNNING, {}, {}, 3.0)
    assert len(wire.requests) == 1


def test_every_page_of_the_results_is_read(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(
        said(page(["1", "2"], nextLink=f"{wire.url}{JOBS}/{UUID}?api-version=2023-04-01&skip=20&top=5")),
        said(page(["3"], nextLink=None)),
    )
    assert set(language.analysis(UUID).classes) == {"1", "2", "3"}
    assert wire.lines == [f"GET {JOBS}/{UUID}?{API}&top=25", f"GET {JOBS}/{UUID}?{API}&skip=20&top=25"]


def test_a_page_that_fails_leaves_the_job_for_later(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(page(["1"], nextLink=f"{wire.url}{JOBS}/{UUID}?skip=20")), said(["not", "a", "page"]))
    with pytest.raises(InvalidResponse):
        language.analysis(UUID)


@pytest.mark.parametrize("status", ["partiallyCompleted", "partiallySucceeded"])
def test_what_a_partly_finished_job_has_is_taken(wire: Wire, language: CurrentLanguage, status: str) -> None:
    wire.script(said(analysis(status=status)))
    found = language.analysis(UUID)
    assert (found.state, found.status, set(found.classes)) == (State.SUCCEEDED, status, {"1", "3"})


@pytest.mark.parametrize("status", ["succeeded", "partiallyCompleted"])
def test_a_finished_job_whose_task_failed_has_failed(wire: Wire, language: CurrentLanguage, status: str) -> None:
    errors = [{"code": "NotFound", "message": "No such deployment.", "target": "#/tasks/items/0"}]
    wire.script(said(analysis(status=status, errors=errors, tasks=task(status="failed", results=None))))
    found = language.analysis(UUID)
    assert (found.state, found.error) == (State.FAILED, "No such deployment.")


def test_a_finished_job_without_results_or_failure_is_garbled(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(said(analysis(tasks={"total": 1})))
    with pytest.raises(InvalidResponse, match="gives no results"):
        language.analysis(UUID)


@pytest.mark.parametrize(("status", "state"), [("failed", State.FAILED), ("cancelled", State.CANCELLED)])
def test_a_job_that_did_not_end_well_keeps_what_it_has(
    wire: Wire, language: CurrentLanguage, status: str, state: State
) -> None:
    wire.script(said(analysis(status=status, errors=[{"code": "InternalServerError", "message": "Oh."}])))
    found = language.analysis(UUID)
    assert (found.state, found.error, set(found.classes)) == (state, "Oh.", {"1", "3"})


def test_a_job_that_the_service_forgot_is_unknown(wire: Wire, language: CurrentLanguage) -> None:
    wire.script(refused(404, "Job not found."))
    with pytest.raises(ResourceNotFound):
        language.analysis(UUID)


READERS: dict[str, tuple[Callable[[CurrentLanguage], object], list[Any]]] = {
    "progress": (lambda one: one.creation("P", "J"), [JOB, {**JOB, "status": "failed", "errors": [{"message": "a"}]}]),
    "training": (lambda one: one.training("P", "J"), [TRAINING]),
    "project": (lambda one: one.project("P"), [PROJECT]),
    "projects": (lambda one: one.projects(), [{"value": [PROJECT], "nextLink": None}]),
    "models": (lambda one: one.models("P"), [{"value": [MODEL]}]),
    "deployments": (lambda one: one.deployments("P"), [{"value": [DEPLOYMENT | MODEL]}]),
    "evaluation": (lambda one: one.evaluation("P", "m"), [SINGLE_SUMMARY]),
    "analysis": (lambda one: one.analysis("J"), [ANALYSIS, analysis(status="failed"), page(["1"])]),
}


@pytest.mark.parametrize("name", READERS)
def test_an_answer_wrong_in_any_place_is_read_or_garbled(wire: Wire, language: CurrentLanguage, name: str) -> None:
    look, answers = READERS[name]

    @settings(database=None, deadline=None, max_examples=300)
    @given(mutated(answers))
    def survives(answer: Any) -> None:
        wire.otherwise = lambda _: said(answer)
        with suppress(InvalidResponse, ResourceNotFound):
            look(language)

    survives()
