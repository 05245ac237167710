"""Speaks with azure-ai-textanalytics 6.0.0b2."""

from __future__ import annotations

from typing import Any

from azure.ai.textanalytics import TextAnalysisClient, models
from azure.core.credentials import AzureKeyCredential
from speaking import speak

ACTIONS = {
    "multi": (models.CustomMultiLabelClassificationOperationAction, models.CustomMultiLabelClassificationActionContent),
    "single": (
        models.CustomSingleLabelClassificationOperationAction,
        models.CustomSingleLabelClassificationActionContent,
    ),
}


def client(endpoint: str, key: str, version: str) -> TextAnalysisClient:
    return TextAnalysisClient(endpoint, AzureKeyCredential(key), api_version=version, polling_interval=0.02)


def begin(made: TextAnalysisClient, documents: list[dict[str, str]], targets: list[list[str]], **options: Any) -> Any:
    chosen = []
    for kind, project, deployment in targets:
        action, content = ACTIONS[kind]
        named = content(project_name=project, deployment_name=deployment)
        chosen.append(action(name=f"{kind} of {project}", action_content=named))
    inputs = models.MultiLanguageTextInput(
        multi_language_inputs=[models.MultiLanguageInput(id=one["id"], text=one["text"]) for one in documents]
    )
    return made.begin_analyze_text_job(text_input=inputs, actions=chosen, display_name="J", **options)


def analyze(documents: list[dict[str, str]], targets: list[list[str]], at: list[str]) -> Any:
    """A list of pages, each of them a list of actions."""
    with client(*at) as made:
        poller = begin(made, documents, targets)
        pages = [[action_of(one) for one in page.items_property] for page in poller.result()]
        details = poller.details
        return {"pages": pages, "status": details["status"], "name": details["display_name"]}


def statistics(documents: list[dict[str, str]], targets: list[list[str]], at: list[str]) -> Any:
    with client(*at) as made:
        poller = begin(made, documents, targets)
        poller.wait()
        state = made.get_job_status(poller.details["operation_id"], show_stats=True)
        found = [one.results.statistics for one in state.actions.items_property]
        return [[one.documents_count, one.valid_documents_count, one.transactions_count] for one in found]


def cancel(documents: list[dict[str, str]], targets: list[list[str]], at: list[str]) -> Any:
    """Without waiting: these clients do not know "cancelled" as an end."""
    with client(*at) as made:
        job = begin(made, documents, targets, polling=False).details["operation_id"]
        made.begin_cancel_job(job, polling=False)
        state = made.get_job_status(job)
        return {"status": state.status, "items": [action_of(one) for one in state.actions.items_property]}


def submit(documents: list[dict[str, str]], targets: list[list[str]], at: list[str], cancel_after: float) -> str:
    """The job's id."""
    with client(*at) as made:
        poller = begin(made, documents, targets, polling=False, cancel_after=cancel_after)
        return str(poller.details["operation_id"])


def status(job: str, at: list[str]) -> Any:
    with client(*at) as made:
        return made.get_job_status(job).status


def action_of(found: Any) -> dict[str, Any]:
    return {
        "name": found.task_name,
        "kind": found.kind,
        "status": found.status,
        "classes": {one.id: [item.category for item in one.class_property] for one in found.results.documents},
        "errors": {one.id: one.error.message for one in found.results.errors},
    }


if __name__ == "__main__":
    speak({"analyze": analyze, "statistics": statistics, "cancel": cancel, "submit": submit, "status": status})
