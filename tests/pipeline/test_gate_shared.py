"""The gate between instances: what one saw closed, it does not try; what one closed, the others' next tick sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.singletons import Gate
from shared.errors import AccessDenied, GateClosed, QuotaSpent, Throttled, TransientError, Unavailable
from shared.pipeline import gate
from tests.support.in_memory_app import Instance, Stage
from tests.support.values import NOW, seconds

LONGEST = max(gate.MAX_CLOSED, 1.21 * gate.MAX_BACKOFF)
TROUBLES = st.none() | st.builds(
    lambda kind, wait: kind("trouble", wait),
    st.sampled_from([Throttled, Unavailable, AccessDenied, QuotaSpent]),
    st.none() | st.floats(0, 86_400),
)
TURNS = st.lists(st.tuples(st.integers(0, 1), st.booleans(), TROUBLES, st.floats(0, 900)), max_size=30)


@dataclass
class Two:
    """Two instances, when each last saw until when the gate is closed, and the calls that were started."""

    stage: Stage = field(default_factory=Stage)
    seen: list[datetime] = field(default_factory=lambda: [NOW, NOW])

    def __post_init__(self) -> None:
        self.instances = [self.stage.instance() for _ in range(2)]

    def call(self, who: int, trouble: TransientError | None, *, looks: bool) -> bool:
        """One turn of one instance, which `looks` at the gate before or not; whether its call was started."""
        services, now, started = self.instances[who].services, self.stage.now, []
        if looks and gate.is_closed(services, now):
            self.seen[who] = max(self.seen[who], self.until)
            return False

        def request() -> None:
            started.append(now)
            if trouble:
                raise trouble

        try:
            gate.call(services, now, request)
            gate.relax(services, now)
        except GateClosed:
            return False
        except TransientError:
            self.seen[who] = max(self.seen[who], self.until)
        return bool(started)

    @property
    def until(self) -> datetime:
        found: Instance = self.instances[0]
        return found.services.ledger.read(Gate).until or NOW


@given(TURNS)
def test_no_call_begins_in_a_process_that_has_seen_it_closed(
    turns: list[tuple[int, bool, TransientError | None, float]],
) -> None:
    two = Two()
    for who, looks, trouble, wait in turns:
        shut, closed = two.seen[who] > two.stage.now, two.until > two.stage.now
        started = two.call(who, trouble, looks=looks)
        assert not (started and shut)
        assert not (started and looks and closed)
        if trouble and started:
            assert two.until >= two.stage.now + timedelta(seconds=min(trouble.retry_after or 1, 3600))
        assert two.until <= two.stage.now + LONGEST
        two.stage.wait(wait)


@given(TURNS)
def test_once_the_trouble_is_over_a_call_begins_and_it_is_forgotten(
    turns: list[tuple[int, bool, TransientError | None, float]],
) -> None:
    two = Two()
    for who, looks, trouble, wait in turns:
        two.call(who, trouble, looks=looks)
        two.stage.wait(wait)
    two.stage.now += LONGEST
    for who in range(2):
        assert two.call(who, None, looks=True)
    assert two.instances[0].services.ledger.read(Gate) == Gate()


@pytest.mark.parametrize("trouble", [Throttled("429", 60), Unavailable("503", 60), QuotaSpent("403", 60)])
def test_trouble_at_a_submission_or_a_poll_stops_both_instances(trouble: TransientError) -> None:
    two = Two()
    two.call(0, trouble, looks=True)
    two.stage.now += seconds(59)
    assert not two.call(1, None, looks=True)
    two.stage.now += seconds(1)
    assert two.call(1, None, looks=True)


@pytest.mark.parametrize("moment", range(1, 5))
@pytest.mark.parametrize("meanwhile", ["a shorter closing", "an opening"])
def test_what_another_instance_does_at_the_same_moment_opens_it_no_sooner(moment: int, meanwhile: str) -> None:
    """A 429 asks for a minute; between the two calls that write it down, the other instance has its say."""
    stage = Stage()
    other, moments = stage.instance().services, iter(range(1, 100))
    gate.close(other, Unavailable("503"), NOW - seconds(60))  # over by now, and not forgotten yet

    def passing() -> None:
        if next(moments) != moment:
            return
        if meanwhile == "an opening":
            gate.relax(other, NOW)
        else:
            gate.close(other, Throttled("429", 1), NOW)

    gate.close(stage.instance(passing).services, Throttled("429", 60), NOW)
    assert gate.is_closed(stage.instance().services, NOW + seconds(59))


@pytest.mark.parametrize("moment", range(1, 5))
def test_a_call_that_went_well_does_not_open_what_another_has_just_closed(moment: int) -> None:
    stage = Stage()
    other, moments = stage.instance().services, iter(range(1, 100))
    gate.close(other, Unavailable("503"), NOW - seconds(60))

    def passing() -> None:
        if next(moments) == moment:
            gate.close(other, Throttled("429", 60), NOW)

    gate.relax(stage.instance(passing).services, NOW)
    assert gate.is_closed(stage.instance().services, NOW + seconds(59))


@pytest.mark.parametrize("moment", range(1, 5))
def test_reopened_by_one_it_is_open_for_another_that_had_seen_it_closed(moment: int) -> None:
    """A classifier was published here, while there a poll was told to come back in an hour."""
    stage = Stage()
    here, moments = stage.instance().services, iter(range(1, 100))

    def passing() -> None:
        if next(moments) == moment:
            gate.reopen(here)

    there = stage.instance(passing).services
    gate.close(there, QuotaSpent("403", 3600), NOW)
    assert gate.is_closed(there, NOW + seconds(1)) is (moment < 4)
    gate.reopen(here)
    assert not gate.is_closed(there, NOW + seconds(1))


def test_reopened_by_one_it_is_closed_again_by_trouble_after_that() -> None:
    stage = Stage()
    here, there = stage.instance().services, stage.instance().services
    gate.close(there, QuotaSpent("403", 3600), NOW)
    gate.reopen(here)
    gate.close(here, Throttled("429", 60), NOW)
    assert gate.is_closed(there, NOW + seconds(59))
    assert not gate.is_closed(there, NOW + seconds(60))
