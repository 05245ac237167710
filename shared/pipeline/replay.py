"""Replay and purge of ended documents: classify them again, or delete the records of those without a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.jobs import Job, JobState
from shared.errors import VersionConflict
from shared.pipeline.isolation import each
from shared.services import Services

PAGE = 100
FINAL = [state for state in DocumentState if state.final]
MOST, LOOKED_AT = 1000, 5000  # documents changed, and rows read, in one call: a caller waits for the response


@dataclass(frozen=True)
class Range:
    """The documents that one call reads."""

    keys: Sequence[str] = ()  # only these documents; empty: all
    after: str = ""  # the continuation token of the previous call


def replay(
    services: Services, wanted: Selection, now: datetime, *, among: Range, dry_run: bool
) -> tuple[list[Document], str]:
    """Set ended documents to waiting again. Their texts are read and classified again.

    Returns the documents (with `dry_run`: those that would be replayed) and a continuation token ("" at the end).
    Documents in `among.keys` are replayed whatever final state they have.
    """

    def again(document: Document) -> None:
        services.ledger.commit((document, document.replayed(now)))

    return _each(services, wanted, among, _nothing if dry_run else again)


def purge(services: Services, wanted: Selection, *, among: Range, dry_run: bool) -> tuple[list[Document], str]:
    """Delete the records of documents whose version of the file no longer exists.

    Returns these documents (before their deletion) and a continuation token ("" at the end). The last call also
    deletes jobs that ended before `wanted.until`. Documents whose file still exists are kept: without its record, the
    sweep would claim the file again, and it would be billed again.
    """

    def forget(document: Document) -> None:
        blob = services.documents.get_properties(document.name)
        if blob is not None and blob.etag == document.etag:
            raise VersionConflict("The file is still there.")
        if not dry_run:
            services.ledger.forget(document)

    gone, after = _each(services, wanted, among, forget)
    if wanted.until and not dry_run and not after:
        _forget_jobs(services, wanted.until)
    return gone, after


def _each(
    services: Services, wanted: Selection, among: Range, act: Callable[[Document], None]
) -> tuple[list[Document], str]:
    done: list[Document] = []
    further = ""
    for documents, after in _pages(services, wanted, among):
        further = after
        fitting = [document for document in documents if wanted.fits(document)]
        acted = each(lambda document: _acted(document, act), fitting, lambda _, __: None)
        done += [document for document in acted if document]
        if len(done) + PAGE > MOST:
            break
    return done, further


def _acted(document: Document, act: Callable[[Document], None]) -> Document | None:
    try:
        act(document)
    except VersionConflict:  # it has changed since, or its file still exists
        return None
    return document


def _pages(services: Services, wanted: Selection, among: Range) -> Iterator[tuple[list[Document], str]]:
    """Pages of ended documents, each with a continuation token."""
    if among.keys:
        documents = services.ledger.find_all(Document, among.keys)
        yield [document for document in documents if document.state.final], ""
        return
    states = FINAL if wanted.state is None else [wanted.state]
    after = among.after
    for _ in range(LOOKED_AT // PAGE):
        found, after = services.ledger.ended_in(Document, states, PAGE, after, since=wanted.since, until=wanted.until)
        yield found, after
        if not after:
            return


def _forget_jobs(services: Services, before: datetime) -> None:
    for state in (JobState.DONE, JobState.LOST):
        after = ""
        while True:
            found, after = services.ledger.ended(Job, state, PAGE, after, until=before)
            old = [job for job in found if job.ended and job.ended < before]
            each(lambda job: _forgotten(job, services), old, lambda _, __: None)
            if not after:
                break


def _forgotten(job: Job, services: Services) -> None:
    with suppress(VersionConflict):
        services.ledger.forget(job)


def _nothing(_: Document) -> None: ...
