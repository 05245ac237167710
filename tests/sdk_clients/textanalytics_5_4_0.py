"""Speaks with azure-ai-textanalytics 5.4.0."""

from __future__ import annotations

from typing import Any

from azure.ai.textanalytics import MultiLabelClassifyAction, SingleLabelClassifyAction, TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from speaking import details_of, results_of, speak

BEGIN = {"multi": "begin_multi_label_classify", "single": "begin_single_label_classify"}
ACTIONS = {"multi": MultiLabelClassifyAction, "single": SingleLabelClassifyAction}


def client(endpoint: str, key: str, version: str) -> TextAnalyticsClient:
    return TextAnalyticsClient(endpoint, AzureKeyCredential(key), api_version=version)


def classify(kind: str, documents: list[dict[str, str]], target: list[str], at: list[str], **options: Any) -> Any:
    with client(*at) as made:
        poller = getattr(made, BEGIN[kind])(documents, *target, polling_interval=0.02, **options)
        return {"results": [results_of(one) for one in poller.result()], "details": details_of(poller)}


def actions(documents: list[dict[str, str]], targets: list[list[str]], at: list[str]) -> Any:
    """`targets`: kind, project and deployment of each action. The results of a document are a list, one an action."""
    chosen = [ACTIONS[kind](project_name=project, deployment_name=deployment) for kind, project, deployment in targets]
    with client(*at) as made:
        poller = made.begin_analyze_actions(documents, chosen, display_name="J", polling_interval=0.02)
        results = [[results_of(one) for one in document] for document in poller.result()]
        return {"results": results, "details": details_of(poller)}


def cancel(documents: list[dict[str, str]], target: list[str], at: list[str]) -> Any:
    with client(*at) as made:
        poller = made.begin_multi_label_classify(documents, *target, polling_interval=0.02)
        poller.cancel()
        return {"results": [results_of(one) for one in poller.result()], "details": details_of(poller)}


def cancel_finished(documents: list[dict[str, str]], target: list[str], at: list[str]) -> Any:
    with client(*at) as made:
        poller = made.begin_multi_label_classify(documents, *target, polling_interval=0.02)
        poller.result()
        return poller.cancel()


if __name__ == "__main__":
    speak({"classify": classify, "actions": actions, "cancel": cancel, "cancel_finished": cancel_finished})
