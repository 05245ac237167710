"""What is remembered once: written only over what was read; and the gate's own transitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.operations import Operation
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate, Heartbeat, SubmitLease
from shared.domain.timeline import REASON_LENGTH
from shared.errors import VersionConflict
from shared.storage.ledger import Ledger
from tests.support.values import CLASSIFIER, NOW, add, operation, seconds

pytest_plugins = ["tests.support.stores"]


def test_a_gate_is_open_until_it_is_closed_and_again_when_its_time_is_over() -> None:
    assert not Gate().is_closed(NOW)
    closed = Gate().closed("The service asks for fewer requests.", seconds(5), NOW)
    assert closed.is_closed(NOW)
    assert closed.is_closed(NOW + seconds(4.9))
    assert not closed.is_closed(NOW + seconds(5))


@given(st.lists(st.integers(0, 600), min_size=1, max_size=20))
def test_closings_in_a_row_are_counted_and_the_first_is_remembered(waits: list[int]) -> None:
    gate, now = Gate(), NOW
    for wait in waits:
        gate, now = gate.closed("trouble", seconds(wait), now), now + seconds(wait)
    assert (gate.failures, gate.since, gate.until) == (len(waits), NOW, now)


def test_an_opened_gate_has_forgotten_its_trouble() -> None:
    assert Gate().closed("trouble", seconds(5), NOW).opened() == Gate()


def test_a_reason_is_cut_to_what_a_row_holds() -> None:
    assert len(Gate().closed("t" * 5000, seconds(5), NOW).reason) == REASON_LENGTH


# --- what is remembered once ------------------------------------------------------------------------------------

SINGLES = [
    ActiveClassifier(CLASSIFIER, NOW),
    Gate().closed("The service asks for fewer requests.", seconds(5), NOW),
    SubmitLease(NOW),
    Heartbeat(NOW),
]


@pytest.mark.parametrize("single", SINGLES, ids=lambda single: type(single).__name__)
def test_a_single_is_its_default_until_written(ledger: Ledger, single: Any) -> None:
    assert ledger.read(type(single)) == type(single)()
    ledger.write(single)
    assert ledger.read(type(single)) == single


@pytest.mark.parametrize("single", SINGLES, ids=lambda single: type(single).__name__)
def test_a_single_is_written_only_over_what_was_read(ledger: Ledger, single: Any) -> None:
    unwritten = ledger.read(type(single))
    ledger.write(single)
    for stale in (unwritten, single):
        with pytest.raises(VersionConflict):
            ledger.write(stale)
    read = ledger.read(type(single))
    ledger.write(replace(type(single)(), version=read.version))
    assert ledger.read(type(single)) == type(single)()
    with pytest.raises(VersionConflict):
        ledger.write(replace(single, version=read.version))


def test_singles_and_operations_change_together_or_not_at_all(ledger: Ledger) -> None:
    """A publishing that ended and the classifier it yielded are one transaction."""
    [one] = add(ledger, operation())
    ledger.write(ActiveClassifier(CLASSIFIER, NOW))
    with pytest.raises(VersionConflict):
        ledger.commit((one, one.succeeded({}, {}, NOW)), (None, ActiveClassifier(None, NOW)))
    found = ledger.find(Operation, one.key)
    assert found is not None
    assert not found.state.final
