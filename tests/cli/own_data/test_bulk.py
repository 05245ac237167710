"""Many things at a time: each has its outcome, and the first error cancels the rest."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from local import bulk


def test_each_thing_has_its_outcome() -> None:
    assert dict(bulk.each(lambda number: number * number, range(1000))) == {n: n * n for n in range(1000)}


def test_the_first_error_cancels_what_has_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    shutting_down = threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            shutting_down.set()
            super().shutdown(wait=wait)

    def work(number: int) -> None:
        started.append(number)
        if number == 0:
            raise ValueError(number)
        shutting_down.wait(60)

    monkeypatch.setattr(bulk, "ThreadPoolExecutor", Pool)
    with pytest.raises(ValueError, match="0"):
        list(bulk.each(work, range(100)))
    assert len(started) <= bulk.WORKERS + 1
