"""Ended documents again: replayed, because somebody asks for another try; forgotten, once their file is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from shared.errors import Moved
from shared.model import Document, Job, JobState
from shared.selection import Selection
from shared.services import Services

PAGE = 100
MOST = 1000  # documents a call: a caller waits for the answer


def replay(
    services: Services, wanted: Selection, now: datetime, *, keys: Sequence[str], dry_run: bool
) -> list[Document]:
    """Have them classified again, at most MOST a call; gives those that wait now (or would). Texts are read anew.

    With `keys`, only those of them that have ended, in whatever state.
    """

    def again(document: Document) -> None:
        services.ledger.commit((document, document.replayed(now)))

    return _each(services, wanted, keys, _nothing if dry_run else again)


def purge(services: Services, wanted: Selection, *, keys: Sequence[str], dry_run: bool) -> list[Document]:
    """Forget documents whose file is gone or has another version now, and the jobs that ended before `wanted.until`.

    What is still in the container stays: the sweep would find it new, and it would be paid for again.
    """

    def forget(document: Document) -> None:
        blob = services.documents.look(document.name)
        if blob is not None and blob.etag == document.etag:
            raise Moved("The file is still there.")
        if not dry_run:
            services.ledger.forget(document)

    gone = _each(services, wanted, keys, forget)
    if wanted.until and not dry_run:
        _forget_jobs(services, wanted.until)
    return gone


def _each(
    services: Services, wanted: Selection, keys: Sequence[str], act: Callable[[Document], None]
) -> list[Document]:
    done = []
    for document in _fitting(services, wanted, keys):
        with suppress(Moved):  # it is not what was asked for any more
            act(document)
            done.append(document)
        if len(done) == MOST:
            break
    return done


def _fitting(services: Services, wanted: Selection, keys: Sequence[str]) -> Iterator[Document]:
    if keys:
        found = services.ledger.find_all(Document, keys)
        yield from (document for document in found if document.state.final and wanted.fits(document))
        return
    after = ""
    while wanted.state:
        found, after = services.ledger.ended(Document, wanted.state, PAGE, after, until=wanted.until)
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
