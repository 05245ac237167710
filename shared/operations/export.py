"""Exports all classified documents of a selection to one file of the results container, as an operation.

Each step stages one block of the file and returns the position of the next. A step that is repeated stages the same
block. The file exists once the last block is committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.operations import Cursor, Operation, Step
from shared.language.types import Progress, State
from shared.learning.reviews import Decision, Review, ReviewState
from shared.operations.export_formats import FORMATS
from shared.operations.handler import Effect, Handler
from shared.pipeline.isolation import each
from shared.services import Services

PAGE, PAGES = 500, 10  # documents in a page, pages in a step
FOLDER = "exports"
SOON = 1.0  # seconds until the next step


def parameters(wanted: Selection, form: str) -> dict[str, Any]:
    """The operation's parameters for this request."""
    moments = {"since": wanted.since, "until": wanted.until}
    kept = {"format": form, "prefix": wanted.prefix, "class": wanted.category}
    return {**kept, **{name: moment.isoformat() for name, moment in moments.items() if moment}}


def file_of(operation: Operation) -> str:
    return f"{FOLDER}/{operation.key}.{operation.parameters['format']}"


class DocumentsExport(Handler):
    """The work is the app's own: no job of the service belongs to it."""

    def begin(self, services: Services, operation: Operation) -> str:
        del services, operation
        return ""

    def look(self, services: Services, operation: Operation) -> Progress:
        """Stage the next block. After the last one, commit the file."""
        place, form = _position(operation), FORMATS[operation.parameters["format"]]
        documents, after = _next(services, _selection(operation), place.after)
        decisions = _decisions(services, documents)
        lines = each(lambda document: form.lines([document], decisions), documents, lambda _, __: b"", workers=1)
        written = [line for line in lines if line]
        content = (b"" if place.blocks else form.head) + b"".join(written)
        name = file_of(operation)
        if content:
            services.documents.stage(name, place.blocks, content)
        further = Cursor(place.blocks + bool(content), place.documents + len(written), after)
        steps = {"documents": further.documents}
        if after:
            return Step(State.RUNNING, steps=steps, retry_after=SOON, cursor=further)
        services.documents.commit_blocks(name, further.blocks, form.content_type)
        return Progress(State.SUCCEEDED, steps=steps)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        del now
        return [], {"container": services.documents.results, "blob": file_of(operation), **progress.steps}


def _position(operation: Operation) -> Cursor:
    """Where the next step begins. In rows of an earlier version, `service_id` is blocks:documents:after."""
    if operation.cursor is None and operation.service_id:
        blocks, documents, after = operation.service_id.split(":", 2)
        return Cursor(int(blocks), int(documents), after)
    return operation.cursor or Cursor()


def _selection(operation: Operation) -> Selection:
    """Only documents that ended before the export was created, so that its pages do not change."""
    kept = operation.parameters
    since, until = (datetime.fromisoformat(kept[name]) if name in kept else None for name in ("since", "until"))
    return Selection(
        DocumentState.SUCCEEDED,
        prefix=kept["prefix"],
        category=kept["class"],
        since=since,
        until=min(until or operation.created, operation.created),
    )


def _decisions(services: Services, documents: Sequence[Document]) -> Mapping[str, Decision]:
    """The decisions on these documents, by their keys. One request if nothing was ever decided."""
    ledger = services.ledger
    if not documents or ledger.ended(Review, ReviewState.DECIDED, 1) == ([], ""):
        return {}
    reviews = ledger.find_all(Review, [document.key for document in documents])
    return {
        review.key: review.decision for review in reviews if review.state is ReviewState.DECIDED and review.decision
    }


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
