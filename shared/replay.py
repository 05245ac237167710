"""Ended documents again: replayed, because somebody asks for another try; forgotten, once their file is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from shared.errors import Moved
from shared.language.types import Classifier
from shared.model import Document, DocumentState, Job, JobState, Reason
from shared.services import Services

PAGE = 100
MOST = 1000  # documents a call: a caller waits for the answer


@dataclass(frozen=True)
class Wanted:
    """Which ended documents: of these keys, or else all that ended in `state`, and of those the ones that fit the rest.

    `other_than`: only those that another classifier than this one classified.
    """

    state: DocumentState = DocumentState.FAILED
    keys: Sequence[str] = field(default=())
    prefix: str = ""
    reason: Reason | None = None
    other_than: Classifier | None = None
    ended_before: datetime | None = None

    def fits(self, document: Document) -> bool:
        return (
            document.state.final
            and document.name.startswith(self.prefix)
            and self.reason in (None, document.reason)
            and (self.other_than is None or document.classifier != self.other_than)
            and (self.ended_before is None or (document.ended or self.ended_before) < self.ended_before)
        )


def replay(services: Services, wanted: Wanted, now: datetime, *, dry_run: bool) -> list[Document]:
    """Have them classified again, at most MOST a call; gives those that wait now (or would). Texts are read anew."""

    def again(document: Document) -> None:
        services.ledger.commit((document, document.replayed(now)))

    return _each(services, wanted, _nothing if dry_run else again)


def purge(services: Services, wanted: Wanted, *, dry_run: bool) -> list[Document]:
    """Forget documents whose file is gone or has another version now, and the jobs that ended before them.

    What is still in the container stays: the sweep would find it new, and it would be paid for again.
    """

    def forget(document: Document) -> None:
        blob = services.documents.look(document.name)
        if blob is not None and blob.etag == document.etag:
            raise Moved("The file is still there.")
        if not dry_run:
            services.ledger.forget(document)

    gone = _each(services, wanted, forget)
    if wanted.ended_before and not dry_run:
        _forget_jobs(services, wanted.ended_before)
    return gone


def _each(services: Services, wanted: Wanted, act: Callable[[Document], None]) -> list[Document]:
    done = []
    for document in _fitting(services, wanted):
        with suppress(Moved):  # it is not what was asked for any more
            act(document)
            done.append(document)
        if len(done) == MOST:
            break
    return done


def _fitting(services: Services, wanted: Wanted) -> Iterator[Document]:
    if wanted.keys:
        yield from filter(wanted.fits, services.ledger.find_all(Document, wanted.keys))
        return
    after = ""
    while True:
        found, after = services.ledger.ended(Document, wanted.state, PAGE, after)
        yield from filter(wanted.fits, found)
        if not after:
            return


def _forget_jobs(services: Services, before: datetime) -> None:
    for state in (JobState.DONE, JobState.LOST):
        after = ""
        while True:
            found, after = services.ledger.ended(Job, state, PAGE, after)
            for job in found:
                if job.ended and job.ended < before:
                    with suppress(Moved):
                        services.ledger.forget(job)
            if not after:
                break


def _nothing(_: Document) -> None: ...
