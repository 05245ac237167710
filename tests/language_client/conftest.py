"""The client of the Language service in both protocols, and a server that records its requests: one for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.language.current import CurrentLanguage
from shared.language.preview import PreviewLanguage
from shared.language.transport import Transport
from tests.support.wire import KEY, Wire, recording


@pytest.fixture(scope="module")
def recorder() -> Iterator[Wire]:
    with recording() as started:
        yield started


@pytest.fixture(scope="module")
def connection(recorder: Wire) -> Iterator[Transport]:
    opened = Transport(recorder.url, key=KEY, token=None)
    yield opened
    opened.close()


@pytest.fixture
def wire(recorder: Wire) -> Wire:
    """The module's server, which has forgotten what other tests sent."""
    recorder.forget()
    return recorder


@pytest.fixture
def language(connection: Transport) -> CurrentLanguage:
    return CurrentLanguage(connection, "2023-04-01")


@pytest.fixture
def preview(connection: Transport) -> PreviewLanguage:
    return PreviewLanguage(connection)
