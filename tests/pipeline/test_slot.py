"""The direct slot: one process at a time submits what lands, and in a burst nearly nobody asks whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from shared.domain.singletons import SubmitLease
from shared.pipeline.intake import SLOT, document_landed
from shared.services import Seen, Services
from shared.storage.ledger import Ledger
from shared.storage.row_keys import SINGLE
from shared.storage.tables import Row
from tests.fakes.rows import MemoryRows
from tests.fakes.services import in_memory
from tests.support.values import NOW


class Asked(MemoryRows):
    """How often the slot was asked for, and taken."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        self.asked += first == SINGLE
        return super().query_range(first, last, limit)


def burst(services: Services, after: timedelta) -> None:
    for number in range(20):
        name = f"{after}{number}.txt"
        services.documents.put(name, b"text")  # type: ignore[attr-defined]  # of the twin
        document_landed(name, services, partial(moment, after, number))


def moment(after: timedelta, number: int) -> datetime:
    return NOW + after + number * timedelta(milliseconds=10)


def test_a_burst_asks_once_for_each_time_the_slot_may_be_free() -> None:
    rows = Asked()
    services = replace(in_memory(), ledger=Ledger(rows))
    burst(services, timedelta())
    assert (rows.asked, services.ledger.read(SubmitLease).taken) == (1, NOW)
    rows.asked = 0
    burst(services, SLOT)
    assert (rows.asked, services.ledger.read(SubmitLease).taken) == (1, NOW + SLOT)


def test_what_one_process_took_another_finds_taken() -> None:
    rows = Asked()
    first = replace(in_memory(), ledger=Ledger(rows))
    second = replace(first, seen=Seen())
    burst(first, timedelta())
    rows.asked = 0
    burst(second, timedelta(seconds=1))
    assert (rows.asked, second.ledger.read(SubmitLease).taken) == (1, NOW)
    burst(second, SLOT)
    assert second.ledger.read(SubmitLease).taken == NOW + SLOT
