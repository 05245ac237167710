"""Names that are paths, signs or far too long, through every route; and nothing secret in any answer."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import azure.functions as func
import pytest

import function_app
from shared import services
from shared.api import openapi
from shared.api.bodies import Body
from shared.api.routes import ROUTES
from tests.support.app_on_azurite import World

NAMES = {
    "parent": "..",
    "path": "../../secrets/a.txt",
    "quoted parent": "%2e%2e%2f%2e%2e",
    "quoted slash": "a%2fb",
    "query": "a?x=1&y=2",
    "fragment": "a#b",
    "newline": "a\r\nX-Header: 1",
    "nul": "a\0b",
    "emoji": "😀",
    "right to left": "\u202etxt.a",
    "half a character": "\ud800",
    "quotes": "a'\"`;--<b>",
    "filter": "' or RowKey ge '",
    "braces": "{0.__class__}%s${a}",
    "long": "n" * 1000,
    "blank": " ",
}
SECRET = "the-words-of-another-container"
SCHEMAS = openapi.schemas(ROUTES)
FINE = {200, 202, 400, 404, 409, 501}


def ask(
    method: str, path: str, sent: Any = None, query: Mapping[str, str] | None = None
) -> tuple[int, Any, Mapping[str, str]]:
    """As a host hands it on that has decoded the path: nothing of it is taken for a query."""
    raw = b"text" if sent is None else json.dumps(sent).encode()
    kind = {"Content-Type": "text/plain" if sent is None else "application/json"}
    request = func.HttpRequest(
        method=method, url="/api", params=query or {}, headers=kind, route_params={"path": path}, body=raw
    )
    answer = function_app.manage(request)
    return answer.status_code, json.loads(answer.get_body()), dict(answer.headers)


def filled(rule: str, name: str) -> str:
    return re.sub(r"{\w+}", lambda _: name, rule)


def fields(schema: Mapping[str, Any]) -> dict[str, Any]:
    shapes = schema.get("anyOf", [schema])
    return {name: field for shape in shapes for name, field in shape["properties"].items()}


def value(schema: Mapping[str, Any], name: str) -> Any:
    """A value of this schema, with the name wherever any text may be."""
    if "enum" in schema:
        return schema["enum"][0]
    makers: dict[str, Callable[[], Any]] = {
        "object": lambda: {key: value(one, name) for key, one in fields(schema).items()},
        "array": lambda: [value(schema["items"], name)],
        "string": lambda: name,
        "boolean": lambda: False,
        "integer": lambda: 1,
        "number": lambda: 0.5,
    }
    return makers[schema["type"]]()


def bodies(takes: type[Body] | None, name: str) -> Iterator[Any]:
    """Bodies of a route: the name in every text, and in one while the others are in order."""
    if not takes:
        yield None
        return
    found = fields(SCHEMAS[takes.__name__])
    yield {key: value(field, name) for key, field in found.items()}
    for field in found:
        yield {key: value(schema, name if key == field else "a1a") for key, schema in found.items()}


def check(answer: tuple[int, Any, Mapping[str, str]], path: str, *secrets: str) -> None:
    status, body, headers = answer
    assert status in FINE | ({503} if path == "health" else set()), (path, body)
    assert not any(secret in json.dumps(body) for secret in secrets)
    assert all("\n" not in value and "\r" not in value for value in headers.values())
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_refused_or_harmless_in_paths_bodies_and_queries(world: World, name: str) -> None:
    other = f"{world.container}-secrets"
    world.blobs.create_container(other)
    world.put("a.txt", SECRET, other)
    told = name.replace("secrets", other)
    for route in ROUTES:
        for path in {filled(route.template, told), filled(route.template, "a1a")}:
            for sent in bodies(route.request_schema, told):
                check(ask(route.method, path, sent), route.path, SECRET)
        for query in route.query:
            check(ask(route.method, route.path, query={query.name: told}), route.path, SECRET)
    world.tick()
    assert blobs(world).keys() <= {world.container, f"{world.container}-results", other}
    assert blobs(world)[other] == ["a.txt"]
    assert world.blobs.get_blob_client(other, "a.txt").download_blob().readall() == SECRET.encode()


def blobs(world: World) -> dict[str, list[str]]:
    found = world.blobs.list_containers(name_starts_with=world.container)
    return {one.name: [blob.name for blob in world.blobs.get_container_client(one.name).list_blobs()] for one in found}


# --- secrets ------------------------------------------------------------------------------------------------------


WRONG_KEY = "0123456789abcdef0123456789abcdef"
WRONG_ACCOUNT_KEY = "AAAAvdM02xNOcqFlqUwJPLlmEtlCDXJ1"


@pytest.mark.parametrize(
    "wrong",
    [{}, {"LANGUAGE_KEY": WRONG_KEY}, {"LANGUAGE_KEY": "two words"}, {"DOCUMENTS_STORAGE": ""}, {"LANGUAGE_API": "v9"}],
    ids=["nothing wrong", "key", "no key", "storage", "version"],
)
def test_no_answer_and_no_line_of_the_log_tells_a_secret(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wrong: dict[str, str]
) -> None:
    caplog.set_level(logging.DEBUG, "shared")
    account_key = world.storage.split("AccountKey=")[1].split(";")[0]
    for name, given in wrong.items():
        monkeypatch.setenv(name, given)
    services.forget()
    for route in ROUTES:
        for sent in bodies(route.request_schema, "a1a"):
            status, body, headers = ask(route.method, filled(route.template, "a1a"), sent)
            told = json.dumps(body) + str(headers)
            for secret in (world.language.key, account_key, "two words", WRONG_KEY, "AccountKey"):
                assert secret not in told, route
            assert status < 500 or "error" in body or route.path == "health"
    for secret in (world.language.key, account_key, WRONG_KEY, "two words"):
        assert secret not in caplog.text


def test_a_storage_key_that_is_refused_is_not_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = world.storage.replace("AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1", f"AccountKey={WRONG_ACCOUNT_KEY}")
    assert wrong != world.storage
    monkeypatch.setenv("DOCUMENTS_STORAGE", wrong)
    services.forget()
    for path in ("health", "documents", "classifier", "sweep"):
        status, body, _ = ask("GET", path)
        assert status == 503
        assert WRONG_ACCOUNT_KEY not in json.dumps(body)
