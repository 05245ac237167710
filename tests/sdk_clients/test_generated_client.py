"""A client that openapi-python-client makes of the app's document: made without a warning, and used over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.api import openapi
from shared.api.routes import ROUTES
from shared.settings import TODAY_API
from tests.sdk_clients.client_process import ENVIRONMENTS, Client, speaking
from tests.support.app_on_azurite import World
from tests.support.served import serving

GENERATOR = "openapi-python-client"
RECIPE = "Chop the garlic and simmer the onion in butter."
Call = Callable[..., Any]

pytestmark = pytest.mark.parametrize("world", [TODAY_API], indirect=True)


def generate(document: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    tools = ENVIRONMENTS / GENERATOR / "bin"
    assert tools.exists(), f"there is no {tools}: `make clients` makes it"
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    command: list[str | Path] = [
        tools / GENERATOR,
        "generate",
        "--path",
        document,
        "--output-path",
        folder,
        "--fail-on-warning",
    ]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_text(json.dumps(openapi.document(ROUTES)))
    made = generate(document, folder / "client")
    assert (made.returncode, "WARNING" in made.stdout + made.stderr) == (0, False), made.stdout + made.stderr
    return folder / "client"


@pytest.fixture(scope="module")
def client(generated: Path) -> Iterator[Client]:
    with speaking(GENERATOR, "generated_client", str(generated)) as made:
        yield made


@pytest.fixture
def call(client: Client, world: World) -> Iterator[Call]:
    """Gives the status and the answer of an operation of the served app."""
    del world
    with serving() as address:
        yield lambda operation, body=None, **arguments: client(
            "call", at=[address, "key"], operation=operation, arguments=arguments, body=body
        )


def test_it_has_every_operation(generated: Path, world: World) -> None:
    del world
    made = {path.stem for path in generated.glob("*/api/*/*.py")} - {"__init__"}
    assert made == {route.action.__name__ for route in ROUTES}


def test_a_text_is_classified_and_its_result_read(call: Call, world: World) -> None:
    world.publish()
    status, answer = call("documents.create_document", ["NewDocument", {"text": RECIPE, "name": "a.txt"}])
    assert status == 202
    key = answer["Accepted"]["key"]
    assert call("documents.get_document_result", key=key)[0] == 202
    world.until(lambda: world.result("a.txt"))
    assert call("documents.get_document_result", key=key) == [200, {"Result": world.result("a.txt")}]
    status, answer = call("documents.list_documents", state=["ListDocumentsState", "succeeded"], top=5)
    assert (status, answer["Documents"]) == (200, world.get("documents?state=succeeded"))
    assert call("documents.create_document", RECIPE, name="b.txt")[0] == 202
    status, answer = call("documents.create_document", ["NewDocument", {"text": RECIPE, "name": "a.txt"}])
    assert (status, answer["Error"]["error"]["code"]) == (409, "Conflict")


def test_an_export_is_begun_followed_and_read(call: Call, world: World) -> None:
    status, answer = call("documents.export_documents", ["DocumentsExport", {"format": "csv"}])
    assert status == 202
    key = answer["Operation"]["key"]
    ended = world.ended(answer["Operation"])
    assert call("operations.get_operation", key=key) == [200, {"Operation": ended}]
    status, text = call("operations.get_operation_content", key=key)
    assert (status, text.removeprefix("\ufeff").split(",")[:3]) == (200, ["name", "class", "confidence"])
    assert call("operations.get_operation_content", key=key, range_="bytes=3-6") == [206, "name"]
    assert call("documents.export_documents")[0] == 202


def test_health_and_the_index(call: Call, world: World) -> None:
    world.tick()
    status, answer = call("health.get_health")
    assert (status, answer["Health"]["status"]) == (200, "ok")
    assert call("index.get_index") == [200, {"Index": world.get("")}]
