"""Documents: one contract for Blob storage (Azurite) and its twin in memory; and what only the real one can suffer."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from functools import partial
from typing import Any

import pytest

from local.stack.azurite import Azurite
from shared.domain.documents import Blob
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.text import MAX_FILE
from shared.errors import (
    BadRequest,
    Conflict,
    ContainerMissing,
    InvalidText,
    NotFound,
    StorageUnavailable,
    TextdropError,
    VersionConflict,
)
from shared.services import build
from shared.settings import load
from shared.storage.blobs import MAX_ANY, BlobStore
from shared.storage.content_encoding import decoded
from tests.fakes.services import ENVIRON
from tests.support.azurite_files import AzuriteFiles

HOSTILE_NAMES = [
    "folder/a.txt",
    "a//b",
    "?x=1#y",
    "100%41%2F%.txt",
    "one\ntwo\tthree.txt",
    "😀 é 漢字\u202e.txt",
    " blanks around ",
    "quotes ' \" & <b> + = ; , @ $ ! * ( ) ~ [ ] { } | ^ `",
    "dot.",
    "/a",
    "a/",
    "/",
    "//",
    "a/%2e%2e/b",
    "a.txt.json",
    "n" * MAX_FILE_NAME,
]


pytest_plugins = ["tests.support.stores"]


# --- the files --------------------------------------------------------------------------------------------------


def test_a_look_shows_the_file_as_it_is_now(files: Any) -> None:
    etag = files.put("a.txt", b"text", language="fr")
    found = files.documents.get_properties("a.txt")
    assert (found.name, found.etag, found.size, found.language) == ("a.txt", etag, 4, "fr")
    assert '"' not in found.etag
    assert found.modified.tzinfo == UTC
    files.put("a.txt", b"longer text")
    again = files.documents.get_properties("a.txt")
    assert again.etag != etag
    assert (again.size, again.language) == (11, "")


def test_a_file_that_is_not_there_is_none(files: Any) -> None:
    assert files.documents.get_properties("a.txt") is None
    files.put("a.txt", b"text")
    files.delete("a.txt")
    assert files.documents.get_properties("a.txt") is None


@pytest.mark.parametrize("language", ["fr", ""])
def test_a_listing_shows_every_file_as_a_look_does_page_by_page(files: Any, language: str) -> None:
    """A listing has None for an empty entry of the metadata; a look has an empty text."""
    names = sorted(f"{number}.txt" for number in range(7))
    for name in names:
        files.put(name, b"text", language=language)
    found: list[Blob] = []
    marker, pages = "", 0
    while pages == 0 or marker:
        page, marker = files.documents.page(marker, 3)
        found, pages = found + page, pages + 1
    assert found == [files.documents.get_properties(name) for name in names]
    assert pages == 3
    assert {one.language for one in found} == {language}


def test_a_listing_goes_on_whatever_happened_since_its_last_page(files: Any) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        files.put(name, b"text")
    _, marker = files.documents.page("", 2)
    for name in ("b.txt", "c.txt"):
        files.delete(name)
    files.put("e.txt", b"text")
    found, marker = files.documents.page(marker, 10)
    assert ([one.name for one in found], marker) == (["d.txt", "e.txt"], "")


def test_an_empty_container_has_one_empty_page(files: Any) -> None:
    assert files.documents.page("", 10) == ([], "")


def test_a_container_that_is_not_there_has_no_pages(files: Any) -> None:
    files.remove_container()
    with pytest.raises(ContainerMissing):
        files.documents.page("", 10)


@pytest.mark.parametrize("content", [b"text", b"", "é漢😀".encode(), bytes(range(256)), b"x" * 500_004])
def test_the_version_that_was_seen_is_read_whole(files: Any, content: bytes) -> None:
    etag = files.put("a.txt", content)
    assert files.documents.read("a.txt", etag) == content


zipped = partial(gzip.compress, mtime=0)  # the same bytes in every process
BOMB = zipped(bytes(3 * MAX_FILE))
TOO_MANY = f"decoded file has more than {MAX_FILE:,} bytes"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", zipped(b"text")),
        ("GZIP", zipped(b"text")),
        ("x-gzip", zipped(b"te") + zipped(b"xt")),
        ("deflate", zlib.compress(b"text")),
        ("deflate", zlib.compress(b"text")[2:-4]),
        ("identity", b"text"),
        ("utf-8", b"text"),
    ],
)
def test_an_encoded_file_is_decoded(files: Any, encoding: str, content: bytes) -> None:
    etag = files.put("a.txt", content, encoding=encoding)
    assert files.documents.get_properties("a.txt").size == len(content)
    assert files.documents.read("a.txt", etag) == b"text"
    assert files.documents.read_any(files.documents.container, "a.txt") == b"text"


@pytest.mark.parametrize(
    ("encoding", "content", "why"),
    [
        ("gzip", b"plain text", "Content-Encoding is gzip, but"),
        ("gzip", zipped(b"text " * 1000)[:-12], "Content-Encoding is gzip, but"),
        ("gzip", zipped(b"text") + b"more", "Content-Encoding is gzip, but"),
        ("deflate", b"plain text", "Content-Encoding is deflate, but"),
        ("deflate", zlib.compress(b"text" * 1000)[:-8], "Content-Encoding is deflate, but"),
        ("br", b"plain text", "only gzip and deflate"),
        ("gzip, gzip", zipped(zipped(b"text")), "only gzip and deflate"),
        ("gzip", BOMB, TOO_MANY),
        ("deflate", zlib.compress(bytes(3 * MAX_FILE)), TOO_MANY),
        ("", b"x" * (MAX_FILE + 1), f"{MAX_FILE + 1:,} bytes|too large"),
    ],
)
def test_what_cannot_be_decoded_within_the_limit_says_why(files: Any, encoding: str, content: bytes, why: str) -> None:
    """It is no trouble of storage's, which would be tried again and again."""
    etag = files.put("a.txt", content, encoding=encoding)
    with pytest.raises(InvalidText, match=why):
        files.documents.read("a.txt", etag)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_of_a_bomb_no_more_is_decoded_than_the_limit(encoding: str) -> None:
    compress: Callable[[bytes], bytes] = zipped if encoding == "gzip" else zlib.compress
    bomb = compress(bytes(100 * MAX_FILE))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidText, match=TOO_MANY):
            decoded(bomb, encoding, MAX_FILE)
        assert tracemalloc.get_traced_memory()[1] < 6 * MAX_FILE
    finally:
        tracemalloc.stop()


def test_a_labels_file_has_a_limit_too_and_a_result_that_is_spoilt_is_none(files: Any) -> None:
    etag = files.put("a.txt", b"text")
    files.put("labels.json", b"x" * (MAX_ANY + 1))
    with pytest.raises(InvalidText):
        files.documents.read_any(files.documents.container, "labels.json")
    assert files.documents.write_result("a.txt", etag, {})
    files.put("a.txt.json", b"{}", container=files.documents.results, encoding="gzip")
    assert files.documents.result("a.txt") is None


def test_a_version_that_was_overwritten_is_moved(files: Any) -> None:
    etag = files.put("a.txt", b"one")
    files.put("a.txt", b"two")
    with pytest.raises(VersionConflict):
        files.documents.read("a.txt", etag)


def test_the_same_bytes_again_are_another_version(files: Any) -> None:
    etag = files.put("a.txt", b"one")
    assert files.put("a.txt", b"one") != etag
    with pytest.raises(VersionConflict):
        files.documents.read("a.txt", etag)


def test_an_empty_file_that_was_overwritten_is_moved_too(files: Any) -> None:
    etag = files.put("a.txt", b"")
    files.put("a.txt", b"")
    with pytest.raises(VersionConflict):
        files.documents.read("a.txt", etag)


def test_a_file_that_was_deleted_is_not_found(files: Any) -> None:
    etag = files.put("a.txt", b"one")
    files.delete("a.txt")
    with pytest.raises(NotFound):
        files.documents.read("a.txt", etag)


def test_a_missing_container_is_no_missing_file(files: Any) -> None:
    etag = files.put("a.txt", b"text")
    assert files.documents.reachable()
    files.remove_container()
    assert not files.documents.reachable()
    asking: list[Callable[[], object]] = [
        lambda: files.documents.get_properties("a.txt"),
        lambda: files.documents.read("a.txt", etag),
        lambda: files.documents.write_result("a.txt", etag, {}),
    ]
    for ask in asking:
        with pytest.raises(ContainerMissing):
            ask()


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_any_name_is_looked_at_read_and_answered(files: Any, name: str) -> None:
    etag = files.put(name, b"text")
    found = files.documents.get_properties(name)
    assert (found.name, found.etag) == (name, etag)
    assert files.documents.read(name, etag) == b"text"
    assert files.documents.write_result(name, etag, {"name": name})
    assert files.documents.result(name) == {"name": name}


# --- other files ------------------------------------------------------------------------------------------------


def test_a_file_of_any_container_is_read(files: Any, container: str) -> None:
    files.put("labels.json", b"{}", container=f"{container}-training")
    assert files.documents.read_any(f"{container}-training", "labels.json") == b"{}"
    with pytest.raises(NotFound):
        files.documents.read_any(f"{container}-training", "other.json")
    with pytest.raises(ContainerMissing):
        files.documents.read_any(f"{container}-none", "labels.json")


def test_a_file_of_another_container_is_written_and_replaced_if_its_content_may_be(files: Any, container: str) -> None:
    training = f"{container}-training"
    files.put("a.txt", b"text", container=training)
    for content in (b"{}", b'{"a": 1}'):
        files.documents.write_any(training, "labels.json", content, lambda found: found == b"{}")
        assert files.documents.read_any(training, "labels.json") == content
    with pytest.raises(Conflict):
        files.documents.write_any(training, "labels.json", b"{}", lambda found: found == b"{}")
    assert files.documents.read_any(training, "labels.json") == b'{"a": 1}'
    with pytest.raises(ContainerMissing):
        files.documents.write_any(f"{container}-none", "labels.json", b"{}", bool)


def test_a_text_is_written_to_another_container_over_an_older_one(files: Any, container: str) -> None:
    training = f"{container}-training"
    files.put("other.txt", b"text", container=training)
    for content in (b"first", "sécond".encode()):
        files.documents.write_text(training, "a.txt", content)
        assert files.documents.read_any(training, "a.txt") == content
    for reserved in (container, f"{container}-results"):
        with pytest.raises(BadRequest):
            files.documents.write_text(reserved, "a.txt", b"text")
    with pytest.raises(ContainerMissing):
        files.documents.write_text(f"{container}-none", "a.txt", b"text")


def test_a_file_too_large_to_be_looked_at_is_not_replaced(files: Any, container: str) -> None:
    files.put("labels.json", b"x" * (MAX_ANY + 1), container=f"{container}-training")
    with pytest.raises(Conflict):
        files.documents.write_any(f"{container}-training", "labels.json", b"{}", lambda _: True)


def test_a_file_that_changes_while_it_is_looked_at_is_looked_at_again(blobs: AzuriteFiles, container: str) -> None:
    training = f"{container}-training"
    blobs.put("labels.json", b"labels", container=training)

    def replaces(found: bytes) -> bool:
        if found == b"labels":
            blobs.put("labels.json", b"something else", container=training)
        return found == b"labels"

    with pytest.raises(Conflict):
        blobs.documents.write_any(training, "labels.json", b"{}", replaces)
    assert blobs.documents.read_any(training, "labels.json") == b"something else"


@pytest.mark.parametrize(
    "reserved",
    [
        "{}", "{}-results", "$logs", "$web", "$root", "azure-webjobs-secrets", "azure-webjobs-hosts", "scm-releases",
        "function-releases", "app-package-textdrop-1a2b",
    ],
)  # fmt: skip
def test_nothing_is_written_to_a_container_of_somebody_else(files: Any, container: str, reserved: str) -> None:
    with pytest.raises(BadRequest, match="written"):
        files.documents.write_any(reserved.format(container), "labels.json", b"{}", lambda _: True)
    assert files.documents.get_properties("labels.json") is None


@pytest.mark.parametrize("name", ["../a.json", "a/./b.json", "n" * 1019 + ".json"])
def test_a_file_is_written_to_its_own_name_or_not_at_all(files: Any, container: str, name: str) -> None:
    files.put("a.txt", b"text", container=f"{container}-training")
    with pytest.raises(BadRequest):
        files.documents.write_any(f"{container}-training", name, b"{}", lambda _: True)


def test_another_containers_files_are_listed_in_pages(files: Any, container: str) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        files.put(name, b"text", container=f"{container}-training")
    found, marker = files.documents.page("", 2, f"{container}-training")
    rest, end = files.documents.page(marker, 2, f"{container}-training")
    assert ([one.name for one in (*found, *rest)], end) == (["a.txt", "b.txt", "c.txt"], "")


@pytest.mark.parametrize("name", ["No Such Container!", "a/b", ".."])
def test_a_container_that_cannot_be_is_missing(files: Any, name: str) -> None:
    """The caller named it: storage is well, and trying again is no use."""
    with pytest.raises((ContainerMissing, NotFound)):
        files.documents.read_any(name, "labels.json")


# --- files that somebody sends ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_is_written_once_unless_it_may_be_replaced(files: Any, name: str) -> None:
    first = files.documents.write(name, b"one", "es", overwrite=False)
    assert (files.documents.get_properties(name).etag, files.documents.get_properties(name).language) == (first, "es")
    with pytest.raises(VersionConflict):
        files.documents.write(name, b"two", "", overwrite=False)
    assert files.documents.read(name, first) == b"one"
    second = files.documents.write(name, b"two", "", overwrite=True)
    assert files.documents.read(name, second) == b"two"
    assert files.documents.get_properties(name).language == ""


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a\\b.txt", "../a.txt", "a/../b.txt", "a/./b.txt", "a/..", "half \ud800"]
)
def test_a_name_that_would_become_another_is_no_files(files: Any, container: str, name: str) -> None:
    """`../other/a.txt` would be a file of another container by the time it arrives."""
    files.put("a.txt", b"secret", container=f"{container}-training")
    for told in (name, f"../{container}-training/a.txt"):
        assert files.documents.get_properties(told) is None
        with pytest.raises(NotFound):
            files.documents.write(told, b"text", "", overwrite=True)
        with pytest.raises(NotFound):
            files.documents.read_any(container, told)


def test_a_file_of_blocks_is_there_once_they_are_united(files: Any, container: str) -> None:
    for number, content in ((0, b"a"), (1, b"x"), (1, b"b")):
        files.documents.stage("exports/a.csv", number, content)
    with pytest.raises(NotFound):
        files.documents.read_any(f"{container}-results", "exports/a.csv")
    for _ in range(2):
        files.documents.commit_blocks("exports/a.csv", 2, "text/csv")
        assert files.documents.read_any(f"{container}-results", "exports/a.csv") == b"ab"


def test_a_file_of_the_results_is_read_in_parts(files: Any) -> None:
    files.documents.stage("exports/a.csv", 0, b"abcde")
    files.documents.commit_blocks("exports/a.csv", 1, "text/csv")
    assert files.documents.part("exports/a.csv", 0, 5) == (b"abcde", 5)
    assert files.documents.part("exports/a.csv", 1, 3) == (b"bcd", 5)
    assert files.documents.part("exports/a.csv", 1, 1000) == (b"bcde", 5)
    assert files.documents.part("exports/a.csv", 5, 5) == files.documents.part("exports/a.csv", 9, 5) == (b"", 5)
    with pytest.raises(NotFound):
        files.documents.part("exports/b.csv", 0, 5)


def test_a_file_of_no_blocks_is_empty(files: Any, container: str) -> None:
    files.documents.commit_blocks("exports/a.csv", 0, "text/csv")
    assert files.documents.part("exports/a.csv", 0, 5) == (b"", 0)
    assert files.documents.read_any(f"{container}-results", "exports/a.csv") == b""


# --- results ----------------------------------------------------------------------------------------------------


def test_a_file_has_no_result_at_first(files: Any) -> None:
    files.put("a.txt", b"text")
    assert files.documents.result("a.txt") is None


def test_a_result_is_written_and_its_container_made(files: Any, container: str) -> None:
    etag = files.put("a.txt", b"text")
    assert files.documents.write_result("a.txt", etag, {"classes": ["Drama"], "of": "é漢😀"})
    assert files.documents.result("a.txt") == {"classes": ["Drama"], "of": "é漢😀"}
    assert json.loads(files.documents.read_any(f"{container}-results", "a.txt.json")) == files.documents.result("a.txt")
    assert files.documents.result("b.txt") is None


def test_the_result_of_the_same_version_can_be_written_again(files: Any) -> None:
    etag = files.put("a.txt", b"text")
    for turn in (1, 2):
        assert files.documents.write_result("a.txt", etag, {"turn": turn})
    assert files.documents.result("a.txt") == {"turn": 2}


def test_a_newer_version_replaces_the_result(files: Any) -> None:
    for version in (1, 2, 3):
        etag = files.put("a.txt", b"text")
        assert files.documents.write_result("a.txt", etag, {"version": version})
    assert files.documents.result("a.txt") == {"version": 3}


def test_a_result_of_an_older_version_is_not_written(files: Any) -> None:
    old = files.put("a.txt", b"one")
    new = files.put("a.txt", b"two")
    assert not files.documents.write_result("a.txt", old, {"version": 1})
    assert files.documents.result("a.txt") is None
    assert files.documents.write_result("a.txt", new, {"version": 2})
    assert not files.documents.write_result("a.txt", old, {"version": 1})
    assert files.documents.result("a.txt") == {"version": 2}


def test_a_deleted_file_gets_no_result(files: Any) -> None:
    etag = files.put("a.txt", b"one")
    files.delete("a.txt")
    assert not files.documents.write_result("a.txt", etag, {})
    assert files.documents.result("a.txt") is None


def test_writing_a_result_leaves_the_file_alone(files: Any) -> None:
    etag = files.put("a.txt", b"text")
    files.documents.write_result("a.txt", etag, {})
    assert files.documents.get_properties("a.txt").etag == etag


def test_a_result_that_follows_the_last_version_stays_whoever_else_writes(files: Any) -> None:
    """Versions follow one another while all their results are written at once."""
    for turn in range(10):
        name = f"{turn}.txt"
        etags = [files.put(name, b"one"), files.put(name, b"two")]

        def write(version: int, name: str = name, etags: list[str] = etags) -> bool:
            return bool(files.documents.write_result(name, etags[version], {"version": version}))

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(write, [0, 1, 0, 1])) == [False, True, False, True]
        assert files.documents.result(name) == {"version": 1}


# --- only Blob storage ------------------------------------------------------------------------------------------


def test_a_file_in_the_archive_has_not_moved(blobs: AzuriteFiles) -> None:
    """It is there, in this very version, and cannot be read: it was neither overwritten nor deleted."""
    etag = blobs.put("a.txt", b"text")
    blobs.service.get_blob_client(blobs.documents.container, "a.txt").set_standard_blob_tier("Archive")
    found = blobs.documents.get_properties("a.txt")
    assert found is not None
    assert found.etag == etag
    with pytest.raises(TextdropError) as caught:
        blobs.documents.read("a.txt", etag)
    assert not isinstance(caught.value, VersionConflict | NotFound)


def test_a_result_is_json_that_people_can_read(blobs: AzuriteFiles) -> None:
    blobs.documents.write_result("a.txt", blobs.put("a.txt", b"text"), {"of": "é"})
    written = blobs.service.get_blob_client(blobs.documents.results, "a.txt.json")
    assert written.get_blob_properties().content_settings.content_type == "application/json; charset=utf-8"
    assert written.download_blob().readall() == '{\n  "of": "é"\n}'.encode()


ASKING: dict[str, Callable[[BlobStore], object]] = {
    "get_properties": lambda documents: documents.get_properties("a.txt"),
    "read": lambda documents: documents.read("a.txt", "0x1"),
    "write_any": lambda documents: documents.write_any("container", "a.json", b"{}", lambda _: True),
    "read_any": lambda documents: documents.read_any("container", "a.txt"),
    "result": lambda documents: documents.result("a.txt"),
    "write_result": lambda documents: documents.write_result("a.txt", "0x1", {}),
    "write": lambda documents: documents.write("a.txt", b"", "", overwrite=False),
    "stage": lambda documents: documents.stage("a.txt", 0, b""),
    "commit_blocks": lambda documents: documents.commit_blocks("a.txt", 0, ""),
    "part": lambda documents: documents.part("a.txt", 0, 1),
    "reachable": lambda documents: documents.reachable(),
}


def test_nobody_listening_is_storage_unavailable() -> None:
    """All asked at once, for each of them tries again a few times first."""
    documents = build(load(ENVIRON)).documents

    def answer(ask: Callable[[BlobStore], object]) -> object:
        try:
            return ask(documents)
        except StorageUnavailable as error:
            return str(error)

    with ThreadPoolExecutor(len(ASKING)) as threads:
        answers = dict(zip(ASKING, threads.map(answer, ASKING.values()), strict=True))
    assert answers == dict.fromkeys(ASKING, "Blob storage request failed (ServiceRequestError).")


def test_a_wrong_key_is_storage_unavailable(azurite: Azurite, container: str) -> None:
    wrong = azurite.connection_string.replace("AccountKey=Eby8", "AccountKey=AAAA")
    documents = build(load(ENVIRON | {"DOCUMENTS_STORAGE": wrong, "DOCUMENTS_CONTAINER": container})).documents
    with pytest.raises(StorageUnavailable) as caught:
        documents.get_properties("a.txt")
    assert not isinstance(caught.value, ContainerMissing)
