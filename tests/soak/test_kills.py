"""Processes are killed and services go away while files are dropped: each file ends with its result, and only once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from local.cli import show
from shared.domain.documents import DocumentState
from shared.domain.jobs import JobState
from tests.soak.end_state_audit import audit, jobs_taken
from tests.soak.killable_stack import SECONDS, Besieged, besieged, until

KILL, STORAGE, LANGUAGE = "a host killed", "storage restarted", "the service away"
LAST = 0.7  # of the files have their result when the last blow comes


@pytest.mark.parametrize(
    ("count", "hosts", "blows"),
    [
        (40, 1, [KILL] * 2),
        (60, 2, []),
        pytest.param(1000, 1, [KILL] * 10 + [STORAGE] * 2 + [LANGUAGE] * 2, marks=pytest.mark.soak),
        pytest.param(1000, 2, [KILL] * 10 + [STORAGE] * 2 + [LANGUAGE] * 2, marks=pytest.mark.soak),
    ],
)
def test_every_file_ends_with_its_result(
    *,
    count: int,
    hosts: int,
    blows: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report: Callable[[str], None],
) -> None:
    monkeypatch.setattr(show.console, "quiet", True)
    names = [f"{number:04}.txt" for number in range(count)]
    began = time.monotonic()
    with besieged(tmp_path, hosts) as whole:
        with whole.dropping(names):
            strike(whole, blows, count, random.Random(count + hosts))
        whole.finish()
        made = audit(whole.services, jobs_taken(whole.language.began))
    assert {one.name for one in made.documents if one.state is DocumentState.SUCCEEDED} == set(names)
    # An upload whose answer is lost with the storage is made again, as another version of the file.
    replaced = {DocumentState.SUPERSEDED} if STORAGE in blows else set()
    assert {one.state for one in made.documents} <= {DocumentState.SUCCEEDED, *replaced}
    lost = sum(job.state is JobState.LOST for job in made.jobs)
    again = sum(max(0, times - 1) for times in made.sent.values())
    report(f"{count} files, {hosts} hosts, {len(blows)} blows, {time.monotonic() - began:.0f} s: each has its result")
    report(f"  {len(made.jobs)} jobs, {lost} of them lost; {again} documents were sent again for it")


def strike(whole: Besieged, blows: Sequence[str], count: int, luck: random.Random) -> None:
    """Each blow comes when a number of files, drawn by lot, have their result."""
    moments = sorted(luck.sample(range(1, int(LAST * count)), len(blows)))
    for moment, blow in zip(moments, luck.sample(blows, len(blows)), strict=True):
        until(partial(has_results, whole, moment), SECONDS)
        if blow == KILL:
            whole.kill_host(luck.randrange(len(whole.hosts)))
        else:
            {STORAGE: whole.restart_storage, LANGUAGE: whole.interrupt_language}[blow]()


def has_results(whole: Besieged, count: int) -> bool:
    return whole.results() >= count
