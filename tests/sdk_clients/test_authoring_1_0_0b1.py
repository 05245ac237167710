"""azure-ai-textanalytics-authoring 1.0.0b1 against the local Language service, through a project's whole life."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from local.language.conditions.clock import Clock
from tests.sdk_clients.client_process import Client, Raised
from tests.support.language_caller import START, Deployed, current_labels

KINDS = ["CustomMultiLabelClassification", "CustomSingleLabelClassification"]
TRAINING = {"trainingConfigVersion": "latest", "evaluationOptions": {"kind": "percentage"}}


Project = Callable[..., Any]


@pytest.fixture
def trained(authoring: Client, at: list[str], texts: str) -> Project:
    """The client of a new project, with the trained model M."""
    project = partial(authoring, "of_project", at=at, project=f"P{uuid.uuid4().hex[:10]}")
    project(what="import", body=current_labels(texts))
    project(what="train", body={**TRAINING, "modelLabel": "M"})
    return project


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_life_of_a_project(authoring: Client, at: list[str], texts: str, kind: str) -> None:
    name = f"P{uuid.uuid4().hex[:10]}"
    resource, project = partial(authoring, "of_resource", at=at), partial(authoring, "of_project", at=at, project=name)
    labels = current_labels(texts, kind)

    created = resource(what="create", name=name, body={**labels["metadata"], "projectName": name})
    assert (created["projectName"], created["projectKind"], created["class"]) == (name, kind, "ProjectDetails")
    assert name in [one["projectName"] for one in resource(what="list")]
    assert project(what="import", body=labels) is None
    for label in ("M", "N"):
        trained = project(what="train", body={**TRAINING, "modelLabel": label})
        assert (trained["modelLabel"], trained["trainingStatus"]["status"]) == (label, "succeeded")
        assert (trained["evaluationStatus"]["percentComplete"], trained["class"]) == (100, "TrainingJobResult")
    assert "lastTrainedDateTime" not in resource(what="get", name=name)
    assert project(what="own") == resource(what="get", name=name)
    assert [job["status"] for job in project(what="trainings")] == ["succeeded", "succeeded"]
    models = project(what="models")
    assert [(model["label"], model["hasSnapshot"]) for model in models] == [("M", True), ("N", True)]
    assert project(what="model", label="M") == models[0]

    assert_evaluated(project, kind)
    for action in ("load_snapshot", "export"):
        assert project(what=action, **({"label": "M"} if action == "load_snapshot" else {})) is None

    for deployment, label in (("first", "M"), ("second", "N")):
        project(what="deploy", name=deployment, body={"trainedModelLabel": label})
    assert deployed_models(project) == {"first": models[0]["modelId"], "second": models[1]["modelId"]}
    project(what="swap", body={"firstDeploymentName": "first", "secondDeploymentName": "second"})
    assert deployed_models(project) == {"first": models[1]["modelId"], "second": models[0]["modelId"]}
    assert project(what="deployment", name="first")["assignedResources"] == []

    for deployment in ("first", "second"):
        assert project(what="undeploy", name=deployment) is None
    assert deployed_models(project) == {}
    assert project(what="delete_model", label="M") is None
    assert [model["label"] for model in project(what="models")] == ["N"]
    assert resource(what="delete", name=name) is None
    with pytest.raises(Raised) as raised:
        resource(what="get", name=name)
    assert (raised.value.kind, raised.value.status) == ("ResourceNotFoundError", 404)


def assert_evaluated(project: Callable[..., Any], kind: str) -> None:
    summary = project(what="summary", label="M")
    assert summary["class"] == f"{kind}EvalSummary"
    figures = summary[f"c{kind[1:]}Evaluation"]
    assert 0 < figures["microF1"] <= 1
    assert set(figures["classes"]) - {"None"} == {"Cooking", "Sailing", "Space"}
    results = project(what="results", label="M")
    assert {result["class"] for result in results} == {f"{kind}DocumentEvalResult"}
    assert len(results) > 2  # more than a page
    expected = "expectedClasses" if "Multi" in kind else "expectedClass"
    assert all(expected in result[f"c{kind[1:]}Result"] for result in results)


def deployed_models(project: Callable[..., Any]) -> dict[str, str]:
    return {one["deploymentName"]: one["modelId"] for one in project(what="deployments")}


def test_all_that_the_client_offers_is_asked_for(authoring: Client) -> None:
    script = (Path(__file__).parent / "authoring_1_0_0b1.py").read_text()
    names = authoring("offered")
    assert len(names) > 30
    assert [name for name in names if f".{name}(" not in script and name != "get_project_client"] == []


def test_what_can_be_chosen_is_listed(authoring: Client, at: list[str]) -> None:
    languages = authoring("of_resource", what="languages", at=at)
    assert {"en", "en-us"} <= {one["languageCode"] for one in languages}
    [config] = authoring("of_resource", what="configs", at=at)
    assert config["trainingConfigVersion"] == "2022-05-01"


def test_a_model_is_evaluated_anew(trained: Project) -> None:
    options = {"kind": "percentage", "trainingSplitPercentage": 50, "testingSplitPercentage": 50}
    before = len(trained(what="results", label="M"))
    found = trained(what="evaluate", label="M", body=options)
    assert (found["class"], found["percentComplete"], found["modelLabel"]) == ("EvaluationJobResult", 100, "M")
    assert found["evaluationOptions"] == options == trained(what="summary", label="M")["evaluationOptions"]
    assert len(trained(what="results", label="M")) > before


def test_a_project_is_copied(authoring: Client, at: list[str], deployed: Deployed) -> None:
    name = f"P{uuid.uuid4().hex[:10]}"
    source = partial(authoring, "of_project", at=at, project=deployed.single)
    target = partial(authoring, "of_project", at=at, project=name)
    allowed = target(what="authorize_copy", project_kind=KINDS[1])
    assert (allowed.pop("class"), allowed["targetProjectName"]) == ("CopyProjectDetails", name)
    with pytest.raises(Raised) as raised:
        source(what="copy", body={**allowed, "accessToken": "guessed"})
    assert (raised.value.status, raised.value.code) == (403, "Forbidden")
    assert source(what="copy", body=allowed) is None
    assert authoring("of_resource", what="get", at=at, name=name)["projectKind"] == KINDS[1]
    with pytest.raises(Raised) as raised:
        target(what="authorize_copy", project_kind=KINDS[1], allow_overwrite=False)
    assert (raised.value.kind, raised.value.status) == ("ResourceExistsError", 409)
    assert target(what="authorize_copy", project_kind=KINDS[1], allow_overwrite=True)["accessToken"]


def test_resources_are_assigned_deployed_to_and_given_back(trained: Project) -> None:
    ids = ["/subscriptions/s/accounts/one", "/subscriptions/s/accounts/other"]
    given = [{"azureResourceId": it, "customDomain": "domain", "region": "westus"} for it in ids]
    assert trained(what="assign", body={"resourcesMetadata": given}) is None
    assert [(it["azureResourceId"], it["class"]) for it in trained(what="resources")] == [
        (it, "AssignedDeploymentResource") for it in ids
    ]
    trained(what="deploy", name="D", body={"trainedModelLabel": "M", "assignedResourceIds": ids})
    assert [it["resourceId"] for it in trained(what="deployment", name="D")["assignedResources"]] == ids
    assert trained(what="withdraw", name="D", body={"assignedResourceIds": ids[:1]}) is None
    assert [it["resourceId"] for it in trained(what="deployment", name="D")["assignedResources"]] == ids[1:]
    assert trained(what="unassign", body={"assignedResourceIds": ids[:1]}) is None
    assert [it["azureResourceId"] for it in trained(what="resources")] == ids[1:]
    assert trained(what="withdraw", name="D", body={}) is None
    assert trained(what="deployments") == []


def test_models_are_exported(trained: Project, at: list[str]) -> None:
    model = trained(what="model", label="M")
    for name in ("E", "F"):
        assert trained(what="export_model", name=name, body={"trainedModelLabel": "M"}) is None
    found = trained(what="exported", name="E")
    assert (found["class"], found["modelId"]) == ("ExportedTrainedModel", model["modelId"])
    assert [it["exportedModelName"] for it in trained(what="all_exported")] == ["E", "F"]
    for file in trained(what="manifest", name="E")["modelFiles"]:
        answer = requests.get(file["contentUri"], headers={"Ocp-Apim-Subscription-Key": at[1]}, timeout=30)
        assert (answer.status_code, answer.content != b"") == (200, True)
    assert trained(what="delete_exported", name="E") is None
    assert [it["exportedModelName"] for it in trained(what="all_exported")] == ["F"]


def test_what_only_other_resources_and_kinds_have_is_empty(authoring: Client, at: list[str]) -> None:
    for what in ("assigned_deployments", "prebuilt_entities"):
        assert authoring("of_resource", what=what, at=at) == []


def test_the_format_of_an_import(trained: Project, texts: str) -> None:
    assert trained(what="import", body=current_labels(texts), format="json") is None
    with pytest.raises(Raised) as raised:
        trained(what="import", body=current_labels(texts), format="aml")
    assert (raised.value.status, raised.value.code) == (400, "InvalidArgument")


def test_a_training_is_cancelled(authoring: Client, start: Callable[..., Any], deployed: Deployed) -> None:
    with start(clock=Clock(START), pace="realistic") as service:
        project = partial(authoring, "of_project", at=[service.endpoint, service.key], project=deployed.multi)
        job = project(what="begin_train", body={**TRAINING, "modelLabel": "N"})
        assert project(what="cancel", job=job) == job
        statuses = {one["jobId"]: one["status"] for one in project(what="trainings")}
    assert statuses[job] == "cancelling"


def test_a_training_that_cannot_be(authoring: Client, at: list[str], deployed: Deployed) -> None:
    body = {"modelLabel": "N", "trainingConfigVersion": "2019-01-01"}
    with pytest.raises(Raised) as raised:
        authoring("of_project", what="train", at=at, project=deployed.multi, body=body)
    assert (raised.value.kind, raised.value.status) == ("HttpResponseError", 400)


def test_a_wrong_key(authoring: Client, at: list[str]) -> None:
    with pytest.raises(Raised, match="invalid subscription key") as raised:
        authoring("of_resource", what="list", at=[at[0], "wrong"])
    assert (raised.value.kind, raised.value.status) == ("ClientAuthenticationError", 401)
