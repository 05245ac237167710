"""Speaks with azure-ai-textanalytics-authoring 1.0.0b1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.ai.textanalytics.authoring import TextAuthoringClient, TextAuthoringProjectClient
from azure.core.credentials import AzureKeyCredential
from speaking import speak

# Each takes the client and what it is asked for. What comes back is turned into JSON by `_plain`.
RESOURCE: dict[str, Callable[..., Any]] = {
    "create": lambda it, name, body: it.create_project(name, body),
    "get": lambda it, name: it.get_project(name),
    "list": lambda it: it.list_projects(maxpagesize=1),
    "languages": lambda it: it.list_supported_languages(maxpagesize=40),
    "configs": lambda it: it.list_training_config_versions(project_kind="CustomMultiLabelClassification"),
    "delete": lambda it, name: it.begin_delete_project(name).result(),
    "assigned_deployments": lambda it: it.list_assigned_resource_deployments(maxpagesize=1),
    "prebuilt_entities": lambda it: it.list_supported_prebuilt_entities(),
}
PROJECT: dict[str, Callable[..., Any]] = {
    "import": lambda it, body, **options: it.project.begin_import(body, **options).result(),
    "export": lambda it: it.project.begin_export(string_index_type="Utf16CodeUnit").result(),
    "train": lambda it, body: it.project.begin_train(body).result(),
    "begin_train": lambda it, body: _job(it.project.begin_train(body, polling=False)),
    "cancel": lambda it, job: _job(it.project.begin_cancel_training_job(job, polling=False)),
    "trainings": lambda it: it.project.list_training_jobs(),
    "models": lambda it: it.project.list_trained_models(maxpagesize=1),
    "model": lambda it, label: it.trained_model.get_trained_model(label),
    "summary": lambda it, label: it.trained_model.get_model_evaluation_summary(label),
    "results": lambda it, label: it.trained_model.list_model_evaluation_results(
        label, string_index_type="Utf16CodeUnit", maxpagesize=2
    ),
    "evaluate": lambda it, label, body: it.trained_model.begin_evaluate_model(label, body).result(),
    "authorize_copy": lambda it, **options: it.project.copy_project_authorization(**options),
    "copy": lambda it, body: it.project.begin_copy_project(body).result(),
    "resources": lambda it: it.project.list_deployment_resources(maxpagesize=1),
    "assign": lambda it, body: it.project.begin_assign_deployment_resources(body).result(),
    "unassign": lambda it, body: it.project.begin_unassign_deployment_resources(body).result(),
    "withdraw": lambda it, name, body: it.deployment.begin_delete_deployment_from_resources(name, body).result(),
    "export_model": lambda it, name, body: it.exported_model.begin_create_or_update_exported_model(name, body).result(),
    "exported": lambda it, name: it.exported_model.get_exported_model(name),
    "own": lambda it: it.project.get_project(),
    "all_exported": lambda it: it.project.list_exported_models(maxpagesize=1),
    "manifest": lambda it, name: it.exported_model.get_exported_model_manifest(name),
    "delete_exported": lambda it, name: it.exported_model.begin_delete_exported_model(name).result(),
    "load_snapshot": lambda it, label: it.trained_model.begin_load_snapshot(label).result(),
    "delete_model": lambda it, label: it.trained_model.delete_trained_model(label),
    "deploy": lambda it, name, body: it.deployment.begin_deploy_project(name, body).result(),
    "deployment": lambda it, name: it.deployment.get_deployment(name),
    "deployments": lambda it: it.project.list_deployments(maxpagesize=1),
    "swap": lambda it, body: it.project.begin_swap_deployments(body).result(),
    "undeploy": lambda it, name: it.deployment.begin_delete_deployment(name).result(),
}


def of_resource(what: str, at: list[str], **asked: Any) -> Any:
    with TextAuthoringClient(at[0], AzureKeyCredential(at[1]), polling_interval=0.02) as made:
        return _plain(RESOURCE[what](made, **asked))


def of_project(what: str, at: list[str], project: str, **asked: Any) -> Any:
    key = AzureKeyCredential(at[1])
    with TextAuthoringProjectClient(at[0], key, project_name=project, polling_interval=0.02) as made:
        return _plain(PROJECT[what](made, **asked))


def offered() -> list[str]:
    """All that the client can be asked for."""
    at = {"endpoint": "http://127.0.0.1", "credential": AzureKeyCredential("none")}
    with TextAuthoringClient(**at) as resource, TextAuthoringProjectClient(**at, project_name="P") as project:
        groups = [resource, project.project, project.deployment, project.exported_model, project.trained_model]
        names = {name for group in groups for name in dir(group) if callable(getattr(group, name))}
        return sorted(
            name for name in names if name.startswith(("begin_", "copy_", "create_", "delete_", "get_", "list_"))
        )


def _job(poller: Any) -> str:
    address = poller.polling_method()._initial_response.http_response.headers["operation-location"]
    return str(address).rpartition("/")[2].partition("?")[0]


def _plain(found: Any) -> Any:
    """A model with the name of its class; the items of all pages of a list."""
    if found is None or isinstance(found, str):
        return found
    if hasattr(found, "as_dict"):
        return {**found.as_dict(), "class": type(found).__name__}
    return [_plain(one) for one in found]


if __name__ == "__main__":
    speak({"of_resource": of_resource, "of_project": of_project, "offered": offered})
