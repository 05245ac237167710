"""Document: one version of one file, a frozen value with its transitions.

Pure: no I/O and no clock; `now` is always an argument. A transition returns a new value. `version` is the storage
version of the row that a value was read from (empty: never stored). It makes every later write conditional.

waiting -> submitted -> succeeded | failed | superseded | gone
submitted -> waiting, if its job ends without its result
a final state -> waiting, by a replay
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from shared.domain.keys import document_key
from shared.domain.timeline import REASON_LENGTH, SETBACKS, Event, Timed
from shared.language.types import Classifier, ClassScore

SERVICE_PACK = 25  # documents a request: Microsoft's service limits
# The maximum job size for a document, by the number of attempts that it has had.
BATCH_SIZES = (SERVICE_PACK, 5, 1, 1, 1, 1, 1)
MAX_ATTEMPTS = len(BATCH_SIZES)  # submissions, each perhaps billed, before a document fails; a replay resets the count
REFUSED_TOGETHER = 2  # consecutive refusals after which a document is sent alone
MAX_REFUSALS = 100  # consecutive refusals, ten minutes apart, that end a document if the service accepts others
# Waits of a document that its classifier keeps waiting.
POSTPONED_FIRST, POSTPONED_MAX = timedelta(seconds=10), timedelta(minutes=10)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)  # the language tag of a text or blob


class DocumentState(StrEnum):
    WAITING = "waiting"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"  # a newer version of the file replaced it before it was read
    GONE = "gone"  # the file was deleted before it was read

    @property
    def final(self) -> bool:
        return self not in (DocumentState.WAITING, DocumentState.SUBMITTED)


# States of a document that nobody has read: if its file exists again, it is claimed again.
UNREAD = (DocumentState.GONE, DocumentState.SUPERSEDED)


class Reason(StrEnum):
    """Why a document failed."""

    BAD_INPUT = "bad_input"  # the content, name or metadata of the file is not valid
    REJECTED = "rejected"  # the service rejected this document
    ERROR = "error"  # its next step failed: SETBACKS times in a row, or for a day if storage failed
    EXHAUSTED = "exhausted"  # MAX_ATTEMPTS submissions without a result


@dataclass(frozen=True)
class Blob:
    """A file's current properties in storage."""

    name: str
    etag: str  # without quotes
    size: int  # bytes
    modified: datetime
    language: str = ""  # the blob's metadata entry `language`
    encoding: str = ""  # the blob's Content-Encoding


@dataclass(frozen=True)
class Document(Timed):
    """One version of one file."""

    key: str  # see `document_key`
    name: str  # of the blob, with its folders
    etag: str  # without quotes
    size: int  # bytes
    modified: datetime  # of the file, as storage says
    claimed: datetime  # when this version was first seen
    due: datetime  # when it is processed next
    state: DocumentState = DocumentState.WAITING
    language: str = ""  # from the blob's metadata; empty: the project's
    encoding: str = ""  # the blob's Content-Encoding
    attempts: int = 0  # submissions without a result that the service may have received and billed
    setbacks: int = 0  # consecutive errors in its next step
    set_back_since: datetime | None = None  # the first of these errors
    apart: bool = False  # the last of these errors was in a job with others: it is sent alone
    refusals: int = 0  # consecutive submissions that the service did not accept, for a reason that is not its own
    job: str = ""  # the key of its job, or of the job that ended it
    reason: Reason | None = None  # if it failed
    detail: str = ""  # if it failed: the reason as a sentence
    classes: tuple[ClassScore, ...] = ()  # best first; confidences from 0 to 1
    classifier: Classifier | None = None  # that classified it
    ended: datetime | None = None  # when it reached its final state
    timeline: tuple[Event, ...] = ()
    written: datetime | None = None  # when `due` was set, by the writer's clock; None while it is in a job
    characters: int = 0  # of its text, when it was last submitted
    replays: int = 0  # how often it was replayed
    traceparent: str = ""  # W3C trace context of the span in which it landed; "" without tracing
    version: str = field(default="", compare=False)  # of its row

    @property
    def max_batch_size(self) -> int:
        """The maximum number of documents in its next job. It decreases with each attempt."""
        alone = self.apart or self.refusals >= REFUSED_TOGETHER
        return 1 if alone else BATCH_SIZES[min(self.attempts, MAX_ATTEMPTS - 1)]

    @property
    def is_suspect(self) -> bool:
        """Whether an attempt, an error or a refusal was counted: the cause may be another document of its job."""
        return self.attempts > 0 or self.setbacks > 0 or self.refusals > 0

    @classmethod
    def landed(cls, container: str, blob: Blob, now: datetime, traceparent: str = "") -> Self:
        """A new document for a version of a file that is not in the ledger. It is due at once."""
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
            traceparent=traceparent,
            timeline=(Event(now, "landed"),),
        )

    def submitted(self, job: str, until: datetime, now: datetime, characters: int = 0) -> Self:
        """In `job`. It is due at `until`, in case that job is lost. `characters`: of its text; 0: as before."""
        timeline = self._after(now, f"submitted in job {job}")
        step_taken = replace(
            self, setbacks=0, set_back_since=None, apart=False, characters=characters or self.characters
        )
        return replace(step_taken, state=DocumentState.SUBMITTED, job=job, due=until, written=None, timeline=timeline)

    def succeeded(self, classes: tuple[ClassScore, ...], classifier: Classifier, now: datetime) -> Self:
        ended = self._ended(DocumentState.SUCCEEDED, now, "classified", classes=classes, classifier=classifier)
        return replace(ended, setbacks=0, set_back_since=None, refusals=0)

    def failed(self, reason: Reason, detail: str, now: datetime) -> Self:
        return self._ended(DocumentState.FAILED, now, detail, reason=reason, detail=detail[:REASON_LENGTH])

    def superseded(self, now: datetime) -> Self:
        return self._ended(DocumentState.SUPERSEDED, now, "a newer version of the file replaced it")

    def gone(self, now: datetime) -> Self:
        return self._ended(DocumentState.GONE, now, "the file was deleted before it was read")

    def requeued(self, why: str, due: datetime, now: datetime) -> Self:
        """Waiting again, without a counted attempt or setback."""
        timeline = self._after(now, why)
        return replace(self, state=DocumentState.WAITING, job="", due=due, written=now, timeline=timeline)

    def no_result(self, why: str, due: datetime, now: datetime) -> Self:
        """Waiting again with one attempt more, after a submission without a result. The last attempt ends it."""
        attempts = self.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            detail = f"Submitted {attempts} times without a result. Last error: {why}"
            return replace(self.failed(Reason.EXHAUSTED, detail, now), attempts=attempts)
        return replace(self.requeued(why, due, now), attempts=attempts, refusals=0)

    def refused(self, why: str, due: datetime, now: datetime, *, alone: bool) -> Self:
        """Waiting again after the service did not accept its job. Nothing was billed, so no attempt is counted.

        After REFUSED_TOGETHER refusals it is sent alone. `alone`: it was the only document of the job, and the service
        has accepted others since. Then MAX_REFUSALS refusals in a row end it.
        """
        refusals = self.refusals + 1
        if alone and refusals >= MAX_REFUSALS:
            return self.failed(Reason.ERROR, f"The service refused it {refusals} times. Last error: {why}", now)
        return replace(self.requeued(why, due, now), refusals=min(refusals, MAX_REFUSALS))

    def postponed(self, why: str, now: datetime) -> Self:
        """Due later, so that others are submitted first, without a counted attempt or setback.

        It waits as long again as it has waited for this reason: POSTPONED_FIRST at least, POSTPONED_MAX at most.
        """
        timeline = self._after_other(now, why)
        wait = min(max(now - timeline[-1].at, POSTPONED_FIRST), POSTPONED_MAX)
        return replace(self, due=now + wait, written=now, timeline=timeline)

    def set_back(
        self, why: str, due: datetime, now: datetime, *, patience: timedelta = timedelta(0), apart: bool = False
    ) -> Self:
        """Due again at `due` in the same state, after an error in its next step.

        SETBACKS errors in a row end it, if the first of them was at least `patience` ago.
        """
        setbacks, since = self.setbacks + 1, self.set_back_since or now
        if setbacks >= SETBACKS and now - since >= patience:
            return self.failed(Reason.ERROR, f"Its next step failed {setbacks} times. Last error: {why}", now)
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
        """Waiting again, with all counters and results cleared. For ended documents."""
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
            replays=self.replays + 1,
            timeline=self._after(now, "replayed"),
        )

    def bounded(self, now: datetime) -> Self:
        """With its times corrected, if the clock that wrote them was ahead. Only for waiting documents."""
        if self.state is not DocumentState.WAITING:
            return self
        since = min(self.set_back_since, now) if self.set_back_since else None
        return self._bounded("waiting document", now, claimed=min(self.claimed, now), set_back_since=since)

    def _ended(self, state: DocumentState, now: datetime, what: str, **changes: object) -> Self:
        timeline = self._after(now, f"{state}: {what}")
        return replace(self, state=state, ended=now, timeline=timeline, **changes)  # type: ignore[arg-type]
