"""The sweep: whatever shows in the container is looked at by the next sweep, page by page, also after a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.singletons import OVERLAP, WHOLE_EVERY, Sweep
from tests.support.in_memory_app import Killed, Stage, one_thread
from tests.support.values import NOW, seconds

EVERY = timedelta(minutes=5)
WAITS = st.lists(st.integers(0, 3 * 86_400) | st.integers(0, 900), min_size=1, max_size=30)


def swept(waits: list[int]) -> list[Sweep]:
    """Sweeps as they were under way, one page each, for somebody who looks after each of these waits (seconds)."""
    current, now, found = Sweep(), NOW, []
    for wait in waits:
        now += seconds(wait)
        if current.is_due(EVERY, now):
            found.append(current.started(now))
            current = found[-1].advanced("", 0, now)
    return found


def began(one: Sweep) -> datetime:
    assert one.began is not None
    return one.began


@given(WAITS, st.integers(0, 10**6), st.floats(0, OVERLAP.total_seconds()))
def test_a_file_is_of_interest_to_the_first_sweep_that_can_see_it(waits: list[int], shows: int, upload: float) -> None:
    """It shows in the listing up to OVERLAP after its time of change: uploads take their time, and clocks differ."""
    shown = NOW + seconds(shows)
    able = [one for one in swept(waits) if began(one) >= shown]
    assert not able or able[0].is_of_interest(shown - seconds(upload))


@given(WAITS)
def test_every_file_is_looked_at_once_a_day(waits: list[int]) -> None:
    sweeps = swept(waits)
    wholes = [began(one) for one in sweeps if one.whole]
    assert not sweeps or wholes[0] == began(sweeps[0])
    for one in sweeps:
        assert began(one) - max(whole for whole in wholes if whole <= began(one)) < WHOLE_EVERY
    assert all(one.is_of_interest(NOW - timedelta(days=365)) == one.whole for one in sweeps)


@given(st.lists(st.sampled_from(["ask", "begin", "page", "end"]), max_size=30))
def test_who_asks_gets_a_whole_sweep_that_begins_after(steps: list[str]) -> None:
    current, asked_at = Sweep().started(NOW).advanced("", 0, NOW), None
    for number, step in enumerate(steps):
        now = NOW + seconds(number + 1)
        if step == "ask":
            current, asked_at = replace(current, asked=True), now
        elif step == "begin" and current.is_due(EVERY, now):
            fresh = current.began is None
            current = current.started(now)
            if fresh and asked_at:
                assert current.whole
                asked_at = None
        elif step in ("page", "end") and current.began:
            current = current.advanced("more" if step == "page" else "", 1, now)
        assert (asked_at is not None) == current.asked
        assert current.began or not current.marker


def test_every_crash_point_of_a_sweep_in_many_pages(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Files come and go between the pages, without events."""
    monkeypatch.setattr("shared.pipeline.sweep.PAGE", 2)
    monkeypatch.setattr("shared.pipeline.sweep.PAGES", 2)
    with one_thread():
        points = swept_until_killed(0)
        assert points > 50
        for point in range(1, points + 1):
            swept_until_killed(point)
    record_property("crash points of a sweep", points)


def swept_until_killed(point: int) -> int:
    moments = 0

    def life() -> None:
        nonlocal moments
        moments += 1
        if moments == point:
            raise Killed

    stage = Stage()
    app = stage.instance(life)
    for number in range(9):
        stage.documents.put(f"{number}.txt", b"onion")
    for step in range(8):
        try:
            app.tick()
        except Killed:
            app = stage.instance()
        stage.check()
        stage.wait(100)
        stage.documents.put(f"{step}new.txt", b"onion")
        if step < 4:
            stage.documents.delete(f"{2 * step + 1}.txt")
    for _ in range(8):
        stage.wait(100)
        stage.instance().tick()
    names = {document.name for document in stage.known()}
    assert names >= {blob.name for blob in stage.documents.page("", 100)[0]}
    return moments
