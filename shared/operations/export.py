"""Writes all classified documents of a selection into one file of the results container: the work of an operation.

A step stages one block of the file and says where the next goes on. A step that is taken twice stages the same block
twice, and the file is not there before its last block is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.operations import Operation
from shared.language.types import Progress, State
from shared.operations.export_formats import FORMATS
from shared.pipeline.isolation import each
from shared.services import Services

PAGE, PAGES = 500, 10  # documents a page, pages a step
FOLDER = "exports"
SOON = 1.0  # seconds until the next step: what is next has not to be waited for


@dataclass(frozen=True)
class Place:
    """How far an export is: blocks staged, documents in them, and where the listing goes on ("" at its beginning)."""

    blocks: int = 0
    documents: int = 0
    after: str = ""

    @classmethod
    def read(cls, text: str) -> Place:
        blocks, documents, after = text.split(":", 2)
        return cls(int(blocks), int(documents), after)

    def __str__(self) -> str:
        return f"{self.blocks}:{self.documents}:{self.after}"


def parameters(wanted: Selection, form: str) -> dict[str, Any]:
    """What the operation keeps of a request."""
    moments = {"since": wanted.since, "until": wanted.until}
    kept = {"format": form, "prefix": wanted.prefix, "class": wanted.category}
    return {**kept, **{name: moment.isoformat() for name, moment in moments.items() if moment}}


def file_of(operation: Operation) -> str:
    return f"{FOLDER}/{operation.key}.{operation.parameters['format']}"


def begin(_: Services, __: Operation) -> str:
    return str(Place())


def step(services: Services, operation: Operation) -> Progress:
    """Stage the next block; the last one makes the file."""
    place, form = Place.read(operation.service_id), FORMATS[operation.parameters["format"]]
    documents, after = _next(services, _selection(operation), place.after)
    lines = each(lambda document: form.lines([document]), documents, lambda _, __: b"", workers=1)
    written = [line for line in lines if line]
    content = (b"" if place.blocks else form.head) + b"".join(written)
    name = file_of(operation)
    if content:
        services.documents.stage(name, place.blocks, content)
    further = Place(place.blocks + bool(content), place.documents + len(written), after)
    steps = {"documents": further.documents}
    if after:
        return Progress(State.RUNNING, steps=steps, job=str(further), retry_after=SOON)
    services.documents.commit_blocks(name, further.blocks, form.content_type)
    return Progress(State.SUCCEEDED, steps=steps)


def effect(
    services: Services, operation: Operation, progress: Progress, _: datetime
) -> tuple[list[tuple[Any, Any]], Mapping[str, Any]]:
    return [], {"container": services.documents.results, "blob": file_of(operation), **progress.steps}


def _selection(operation: Operation) -> Selection:
    """Nothing that ended after the export began, so that its pages stand still."""
    kept = operation.parameters
    since, until = (datetime.fromisoformat(kept[name]) if name in kept else None for name in ("since", "until"))
    return Selection(
        DocumentState.SUCCEEDED,
        prefix=kept["prefix"],
        category=kept["class"],
        since=since,
        until=min(until or operation.created, operation.created),
    )


def _next(services: Services, wanted: Selection, after: str) -> tuple[list[Document], str]:
    fitting: list[Document] = []
    for _ in range(PAGES):
        found, after = services.ledger.ended(
            Document, DocumentState.SUCCEEDED, PAGE, after, since=wanted.since, until=wanted.until
        )
        fitting += filter(wanted.fits, found)
        if not after:
            break
    return fitting, after
