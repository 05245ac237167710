"""The README of the local Language service is held to its routes and versions."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.language.protocol.dialect import Dialect
from local.language.server import dialects, handlers, server
from tests.support.language_caller import CURRENT, Caller

README = (Path(server.__file__).parents[1] / "README.md").read_text()
LETTERS = {"project": "p", "model": "m", "deployment": "d", "exported": "e", "file": "f", "job": "j"}
VERSION = r"`(\d{4}-\d\d-\d\d(?:-preview)?)`"


def section(dialect: Dialect[Any]) -> str:
    [found] = re.findall(rf"^### .*, at `{re.escape(dialect.prefix)}`$(.*?)^##", README, re.MULTILINE | re.DOTALL)
    return str(found)


def shortened(path: str) -> str:
    """A route's path with the letters that the README has for its names."""
    return re.sub(r"<(\w+)>", lambda name: f"{{{LETTERS[name[1]]}}}", path)


@pytest.mark.parametrize("dialect", dialects.DIALECTS, ids=lambda dialect: dialect.prefix)
def test_every_operation_has_its_row_and_none_besides(dialect: Dialect[Any]) -> None:
    documented = re.findall(r"^\| `(\w+ /[^`]*)` \| .+ \|.*\|$", section(dialect), re.MULTILINE)
    assert sorted(documented) == sorted(f"{route.method} {shortened(route.path)}" for route in dialect.routes)


@pytest.mark.parametrize("dialect", dialects.DIALECTS, ids=lambda dialect: dialect.prefix)
def test_every_api_version_is_named(dialect: Dialect[Any]) -> None:
    sentence = re.search(r"^With `api-version`:(.*?)\.(?:\s|$)", section(dialect), re.MULTILINE | re.DOTALL)
    assert re.findall(VERSION, sentence[1] if sentence else "") == list(dialect.versions)


def test_every_option_is_explained() -> None:
    rows = re.findall(r"^\| (`.+?`) \|", README.split("## What it serves")[0], re.MULTILINE)
    explained = set(re.findall(r"`([^`]+)`", " ".join(rows)))
    parser = argparse.ArgumentParser(prog="", add_help=False)
    server.arguments(parser)
    words = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", parser.format_help()))
    assert explained == set(inspect.signature(server.running).parameters) | words


def test_every_kind_of_job_is_named() -> None:
    [sentence] = re.findall(r"^The kinds of jobs: (.*?)\.$", README, re.MULTILINE | re.DOTALL)
    assert re.findall(r"`([^`]+)`", sentence) == list(handlers.KINDS)


def test_the_test_in_it_runs_as_it_is_written(tmp_path: Path) -> None:
    [code] = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    [test] = [it for name, it in names.items() if name.startswith("test_")]
    test(tmp_path)


def test_the_curl_lines_in_it_run_as_they_are_written(start: Callable[..., Any]) -> None:
    defined, asking, fault = blocks("sh")
    assert defined == f"KEY={server.ANY_KEY} URL=http://127.0.0.1:7070\n"
    assert "--port 7070" in README
    with start() as call:
        now, _projects, asked = [json.loads(line) for line in printed(asking, call)]
        assert (set(now), asked["value"][-1]["path"]) == ({"now"}, CURRENT)
        told = ", ".join(f'"{name}"' for name in asked["value"][-1])
        assert f'{{"value": [{{{told}}}, …]}}' in README
        assert set(json.loads("".join(printed(fault, call)))) == {"id"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def printed(lines: str, call: Caller) -> list[str]:
    """What bash prints for these lines, a line an answer."""
    script = lines.replace("curl ", "curl -w '\\n' ")
    environ = {"PATH": os.environ["PATH"], "KEY": call.service.key, "URL": call.service.endpoint}
    bash = ["bash", "-e", "-c", script]
    done = subprocess.run(bash, env=environ, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return done.stdout.splitlines()
