"""The README of the local Language service is held to its routes and versions."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from local.language import app, server
from local.language.wire import Dialect

README = (Path(server.__file__).parent / "README.md").read_text()
LETTERS = {"project": "p", "model": "m", "deployment": "d", "exported": "e", "file": "f", "job": "j"}
VERSION = r"`(\d{4}-\d\d-\d\d(?:-preview)?)`"


def section(dialect: Dialect) -> str:
    [found] = re.findall(rf"^### .*, at `{re.escape(dialect.prefix)}`$(.*?)^##", README, re.MULTILINE | re.DOTALL)
    return str(found)


def shortened(path: str) -> str:
    """A route's path with the letters that the README has for its names."""
    return re.sub(r"<(\w+)>", lambda name: f"{{{LETTERS[name[1]]}}}", path)


@pytest.mark.parametrize("dialect", app.DIALECTS, ids=lambda dialect: dialect.prefix)
def test_every_operation_has_its_row_and_none_besides(dialect: Dialect) -> None:
    documented = re.findall(r"^\| `(\w+ /[^`]*)` \| .+ \|.*\|$", section(dialect), re.MULTILINE)
    assert sorted(documented) == sorted(f"{route.method} {shortened(route.path)}" for route in dialect.routes)


@pytest.mark.parametrize("dialect", app.DIALECTS, ids=lambda dialect: dialect.prefix)
def test_every_api_version_is_named(dialect: Dialect) -> None:
    sentence = re.search(r"^With `api-version`:(.*?)\.(?:\s|$)", section(dialect), re.MULTILINE | re.DOTALL)
    assert re.findall(VERSION, sentence[1] if sentence else "") == list(dialect.versions)


def test_every_option_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", README.split("## What it serves")[0], re.MULTILINE)
    assert set(explained) == set(inspect.signature(server.running).parameters) - {"port", "address"}
