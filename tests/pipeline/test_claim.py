"""Claiming: each version of a file once, what the look alone can tell at once, and nothing forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.text import MAX_FILE
from shared.errors import ContainerMissing, StorageUnavailable
from shared.pipeline.claim import claim, claim_blob
from shared.services import Services, build
from shared.settings import load
from tests.fakes.services import ENVIRON, in_memory
from tests.support.values import NOW


@pytest.fixture
def services() -> Services:
    return in_memory()


def upload(services: Services, name: str, content: bytes = b"text", **given: Any) -> str:
    return str(services.documents.put(name, content, **given))  # type: ignore[attr-defined]  # of the twin


def known(services: Services) -> list[Document]:
    found, _ = services.ledger.open(Document, 100)
    return found


def test_a_file_that_landed_is_claimed_and_waits(services: Services) -> None:
    etag = upload(services, "a.txt", b"text", language="fr")
    document = claim(services, "a.txt", NOW)
    assert document is not None
    assert (document.name, document.etag, document.size, document.language) == ("a.txt", etag, 4, "fr")
    assert (document.state, document.due, document.claimed) == (DocumentState.WAITING, NOW, NOW)
    assert known(services) == [document]


def test_a_version_is_claimed_once(services: Services) -> None:
    upload(services, "a.txt")
    first = claim(services, "a.txt", NOW)
    assert claim(services, "a.txt", NOW + timedelta(days=1)) is None
    assert known(services) == [first]


@pytest.mark.parametrize("is_seen", [False, True])
def test_a_version_whose_document_is_purged_at_that_moment_is_claimed(
    services: Services, monkeypatch: pytest.MonkeyPatch, *, is_seen: bool
) -> None:
    upload(services, "a.txt")
    claim(services, "a.txt", NOW)
    [first] = known(services)
    services.ledger.commit((first, first.gone(NOW)))
    find = services.ledger.find

    def purged(kind: Any, key: str) -> Any:
        """Before the document is read, or just after that."""
        if document := find(kind, key):
            services.ledger.forget(document)
        return document if is_seen else None

    with monkeypatch.context() as patch:
        patch.setattr(services.ledger, "find", purged)
        again = claim(services, "a.txt", NOW + timedelta(days=1))
    assert again is not None
    assert (again.key, again.claimed) == (first.key, NOW + timedelta(days=1))
    assert known(services) == [again]


def test_each_version_is_a_document_of_its_own(services: Services) -> None:
    for _ in range(3):
        upload(services, "a.txt")
        assert claim(services, "a.txt", NOW) is not None
    assert len({document.key for document in known(services)}) == 3


def test_of_many_that_hear_of_a_file_one_claims_it(services: Services) -> None:
    upload(services, "a.txt")
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: claim(services, "a.txt", NOW), range(32)))
    assert sum(document is not None for document in claims) == 1
    assert len(known(services)) == 1


def test_a_file_that_is_gone_is_nothing_to_claim(services: Services) -> None:
    assert claim(services, "a.txt", NOW) is None
    assert known(services) == []


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("n" * (MAX_FILE_NAME + 1), b"text", "The name has 1020 characters"),
        ("😀" * (MAX_FILE_NAME // 2) + "nn", b"text", "The name has"),
        ("a.txt", b"x" * (MAX_FILE + 1), f"{MAX_FILE + 1:,} bytes"),
    ],
    ids=["a long name", "a name that is long in UTF-16, as storage counts", "a large file"],
)
def test_what_can_have_no_result_fails_at_once_with_its_reason(
    services: Services, name: str, content: bytes, why: str
) -> None:
    upload(services, name, content)
    document = claim(services, name, NOW)
    assert document is not None
    assert (document.state, document.reason) == (DocumentState.FAILED, Reason.BAD_INPUT)
    assert why in document.detail
    assert services.ledger.ended(Document, DocumentState.FAILED, 10)[0] == [document]
    assert claim(services, name, NOW) is None


@pytest.mark.parametrize("name", [".", "..", "a/../b.txt", "./a.txt", "a/.", "a\\b.txt"])
def test_a_file_that_no_client_can_ask_for_fails_once_as_the_listing_shows_it(services: Services, name: str) -> None:
    upload(services, name)
    [blob], _ = services.documents.page("", 10)
    document = claim_blob(services, blob, NOW)
    assert document is not None
    assert (document.state, document.reason) == (DocumentState.FAILED, Reason.BAD_INPUT)
    assert "another name" in document.detail
    assert claim_blob(services, blob, NOW) is None


def test_a_file_of_such_a_name_that_an_older_version_of_the_app_called_gone_fails_once(services: Services) -> None:
    upload(services, "a/../b.txt")
    [blob], _ = services.documents.page("", 10)
    services.ledger.commit((None, Document.landed(services.documents.container, blob, NOW).gone(NOW)))
    again = claim_blob(services, blob, NOW)
    assert again is not None
    assert again.reason == Reason.BAD_INPUT
    assert claim_blob(services, blob, NOW) is None


@pytest.mark.parametrize("language", ["english!", "e", "de-", "x" * 8000, "日本語"])
def test_a_language_that_is_none_is_bad_input(services: Services, language: str) -> None:
    """Thousands of characters of it would make the whole request too large."""
    upload(services, "a.txt", language=language)
    document = claim(services, "a.txt", NOW)
    assert document is not None
    assert document.reason == Reason.BAD_INPUT
    assert "language=" in document.detail


def test_the_longest_name_and_the_largest_file_wait(services: Services) -> None:
    upload(services, "n" * MAX_FILE_NAME, b"x" * MAX_FILE)
    document = claim(services, "n" * MAX_FILE_NAME, NOW)
    assert document is not None
    assert document.state is DocumentState.WAITING


def test_a_claim_without_its_container_is_to_be_told_again(services: Services) -> None:
    services.documents.remove_container()  # type: ignore[attr-defined]  # of the twin
    with pytest.raises(ContainerMissing):
        claim(services, "a.txt", NOW)


def test_a_claim_that_could_not_be_written_is_to_be_told_again(services: Services) -> None:
    upload(services, "a.txt")
    nobody_listens = build(load(ENVIRON)).ledger
    with pytest.raises(StorageUnavailable):
        claim(replace(services, ledger=nobody_listens), "a.txt", NOW)
    assert claim(services, "a.txt", NOW) is not None
