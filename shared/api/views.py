"""The JSON of responses, the same for both protocols. Names are camelCase, times ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from shared.domain.document_json import View, classifier, timeline, without_missing
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.routing import ActiveClassifier, FolderClassifier
from shared.domain.singletons import Pause, Sweep
from shared.labels.formats import Finding
from shared.language.types import (
    Deployment,
    Evaluation,
    Model,
    Prediction,
    Progress,
    Project,
    Training,
)


class HealthStatus(StrEnum):
    """The status of a health check, the best first. The worst status of all checks is that of the app."""

    OK = "ok"
    WAITING = "waiting"  # it may recover without intervention
    RED = "red"  # it needs attention


def continuation(row: str) -> View:
    """`continue`, the last row of this page in characters that need no URL encoding; empty on the last page."""
    return {"continue": row.replace("|", "_")} if row else {}


def job(value: Job) -> View:
    return without_missing(
        {
            "key": value.key,
            "state": value.state,
            "serviceIds": list(value.service_ids),
            "apiVersion": value.api,
            "documents": list(value.documents),
            "classifier": classifier(value.classifier),
            "created": value.created,
            "expires": value.expires,
            "ended": value.ended,
            "polls": value.polls,
            "nextLook": None if value.state.final else value.due,
            "detail": value.detail,
            "timeline": timeline(value.timeline),
        }
    )


def operation(value: Operation) -> View:
    return without_missing(
        {
            "key": value.key,
            "kind": value.kind,
            "part": value.part,
            "project": value.project,
            "state": value.state,
            "percent": value.percent,
            "steps": dict(value.steps) or None,
            "parameters": dict(value.parameters),
            "result": dict(value.result) or None,
            "detail": value.detail,
            "created": value.created,
            "ended": value.ended,
            "nextLook": None if value.state.final else value.due,
            "timeline": timeline(value.timeline),
        }
    )


def active_classifier(value: ActiveClassifier, source: str) -> View:
    return without_missing(
        {**(classifier(value.classifier) if value.classifier else {}), "since": value.since, "from": source}
    )


def folder_classifier(value: FolderClassifier) -> View:
    return {"prefix": value.prefix, **without_missing({**classifier(value.classifier), "since": value.since})}


def pause(value: Pause) -> View:
    return without_missing({"paused": value.paused, "since": value.since})


def sweep(value: Sweep) -> View:
    return without_missing(
        {
            "running": value.began is not None or value.asked,
            "whole": value.whole,
            "files": value.files,
            "filesBefore": value.files_before,
            "found": value.found,
            "began": value.began,
            "lastPage": value.moved,
            "ended": value.ended,
            "wholeEnded": value.whole_ended,
        }
    )


def project(value: Project) -> View:
    return without_missing(
        {
            "name": value.name,
            "modelType": value.kind,
            "multiLingual": value.multilingual,
            "description": value.description,
            "culture": value.language,
            "storageInputContainerName": value.container,
            "created": value.created,
            "modified": value.modified,
            "trained": value.trained,
            "deployed": value.deployed,
        }
    )


def model(value: Model) -> View:
    return without_missing(
        {"name": value.name, "modelId": value.model_id, "trained": value.trained, "expires": value.expires}
    )


def deployment(value: Deployment) -> View:
    return without_missing(
        {"name": value.name, "model": value.model, "deployed": value.deployed, "expires": value.expires}
    )


def training(value: Training) -> View:
    return {**without_missing({"model": value.model, "created": value.created}), **progress(value.job, value.progress)}


def progress(job: str, value: Progress) -> View:
    """A job of the Language service that no operation follows."""
    return without_missing(
        {
            "job": job,
            "state": value.state,
            "percent": value.percent,
            "steps": dict(value.steps) or None,
            "detail": value.error,
            "expires": value.expires,
        }
    )


def prediction(value: Prediction) -> View:
    view = {"name": value.location, "language": value.language}
    return {**without_missing(view), "expected": list(value.expected), "predicted": list(value.predicted)}


def finding(value: Finding) -> View:
    return {"where": value.where, "what": value.what, "do": value.do}


def evaluation(value: Evaluation) -> View:
    scores = {name: _camel(asdict(score)) for name, score in value.classes.items()}
    totals = {name: number for name, number in asdict(value).items() if name.startswith(("micro", "macro"))}
    return {
        "modelType": value.kind,
        **_camel(totals),
        "classes": scores,
        **({"confusion": {row: dict(columns) for row, columns in value.confusion.items()}} if value.confusion else {}),
    }


def _camel(values: Mapping[str, Any]) -> View:
    return {
        name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]): value
        for name, value in values.items()
    }
