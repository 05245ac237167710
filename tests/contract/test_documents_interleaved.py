"""Results, one request at a time: whatever happens in between, the newest version's result stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from azure.storage.blob import BlobServiceClient

from local.stack.azurite import Azurite
from shared.errors import StorageUnavailable
from shared.storage.blobs import BlobStore
from tests.support.azurite_files import AzuriteFiles

pytest_plugins = ["tests.support.stores"]


class Meanwhile:
    """Something else happens, once, just before one of the requests."""

    def __init__(self, azurite: Azurite, files: AzuriteFiles, before: int, happening: Callable[[], object]) -> None:
        self._left = before
        self._happening = happening
        self._service = BlobServiceClient.from_connection_string(
            azurite.connection_string, raw_request_hook=lambda _: self._ask()
        )
        self.documents = BlobStore(self._service, files.documents.container, files.documents.results)

    def _ask(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._happening()

    def happened(self) -> bool:
        return self._left <= 0

    def __enter__(self) -> Meanwhile:
        return self

    def __exit__(self, *_: object) -> None:
        self._service.close()


FIRST = 2  # a look at the source, the write
REQUESTS = FIRST + 3  # which fails over a result; a look at that, at the source again, the write


@pytest.mark.parametrize(
    ("earlier", "before"),
    [*((True, number + 1) for number in range(REQUESTS)), *((False, number + 1) for number in range(FIRST))],
)
def test_a_newer_result_between_any_two_requests_of_an_older_one_stays(
    azurite: Azurite, blobs: AzuriteFiles, before: int, earlier: bool
) -> None:
    blobs.documents.write_result("other.txt", blobs.put("other.txt", b"text"), {})  # the container is there
    old = blobs.put("a.txt", b"one")
    if earlier:
        blobs.documents.write_result("a.txt", old, {"version": 0})

    def newer() -> None:
        assert blobs.documents.write_result("a.txt", blobs.put("a.txt", b"two"), {"version": 2})

    with Meanwhile(azurite, blobs, before, newer) as meanwhile:
        assert not meanwhile.documents.write_result("a.txt", old, {"version": 1})
        assert meanwhile.happened()
    assert blobs.documents.result("a.txt") == {"version": 2}


@pytest.mark.parametrize("before", range(1, REQUESTS + 1))
def test_an_older_result_between_any_two_requests_of_the_newer_one_is_replaced(
    azurite: Azurite, blobs: AzuriteFiles, before: int
) -> None:
    """As from a writer that had looked at the source before it was overwritten, and comes to its write only now."""
    blobs.documents.write_result("a.txt", blobs.put("a.txt", b"one"), {"version": 0})
    new = blobs.put("a.txt", b"two")

    def late() -> None:
        blobs.put("a.txt.json", b'{"version": 1}', container=blobs.documents.results)

    with Meanwhile(azurite, blobs, before, late) as meanwhile:
        assert meanwhile.documents.write_result("a.txt", new, {"version": 2})
        assert meanwhile.happened()
    assert blobs.documents.result("a.txt") == {"version": 2}


@pytest.mark.parametrize("before", range(1, FIRST + 1))
def test_a_version_without_a_result_yet_gets_the_last_word(azurite: Azurite, blobs: AzuriteFiles, before: int) -> None:
    """The source moves on while the older result is written; the newer one's comes after."""
    blobs.documents.write_result("other.txt", blobs.put("other.txt", b"text"), {})
    old, new = blobs.put("a.txt", b"one"), []
    with Meanwhile(azurite, blobs, before, lambda: new.append(blobs.put("a.txt", b"two"))) as meanwhile:
        written = meanwhile.documents.write_result("a.txt", old, {"version": 1})
        assert meanwhile.happened()
    assert written == (before == FIRST)
    assert blobs.documents.write_result("a.txt", new[0], {"version": 2})
    assert blobs.documents.result("a.txt") == {"version": 2}


@pytest.mark.parametrize("before", [2, 3, 4])
def test_two_may_make_the_results_container(azurite: Azurite, blobs: AzuriteFiles, before: int) -> None:
    etag, other = blobs.put("a.txt", b"one"), blobs.put("b.txt", b"two")

    def first() -> None:
        assert blobs.documents.write_result("b.txt", other, {"file": "b"})

    with Meanwhile(azurite, blobs, before, first) as meanwhile:
        assert meanwhile.documents.write_result("a.txt", etag, {"file": "a"})
        assert meanwhile.happened()
    assert blobs.documents.result("a.txt") == {"file": "a"}
    assert blobs.documents.result("b.txt") == {"file": "b"}


def test_a_result_that_nobody_may_write_is_not_tried_without_end(azurite: Azurite, blobs: AzuriteFiles) -> None:
    """Somebody holds a lease on it (Azure says 412, as for a result that was written meanwhile)."""
    etag = blobs.put("a.txt", b"text")
    blobs.put("a.txt.json", b"{}", container=blobs.documents.results)
    held = blobs.service.get_blob_client(blobs.documents.results, "a.txt.json").acquire_lease()

    def too_many() -> None:
        raise AssertionError("Tried 200 times.")

    try:
        with Meanwhile(azurite, blobs, 200, too_many) as meanwhile, pytest.raises(StorageUnavailable):
            meanwhile.documents.write_result("a.txt", etag, {"version": 1})
    finally:
        held.release()
