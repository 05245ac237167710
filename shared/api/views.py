"""What is known, as JSON for callers: one shape whichever protocol is behind. Names are camelCase, times ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.domain.documents import Document
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.singletons import ActiveClassifier, Pause, Sweep
from shared.domain.timeline import Event
from shared.labels.formats import Finding
from shared.language.types import (
    Classifier,
    ClassScore,
    Deployment,
    Evaluation,
    Model,
    Prediction,
    Progress,
    Project,
    Training,
)

View = dict[str, Any]


class Standing(StrEnum):
    """How a check of health turned out, the best first; of all checks, the worst counts."""

    OK = "ok"
    WAITING = "waiting"  # it may pass by itself
    RED = "red"  # somebody has to see to it


def continued(row: str) -> View:
    """Where the next call goes on after this row, in characters that a URL takes as they are; nothing at the end."""
    return {"continue": row.replace("|", "_")} if row else {}


def document(value: Document, waiting_for: str = "") -> View:
    """`waiting_for`: why it waits, in words."""
    return _present(
        {
            "key": value.key,
            "name": value.name,
            "state": value.state,
            "etag": value.etag,
            "size": value.size,
            "language": value.language,
            "lastModified": value.modified,
            "landed": value.claimed,
            "ended": value.ended,
            "job": value.job,
            "attempts": value.attempts or None,
            "reason": value.reason,
            "detail": value.detail,
            "waitingFor": waiting_for,
            "classes": [class_score(one) for one in value.classes] if value.classifier else None,
            "classifier": classifier(value.classifier) if value.classifier else None,
            "timeline": timeline(value.timeline),
        }
    )


def job(value: Job) -> View:
    return _present(
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
    return _present(
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


def classifier(value: Classifier) -> View:
    return _present(
        {
            "project": value.project,
            "deployment": value.deployment,
            "model": value.model,
            "modelId": value.model_id,
            "modelType": value.kind,
        }
    )


def chosen(value: ActiveClassifier, source: str) -> View:
    return _present(
        {**(classifier(value.classifier) if value.classifier else {}), "since": value.since, "from": source}
    )


def pause(value: Pause) -> View:
    return _present({"paused": value.paused, "since": value.since})


def sweep(value: Sweep) -> View:
    return _present(
        {
            "running": value.began is not None or value.asked,
            "began": value.began,
            "found": value.found,
            "ended": value.ended,
            "wholeEnded": value.whole_ended,
        }
    )


def class_score(value: ClassScore) -> View:
    return {"category": value.category, "confidence": value.confidence}


def project(value: Project) -> View:
    return _present(
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
    return _present({"name": value.name, "modelId": value.model_id, "trained": value.trained, "expires": value.expires})


def deployment(value: Deployment) -> View:
    return _present({"name": value.name, "model": value.model, "deployed": value.deployed, "expires": value.expires})


def training(value: Training) -> View:
    return {**_present({"model": value.model, "created": value.created}), **progress(value.job, value.progress)}


def progress(job: str, value: Progress) -> View:
    """A job of the service's that no operation follows."""
    return _present(
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
    return {**_present(view), "expected": list(value.expected), "predicted": list(value.predicted)}


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


def timeline(events: tuple[Event, ...]) -> list[View]:
    return [{"at": event.at.isoformat(), "what": event.what} for event in events]


def _camel(values: Mapping[str, Any]) -> View:
    return {
        name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]): value
        for name, value in values.items()
    }


def _present(values: Mapping[str, Any]) -> View:
    """Without what is not known; times as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None and value != ""
    }
