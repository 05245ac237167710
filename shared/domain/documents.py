"""Document: one version of one file, a frozen value with its transitions.

Pure: no I/O and no clock; `now` is always an argument. A transition returns a new value. `version` is the storage
version of the row a value was read from (empty: never stored), and makes every later change of it conditional.

waiting -> submitted -> succeeded | failed | superseded | gone
submitted -> waiting when a job fails it; ended -> waiting when it is replayed
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from shared.domain.clocks import MAX_WAIT, meant
from shared.domain.keys import document_key
from shared.domain.timeline import REASON_LENGTH, SETBACKS, WRITTEN_AHEAD, Event, Timed
from shared.language.types import Classifier, ClassScore

SERVICE_PACK = 25  # documents a request: Microsoft's service limits
# The most documents a job may have with one that was submitted in vain before: how often, and in a job of how many.
BATCH_SIZES = (SERVICE_PACK, 5, 1, 1, 1, 1, 1)
MAX_ATTEMPTS = len(BATCH_SIZES)  # a document is submitted, and may be billed, no more often; a replay counts again
REFUSED_TOGETHER = 2  # refusals in a row after which a document is sent alone
MAX_REFUSALS = 100  # in a row, ten minutes apart, that end a document while the service takes others
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)  # of a text, as callers and blobs name it


class DocumentState(StrEnum):
    WAITING = "waiting"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"  # a newer version of the file took its place before it was read
    GONE = "gone"  # the file was deleted before it was read

    @property
    def final(self) -> bool:
        return self not in (DocumentState.WAITING, DocumentState.SUBMITTED)


class Reason(StrEnum):
    """Why a document failed."""

    BAD_INPUT = "bad_input"  # the file cannot be classified as it is
    REJECTED = "rejected"  # the service refuses this very document
    ERROR = "error"  # SETBACKS times in a row an unforeseen error, or for a day storage, kept it from its next step
    EXHAUSTED = "exhausted"  # submitted MAX_ATTEMPTS times, and no answer came back


@dataclass(frozen=True)
class Blob:
    """A file as storage shows it now. `etag` has no quotes; `language` is the blob's own metadata entry, or empty."""

    name: str
    etag: str
    size: int
    modified: datetime
    language: str = ""
    encoding: str = ""  # the blob's Content-Encoding


@dataclass(frozen=True)
class Document(Timed):
    """One version of one file.

    `attempts`: submissions that the service may have received, and may have billed, and that brought no answer. `due`:
    when it is to be looked at next; `written`: when that was decided, by the clock that did, None while a job holds it
    and moves it on. `confidence` runs from 0 to 1. `setbacks`: errors in a row that kept it from its
    next step, since `set_back_since`; `apart`: the last of them was met in company, so that it is sent alone.
    `refusals`: submissions in a row that the service did not take, through trouble that was no judgement on them.
    """

    key: str
    name: str
    etag: str
    size: int
    modified: datetime
    claimed: datetime
    due: datetime
    state: DocumentState = DocumentState.WAITING
    language: str = ""
    encoding: str = ""  # the blob's Content-Encoding
    attempts: int = 0
    setbacks: int = 0
    set_back_since: datetime | None = None
    apart: bool = False
    refusals: int = 0
    job: str = ""
    reason: Reason | None = None
    detail: str = ""
    classes: tuple[ClassScore, ...] = ()
    classifier: Classifier | None = None
    ended: datetime | None = None
    timeline: tuple[Event, ...] = ()
    written: datetime | None = None
    version: str = field(default="", compare=False)

    @property
    def max_batch_size(self) -> int:
        """The most documents that its next job may have: the more attempts were in vain, the fewer."""
        alone = self.apart or self.refusals >= REFUSED_TOGETHER
        return 1 if alone else BATCH_SIZES[min(self.attempts, MAX_ATTEMPTS - 1)]

    @classmethod
    def landed(cls, container: str, blob: Blob, now: datetime) -> Self:
        """A version of a file that was not known yet."""
        return cls(
            key=document_key(container, blob.name, blob.etag),
            name=blob.name,
            etag=blob.etag,
            size=blob.size,
            modified=blob.modified,
            claimed=now,
            due=now,
            written=now,
            language=blob.language,
            encoding=blob.encoding,
            timeline=(Event(now, "landed"),),
        )

    def submitted(self, job: str, until: datetime, now: datetime) -> Self:
        """Handed to `job`; looked at again at `until`, should that job be forgotten."""
        timeline = self._after(now, f"submitted in job {job}")
        step_taken = replace(self, setbacks=0, set_back_since=None, apart=False)
        return replace(step_taken, state=DocumentState.SUBMITTED, job=job, due=until, written=None, timeline=timeline)

    def succeeded(self, classes: tuple[ClassScore, ...], classifier: Classifier, now: datetime) -> Self:
        ended = self._ended(DocumentState.SUCCEEDED, now, "classified", classes=classes, classifier=classifier)
        return replace(ended, setbacks=0, set_back_since=None, refusals=0)

    def failed(self, reason: Reason, detail: str, now: datetime) -> Self:
        return self._ended(DocumentState.FAILED, now, detail, reason=reason, detail=detail[:REASON_LENGTH])

    def superseded(self, now: datetime) -> Self:
        return self._ended(DocumentState.SUPERSEDED, now, "a newer version of the file took its place")

    def gone(self, now: datetime) -> Self:
        return self._ended(DocumentState.GONE, now, "the file was deleted before it was read")

    def requeued(self, why: str, due: datetime, now: datetime) -> Self:
        """Back to waiting through no fault of its own."""
        timeline = self._after(now, why)
        return replace(self, state=DocumentState.WAITING, job="", due=due, written=now, timeline=timeline)

    def no_result(self, why: str, due: datetime, now: datetime) -> Self:
        """A submission that may have been billed brought no answer: a counted attempt, and a smaller job next time."""
        attempts = self.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            detail = f"Submitted {attempts} times without an answer; the last time: {why}"
            return replace(self.failed(Reason.EXHAUSTED, detail, now), attempts=attempts)
        return replace(self.requeued(why, due, now), attempts=attempts, refusals=0)

    def refused(self, why: str, due: datetime, now: datetime, *, alone: bool) -> Self:
        """The service did not take its job, and nothing was billed: no attempt, but soon it is sent by itself.

        `alone`: the service took others meanwhile. Then the last of MAX_REFUSALS in a row ends it.
        """
        refusals = self.refusals + 1
        if alone and refusals >= MAX_REFUSALS:
            return self.failed(Reason.ERROR, f"The service refused it {refusals} times; the last time: {why}", now)
        return replace(self.requeued(why, due, now), refusals=min(refusals, MAX_REFUSALS))

    def set_back(
        self, why: str, due: datetime, now: datetime, *, patience: timedelta = timedelta(0), apart: bool = False
    ) -> Self:
        """An error kept it from its next step: it stays as it is until `due`.

        The last of SETBACKS in a row ends it, if the first of them is at least `patience` ago.
        """
        setbacks, since = self.setbacks + 1, self.set_back_since or now
        if setbacks >= SETBACKS and now - since >= patience:
            return self.failed(Reason.ERROR, f"Its next step failed {setbacks} times; the last time: {why}", now)
        return replace(
            self,
            setbacks=setbacks,
            set_back_since=since,
            apart=apart,
            due=due,
            written=now if self.state is DocumentState.WAITING else None,
            timeline=self._after_other(now, why),
        )

    def replayed(self, now: datetime) -> Self:
        """An ended document waits again, as if it had just landed, because somebody asked for it."""
        return replace(
            self,
            state=DocumentState.WAITING,
            due=now,
            written=now,
            attempts=0,
            setbacks=0,
            set_back_since=None,
            apart=False,
            refusals=0,
            job="",
            reason=None,
            detail="",
            classes=(),
            classifier=None,
            ended=None,
            timeline=self._after(now, "replayed"),
        )

    def bounded(self, now: datetime) -> Self:
        """As it can have been meant, if a clock that was ahead wrote it. What is submitted follows its job."""
        if self.state is not DocumentState.WAITING:
            return self
        due = meant(self.due, self.written, MAX_WAIT["waiting document"], now)
        if due == self.due:
            return self
        since = min(self.set_back_since, now) if self.set_back_since else None
        timeline = self._after_other(now, WRITTEN_AHEAD)
        return replace(
            self, due=due, written=now, claimed=min(self.claimed, now), set_back_since=since, timeline=timeline
        )

    def _ended(self, state: DocumentState, now: datetime, what: str, **changes: object) -> Self:
        timeline = self._after(now, f"{state}: {what}")
        return replace(self, state=state, ended=now, timeline=timeline, **changes)  # type: ignore[arg-type]
