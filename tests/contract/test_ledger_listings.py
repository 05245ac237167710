"""The ledger's listings: what is open, and what ended newest first, a page at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.documents import Document, DocumentState, Reason
from shared.storage.ledger import Ledger
from tests.support.values import NOW, add, document, job, seconds

pytest_plugins = ["tests.support.stores"]


def pages(list_some: Any, limit: int) -> list[list[str]]:
    found, after = [], ""
    while True:
        page, after = list_some(limit, after)
        found.append([one.name for one in page])
        if not after:
            return found


def test_ended_is_newest_first_a_page_at_a_time(ledger: Ledger) -> None:
    for number in range(5):
        [one] = add(ledger, document(f"{number}"))
        ledger.commit((one, one.gone(NOW + seconds(number))))
    ledger.commit((None, document("failed").failed(Reason.BAD_INPUT, "empty", NOW)), (None, document("open")))

    def gone(limit: int, after: str) -> Any:
        return ledger.ended(Document, DocumentState.GONE, limit, after)

    assert pages(gone, 2) == [["4", "3"], ["2", "1"], ["0"]]
    assert pages(gone, 10) == [["4", "3", "2", "1", "0"]]
    assert [name for page in pages(gone, 5) for name in page] == ["4", "3", "2", "1", "0"]
    assert [one.name for one in ledger.ended(Document, DocumentState.FAILED, 10)[0]] == ["failed"]
    assert ledger.ended(Document, DocumentState.SUCCEEDED, 10) == ([], "")


def test_several_states_are_one_listing_newest_first(ledger: Ledger) -> None:
    add(ledger, *(document(f"{number}").gone(NOW + seconds(number)) for number in (0, 2, 4)))
    add(ledger, *(document(f"{number}").superseded(NOW + seconds(number)) for number in (1, 3)))
    add(ledger, document("9").failed(Reason.BAD_INPUT, "empty", NOW), document("open"))
    for limit in (1, 2, 3, 10):
        states = [DocumentState.SUPERSEDED, DocumentState.GONE]
        found = pages(lambda top, after, states=states: ledger.ended_in(Document, states, top, after), limit)
        assert [name for page in found for name in page] == ["4", "3", "2", "1", "0"]
        assert all(len(page) == limit for page in found[:-1])
    assert ledger.ended_in(Document, [], 10) == ([], "")


@pytest.mark.parametrize("name", ["a.txt", "it's ' or name ne '", "é漢😀", "a\tb\nc", " a ", "n" * 1024])
def test_all_versions_of_a_file_are_found_by_its_exact_name_the_last_first(ledger: Ledger, name: str) -> None:
    versions = [replace(document(name, etag=f"0x{n}"), claimed=NOW + seconds(n)) for n in range(20)]
    add(ledger, *(one.gone(NOW) if number % 2 else one for number, one in enumerate(versions)))
    add(ledger, *(document(other) for other in (f"{name}.", f"x{name}", name[:-1] + "b")))
    found, after = [], ""
    while True:
        page, after = ledger.named(name, 6, after)
        found += [one.etag for one in page]
        if not after:
            break
    assert found == [f"0x{number}" for number in reversed(range(20))]
    assert ledger.named("none", 10) == ([], "")


def test_pages_of_those_that_ended_at_the_same_moment_miss_none(ledger: Ledger) -> None:
    names = {f"{number}" for number in range(7)}
    add(ledger, *(document(name).gone(NOW) for name in names))
    found = pages(lambda limit, after: ledger.ended(Document, DocumentState.GONE, limit, after), 3)
    assert sorted(name for page in found for name in page) == sorted(names)


def test_open_lists_what_has_not_ended_the_longest_due_first(ledger: Ledger) -> None:
    add(ledger, *(replace(document(f"{number}"), due=NOW + seconds(number)) for number in range(5)))
    add(ledger, document("ended").gone(NOW))
    assert pages(lambda limit, after: ledger.open(Document, limit, after), 2) == [["0", "1"], ["2", "3"], ["4"]]


def test_a_page_goes_on_behind_what_was_added_or_ended_meanwhile(ledger: Ledger) -> None:
    add(ledger, *(document(f"{number}").gone(NOW + seconds(number)) for number in range(4)))
    _, after = ledger.ended(Document, DocumentState.GONE, 2)
    add(ledger, document("newest").gone(NOW + seconds(99)))
    assert [one.name for one in ledger.ended(Document, DocumentState.GONE, 2, after)[0]] == ["1", "0"]


def test_what_ended_between_two_moments(ledger: Ledger) -> None:
    """To the millisecond: what ended at a bound is there, for the caller to tell."""
    add(ledger, *(document(f"{number}").gone(NOW + seconds(number)) for number in range(5)))

    def between(since: float, until: float, limit: int = 10) -> list[list[str]]:
        bounds = {"since": NOW + seconds(since), "until": NOW + seconds(until)}
        return pages(lambda top, after: ledger.ended(Document, DocumentState.GONE, top, after, **bounds), limit)

    assert between(1, 3) == [["3", "2", "1"]]
    assert between(1, 3, limit=2) == [["3", "2"], ["1"]]
    assert between(1.001, 2.999) == [["2"]]
    assert between(3, 1) == between(9, 10) == [[]]
    assert between(-(10**10), 2e11) == [["4", "3", "2", "1", "0"]]


@pytest.mark.parametrize("after", ["~", "~~~", "|", "'", "end|job", "0' or RowKey ge '", "é"])
def test_no_continuation_leads_out_of_its_listing(ledger: Ledger, after: str) -> None:
    add(ledger, document("open"), document("failed").failed(Reason.BAD_INPUT, "empty", NOW), job(document()))
    found, more = ledger.ended(Document, DocumentState.GONE, 10, after)
    assert (found, more) == ([], "")


def test_find_all_keeps_the_order_and_leaves_out_what_is_not_there(ledger: Ledger) -> None:
    found = add(ledger, *(document(f"{number}") for number in range(20)))
    keys = [one.key for one in reversed(found)]
    assert ledger.find_all(Document, ["none", *keys, "none either"]) == found[::-1]
    assert ledger.find_all(Document, []) == []
