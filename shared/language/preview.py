"""The quickstart's protocol: authoring v1.0-preview.2 and analysis v3.1-preview.ct.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from shared.errors import AlreadyExists, Busy, NotSupported
from shared.language import parsing
from shared.language.endpoint import path
from shared.language.parsing import optional, required
from shared.language.responses import Response, reason
from shared.language.transport import Transport
from shared.language.types import (
    Analysis,
    Classifier,
    Evaluation,
    Kind,
    Labels,
    Prediction,
    Progress,
    Project,
    State,
    Text,
)

AUTHORING = "/language/text/authoring/v1.0-preview.2"
ANALYZE = "/text/analytics/v3.1-preview.ct.1/analyze"
FULL_PAGE = "25"
"""A whole job in one response: the default page is shorter, and each page counts against the quota."""
TASKS: Mapping[Kind, str] = {
    Kind.MULTI: "customMultiClassificationTasks",
    Kind.SINGLE: "customClassificationTasks",
}
TASKS_READ = (*TASKS.values(), "customSingleClassificationTasks")
VALIDATIONS = ("multiClassificationValidation", "singleClassificationValidation")
EVALUATIONS = {"multiClassificationEvaluation": Kind.MULTI, "singleClassificationEvaluation": Kind.SINGLE}


def _missing(what: str, instead: str) -> Callable[..., NoReturn]:
    """A method for an operation that this protocol does not have."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise NotSupported(f"The quickstart's protocol cannot {what}: {instead}")

    return refuse


class PreviewLanguage:
    """`Language` in the quickstart's protocol. A project has one published model; publishing another replaces it."""

    dialect = "preview"
    api = "v3.1-preview.ct.1"

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    projects = project = change_project = begin_import = begin_export = exporting = exported = _missing(
        "list, describe, change or export projects, nor import labels into one that exists",
        "delete the project and create it as it should be, or set LANGUAGE_API to 2023-04-01.",
    )
    models = model = delete_model = _missing(
        "list, describe or delete models",
        "ask for a model's evaluation by its name, train over it, or set LANGUAGE_API to 2023-04-01.",
    )
    trainings = cancel_training = _missing(
        "list or cancel trainings", "GET /api/operations lists those started here, or set LANGUAGE_API to 2023-04-01."
    )
    deployments = deployment = begin_delete_deployment = begin_swap = swapping = _missing(
        "list, describe, delete or swap deployments",
        "a project has only one, the model published last; publish another in its place, or set LANGUAGE_API to "
        "2023-04-01.",
    )
    languages = _missing(
        "list the languages it supports", "the service's documentation does, or set LANGUAGE_API to 2023-04-01."
    )

    def begin_create_project(self, project: Project, labels: Labels) -> str:  # noqa: ARG002  the service reads them
        """Create the project. The service itself reads the labels file in the project's container.

        Raises AlreadyExists if there is one of this name.
        """
        body = {
            "name": project.name,
            "modelType": project.kind.value,
            "multiLingual": project.multilingual,
            "description": project.description,
            "culture": project.language,
            "storageInputContainerName": project.container,
            "labelsLocation": project.labels_location,
        }
        try:
            self._call("POST", "/projects", body)
        except Busy as error:  # a creation is refused for no other reason
            raise AlreadyExists(str(error), error.retry_after) from error
        return ""

    def creation(self, project: str, job: str) -> Progress:  # noqa: ARG002
        """Always succeeded: this protocol has no job for a creation."""
        return Progress(State.SUCCEEDED)

    def begin_delete_project(self, name: str) -> str:
        self._call("DELETE", "/projects/{project}", project=name)
        return ""

    def deletion(self, name: str, job: str) -> Progress:  # noqa: ARG002
        """Always succeeded: this protocol has no job for a deletion."""
        return Progress(State.SUCCEEDED)

    def begin_train(self, project: str, model: str, *, manual_split: bool = False) -> str:  # noqa: ARG002  it has none
        return self._begin("/projects/{project}/train", project, model)

    def training(self, project: str, job: str) -> Progress:
        answer = self._call("GET", "/projects/{project}/train/jobs/{job}", project=project, job=job)
        task = _task(answer)
        evaluation = optional(task, dict, "evaluationStatus", default={})
        steps = {"training": _status(task), "evaluation": _status(evaluation)}
        return _progress(answer, {step: word for step, word in steps.items() if word})

    def begin_publish(self, project: str, model: str, deployment: str) -> str:  # noqa: ARG002  there is only one
        return self._begin("/projects/{project}/publish", project, model)

    def publishing(self, project: str, deployment: str, job: str) -> Progress:  # noqa: ARG002
        """The status of a publishing; once it has succeeded, with the model id to classify with."""
        answer = self._call("GET", "/projects/{project}/publish/jobs/{job}", project=project, job=job)
        standing = _progress(answer, {})
        if standing.state is not State.SUCCEEDED:
            return standing
        return replace(standing, model_id=required(_task(answer), str, "modelId"))

    def classifier(self, project: str, deployment: str, model_id: str) -> Classifier:
        """The classifier of this model id, which contains the kind: `{guid}_MultiClassification_latest`."""
        kind = Kind.SINGLE if f"_{Kind.SINGLE.value}_" in model_id else Kind.MULTI
        return Classifier(self.dialect, project=project, deployment=deployment, model_id=model_id, kind=kind)

    def evaluation(self, project: str, model: str) -> Evaluation:
        return parsing.evaluation(self._judged("evaluation", project, model), EVALUATIONS)

    def predictions(self, project: str, model: str) -> Sequence[Prediction]:
        """The prediction for each document of the validation set."""
        body = self._judged("validation", project, model)
        found = next((part for name in VALIDATIONS if (part := optional(body, dict, name, default=None))), None)
        return [_prediction(item) for item in required(found or body, list, "documents")]

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        """Submit up to 25 texts as one job with this name."""
        task = {"parameters": {"modelId": classifier.model_id, "stringIndexType": "TextElements_v8"}}
        body = {
            "displayName": name,
            "analysisInput": {"documents": parsing.documents(texts)},
            "tasks": {TASKS[classifier.kind]: [task]},
        }
        return self._transport.job_id(self._transport.call("POST", ANALYZE, body=body))

    def analysis(self, job: str) -> Analysis:
        """The status of a job, with all pages of its results once it has ended."""
        where = path(ANALYZE + "/jobs/{job}", job=job)
        answers = parsing.pages(self._transport, where, {"$top": FULL_PAGE}, "@nextLink", bounds=parsing.JOB)
        return parsing.analysis(answers, _tasks)

    def _call(self, method: str, template: str, body: object = None, **names: str) -> Response:
        return self._transport.call(method, path(AUTHORING + template, **names), body=body)

    def _judged(self, what: str, project: str, model: str) -> object:
        where = path(AUTHORING + "/projects/{project}/" + what, project=project)
        return self._transport.call("GET", where, query={"trainingModelName": model}).body

    def _begin(self, template: str, project: str, model: str) -> str:
        body = {"tasks": [{"trainingModelName": model}]}
        return self._transport.job_id(self._call("POST", template, body, project=project))


def _progress(answer: Response, steps: Mapping[str, str]) -> Progress:
    """A job has one task. If that has failed, the job has failed for the same reason."""
    standing = parsing.progress(answer, steps=steps)
    task = _task(answer)
    ended = standing.state in {State.SUCCEEDED, State.FAILED}
    if not ended or parsing.state(_status(task)) is not State.FAILED:
        return standing
    why = reason(optional(task, dict, "error", default=None))
    return replace(standing, state=State.FAILED, error=why or parsing.failure(State.FAILED, answer.body))


def _prediction(item: object) -> Prediction:
    classes = required(item, dict, "classes")
    return Prediction(
        location=required(item, str, "location"),
        expected=parsing.names(classes, "labeledClasses", "labeledClass"),
        predicted=parsing.names(classes, "predictedClasses", "predictedClass"),
        language=optional(item, str, "culture", default=""),
    )


def _task(answer: Response) -> object:
    return next(iter(optional(answer.body, list, "tasks", default=[])), {})


def _status(part: object) -> str:
    return optional(part, str, *parsing.STATUS, default="")


def _tasks(body: object) -> list[object]:
    """The results, which are in `tasks.tasks` (quickstart) or in `tasks` (recorded from a sibling)."""
    tasks = optional(body, dict, "tasks", default={})
    lists = optional(tasks, dict, "tasks", default=tasks)
    return [task for name in TASKS_READ for task in optional(lists, list, name, default=[])]
