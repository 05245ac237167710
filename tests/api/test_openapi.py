"""The OpenAPI document: valid, complete, and held to the app that answers, whatever a caller sends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

import shared
from shared.api import openapi
from shared.api.routes import ROUTES
from shared.pipeline.collection import result_of
from shared.settings import PREVIEW_API, TODAY_API
from tests.fakes.services import in_memory
from tests.support.app_on_azurite import World
from tests.support.served import wsgi_app
from tests.support.values import CLASSIFIER, NOW, document, job

SCHEMAS = openapi.schemas(ROUTES)
DOCUMENT = json.loads(json.dumps(openapi.document(ROUTES)))
OPERATIONS = {
    one["operationId"]: (path, method, one) for path, item in DOCUMENT["paths"].items() for method, one in item.items()
}
VERBS = (
    *("list", "get", "create", "update", "set", "delete", "import", "export", "check", "convert", "train", "cancel"),
    *("publish", "swap", "replay", "purge", "abandon", "start", "decide", "undo", "request", "label"),
)
EXAMPLES = 6  # of each operation in each protocol
RECIPE = "Chop the garlic and simmer the onion in butter."

load_all_checks()
KEPT: list[Any] = CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_is_one_operation_with_a_name_and_a_summary_of_its_own() -> None:
    assert len(OPERATIONS) == len(ROUTES)
    assert all(re.fullmatch(rf"({'|'.join(VERBS)})([A-Z][a-z]+)+", name) for name in OPERATIONS)
    assert all(re.fullmatch(r"[A-Z].{4,200}[.:]", one["summary"]) for _, _, one in OPERATIONS.values())


def test_every_shape_is_used_and_every_shape_that_is_used_is_there() -> None:
    named = {name for route in ROUTES for name in route.responses.values()}
    named |= {route.request_schema.__name__ for route in ROUTES if route.request_schema}
    inner = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(SCHEMAS)))
    assert named | inner | {"Error"} == set(SCHEMAS)


def test_every_operation_says_what_the_host_and_the_size_of_a_body_may_do() -> None:
    for _, _, one in OPERATIONS.values():
        assert "content" not in one["responses"]["401"]
        assert ("requestBody" in one) == ({"411", "413", "415"} <= one["responses"].keys())
        if "202" in one["responses"]:
            assert one["responses"]["202"]["headers"]["Retry-After"]["schema"]["type"] == "integer"


def test_a_result_has_every_field_that_the_app_writes() -> None:
    made = result_of(document().succeeded((), CLASSIFIER, NOW), job(document()), in_memory())
    assert SCHEMAS["Result"]["properties"].keys() == made.keys()
    assert SCHEMAS["Result"]["properties"]["source"]["properties"].keys() == made["source"].keys()


def test_its_version_is_the_projects() -> None:
    assert DOCUMENT["info"]["version"] == shared.__version__


def test_the_app_gives_it_away(world: World) -> None:
    assert world.get("openapi.json") == DOCUMENT


# --- held to the app ----------------------------------------------------------------------------------------------


def inhabited(world: World) -> dict[str, list[str]]:
    """A world with something of everything; gives the parameters of paths that lead there."""
    world.publish()
    for name, text in (("good.txt", RECIPE), ("bad.txt", b"\xff")):
        world.drop(name, text)
    world.until(lambda: world.documents("succeeded") and world.documents("failed"))
    world.ended(world.ask("POST", "documents/export", {})[1])
    [classified] = world.get("documents?state=succeeded")["value"]
    assert world.ask("POST", f"documents/{classified['key']}/review")[0] == 200
    lists = ("documents?state=succeeded", "documents?state=failed", "jobs?state=done", "operations?state=succeeded")
    keys = [one["key"] for listing in lists for one in world.get(listing)["value"]]
    return {"project": [world.project], "model": ["MyModel"], "deployment": ["production"], "key": keys}


def test_the_app_answers_as_the_document_says_to_whatever_is_sent(world: World) -> None:
    known = inhabited(world)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi_app)
    for operation in sorted(operations(schema), key=lambda one: one.method == "delete"):
        _hold(operation, known, world.api)


def operations(schema: Any) -> list[Any]:
    """Every operation of the document, none of which may be wrong."""
    return [one.ok() for one in schema.get_all_operations()]


def _hold(operation: Any, known: dict[str, list[str]], api: str) -> None:
    changeable = bool(list(operation.iter_parameters()) or operation.body)
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if changeable else [])]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, data=st.data())
    def hold(case: Any, data: st.DataObject) -> None:
        for name in known.keys() & (case.path_parameters or {}).keys():
            if data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        answer = case.call()
        case.validate_response(answer, checks=KEPT)
        assert answer.status_code in allowed(operation.path, api), answer.text

    hold()


def allowed(path: str, api: str) -> Iterable[int]:
    """Nothing is wrong with the app or the service here: the only other thing is what a protocol does not have."""
    fine = {200, 202, 206, 400, 404, 405, 409, 410, 415, 416}
    return fine | ({501} if api == PREVIEW_API else set()) | ({503} if path == "/health" else set())


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_every_good_answer_of_a_get_is_as_its_shape_says(world: World) -> None:
    """Whatever is generated, this is seen to be held to an answer that is there."""
    known = inhabited(world)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi_app)
    good = set()
    for operation in (one for one in operations(schema) if one.method == "get"):
        for key in known["key"]:
            values = {"project": world.project, "model": "MyModel", "deployment": "production", "key": key}
            case = operation.Case(path_parameters=values)
            answer = case.call()
            case.validate_response(answer, checks=KEPT)
            if answer.status_code == 200:
                good.add(operation.definition.raw["operationId"])
    described = {name for name, (_, method, _) in OPERATIONS.items() if method == "get"}
    assert good == described - {"getOpenApi"}  # the generator leaves the document itself out
