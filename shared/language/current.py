"""Today's protocol: authoring and analysis at api-version 2023-04-01 or 2022-05-01."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.errors import BadRequest, Unknown
from shared.language import reading
from shared.language.answers import Answer
from shared.language.endpoint import path
from shared.language.reading import moment, optional, required
from shared.language.transport import Transport
from shared.language.types import (
    Analysis,
    Classifier,
    Deployment,
    Evaluation,
    Kind,
    LabelledDocument,
    Labels,
    Model,
    Progress,
    Project,
    Text,
)

AUTHORING = "/language/authoring/analyze-text"
JOBS = "/language/analyze-text/jobs"
MERGE_PATCH = "application/merge-patch+json"
FULL_PAGE = "25"
"""A whole job in one answer; the default page is shorter, and each page counts against the quota."""
LABELS_VERSION = "2022-05-01"
"""The labels file's own version, the same for both API versions (documentation)."""
KINDS: Mapping[Kind, str] = {
    Kind.MULTI: "CustomMultiLabelClassification",
    Kind.SINGLE: "CustomSingleLabelClassification",
}
KINDS_READ = {word.casefold(): kind for kind, word in KINDS.items()}
EVALUATIONS = {
    "customMultiLabelClassificationEvaluation": Kind.MULTI,
    "customSingleLabelClassificationEvaluation": Kind.SINGLE,
}
SPLIT = {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20}
TRAINING_STEPS = {"training": "trainingStatus", "evaluation": "evaluationStatus"}


class CurrentLanguage:
    """`Language` in today's protocol. A project's labels travel with its import."""

    dialect = "current"

    def __init__(self, transport: Transport, api: str) -> None:
        self._transport = transport
        self.api = api

    def begin_create_project(self, project: Project, labels: Labels) -> str:
        """Create the project, or change the one of that name, and import its labels; they replace what it had.

        Raises BadRequest for a document with several classes in a single-label project.
        """
        imported = _import(project, labels)
        name = project.name
        self._call("PATCH", "/projects/{project}", _metadata(project), content_type=MERGE_PATCH, project=name)
        return self._begin("POST", "/projects/{project}/:import", imported, project=name)

    def creation(self, project: str, job: str) -> Progress:
        return reading.progress(self._get("/projects/{project}/import/jobs/{job}", project=project, job=job))

    def projects(self) -> Sequence[Project]:
        """The classification projects; the service lists those of its other features beside them."""
        return [_project(item) for item in self._list("/projects") if _kind(item)]

    def project(self, name: str) -> Project:
        body = self._get("/projects/{project}", project=name).body
        if not _kind(body):
            raise Unknown(f"{name!r} is a project of another feature of the Language service, not a classification.")
        return _project(body)

    def begin_delete_project(self, name: str) -> str:
        return self._begin("DELETE", "/projects/{project}", project=name)

    def deletion(self, name: str, job: str) -> Progress:  # noqa: ARG002  the service asks for the job alone
        return reading.progress(self._get("/projects/global/deletion-jobs/{job}", job=job))

    def begin_train(self, project: str, model: str) -> str:
        options = {"modelLabel": model, "trainingConfigVersion": "latest", "evaluationOptions": SPLIT}
        return self._begin("POST", "/projects/{project}/:train", options, project=project)

    def training(self, project: str, job: str) -> Progress:
        """Where a training stands; its percent counts training and evaluation half each."""
        answer = self._get("/projects/{project}/train/jobs/{job}", project=project, job=job)
        result = optional(answer.body, dict, "result", default={})
        parts = {step: optional(result, dict, field, default={}) for step, field in TRAINING_STEPS.items()}
        steps = {step: required(part, str, *reading.STATUS) for step, part in parts.items() if part}
        done = sum(reading.number(part, "percentComplete") for part in parts.values() if part)
        return reading.progress(answer, steps=steps, percent=int(done / len(parts)) if steps else None)

    def begin_publish(self, project: str, model: str, deployment: str) -> str:
        body = {"trainedModelLabel": model}
        return self._begin("PUT", "/projects/{project}/deployments/{name}", body, project=project, name=deployment)

    def publishing(self, project: str, deployment: str, job: str) -> Progress:
        template = "/projects/{project}/deployments/{name}/jobs/{job}"
        return reading.progress(self._get(template, project=project, name=deployment, job=job))

    def classifier(self, project: str, deployment: str, model_id: str) -> Classifier:  # noqa: ARG002  only the other has it
        return Classifier(self.dialect, project=project, deployment=deployment, kind=self.project(project).kind)

    def models(self, project: str) -> Sequence[Model]:
        return [_model(item) for item in self._list("/projects/{project}/models", project=project)]

    def delete_model(self, project: str, model: str) -> None:
        self._call("DELETE", "/projects/{project}/models/{model}", project=project, model=model)

    def deployments(self, project: str) -> Sequence[Deployment]:
        """The project's deployments. One whose model was deleted or trained anew shows the old model's id instead."""
        listed = self._list("/projects/{project}/deployments", project=project)
        names = {model.model_id: model.name for model in self.models(project)} if listed else {}
        return [_deployment(item, names) for item in listed]

    def evaluation(self, project: str, model: str) -> Evaluation:
        template = "/projects/{project}/models/{model}/evaluation/summary-result"
        return reading.evaluation(self._get(template, project=project, model=model).body, EVALUATIONS)

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        """Submit up to 25 texts as one job called `name`."""
        names = {"projectName": classifier.project, "deploymentName": classifier.deployment}
        body = {
            "displayName": name,
            "analysisInput": {"documents": reading.documents(texts)},
            "tasks": [{"kind": KINDS[classifier.kind], "parameters": names}],
        }
        return self._transport.job_id(self._transport.call("POST", JOBS, query=self._query, body=body))

    def analysis(self, job: str) -> Analysis:
        """Where a job stands, with all pages of its results once it has ended."""
        query = {**self._query, "top": FULL_PAGE}
        answers = reading.pages(self._transport, path(JOBS + "/{job}", job=job), query, "nextLink")
        return reading.analysis(answers, _tasks)

    @property
    def _query(self) -> dict[str, str]:
        return {"api-version": self.api}

    def _call(
        self, method: str, template: str, body: object = None, *, content_type: str = "application/json", **names: str
    ) -> Answer:
        where = path(AUTHORING + template, **names)
        return self._transport.call(method, where, query=self._query, body=body, content_type=content_type)

    def _get(self, template: str, **names: str) -> Answer:
        return self._call("GET", template, **names)

    def _begin(self, method: str, template: str, body: object = None, **names: str) -> str:
        return self._transport.job_id(self._call(method, template, body, **names))

    def _list(self, template: str, **names: str) -> list[object]:
        answers = reading.pages(self._transport, path(AUTHORING + template, **names), self._query, "nextLink")
        return [item for answer in answers for item in required(answer.body, list, "value")]


def _metadata(project: Project) -> dict[str, object]:
    return {
        "projectKind": KINDS[project.kind],
        "storageInputContainerName": project.container,
        "projectName": project.name,
        "language": project.language,
        "multilingual": project.multilingual,
        "description": project.description,
    }


def _import(project: Project, labels: Labels) -> dict[str, object]:
    return {
        "projectFileVersion": LABELS_VERSION,
        "stringIndexType": "Utf16CodeUnit",
        "metadata": _metadata(project),
        "assets": {
            "projectKind": KINDS[project.kind],
            "classes": [{"category": category} for category in labels.classes],
            "documents": [_labelled(document, project) for document in labels.documents],
        },
    }


def _labelled(document: LabelledDocument, project: Project) -> dict[str, object]:
    entry: dict[str, object] = {"location": document.location, "language": document.language or project.language}
    if document.dataset:
        entry["dataset"] = document.dataset
    categories = [{"category": category} for category in document.classes]
    if project.kind is Kind.MULTI:
        return {**entry, "classes": categories}
    if len(categories) > 1:
        raise BadRequest(f"{document.location!r} has several classes, but {project.name!r} is a single-label project.")
    return {**entry, "class": categories[0]} if categories else entry


def _kind(item: object) -> Kind | None:
    return KINDS_READ.get(required(item, str, "projectKind").casefold())


def _project(item: object) -> Project:
    return Project(
        name=required(item, str, "projectName"),
        kind=_kind(item) or Kind.MULTI,
        container=required(item, str, "storageInputContainerName"),
        language=optional(item, str, "language", default=""),
        multilingual=optional(item, bool, "multilingual", default=False),
        description=optional(item, str, "description", default=""),
        created=moment(item, "createdDateTime"),
        modified=moment(item, "lastModifiedDateTime"),
        trained=moment(item, "lastTrainedDateTime"),
        deployed=moment(item, "lastDeployedDateTime"),
    )


def _model(item: object) -> Model:
    return Model(
        name=required(item, str, "label"),
        model_id=optional(item, str, "modelId", default=""),
        trained=moment(item, "lastTrainedDateTime"),
        expires=moment(item, "modelExpirationDate"),
    )


def _deployment(item: object, names: Mapping[str, str]) -> Deployment:
    model_id = required(item, str, "modelId")
    return Deployment(
        name=required(item, str, "deploymentName"),
        model=names.get(model_id, model_id),
        deployed=moment(item, "lastDeployedDateTime"),
        expires=moment(item, "deploymentExpirationDate"),
    )


def _tasks(body: object) -> list[object]:
    return optional(optional(body, dict, "tasks", default={}), list, "items", default=[])
