"""The gate: closed by trouble that is no fault of a document, for as long as it asks, and for every instance."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.singletons import Gate
from shared.errors import (
    AccessDenied,
    LanguageError,
    QuotaSpent,
    ResourceNotFound,
    Throttled,
    TransientError,
    Unavailable,
)
from shared.pipeline import gate
from shared.pipeline.gate import FIRST_WAIT, MAX_BACKOFF, MAX_CLOSED, close, is_closed, reopen
from shared.services import Services
from tests.fakes.services import in_memory
from tests.support.values import NOW, seconds

TROUBLES = [Throttled, Unavailable, ResourceNotFound, AccessDenied, QuotaSpent, TransientError]
WAITS = st.none() | st.floats(0, 86_400)  # what the transport makes of a Retry-After


@pytest.fixture(scope="module")
def bundle() -> Services:
    """Building the SDK's clients takes longer than any test here."""
    return in_memory()


@pytest.fixture
def services(bundle: Services) -> Services:
    return fresh(bundle)


def fresh(services: Services) -> Services:
    reopen(services)
    return services


def closed_for(services: Services) -> timedelta:
    until = services.ledger.read(Gate).until
    assert until is not None
    return until - NOW


def test_it_is_open_at_first(services: Services) -> None:
    assert not is_closed(services, NOW)


@pytest.mark.parametrize("kind", TROUBLES)
def test_trouble_closes_it_for_a_while_and_says_why(
    services: Services, kind: type[LanguageError], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, gate.__name__):
        close(services, kind("The service said so."), NOW)
    assert is_closed(services, NOW)
    first = FIRST_WAIT.get(kind, FIRST_WAIT[Unavailable])
    assert 0.79 * first <= closed_for(services) <= 1.21 * first
    assert not is_closed(services, NOW + 1.21 * first)
    reason = services.ledger.read(Gate).reason
    assert reason.endswith(". The service said so.")
    assert reason in caplog.text


@pytest.mark.parametrize("asked", [1, 7, 59.5])
def test_what_the_service_asks_wins(services: Services, asked: float) -> None:
    close(services, Throttled("slower", asked), NOW)
    assert closed_for(services) == seconds(asked)


@given(st.sampled_from(TROUBLES), WAITS)
def test_it_is_closed_neither_for_nothing_nor_for_long(
    bundle: Services, kind: type[LanguageError], asked: float | None
) -> None:
    services = fresh(bundle)
    close(services, kind("trouble", asked), NOW)
    assert seconds(1) <= closed_for(services) <= max(MAX_CLOSED, 1.21 * MAX_BACKOFF)


def test_trouble_after_trouble_closes_it_longer_up_to_the_longest(services: Services) -> None:
    now, waits = NOW, []
    for _ in range(12):
        close(services, Unavailable("down"), now)
        until = services.ledger.read(Gate).until
        assert until is not None
        waits.append(until - now)
        now = until
    assert all(later > 1.3 * sooner for sooner, later in pairwise(waits[:6]))
    assert all(0.79 * MAX_BACKOFF <= wait <= 1.21 * MAX_BACKOFF for wait in waits[8:])
    assert services.ledger.read(Gate).since == NOW


def test_calls_that_fail_side_by_side_are_one_trouble(services: Services) -> None:
    """A tick has several calls in flight; when the service goes down, all of them tell so at once."""
    for _ in range(8):
        close(services, Unavailable("down"), NOW)
    assert services.ledger.read(Gate).failures == 1
    assert closed_for(services) <= 1.21 * FIRST_WAIT[Unavailable]


def test_lesser_trouble_does_not_open_it_sooner(services: Services) -> None:
    close(services, QuotaSpent("spent"), NOW)
    until = closed_for(services)
    close(services, Throttled("slower", 1), NOW)
    assert closed_for(services) >= until


def test_greater_trouble_keeps_it_closed_longer(services: Services) -> None:
    close(services, Throttled("slower", 1), NOW)
    close(services, Throttled("much slower", 60), NOW)
    assert closed_for(services) == seconds(60)


def test_all_at_once_close_it(services: Services) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: close(services, Throttled("slower", 30), NOW), range(8)))
    assert closed_for(services) == seconds(30)


def test_reopened_it_has_forgotten_its_trouble(services: Services) -> None:
    close(services, Unavailable("down"), NOW)
    before = services.ledger.read(Gate).reopenings
    reopen(services)
    assert not is_closed(services, NOW)
    assert services.ledger.read(Gate) == Gate(reopenings=before + 1)
