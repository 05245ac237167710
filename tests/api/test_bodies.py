"""Bodies that may be left out, and bodies of which media types; the index, and where an unknown path points to."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.bodies import DocumentsExport, LabelsExport, Replay, ReviewLabels
from shared.api.requests import Request, Response
from shared.api.routes import ROUTES, answer
from tests.support.in_memory_app import Instance, Stage


@pytest.fixture(scope="module")
def app() -> Instance:
    return Stage().instance()


def send(app: Instance, path: str, body: bytes, media_type: str = "", method: str = "POST") -> Response:
    asked = Request(method, path, {}, body, media_type)
    return answer(asked, lambda: app.services, app.stage.now)


def test_a_body_may_be_left_out_where_all_of_its_fields_may(app: Instance) -> None:
    optional = {route.request_schema for route in ROUTES if route.request_schema and route.request_schema.is_optional()}
    assert optional == {LabelsExport, ReviewLabels, DocumentsExport, Replay}
    assert send(app, "documents/replay", b"").status == 200
    started = send(app, "documents/export", b"", "application/xml")  # of nothing
    assert (started.status, started.body["parameters"]["format"]) == (202, "jsonl")


@pytest.mark.parametrize("path", ["projects", "documents", "documents/purge", "projects/P/train"])
def test_a_body_that_is_needed_is_asked_for(app: Instance, path: str) -> None:
    assert send(app, path, b"").status == 400


JSON = ["", "application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]


@pytest.mark.parametrize("media_type", [*JSON, "application/x-www-form-urlencoded"])
def test_what_is_taken_for_json(app: Instance, media_type: str) -> None:
    assert send(app, "documents/replay", b'{"dryRun": true}', media_type).body["dryRun"] is True


OTHER = ["application/xml", "text/html", "multipart/form-data; boundary=b", "json", "text/json+x", "image/png"]


@pytest.mark.parametrize("media_type", [*OTHER, "text/plain", "application/octet-stream"])
def test_another_media_type_is_refused(app: Instance, media_type: str) -> None:
    found = send(app, "documents/replay", b'{"dryRun": true}', media_type)
    assert (found.status, found.body["error"]["code"]) == (415, "UnsupportedMediaType")
    assert "application/json" in found.body["error"]["message"]


@pytest.mark.parametrize("media_type", OTHER)
def test_a_text_is_plain_or_json(app: Instance, media_type: str) -> None:
    found = send(app, "documents", b"a text", media_type)
    assert (found.status, "text/plain" in found.body["error"]["message"]) == (415, True)


@pytest.mark.parametrize("media_type", ["text/plain", "text/plain; charset=utf-8", "application/octet-stream"])
def test_a_text_comes_as_it_is(app: Instance, media_type: str) -> None:
    made: Any = send(app, "documents", "an é".encode(), media_type)
    assert made.status == 202
    assert app.services.documents.read(made.body["name"], made.body["etag"]) == "an é".encode()


@pytest.mark.parametrize("control", ["\0", "\x1b", "\r\n", "\x7f"])
@pytest.mark.parametrize("media_type", ["text/plain{}", "text/plain; charset=utf-8{}", 'text/plain; charset="{}u8"'])
def test_a_content_type_with_a_control_character_is_refused(app: Instance, media_type: str, control: str) -> None:
    found = send(app, "documents", b"a text", media_type.format(control))
    assert (found.status, found.body["error"]["code"]) == (415, "UnsupportedMediaType")
    assert found.body["error"]["message"] == "The Content-Type contains a control character, such as NUL."


def test_a_content_type_may_hold_a_tab(app: Instance) -> None:
    assert send(app, "documents", b"a text", "text/plain;\tcharset=utf-8").status == 202


def test_where_no_body_is_taken_none_is_looked_at(app: Instance) -> None:
    assert send(app, "sweep", b"<x/>", "application/xml").status == 202


# --- the index ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/"])
def test_the_index_names_the_addresses_to_begin_with(app: Instance, path: str) -> None:
    links = send(app, path, b"", method="GET").body["links"]
    assert {"health", "openapi.json", "documents", "projects", "operations"} <= links.keys()
    described = {f"/api/{route.path}" for route in ROUTES if route.method == "GET"}
    assert set(links.values()) < {*described, "/api/console/"}


@pytest.mark.parametrize("path", ["nowhere", "projects/P/nothing", "documents/1/2/3"])
def test_an_unknown_path_points_to_the_index(app: Instance, path: str) -> None:
    found = send(app, path, b"", method="GET")
    assert (found.status, "GET /api " in found.body["error"]["message"]) == (404, True)
