"""The retry decorator: which settings it takes, and how long it waits."""

from __future__ import annotations

import pytest

from local.host.functions.retry_policy import FOREVER, MAX_SECONDS, Retry, parse


@pytest.mark.parametrize(
    ("policy", "retry"),
    [
        ({"strategy": "fixed_delay", "max_retry_count": "3", "delay_interval": "00:00:10"}, Retry(3, 10)),
        ({"strategy": "fixed_delay", "max_retry_count": "-1", "delay_interval": "1:0:0"}, Retry(FOREVER, 3600)),
        ({"strategy": "exponential_backoff", "max_retry_count": "5"}, Retry(5, 0, MAX_SECONDS)),
        (
            {
                "strategy": "exponential_backoff",
                "max_retry_count": 5,
                "minimum_interval": "00:00:03",
                "maximum_interval": "00:15:00",
            },
            Retry(5, 3, 900),
        ),
    ],
)
def test_what_a_decorator_may_say(policy: dict[str, object], retry: Retry) -> None:
    assert parse(policy) == retry


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"strategy": "often", "max_retry_count": "3"}, "'often' is not one of fixed_delay, exponential_backoff"),
        ({"strategy": "fixed_delay", "max_retry_count": "3"}, "needs delay_interval in the form hh:mm:ss, not None"),
        ({"strategy": "fixed_delay", "max_retry_count": "3", "delay_interval": "24:00:00"}, "not '24:00:00'"),
        ({"strategy": "fixed_delay", "max_retry_count": "-2", "delay_interval": "00:00:01"}, "max_retry_count"),
        ({"strategy": "fixed_delay", "max_retry_count": "x", "delay_interval": "00:00:01"}, "max_retry_count"),
        ({"strategy": "fixed_delay", "delay_interval": "00:00:01"}, "max_retry_count"),
        (
            {
                "strategy": "exponential_backoff",
                "max_retry_count": "3",
                "minimum_interval": "00:15:00",
                "maximum_interval": "00:00:03",
            },
            "minimum_interval of its retry is 900 s, above its maximum_interval, 3 s",
        ),
    ],
)
def test_what_it_may_not(policy: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(policy)


def low(least: float, _most: float) -> float:
    return least


def high(_least: float, max_retries: float) -> float:
    return max_retries


def test_a_fixed_delay_is_always_the_same() -> None:
    assert [Retry(9, 5).delay(attempt, high) for attempt in (1, 2, 9)] == [5, 5, 5]


def test_an_exponential_delay_grows_from_the_shortest_to_the_longest() -> None:
    retry = Retry(FOREVER, 10, 100)
    assert [retry.delay(attempt, low) for attempt in (1, 2, 3, 4, 5, 6)] == [10, 18, 26, 42, 74, 100]
    assert [retry.delay(attempt, high) for attempt in (1, 2, 3)] == [10, 22, 34]
    assert retry.delay(100_000, high) == 100
    assert Retry(3, 100, 10).delay(1, low) == 10


def test_how_many_attempts_there_are() -> None:
    assert [Retry(2, 1).allows(attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert Retry(FOREVER, 1).allows(1_000_000)
