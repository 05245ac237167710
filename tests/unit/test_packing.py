"""Packs: nothing lost, nothing moved, no limit passed, and no more of them than needed."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.batching import MAX_REQUEST, LoadedDocument, Pack, pack
from shared.domain.documents import BATCH_SIZES, SERVICE_PACK
from shared.domain.text import REQUEST_TEXT, decode
from tests.support.values import document

LONG = {"x": "one byte each", "漢": "three bytes each", "\x1b": "six bytes each in JSON", '"': "two bytes each in JSON"}


def readable(text: str = "text", share: int = SERVICE_PACK, name: str = "a.txt") -> LoadedDocument:
    return LoadedDocument(replace(document(name), attempts=BATCH_SIZES.index(share)), text)


READABLES = st.lists(
    st.builds(
        lambda character, length, share: readable(character * length, share),
        st.sampled_from(sorted(LONG)),
        st.integers(1, 10) | st.integers(1, REQUEST_TEXT),
        st.sampled_from([25, 25, 25, 5, 1]),
    ),
    max_size=80,
)


def fits(one: Pack) -> bool:
    return (
        1 <= len(one) <= min(SERVICE_PACK, *(each.document.max_batch_size for each in one))
        and len({each.document.attempts > 0 for each in one}) == 1
        and sum(len(each.text) for each in one) <= REQUEST_TEXT
        and sum(len(json.dumps(each.text, ensure_ascii=False).encode()) for each in one) <= MAX_REQUEST
    )


@given(READABLES)
def test_every_document_is_in_one_pack_in_the_order_given(readables: list[LoadedDocument]) -> None:
    packed = [each for one in pack(readables) for each in one]
    assert len(packed) == len(readables)
    assert all(got is given for got, given in zip(packed, readables, strict=True))


@given(READABLES)
def test_no_pack_passes_a_limit(readables: list[LoadedDocument]) -> None:
    assert all(fits(one) for one in pack(readables))


@given(READABLES)
def test_no_pack_ends_before_it_must(readables: list[LoadedDocument]) -> None:
    packs = list(pack(readables))
    assert not any(fits((*one, following[0])) for one, following in pairwise(packs))


def test_a_burst_is_packed_25_to_a_job() -> None:
    assert [len(one) for one in pack(readable() for _ in range(60))] == [25, 25, 10]


def test_nothing_is_no_pack() -> None:
    assert list(pack([])) == []


def test_a_document_with_a_share_of_one_is_alone() -> None:
    assert [len(one) for one in pack([readable(), readable(share=1), readable(), readable()])] == [1, 1, 2]


def test_one_that_was_sent_in_vain_spoils_no_job_of_others() -> None:
    assert [len(one) for one in pack([readable(), readable(), readable(share=5), readable(share=5)])] == [2, 2]


@pytest.mark.parametrize("character", LONG, ids=LONG.values())
def test_the_longest_text_fits_a_request_alone(character: str) -> None:
    text = decode(("x" + character * (REQUEST_TEXT - 1)).encode())
    [one] = pack([readable(text)])
    assert fits(one)


def test_the_least_a_request_adds_to_its_texts_leaves_it_under_a_megabyte() -> None:
    """25 documents, each with the longest id and language there is, around MAX_REQUEST bytes of text."""
    around = {"id": "0" * 32, "language": "x" * 100, "text": ""}
    assert MAX_REQUEST + SERVICE_PACK * len(json.dumps(around)) + 2000 < 1_000_000
