"""Ended documents again: replayed, because somebody asks for another try; forgotten, once their file is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.domain.documents import Document
from shared.domain.filters import Selection
from shared.domain.jobs import Job, JobState
from shared.errors import VersionConflict
from shared.pipeline.isolation import each
from shared.services import Services

PAGE = 100
MOST, LOOKED_AT = 1000, 5000  # documents changed, and rows read, a call: a caller waits for the answer


@dataclass(frozen=True)
class Range:
    """Which documents one call looks at: those of `keys`, or else all there are, from where a call before ended."""

    keys: Sequence[str] = ()
    after: str = ""


def replay(
    services: Services, wanted: Selection, now: datetime, *, among: Range, dry_run: bool
) -> tuple[list[Document], str]:
    """Have them classified again; gives those that wait now (or would), and where to go on. Texts are read anew.

    Of those with a key, the ones that have ended, in whatever state.
    """

    def again(document: Document) -> None:
        services.ledger.commit((document, document.replayed(now)))

    return _each(services, wanted, among, _nothing if dry_run else again)


def purge(services: Services, wanted: Selection, *, among: Range, dry_run: bool) -> tuple[list[Document], str]:
    """Forget documents whose file is gone or has another version now; gives them, and where to go on.

    With the last of them go the jobs that ended before `wanted.until`. What is still in the container stays: the sweep
    would find it new, and it would be paid for again.
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
    except VersionConflict:  # it is not what was asked for any more
        return None
    return document


def _pages(services: Services, wanted: Selection, among: Range) -> Iterator[tuple[list[Document], str]]:
    """Documents that have ended, and where to go on after them."""
    if among.keys:
        yield [one for one in services.ledger.find_all(Document, among.keys) if one.state.final], ""
        return
    if wanted.state is None:
        return
    after = among.after
    for _ in range(LOOKED_AT // PAGE):
        found, after = services.ledger.ended(Document, wanted.state, PAGE, after, until=wanted.until)
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
