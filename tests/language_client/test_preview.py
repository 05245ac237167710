"""The quickstart's protocol on the wire: literal requests, and answers as the quickstart prints them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings

from shared.errors import InvalidResponse, NotSupported, Rejected
from shared.language.preview import PreviewLanguage
from shared.language.types import Classifier, ClassScore, Kind, Labels, Progress, Project, Score, State, Text
from tests.support.json_mutations import mutated
from tests.support.wire import KEY, Reply, Wire, accepted, refused, said

PROJECTS = "/language/text/authoring/v1.0-preview.2/projects"
ANALYZE = "/text/analytics/v3.1-preview.ct.1/analyze"
UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
MODEL_ID = "5a5d1f3e-0000-4000-8000-123456789abc_MultiClassification_latest"

SAMPLE_ERROR = {"code": "NotFound", "message": "Error Message"}
SAMPLE_TIME = "2021-05-18T20:31:04.592Z"
JOB = {
    "inProgress": 0,
    "completed": 0,
    "failed": 0,
    "total": 0,
    "jobId": "123456789",
    "createdDateTime": SAMPLE_TIME,
    "lastUpdatedDateTime": SAMPLE_TIME,
    "expirationDateTime": "2021-05-19T11:44:08.555Z",
    "status": "notStarted",
    "errors": [SAMPLE_ERROR],
}
EXPIRES = datetime(2021, 5, 19, 11, 44, 8, 555000, tzinfo=UTC)
SAMPLE = {"status": "notStarted", "lastUpdatedDateTime": SAMPLE_TIME, "error": SAMPLE_ERROR}
TRAINING = {"tasks": [{"trainingModelName": "MyModel", "evaluationStatus": SAMPLE, **SAMPLE}], **JOB}
PUBLISHING = {"tasks": [{"modelId": "string", **SAMPLE}], **JOB}
FIGURES = {
    "classes": {
        "Drama": {
            "f1": 0.75,
            "precision": 0.8,
            "recall": 0.7,
            "countTruePositives": 7,
            "countTrueNegatives": 3,
            "countFalsePositives": 2,
            "countFalseNegatives": 1,
        }
    },
    "microF1": 0.1,
    "microPrecision": 0.2,
    "microRecall": 0.3,
    "macroF1": 0.4,
    "macroPrecision": 0.5,
    "macroRecall": 0.6,
}
EVALUATION = {
    "modelType": "MultiClassification",
    "singleClassificationEvaluation": None,
    "multiClassificationEvaluation": FIGURES,
}
SCORE = {"category": "Class_1", "confidenceScore": 0.0551877357}
OTHER = {"category": "Class_2", "confidenceScore": 0.04}
DOCUMENTS = [
    {"id": "doc1", "classes": [SCORE], "warnings": []},
    {"id": "doc2", "classes": [SCORE, OTHER], "warnings": []},
]
READ = {
    "doc1": (ClassScore("Class_1", 0.0551877357),),
    "doc2": (ClassScore("Class_1", 0.0551877357), ClassScore("Class_2", 0.04)),
}
RESULT = {
    "lastUpdateDateTime": "2021-05-19T14:32:25.579Z",
    "name": "MyJobName",
    "status": "completed",
    "results": {
        "documents": DOCUMENTS,
        "errors": [],
        "statistics": {"documentsCount": 0, "validDocumentsCount": 0},
    },
}
COUNTERS = {"completed": 1, "failed": 0, "inProgress": 0, "total": 1}
MULTI, SINGLE = "customMultiClassificationTasks", "customClassificationTasks"


def analysis(tasks: Any, **changed: Any) -> dict[str, Any]:
    return {
        "createdDateTime": "2021-05-19T14:32:25.578Z",
        "displayName": "MyJobName",
        "expirationDateTime": "2021-05-19T14:32:25.578Z",
        "jobId": UUID,
        "lastUpdateDateTime": "2021-05-19T14:32:25.578Z",
        "status": "completed",
        "errors": [],
        "tasks": tasks,
        **changed,
    }


def documented(result: Any, name: str = MULTI) -> dict[str, Any]:
    """As the quickstart prints it."""
    details = {"name": "MyJobName", "lastUpdateDateTime": "2021-03-29T19:50:23Z", "status": "completed"}
    return {"details": details, **COUNTERS, "tasks": {name: [result]}}


def observed(result: Any, name: str = MULTI) -> dict[str, Any]:
    """As recorded from the protocol's sibling."""
    return {**COUNTERS, name: [result]}


@pytest.mark.parametrize(("kind", "word"), [(Kind.MULTI, "MultiClassification"), (Kind.SINGLE, "SingleClassification")])
def test_a_project_is_created_as_in_the_quickstart(wire: Wire, preview: PreviewLanguage, kind: Kind, word: str) -> None:
    wire.script(Reply(201))
    project = Project("MyProject", kind, "myContainer", "en-US", False, "My new project", "myLabels.json")
    assert preview.begin_create_project(project, Labels((), ())) == ""
    [seen] = wire.requests
    assert seen.line == f"POST {PROJECTS}"
    assert seen.headers["ocp-apim-subscription-key"] == KEY
    assert seen.body == {
        "name": "MyProject",
        "modelType": word,
        "multiLingual": False,
        "description": "My new project",
        "culture": "en-US",
        "storageInputContainerName": "myContainer",
        "labelsLocation": "myLabels.json",
    }


def test_a_project_that_cannot_be_created_says_why(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(refused(400, "The labels file location is not valid."))
    with pytest.raises(Rejected, match="labels file location is not valid"):
        preview.begin_create_project(Project("P", Kind.MULTI, "c"), Labels((), ()))


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_project_is_deleted_at_once(wire: Wire, preview: PreviewLanguage, status: int) -> None:
    wire.script(Reply(status))
    assert preview.begin_delete_project("../x") == ""
    assert wire.lines == [f"DELETE {PROJECTS}/..%2Fx"]


def test_what_is_done_at_once_is_done(wire: Wire, preview: PreviewLanguage) -> None:
    assert preview.creation("P", "") == preview.deletion("P", "") == Progress(State.SUCCEEDED)
    assert wire.requests == []


@pytest.mark.parametrize("header", ["location", "operation-location"])
@pytest.mark.parametrize(
    ("begin", "verb"),
    [
        (lambda one: one.begin_train("My/P", "MyModel"), "train"),
        (lambda one: one.begin_publish("My/P", "MyModel", "ignored"), "publish"),
    ],
)
def test_training_and_publishing_begin_alike(
    wire: Wire, preview: PreviewLanguage, begin: Any, verb: str, header: str
) -> None:
    # the quickstart prints train/jobs for both
    wire.script(accepted(f"{wire.url}{PROJECTS}/My%2FP/train/jobs/123456789", header))
    assert begin(preview) == "123456789"
    [seen] = wire.requests
    assert seen.line == f"POST {PROJECTS}/My%2FP/{verb}"
    assert seen.body == {"tasks": [{"trainingModelName": "MyModel"}]}


def test_the_quickstarts_sample_training_has_not_failed(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said(TRAINING, Retry_After="9"))
    progress = preview.training("MyProject", "123456789")
    assert wire.lines == [f"GET {PROJECTS}/MyProject/train/jobs/123456789"]
    assert progress == Progress(
        State.RUNNING,
        steps={"training": "notStarted", "evaluation": "notStarted"},
        expires=EXPIRES,
        retry_after=9.0,
    )


@pytest.mark.parametrize("status", ["succeeded", "completed", "Completed"])
def test_a_training_ends_well_whatever_error_objects_it_carries(
    wire: Wire, preview: PreviewLanguage, status: str
) -> None:
    done = {**SAMPLE, "status": status}
    wire.script(said({**TRAINING, "status": status, "tasks": [{"evaluationStatus": done, **done}]}))
    progress = preview.training("P", "J")
    assert (progress.state, progress.error) == (State.SUCCEEDED, "")
    assert progress.steps == {"training": status, "evaluation": status}


def test_a_training_ends_well_without_an_evaluation(wire: Wire, preview: PreviewLanguage) -> None:
    tasks = [{"evaluationStatus": {**SAMPLE, "status": "failed"}, **SAMPLE, "status": "succeeded"}]
    wire.script(said({**TRAINING, "status": "succeeded", "tasks": tasks}))
    progress = preview.training("P", "J")
    assert progress.state is State.SUCCEEDED
    assert progress.steps == {"training": "succeeded", "evaluation": "failed"}


@pytest.mark.parametrize("look", [lambda one: one.training("P", "J"), lambda one: one.publishing("P", "", "J")])
def test_a_completed_job_with_a_failed_task_has_failed(wire: Wire, preview: PreviewLanguage, look: Any) -> None:
    failed = {"status": "failed", "error": {"code": "X", "message": "Too few documents."}}
    wire.script(said({**JOB, "status": "completed", "failed": 1, "tasks": [failed]}))
    progress = look(preview)
    assert (progress.state, progress.error) == (State.FAILED, "Too few documents.")


def test_a_failed_task_of_a_running_job_has_not_ended_it(wire: Wire, preview: PreviewLanguage) -> None:
    failed = {"status": "failed", "error": {"code": "X", "message": "Too few documents."}}
    wire.script(said({**JOB, "status": "inProgress", "tasks": [failed]}))
    progress = preview.training("P", "J")
    assert (progress.state, progress.error, progress.steps) == (State.RUNNING, "", {"training": "failed"})


@pytest.mark.parametrize(
    ("error", "why"), [(SAMPLE_ERROR, "Error Message"), (None, "No storage."), ({}, "No storage.")]
)
def test_a_failed_jobs_task_knows_best_why(wire: Wire, preview: PreviewLanguage, error: Any, why: str) -> None:
    task = {"status": "failed", "error": error}
    wire.script(said({**JOB, "status": "failed", "tasks": [task], "errors": [{"message": "No storage."}]}))
    assert preview.training("P", "J").error == why


def test_a_failed_job_says_why(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said({**TRAINING, "status": "failed", "errors": [{"message": "No storage."}]}))
    progress = preview.training("P", "J")
    assert (progress.state, progress.error) == (State.FAILED, "No storage.")


def test_an_unknown_status_is_kept_and_means_to_ask_again(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said({**JOB, "status": "hibernating", "tasks": []}))
    progress = preview.training("P", "J")
    assert (progress.state, progress.steps) == (State.RUNNING, {"job": "hibernating"})


def test_a_running_publishing_has_no_model_id_yet(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said(PUBLISHING))
    progress = preview.publishing("MyProject", "ignored", "J")
    assert wire.lines == [f"GET {PROJECTS}/MyProject/publish/jobs/J"]
    assert (progress.state, progress.model_id) == (State.RUNNING, "")


def test_a_publishing_yields_the_model_id(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said({**JOB, "status": "succeeded", "tasks": [{"modelId": MODEL_ID, "status": "succeeded"}]}))
    progress = preview.publishing("P", "", "J")
    assert (progress.state, progress.model_id) == (State.SUCCEEDED, MODEL_ID)


@pytest.mark.parametrize("tasks", [[], [{}], ["no"], [{"modelId": ""}], None])
def test_a_publishing_that_ends_without_a_model_id_is_garbled(wire: Wire, preview: PreviewLanguage, tasks: Any) -> None:
    wire.script(said({**JOB, "status": "succeeded", "tasks": tasks}))
    with pytest.raises(InvalidResponse):
        preview.publishing("P", "", "J")


@pytest.mark.parametrize(
    ("model_id", "kind"),
    [
        (MODEL_ID, Kind.MULTI),
        ("5a5d1f3e_SingleClassification_latest", Kind.SINGLE),
        ("SingleClassification", Kind.MULTI),
        ("anything", Kind.MULTI),
    ],
)
def test_a_classifiers_kind_is_in_its_model_id(preview: PreviewLanguage, model_id: str, kind: Kind) -> None:
    assert preview.classifier("P", "D", model_id) == Classifier(
        "preview", project="P", deployment="D", model_id=model_id, kind=kind
    )


def test_an_evaluation_is_asked_for_by_the_models_name(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said(EVALUATION))
    evaluation = preview.evaluation("My Project", "My&Model")
    assert wire.lines == [f"GET {PROJECTS}/My%20Project/evaluation?trainingModelName=My%26Model"]
    assert evaluation.kind is Kind.MULTI
    assert evaluation.classes == {"Drama": Score(0.8, 0.7, 0.75, 7, 3, 2, 1)}
    assert (evaluation.micro_f1, evaluation.macro_recall, evaluation.confusion) == (0.1, 0.6, {})


def test_a_single_label_evaluation(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said({"modelType": "SingleClassification", "singleClassificationEvaluation": FIGURES}))
    assert preview.evaluation("P", "m").kind is Kind.SINGLE


@pytest.mark.parametrize(("kind", "name"), [(Kind.MULTI, MULTI), (Kind.SINGLE, SINGLE)])
def test_an_analyze_job_is_submitted_as_in_the_quickstart(
    wire: Wire, preview: PreviewLanguage, kind: Kind, name: str
) -> None:
    wire.script(accepted(f"{wire.url}{ANALYZE}/jobs/{UUID}"))
    classifier = Classifier("preview", model_id=MODEL_ID, kind=kind)
    assert preview.begin_analyze([Text("doc1", "Lorem"), Text("doc2", "Mauris", "la")], classifier, "MyJobName") == UUID
    [seen] = wire.requests
    assert seen.line == f"POST {ANALYZE}"
    assert seen.body == {
        "displayName": "MyJobName",
        "analysisInput": {
            "documents": [{"id": "doc1", "text": "Lorem"}, {"id": "doc2", "text": "Mauris", "language": "la"}]
        },
        "tasks": {name: [{"parameters": {"modelId": MODEL_ID, "stringIndexType": "TextElements_v8"}}]},
    }


@pytest.mark.parametrize("status", ["completed", "succeeded", "partiallyCompleted", "partiallySucceeded", "COMPLETED"])
@pytest.mark.parametrize("shape", [documented, observed])
def test_results_are_read_in_both_shapes(wire: Wire, preview: PreviewLanguage, shape: Any, status: str) -> None:
    wire.script(said(analysis(shape(RESULT), status=status)))
    found = preview.analysis(UUID)
    assert wire.lines == [f"GET {ANALYZE}/jobs/{UUID}?$top=25"]
    assert (found.state, found.status, found.error) == (State.SUCCEEDED, status, "")
    assert (found.classes, found.errors) == (READ, {})
    assert found.expires == datetime(2021, 5, 19, 14, 32, 25, 578000, tzinfo=UTC)


@pytest.mark.parametrize("name", [SINGLE, "customSingleClassificationTasks"])
@pytest.mark.parametrize(
    "labelled", [{"classes": [SCORE]}, {"class": SCORE}, {"classification": SCORE}, {"classifications": [SCORE]}]
)
def test_single_label_results_are_read_in_every_shape(
    wire: Wire, preview: PreviewLanguage, name: str, labelled: dict[str, Any]
) -> None:
    result = {"state": "succeeded", "results": {"documents": [{"id": "doc1", **labelled}], "errors": []}}
    wire.script(said(analysis(observed(result, name))))
    assert preview.analysis(UUID).classes == {"doc1": READ["doc1"]}


@pytest.mark.parametrize("word", ["status", "state"])
@pytest.mark.parametrize("shape", [documented, observed])
def test_a_completed_job_whose_task_failed_has_failed(
    wire: Wire, preview: PreviewLanguage, shape: Any, word: str
) -> None:
    errors = [{"code": "InvalidRequest", "message": "No such model.", "target": f"#/tasks/{MULTI}/0"}]
    wire.script(said(analysis(shape({word: "failed"}), errors=errors)))
    found = preview.analysis(UUID)
    assert (found.state, found.error) == (State.FAILED, "No such model.")


def test_a_document_in_error_is_told_from_the_others(wire: Wire, preview: PreviewLanguage) -> None:
    errors = [{"id": "doc2", "error": {"code": "InvalidArgument", "message": "Document text is empty."}}]
    wire.script(said(analysis(documented({**RESULT, "results": {"documents": DOCUMENTS[:1], "errors": errors}}))))
    found = preview.analysis(UUID)
    assert (set(found.classes), found.errors) == ({"doc1"}, {"doc2": "Document text is empty."})


def test_a_running_job_has_counters_only(wire: Wire, preview: PreviewLanguage) -> None:
    wire.script(said(analysis({**COUNTERS, "completed": 0, "inProgress": 1}, status="notStarted")))
    found = preview.analysis(UUID)
    assert (found.state, found.status, found.classes) == (State.RUNNING, "notStarted", {})


def test_every_page_of_the_results_is_read(wire: Wire, preview: PreviewLanguage) -> None:
    first = {**RESULT, "results": {"documents": DOCUMENTS[:1], "errors": []}}
    second = {**RESULT, "results": {"documents": DOCUMENTS[1:], "errors": []}}
    link = f"{wire.url}{ANALYZE}/jobs/{UUID}?$skip=20&$top=5&showStats=False"
    wire.script(said(analysis(documented(first), **{"@nextLink": link})), said(analysis(documented(second))))
    assert preview.analysis(UUID).classes == READ
    expected = ["?$top=25", "?$skip=20&$top=25&showStats=False"]
    assert wire.lines == [f"GET {ANALYZE}/jobs/{UUID}{query}" for query in expected]


def test_only_the_query_of_a_link_to_a_next_page_is_used(wire: Wire, preview: PreviewLanguage) -> None:
    link = "https://other.example/elsewhere?$skip=20"
    wire.script(said(analysis(documented(RESULT), **{"@nextLink": link})), said(analysis(documented(RESULT))))
    assert preview.analysis(UUID).classes
    assert [urlsplit(line).path for line in wire.lines] == [f"GET {ANALYZE}/jobs/{UUID}"] * 2
    assert "skip=20" in wire.lines[1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.projects(),
        lambda one: one.project("P"),
        lambda one: one.models(project="P"),
        lambda one: one.delete_model("P", "m"),
        lambda one: one.deployments("P"),
        lambda one: one.model("P", "m"),
        lambda one: one.deployment("P", "d"),
        lambda one: one.begin_delete_deployment("P", "d"),
        lambda one: one.begin_swap("P", "a", "b"),
        lambda one: one.change_project(Project("P", Kind.MULTI, "c")),
        lambda one: one.begin_import(Project("P", Kind.MULTI, "c"), Labels((), ())),
        lambda one: one.begin_export("P"),
        lambda one: one.trainings("P"),
        lambda one: one.cancel_training("P", "J"),
        lambda one: one.languages(),
    ],
)
def test_what_the_protocol_does_not_have_says_what_to_do_instead(
    wire: Wire, preview: PreviewLanguage, ask: Any
) -> None:
    with pytest.raises(NotSupported, match=r"The quickstart's protocol cannot .+: .+ LANGUAGE_API to 2023-04-01\."):
        ask(preview)
    assert wire.requests == []


READERS: dict[str, tuple[Callable[[PreviewLanguage], object], list[Any]]] = {
    "training": (
        lambda one: one.training("P", "J"),
        [TRAINING, {**TRAINING, "status": "completed"}, {**TRAINING, "status": "failed"}],
    ),
    "publishing": (
        lambda one: one.publishing("P", "", "J"),
        [
            PUBLISHING,
            {**PUBLISHING, "status": "completed"},
            {**JOB, "status": "completed", "tasks": [{"status": "failed"}]},
        ],
    ),
    "evaluation": (lambda one: one.evaluation("P", "m"), [EVALUATION]),
    "analysis": (
        lambda one: one.analysis("J"),
        [analysis(documented(RESULT)), analysis(observed(RESULT)), analysis(documented(RESULT), status="failed")],
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_an_answer_wrong_in_any_place_is_read_or_garbled(wire: Wire, preview: PreviewLanguage, name: str) -> None:
    look, answers = READERS[name]

    @settings(database=None, deadline=None, max_examples=300)
    @given(mutated(answers))
    def survives(answer: Any) -> None:
        wire.otherwise = lambda _: said(answer)
        with suppress(InvalidResponse):
            look(preview)

    survives()
