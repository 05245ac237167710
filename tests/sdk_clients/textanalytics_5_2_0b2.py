"""Speaks with azure-ai-textanalytics 5.2.0b2, the nearest of the service's own clients to the quickstart."""

from __future__ import annotations

from typing import Any

from azure.ai.textanalytics import MultiCategoryClassifyAction, SingleCategoryClassifyAction, TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from speaking import details_of, results_of, speak

ACTIONS = {"multi": MultiCategoryClassifyAction, "single": SingleCategoryClassifyAction}


def actions(documents: list[dict[str, str]], targets: list[list[str]], at: list[str], **options: Any) -> Any:
    chosen = [ACTIONS[kind](project_name=project, deployment_name=deployment) for kind, project, deployment in targets]
    with TextAnalyticsClient(at[0], AzureKeyCredential(at[1])) as made:
        poller = made.begin_analyze_actions(documents, chosen, display_name="J", polling_interval=0.02, **options)
        results = [[results_of(one) for one in document] for document in poller.result()]
        return {"results": results, "details": details_of(poller)}


if __name__ == "__main__":
    speak({"actions": actions})
