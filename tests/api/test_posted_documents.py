"""Texts from another app become files and are processed like those. Results are read and exported over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import azure.functions as func
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import function_app
from shared.api.actions import exports
from shared.api.actions.listings import retry_after
from shared.domain.documents import DocumentState
from shared.domain.text import MAX_FILE, MAX_TEXT, decode
from shared.errors import BadRequest
from shared.operations import export
from shared.operations.runner import follow
from shared.services import services
from shared.settings import TODAY_API
from shared.storage.blobs import BlobStore
from shared.storage.ledger import Ledger
from tests.host.recorded.in_process import Door, app_of
from tests.support.app_on_azurite import World
from tests.support.values import NOW, document

RECIPE = "Chop the garlic and simmer the onion in butter."
ODD = "aé漢\u0301\u200b\u202e\u3000\uff0f\uff3c\U0001f600%25FC?#&+=:*|<>'\"~./\\ "  # names are made of these
VOYAGE = "Hoist the spinnaker, mind the tide, drop anchor in the harbour."


def error_of(answer: tuple[int, Any, Any]) -> tuple[int, str]:
    status, body, _ = answer
    return status, body["error"]["message"]


def test_a_text_gets_its_classes_as_a_dropped_file_would(world: World) -> None:
    world.publish()
    status, accepted, headers = world.ask("POST", "documents", {"text": RECIPE, "name": "a/b.txt", "language": "es"})
    assert (status, accepted["name"]) == (202, "a/b.txt")
    assert headers["Location"] == f"/api/documents/{accepted['key']}"
    found = world.get(f"documents/{accepted['key']}")
    assert (found["name"], found["language"], found["etag"]) == ("a/b.txt", "es", accepted["etag"])
    world.land("a/b.txt")  # the trigger fires too, and changes nothing
    assert world.until(lambda: world.result("a/b.txt"))["classes"][0]["category"] == "Cooking"
    assert world.get(f"documents/{accepted['key']}/result") == world.result("a/b.txt")


def test_a_text_as_it_is_with_its_name_in_the_query(world: World) -> None:
    raw = "\ufeffé 漢字 😀".encode("utf-16")
    status, accepted, _ = world.ask("POST", "documents?name=a.txt&language=pt-BR", raw=raw, kind="text/plain")
    assert status == 202
    assert world.get(f"documents/{accepted['key']}")["language"] == "pt-BR"
    assert world.blobs.get_blob_client(world.container, "a.txt").download_blob().readall() == raw


def test_without_a_name_one_is_made_up(world: World) -> None:
    names = {world.ask("POST", "documents", {"text": RECIPE})[1]["name"] for _ in range(2)}
    assert len(names) == 2
    assert world.documents("waiting").keys() == names


def test_a_name_that_is_taken_stays_taken_unless_it_may_be_replaced(world: World) -> None:
    world.put("a.txt", "first")
    status, message = error_of(world.ask("POST", "documents", {"text": RECIPE, "name": "a.txt"}))
    assert (status, "overwrite" in message) == (409, True)
    assert error_of(world.ask("POST", "documents?name=a.txt", raw=b"text", kind="text/plain"))[0] == 409
    assert world.blobs.get_blob_client(world.container, "a.txt").download_blob().readall() == b"first"
    assert world.ask("POST", "documents", {"text": RECIPE, "name": "a.txt", "overwrite": True})[0] == 202
    assert world.ask("POST", "documents?name=a.txt&overwrite=true", raw=b"text", kind="text/plain")[0] == 202
    assert world.blobs.get_blob_client(world.container, "a.txt").download_blob().readall() == b"text"


def through_the_host(*targets: str) -> list[tuple[int, Any]]:
    """Status and body of texts posted to these addresses, through the local host and the app's function."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="{*path}", methods=["POST"])
    def manage(req: func.HttpRequest) -> func.HttpResponse:
        answer: func.HttpResponse = function_app.manage(req)
        return answer

    async def ask() -> list[tuple[int, Any]]:
        door = Door(app_of(app.get_functions()))
        head = f"HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: {len(RECIPE)}\r\n\r\n{RECIPE}"
        sent = [(await door.ask(f"POST {target} {head}".encode())).sent for target in targets]
        return [(int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])) for answer in sent]

    return asyncio.run(ask())


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_a_name_that_is_not_utf8_is_refused_and_its_percent_signs_are_not_taken_for_the_name(world: World) -> None:
    refused = "/api/documents?name=%FF.txt", "/api/documents?name=caf%e9.txt", "/api/documents/%FF/review"
    answers = through_the_host(*refused, "/api/documents?name=%25FF.txt", "/api/documents?name=caf%C3%A9.txt")
    bytes_named = [(status, re.findall("the byte (%..),", body["error"]["message"])) for status, body in answers[:3]]
    assert bytes_named == [(400, ["%FF"]), (400, ["%E9"]), (400, ["%FF"])]
    assert [(status, body["name"]) for status, body in answers[3:]] == [(202, "%FF.txt"), (202, "caf\xe9.txt")]
    stored = world.blobs.get_container_client(world.container).list_blob_names()
    assert sorted(stored) == ["%FF.txt", "caf\xe9.txt"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": " \n"},
        {"text": 7},
        {"text": "bell \a"},
        {"text": RECIPE, "language": "e\ns"},
        {"text": RECIPE, "language": "é"},
        {"text": RECIPE, "overwrite": "yes"},
        {"text": RECIPE, "name": 7},
        *(
            {"text": RECIPE, "name": name}
            for name in ("..", "a/../b", "a//b", "/a", "a/", "a\nb", "a.", "a./b", " ", "a\\..\\b", "a\\b.txt")
        ),
        {"text": RECIPE, "name": "n" * 1020},
        {"text": RECIPE, "name": "😀" * 510},
        {"text": RECIPE, "name": "a/" * 254 + "a"},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
def test_what_cannot_be_classified_or_named_is_refused_and_nothing_written(world: World, body: Any) -> None:
    status, message = error_of(world.ask("POST", "documents", body))
    assert status == 400, message
    assert list(world.blobs.get_container_client(world.container).list_blobs()) == []


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_whatever_name_is_accepted_it_is_stored_under_it_and_claimed_once(world: World) -> None:
    """Storage, the listing, the ledger and the answer agree on the name, so that nothing is classified twice."""
    accepted = {}

    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.text(st.sampled_from(ODD), min_size=1))
    def post(name: str) -> None:
        status, answer, _ = world.ask("POST", "documents", {"text": RECIPE, "name": name, "overwrite": True})
        assert status in (202, 400)
        if status == 202:
            accepted[name] = answer
            assert world.get(f"documents/{answer['key']}")["name"] == answer["name"] == name

    post()
    latest = {answer["key"] for answer in accepted.values()}
    stored = world.blobs.get_container_client(world.container).list_blobs()
    assert {blob.name: blob.etag for blob in stored} == {name: one["etag"] for name, one in accepted.items()}
    posted = all_keys(world)
    assert latest <= posted
    world.ask("POST", "sweep")
    world.tick()
    assert all_keys(world) == posted


def all_keys(world: World) -> set[str]:
    listed = [pages(world, f"state={state}&top=500") for state in DocumentState]
    return {one["key"] for found in listed for page in found for one in page}


def test_a_name_with_a_backslash_is_no_file(world: World) -> None:
    """Storage would keep it under another name: an event for it must not claim the file of that name."""
    world.put("a/b.txt", RECIPE)
    world.land("a\\b.txt")
    assert world.documents("waiting") == {}
    status, message = error_of(world.ask("POST", "documents", {"text": RECIPE, "name": "a\\b.txt"}))
    assert (status, "backslash" in message) == (400, True)


def test_sizes_are_limited(world: World) -> None:
    assert world.ask("POST", "documents", {"text": "é" * MAX_TEXT, "name": "longest.txt"})[0] == 202
    for raw, status in ((b"x" * (MAX_TEXT + 1), 400), (b"x" * (MAX_FILE + 1), 413), (b"\xff", 400), (b"", 400)):
        assert error_of(world.ask("POST", "documents", raw=raw, kind="text/plain; charset=utf-8"))[0] == status
    escaped = json.dumps({"text": "é" * MAX_TEXT, "name": "escaped.txt"}).encode()
    assert world.ask("POST", "documents", raw=escaped)[0] == 202
    status, message = error_of(world.ask("POST", "documents", raw=b'"' + b"x" * 2 * MAX_FILE))
    assert (status, "bytes" in message) == (413, True)


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
@pytest.mark.parametrize(
    "charset", ["iso-8859-1", '"ISO-8859-1"', "windows-1252", "utf-16", "utf-16le", "UTF-8", "gb18030"]
)
def test_a_text_in_the_charset_that_it_says(world: World, charset: str) -> None:
    raw = "Señor Garçía".encode(charset.strip('"'))
    status, answer, _ = world.ask("POST", "documents?name=a.txt", raw=raw, kind=f"text/plain; charset={charset}")
    assert status == 202, answer
    written = world.blobs.get_blob_client(world.container, "a.txt").download_blob().readall()
    assert decode(written) == "Señor Garçía"


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
@pytest.mark.parametrize(
    ("charset", "raw"),
    [("nonsense", b"a"), ("hex", b"6161"), ("iso-8859-99", b"a"), ("shift_jis", b"\xff"), ("idna", b"a")],
)
def test_a_text_in_a_charset_that_it_cannot_be_in_is_refused(world: World, charset: str, raw: bytes) -> None:
    status, message = error_of(world.ask("POST", "documents", raw=raw, kind=f"text/plain; charset={charset}"))
    assert (status, "UTF-8" in message) == (400, True)


def test_a_result_that_is_to_come_is_202(world: World) -> None:
    key = world.ask("POST", "documents", {"text": RECIPE, "name": "a.txt"})[1]["key"]
    for path, status in ((f"documents/{key}/result", 202), (f"documents/{key}", 200)):
        answer = world.ask("GET", path)
        assert (answer[0], answer[1]["state"], answer[2]["Retry-After"]) == (status, "waiting", "2")
    world.publish()
    assert world.until(lambda: world.ask("GET", f"documents/{key}/result")[0] == 200)
    assert "Retry-After" not in world.ask("GET", f"documents/{key}")[2]


def test_a_document_that_is_not_due_is_asked_for_when_it_is() -> None:
    for wait, seconds in ((-5, "2"), (30, "30"), (900, "60")):
        one = document("a.txt")
        assert retry_after(replace(one, due=NOW + timedelta(seconds=wait)), NOW) == {"Retry-After": seconds}
        assert retry_after(one.submitted("j", NOW + timedelta(days=1), NOW), NOW) == {"Retry-After": "1"}


def test_no_result_has_its_reason(world: World) -> None:
    def reason(key: str, code: str) -> str:
        status, body, _ = world.ask("GET", f"documents/{key}/result")
        assert (status, body["error"]["code"]) == (404 if code == "ResourceNotFound" else 409, code)
        return str(body["error"]["message"])

    def key(state: str) -> str:
        return str(world.documents(state)[f"{state}.txt"]["key"])

    for name in ("superseded.txt", "gone.txt"):
        world.drop(name, RECIPE)
    world.delete("gone.txt")
    world.put("superseded.txt", VOYAGE)
    world.publish()
    world.until(lambda: world.documents("superseded") and world.documents("gone"))
    assert "newer version" in reason(key("superseded"), "DocumentSuperseded")
    assert "deleted" in reason(key("gone"), "DocumentGone")
    world.drop("failed.txt", b"\xff")
    world.drop("succeeded.txt", RECIPE)
    world.until(lambda: world.result("succeeded.txt"))
    world.until(lambda: world.documents("failed"))
    assert "UTF-8" in reason(key("failed"), "DocumentFailed")
    old = key("succeeded")
    world.drop("succeeded.txt", VOYAGE)
    new = world.until(lambda: [one for one in world.documents("succeeded").values() if one["key"] != old])
    world.until(lambda: world.result("succeeded.txt")["document"] != old)
    assert "another version" in reason(old, "ResultReplaced")
    assert len(new) == 1
    for broken in (b"", b"{", b"\xff", b"[" * 100_000, b"[]"):
        world.put("succeeded.txt.json", broken, f"{world.container}-results")
        assert "no longer" in reason(world.documents("succeeded")["succeeded.txt"]["key"], "ResultMissing")
    world.blobs.get_blob_client(f"{world.container}-results", "succeeded.txt.json").delete_blob()
    assert "no longer" in reason(world.documents("succeeded")["succeeded.txt"]["key"], "ResultMissing")
    assert "no document none" in reason("none", "ResourceNotFound")


# --- listings ---------------------------------------------------------------------------------------------------


def names(world: World, query: str) -> list[str]:
    return [one["name"] for page in pages(world, query) for one in page]


def pages(world: World, query: str) -> Iterator[list[Any]]:
    more = ""
    while True:
        found = world.get(f"documents?{query}{more}")
        yield found["value"]
        if "continue" not in found:
            return
        more = f"&continue={found['continue']}"


def has_succeeded(world: World, name: str) -> bool:
    return name in world.documents("succeeded")


@pytest.fixture
def classified(world: World) -> World:
    """Three files classified one minute after the other, and one that failed."""
    world.publish()
    for name, text in (("x/1.txt", RECIPE), ("y/2.txt", VOYAGE), ("x/3.txt", VOYAGE)):
        world.drop(name, text)
        world.until(partial(has_succeeded, world, name))
        world.now += timedelta(minutes=1)
    world.drop("x/bad.txt", b"\xff")
    world.until(lambda: world.documents("failed"))
    return world


def test_documents_are_found_by_state_class_name_and_time(classified: World) -> None:
    at = {name: one["ended"].replace("+00:00", "Z") for name, one in classified.documents("succeeded").items()}
    ended = "state=succeeded"
    assert names(classified, ended) == ["x/3.txt", "y/2.txt", "x/1.txt"]
    assert names(classified, f"{ended}&prefix=x/") == ["x/3.txt", "x/1.txt"]
    assert names(classified, "class=Sailing") == ["x/3.txt", "y/2.txt"]
    assert names(classified, "class=Sailing&prefix=y") == ["y/2.txt"]
    assert names(classified, "class=Baking") == []
    assert names(classified, f"{ended}&since={at['y/2.txt']}") == ["x/3.txt", "y/2.txt"]
    assert names(classified, f"{ended}&until={at['y/2.txt']}") == ["x/1.txt"]
    assert names(classified, f"{ended}&since={at['y/2.txt']}&until={at['x/3.txt']}") == ["y/2.txt"]
    assert names(classified, f"{ended}&since=9999-01-01") == names(classified, f"{ended}&until=0001-01-01") == []
    assert names(classified, "state=failed&prefix=x/") == ["x/bad.txt"]
    assert names(classified, "state=open&since=2000-01-01T00:00:00 01:00") == []
    for query in ("since=soon", "until=2026-13-01", "class=Sailing&state=failed", "class=Sailing&state=open"):
        assert classified.ask("GET", f"documents?{query}")[0] == 400


@pytest.mark.parametrize("top", [1, 2])
def test_pages_together_are_the_whole_whatever_is_wanted(classified: World, top: int) -> None:
    classified.drop("x/open.txt", RECIPE)
    for query in ("", "state=all", "state=succeeded", "class=Sailing", "state=succeeded&prefix=x/", "prefix=x/"):
        assert names(classified, f"{query}&top={top}") == names(classified, query)
        assert all(len(page) <= top for page in pages(classified, f"{query}&top={top}"))


def test_without_a_state_nothing_is_hidden_and_what_is_open_comes_first(classified: World) -> None:
    ended = ["x/bad.txt", "x/3.txt", "y/2.txt", "x/1.txt"]
    assert names(classified, "") == ended
    classified.ask("PUT", "submission", {"paused": True})
    classified.drop("x/open.txt", RECIPE)
    assert names(classified, "") == names(classified, "state=all") == ["x/open.txt", *ended]
    assert names(classified, "state=open") == names(classified, "state=waiting") == ["x/open.txt"]
    assert names(classified, "prefix=x/") == ["x/open.txt", "x/bad.txt", "x/3.txt", "x/1.txt"]
    for kind in ("jobs", "operations"):
        everything = [one["key"] for one in classified.get(kind)["value"]]
        final = "done" if kind == "jobs" else "succeeded"
        assert everything == [one["key"] for one in classified.get(f"{kind}?state={final}")["value"]] != []
        assert classified.get(f"{kind}?state=open")["value"] == []


def test_what_became_of_a_file_is_one_call(classified: World) -> None:
    first = classified.get("documents?name=x/1.txt")["value"]
    assert [(one["name"], one["state"]) for one in first] == [("x/1.txt", "succeeded")]
    classified.now += timedelta(seconds=1)
    classified.drop("x/1.txt", b"\xff")
    classified.until(lambda: len(classified.documents("failed")) == 2)
    versions = classified.get("documents?name=x/1.txt")["value"]
    assert [one["state"] for one in versions] == ["failed", "succeeded"]
    assert classified.get("documents?name=x/1.txt&state=succeeded")["value"] == first
    assert [len(page) for page in pages(classified, "name=x/1.txt&top=1")] == [1, 1]
    classified.delete("x/1.txt")
    assert len(names(classified, "name=x/1.txt")) == 2
    assert names(classified, "name=x/") == names(classified, "name=X/1.txt") == []
    for query in ("name=", f"name={'n' * 1025}", "name=a&continue=~", "continue=none_1", "continue=open"):
        assert classified.ask("GET", f"documents?{query}")[0] in ((200,) if query == "continue=open" else (400,))


# --- the export -------------------------------------------------------------------------------------------------


def exported(world: World, wanted: Any) -> tuple[Any, str]:
    status, started, headers = world.ask("POST", "documents/export", wanted)
    assert status == 202, started
    assert headers["Location"] == f"/api/operations/{started['key']}"
    ended = world.ended(started)
    assert ended["state"] == "succeeded", ended
    written = world.blobs.get_blob_client(ended["result"]["container"], ended["result"]["blob"])
    return ended, written.download_blob().readall().decode()


def test_all_results_in_one_file_page_by_page(classified: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE", 1)
    monkeypatch.setattr(export, "PAGES", 1)
    ended, text = exported(classified, {})
    found = [json.loads(line) for line in text.splitlines()]
    assert [one["name"] for one in found] == ["x/3.txt", "y/2.txt", "x/1.txt"]
    assert ended["result"]["documents"] == ended["steps"]["documents"] == 3
    shown = classified.documents("succeeded")["x/1.txt"]
    assert (found[2]["classes"], found[2]["document"]) == (shown["classes"], shown["key"])
    ended, text = exported(classified, {"format": "csv", "class": "Sailing", "prefix": "x/"})
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert row["name"] == "x/3.txt"
    assert row["classes"] == f"{row['class']} {float(row['confidence'])}"
    assert row["class"] == "Sailing"
    assert ended["result"]["blob"].endswith(".csv")


def test_an_export_of_nothing_is_an_empty_file(world: World) -> None:
    assert exported(world, {"until": "2000-01-01T00:00:00Z"})[1] == ""
    assert exported(world, {"format": "csv", "prefix": "none"})[1].startswith("\ufeffname,class,")


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_is_read_over_http_whole_or_in_parts(
    classified: World, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    ended, text = exported(classified, {"format": form})
    path, raw = f"operations/{ended['key']}/content", text.encode()
    answer = classified.download(path)
    assert (answer.status_code, answer.get_body(), answer.mimetype) == (200, raw, f"{MEDIA_TYPES[form]}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{ended["key"]}.{form}"'
    monkeypatch.setattr(exports, "MAX_PART", 100)
    status, message = error_of(classified.ask("GET", path))
    assert (status, f"{len(raw):,} bytes" in message, ended["result"]["blob"] in message) == (400, True, True)
    parts = b""
    while len(parts) < len(raw):
        answer = classified.download(path, f"bytes={len(parts)}-")
        found = answer.get_body()
        assert (answer.status_code, len(found) <= 100) == (206, True)
        last = len(parts) + len(found) - 1
        assert answer.headers["Content-Range"] == f"bytes {len(parts)}-{last}/{len(raw)}"
        parts += found
    assert parts == raw
    assert classified.download(path, "bytes=3-5").get_body() == raw[3:6]
    assert classified.download(path, "bytes=0-100000").get_body() == raw[:100]
    for wrong in (f"bytes={len(raw)}-", "bytes=5-3", "bytes=-5", "bytes=0-1,3-4", "lines=1-"):
        assert classified.download(path, wrong).status_code == 416


MEDIA_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv"}


def test_what_is_no_file_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    status, body, headers = world.ask("POST", "documents/export", {})
    path = f"operations/{body['key']}/content"
    assert (status, body["state"]) == (202, "running")
    status, body, headers = world.ask("GET", path)
    assert (status, body["state"], int(headers["Retry-After"]) > 0) == (202, "running", True)
    assert headers["Location"] == path.removesuffix("/content").replace("operations", "/api/operations")
    ended = world.until(lambda: world.download(path).status_code == 200 and world.get(path.rpartition("/")[0]))
    assert world.download(path).get_body() == b""
    assert world.download(path, "bytes=0-").status_code == 416
    world.blobs.get_blob_client(ended["result"]["container"], ended["result"]["blob"]).delete_blob()
    status, body, _ = world.ask("GET", path)
    assert (status, body["error"]["code"], "no longer" in body["error"]["message"]) == (409, "ResultMissing", True)
    assert world.ask("GET", "operations/nobody/content")[0] == 404
    world.upload_training(f"{world.container}-training")
    created = world.ended(world.create()[1])
    assert "is not an export" in error_of(world.ask("GET", f"operations/{created['key']}/content"))[1]

    def broken(*_: Any) -> Any:
        raise BadRequest("The disk is full.")

    monkeypatch.setattr(BlobStore, "commit_blocks", broken)
    failed = world.ended(world.ask("POST", "documents/export", {})[1])
    status, message = error_of(world.ask("GET", f"operations/{failed['key']}/content"))
    assert (status, "The disk is full." in message) == (409, True)


def test_one_export_at_a_time_and_the_same_once_more_is_the_same(world: World) -> None:
    _, started, _ = world.ask("POST", "documents/export", {})
    world.now += timedelta(seconds=1)
    assert world.ask("POST", "documents/export", {})[1]["key"] == started["key"]
    status, message = error_of(world.ask("POST", "documents/export", {"format": "csv"}))
    assert (status, "all documents" in message) == (409, True)
    assert world.ended(started)["state"] == "succeeded"
    assert world.ask("POST", "documents/export", {"format": "csv"})[0] == 202


@pytest.mark.parametrize(
    "body", [{"format": "xlsx"}, {"format": 7}, {"since": "soon"}, {"since": 7}, {"class": []}, []]
)
def test_an_export_that_cannot_be_is_refused(world: World, body: Any) -> None:
    assert error_of(world.ask("POST", "documents/export", body))[0] == 400


def test_an_export_goes_on_after_a_crash_and_writes_nothing_twice(
    classified: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after each block was staged, and after the file was made, before the ledger knows."""
    monkeypatch.setattr(export, "PAGE", 1)
    monkeypatch.setattr(export, "PAGES", 1)
    _, started, _ = classified.ask("POST", "documents/export", {})
    commit, tried = Ledger.commit, []

    def dying(self: Ledger, *changes: Any) -> Any:
        tried.append(changes)
        if len(tried) % 2:
            raise SystemExit
        return commit(self, *changes)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "commit", dying)
        while len(tried) < 6:  # three blocks, each twice
            classified.now += timedelta(minutes=1)
            with suppress(SystemExit):
                follow(services(), classified.now, 10)
    ended = classified.get(f"operations/{started['key']}")
    assert (ended["state"], ended["result"]["documents"]) == ("succeeded", 3)
    raw = services().documents.read_any(ended["result"]["container"], ended["result"]["blob"])
    assert [json.loads(line)["name"] for line in raw.splitlines()] == ["x/3.txt", "y/2.txt", "x/1.txt"]
