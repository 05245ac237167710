"""Drains the outbox: what ended or was decided is counted in the statistics, reviewed, and written into results.

The transaction that counts an entry also deletes it, so it counts exactly once, however many instances drain.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain.documents import Document
from shared.domain.singletons import OutboxError
from shared.errors import Conflict, StorageUnavailable, TextdropError, VersionConflict
from shared.learning import events, review_json
from shared.learning.outbox import OutboxEntry, together
from shared.learning.reviews import Review, ReviewState, after_ending, reason_for
from shared.pipeline.isolation import each, log_trouble, reason
from shared.services import Services

log = logging.getLogger(__name__)

Change = tuple[Any, Any]
REVIEW_STEPS = 3  # rows of a transaction for a review: its own, and its index row deleted and inserted
NAMED = 3  # files, in an error


@dataclass(frozen=True)
class Batch:
    """Entries for one transaction."""

    entries: tuple[OutboxEntry, ...] = ()
    steps: int = 0  # at most

    def plus(self, entry: OutboxEntry, steps: int) -> Batch:
        return Batch((*self.entries, entry), self.steps + steps)


class Drained:
    """What drains have taken from the outbox, and when the entries that they left there were written."""

    def __init__(self) -> None:
        self.taken: list[OutboxEntry] = []
        self.left: list[datetime] = []


def drain(services: Services, now: datetime, limit: int, after: str = "", drained: Drained | None = None) -> str:
    """Take at most `limit` entries from the outbox. Returns a continuation token ("" at the end).

    `drained` gets each entry that this call has taken, or left because of an error. An entry that cannot be taken stays
    there, and does not stop the others; the last error is kept for health. If another instance drains, too, this one
    stops: the entries are left to it. Raises StorageUnavailable.
    """
    entries, further = services.ledger.outbox(limit, after)
    drained = drained or Drained()
    troubles: list[Exception] = []
    try:
        for batch in _batches(entries, services):
            troubles += _take(batch, services, now, drained)
    except VersionConflict:
        return ""
    except StorageUnavailable as outage:
        _keep([outage], services, now)
        raise
    _keep(troubles, services, now)
    taken = {entry.key for entry in drained.taken}
    drained.left += [entry.at for entry in entries if entry.key not in taken]
    return further


def _keep(troubles: Sequence[Exception], services: Services, now: datetime) -> None:
    """Store the last of these errors, unless the table cannot be written either."""
    if troubles:
        with suppress(TextdropError):
            services.ledger.change(OutboxError, lambda before: before.seen(reason(troubles[-1]), now))


def _batches(entries: Sequence[OutboxEntry], services: Services) -> Iterator[tuple[OutboxEntry, ...]]:
    """The entries, in their order, in tuples that one transaction can hold. One that cannot be counted is alone."""
    batch = Batch()
    for entry in entries:
        try:
            steps = _steps(entry, services)
        except Exception:  # noqa: BLE001 - raised again where it concerns this entry only
            steps = services.ledger.TRANSACTION_LIMIT
        if batch.entries and batch.steps + steps > services.ledger.TRANSACTION_LIMIT:
            yield batch.entries
            batch = Batch()
        batch = batch.plus(entry, steps)
    if batch.entries:
        yield batch.entries


def _steps(entry: OutboxEntry, services: Services) -> int:
    """At most how many rows a transaction for this entry changes."""
    reviewed = sum(_is_of_interest(document, services) for document in entry.documents)
    return 1 + len(entry.statistics()) + REVIEW_STEPS * reviewed


def _is_of_interest(document: Document, services: Services) -> bool:
    """Whether there may be a review of it after its ending, or before."""
    return document.replays > 0 or _reason(document, services) is not None


def _reason(document: Document, services: Services) -> Any:
    settings = services.settings
    return reason_for(document, settings.review_below, settings.review_audit_percent)


def _take(entries: tuple[OutboxEntry, ...], services: Services, now: datetime, drained: Drained) -> list[Exception]:
    """Take these entries; if that fails, each alone, so that one does not stop the others. Returns their errors.

    Raises VersionConflict if another instance took one of them, and StorageUnavailable after several in a row. A
    conflict while all of them are waiting is one with rows that were edited by hand.
    """
    try:
        _take_together(entries, services, now, drained)
    except Exception as trouble:
        if isinstance(trouble, VersionConflict) and not services.ledger.are_waiting(entries):
            raise
        log_trouble(trouble)
        return _take_one_by_one(entries, services, now, drained)
    return []


def _take_one_by_one(
    entries: Sequence[OutboxEntry], services: Services, now: datetime, drained: Drained
) -> list[Exception]:
    """Returns the errors of those that stay. Raises StorageUnavailable after several in a row."""
    troubles: list[Exception] = []

    def stays(_: OutboxEntry, trouble: Exception) -> None:
        troubles.append(trouble)
        if isinstance(trouble, StorageUnavailable):
            raise trouble

    each(lambda entry: _take_alone(entry, services, now, drained), entries, stays, workers=1)
    return troubles


def _take_alone(entry: OutboxEntry, services: Services, now: datetime, drained: Drained) -> None:
    """Raises Conflict if it can never be taken, because rows that it would write were edited or deleted by hand."""
    try:
        _take_together((entry,), services, now, drained)
    except VersionConflict:
        if services.ledger.are_waiting((entry,)):  # else another instance took it
            named = [*(one.name for one in entry.documents), *(one.name for one in entry.reviews)]
            names = ", ".join(named[:NAMED])
            raise Conflict(f"the rows of the reviews of {names} were edited, or their index rows.") from None


def _take_together(entries: tuple[OutboxEntry, ...], services: Services, now: datetime, drained: Drained) -> None:
    if services.events:
        services.events.send([event for entry in entries for event in _events(entry, services)])
    for entry in entries:
        for review in entry.reviews:
            write_decision(review.key, review.name, services)
    try:
        _commit(entries, services, now, replayed_only=True)
    except VersionConflict:  # somebody contested a document before; or another instance was first
        _commit(entries, services, now, replayed_only=False)
    drained.taken += entries


def _commit(entries: tuple[OutboxEntry, ...], services: Services, now: datetime, *, replayed_only: bool) -> None:
    counted = [_counted(added, services) for added in together(entries)]
    reviewed = _reviewed(entries, services, now, replayed_only=replayed_only)
    services.ledger.commit(*counted, *reviewed, drained=entries)


def _events(entry: OutboxEntry, services: Services) -> list[str]:
    container = services.documents.container
    return [
        *(events.ended(document, container) for document in entry.documents),
        *(events.reviewed(review, container) for review in entry.reviews if review.decision),
    ]


def _counted(added: Any, services: Services) -> Change:
    before = services.ledger.statistics_of(added.start, added.source)
    return before if before.version else None, before.plus(added)


def _reviewed(
    entries: Sequence[OutboxEntry], services: Services, now: datetime, *, replayed_only: bool
) -> list[Change]:
    """The reviews of these documents, before and after. Only a replayed document has one, unless it was contested."""
    documents = {one.key: one for entry in entries for one in entry.documents if _is_of_interest(one, services)}
    keys = [one.key for one in documents.values() if one.replays or not replayed_only]
    known = {review.key: review for review in services.ledger.find_all(Review, keys)}
    changes = [
        (known.get(key), after_ending(known.get(key), document, _reason(document, services), now))
        for key, document in documents.items()
    ]
    for before, _ in changes:
        if before and before.decision:
            write_decision(before.key, before.name, services)
    return [(before, after) for before, after in changes if after is not None and after != before]


def write_decision(key: str, name: str, services: Services) -> None:
    """Write the present decision on this document into its result, or remove it from there. It may be written twice.

    The review is read after the result's version, and the result is written even if it stays the same: so of two
    instances, the one that read an older review cannot write last.
    """

    def change(result: dict[str, Any]) -> dict[str, Any] | None:
        if result.get("document") != key:
            return None
        review = services.ledger.find(Review, key)
        return _with_decision(result, review) if review else None

    services.documents.change_result(name, change)


def _with_decision(result: dict[str, Any], review: Review) -> dict[str, Any]:
    """The content of the result with this decision."""
    rest = {name: value for name, value in result.items() if name != "reviewed"}
    decision = review.decision if review.state is ReviewState.DECIDED else None
    if decision is None:
        return rest
    return {**rest, "reviewed": review_json.decision(decision)}
