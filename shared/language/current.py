"""Today's protocol: authoring and analysis at api-version 2023-04-01 or 2022-05-01."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.errors import ResourceNotFound
from shared.language import current_shapes as shapes
from shared.language import parsing
from shared.language.endpoint import path
from shared.language.parsing import required
from shared.language.project_file import KINDS, metadata, project_file
from shared.language.responses import Response
from shared.language.transport import Transport
from shared.language.types import (
    Analysis,
    Classifier,
    Deployment,
    Evaluation,
    Kind,
    Labels,
    Model,
    Prediction,
    Progress,
    Project,
    SpokenLanguage,
    Text,
    Training,
)

AUTHORING = "/language/authoring/analyze-text"
JOBS = "/language/analyze-text/jobs"
MERGE_PATCH = "application/merge-patch+json"
FULL_PAGE = "25"
"""A whole job in one response: the default page is shorter, and each page counts against the quota."""
EVALUATIONS = {
    "customMultiLabelClassificationEvaluation": Kind.MULTI,
    "customSingleLabelClassificationEvaluation": Kind.SINGLE,
}
SPLIT = {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20}
MANUAL_SPLIT = {"kind": "manual"}  # by the dataset of each document
INDEXED = {"stringIndexType": "Utf16CodeUnit"}
"""Required for exports and for results of each document, although no classification uses indexes (swagger)."""


class CurrentLanguage:
    """`Language` in today's protocol. A project's labels travel with its import."""

    dialect = "current"

    def __init__(self, transport: Transport, api: str) -> None:
        self._transport = transport
        self.api = api

    def begin_create_project(self, project: Project, labels: Labels) -> str:
        """Create the project, or change the one of that name, and import its labels, which replace earlier ones.

        Raises BadRequest for a document with several classes in a single-label project.
        """
        imported = project_file(project, labels)
        self._patch(project)
        return self._import(imported, project.name)

    def begin_import(self, project: Project, labels: Labels) -> str:
        """Import labels into an existing project, replacing earlier ones. Raises BadRequest in the same case."""
        return self._import(project_file(project, labels), project.name)

    def creation(self, project: str, job: str) -> Progress:
        return parsing.progress(self._get("/projects/{project}/import/jobs/{job}", project=project, job=job))

    def projects(self) -> Sequence[Project]:
        """The classification projects. The service also lists projects of other features."""
        return [shapes.project(item) for item in self._list("/projects") if shapes.kind(item)]

    def project(self, name: str) -> Project:
        body = self._get("/projects/{project}", project=name).body
        if not shapes.kind(body):
            raise ResourceNotFound(
                f"{name!r} is a project of another feature of the Language service, not a classification."
            )
        return shapes.project(body)

    def change_project(self, project: Project) -> Project:
        return shapes.project(self._patch(project).body)

    def begin_export(self, project: str) -> str:
        return self._begin("POST", "/projects/{project}/:export", query=INDEXED, project=project)

    def exporting(self, project: str, job: str) -> Progress:
        return parsing.progress(self._get("/projects/{project}/export/jobs/{job}", project=project, job=job))

    def exported(self, project: str, job: str) -> bytes:
        """The file at the job's `resultUrl` (recorded). Its path is known, so the link is not followed."""
        return self._get("/projects/{project}/export/jobs/{job}/result", project=project, job=job).file()

    def begin_delete_project(self, name: str) -> str:
        return self._begin("DELETE", "/projects/{project}", project=name)

    def deletion(self, name: str, job: str) -> Progress:  # noqa: ARG002  the service needs only the job
        return parsing.progress(self._get("/projects/global/deletion-jobs/{job}", job=job))

    def begin_train(self, project: str, model: str, *, manual_split: bool = False) -> str:
        split = MANUAL_SPLIT if manual_split else SPLIT
        options = {"modelLabel": model, "trainingConfigVersion": "latest", "evaluationOptions": split}
        return self._begin("POST", "/projects/{project}/:train", options, project=project)

    def training(self, project: str, job: str) -> Progress:
        answer = self._get("/projects/{project}/train/jobs/{job}", project=project, job=job)
        return replace(shapes.training_progress(answer.body), retry_after=answer.retry_after)

    def trainings(self, project: str) -> Sequence[Training]:
        return [shapes.training(item) for item in self._list("/projects/{project}/train/jobs", project=project)]

    def cancel_training(self, project: str, job: str) -> None:
        """Request the cancellation of a training. Raises Rejected if it has ended (recorded)."""
        self._call("POST", "/projects/{project}/train/jobs/{job}/:cancel", project=project, job=job)

    def begin_publish(self, project: str, model: str, deployment: str) -> str:
        body = {"trainedModelLabel": model}
        return self._begin("PUT", "/projects/{project}/deployments/{name}", body, project=project, name=deployment)

    def publishing(self, project: str, deployment: str, job: str) -> Progress:
        template = "/projects/{project}/deployments/{name}/jobs/{job}"
        return parsing.progress(self._get(template, project=project, name=deployment, job=job))

    def classifier(self, project: str, deployment: str, model_id: str) -> Classifier:  # noqa: ARG002  only the other dialect has it
        return Classifier(self.dialect, project=project, deployment=deployment, kind=self.project(project).kind)

    def models(self, project: str) -> Sequence[Model]:
        return [shapes.model(item) for item in self._list("/projects/{project}/models", project=project)]

    def model(self, project: str, model: str) -> Model:
        return shapes.model(self._get("/projects/{project}/models/{model}", project=project, model=model).body)

    def delete_model(self, project: str, model: str) -> None:
        self._call("DELETE", "/projects/{project}/models/{model}", project=project, model=model)

    def deployments(self, project: str) -> Sequence[Deployment]:
        """The project's deployments. If a model was deleted or trained again, its deployment has the old model's id."""
        listed = self._list("/projects/{project}/deployments", project=project)
        names = {model.model_id: model.name for model in self.models(project)} if listed else {}
        return [shapes.deployment(item, names) for item in listed]

    def deployment(self, project: str, deployment: str) -> Deployment:
        found = self._get("/projects/{project}/deployments/{name}", project=project, name=deployment).body
        return shapes.deployment(found, {model.model_id: model.name for model in self.models(project)})

    def begin_delete_deployment(self, project: str, deployment: str) -> str:
        """Start the deletion of a deployment. Its progress is that of a publishing."""
        return self._begin("DELETE", "/projects/{project}/deployments/{name}", project=project, name=deployment)

    def begin_swap(self, project: str, first: str, second: str) -> str:
        body = {"firstDeploymentName": first, "secondDeploymentName": second}
        return self._begin("POST", "/projects/{project}/deployments/:swap", body, project=project)

    def swapping(self, project: str, job: str) -> Progress:
        return parsing.progress(self._get("/projects/{project}/deployments/swap/jobs/{job}", project=project, job=job))

    def evaluation(self, project: str, model: str) -> Evaluation:
        template = "/projects/{project}/models/{model}/evaluation/summary-result"
        return parsing.evaluation(self._get(template, project=project, model=model).body, EVALUATIONS)

    def predictions(self, project: str, model: str) -> Sequence[Prediction]:
        template = "/projects/{project}/models/{model}/evaluation/result"
        return [shapes.prediction(item) for item in self._list(template, INDEXED, project=project, model=model)]

    def languages(self) -> Sequence[SpokenLanguage]:
        return [shapes.spoken_language(item) for item in self._list("/projects/global/languages")]

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        """Submit up to 25 texts as one job with this name."""
        names = {"projectName": classifier.project, "deploymentName": classifier.deployment}
        body = {
            "displayName": name,
            "analysisInput": {"documents": parsing.documents(texts)},
            "tasks": [{"kind": KINDS[classifier.kind], "parameters": names}],
        }
        return self._transport.job_id(self._transport.call("POST", JOBS, query=self._query, body=body))

    def analysis(self, job: str) -> Analysis:
        """The status of a job, with all pages of its results once it has ended."""
        query = {**self._query, "top": FULL_PAGE}
        answers = parsing.pages(self._transport, path(JOBS + "/{job}", job=job), query, "nextLink", bounds=parsing.JOB)
        return parsing.analysis(answers, shapes.tasks)

    @property
    def _query(self) -> dict[str, str]:
        return {"api-version": self.api}

    def _call(
        self,
        method: str,
        template: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        **names: str,
    ) -> Response:
        where = path(AUTHORING + template, **names)
        asked = {**self._query, **(query or {})}
        return self._transport.call(method, where, query=asked, body=body, content_type=content_type)

    def _get(self, template: str, **names: str) -> Response:
        return self._call("GET", template, query=None, **names)

    def _patch(self, project: Project) -> Response:
        body = metadata(project)
        return self._call("PATCH", "/projects/{project}", body, content_type=MERGE_PATCH, project=project.name)

    def _import(self, file: Mapping[str, object], project: str) -> str:
        return self._begin("POST", "/projects/{project}/:import", file, project=project)

    def _begin(
        self, method: str, template: str, body: object = None, query: Mapping[str, str] | None = None, **names: str
    ) -> str:
        return self._transport.job_id(self._call(method, template, body, query=query, **names))

    def _list(self, template: str, query: Mapping[str, str] | None = None, **names: str) -> list[object]:
        asked = {**self._query, **(query or {})}
        answers = parsing.pages(self._transport, path(AUTHORING + template, **names), asked, "nextLink")
        return [item for answer in answers for item in required(answer.body, list, "value")]
