"""docs/quickstart.md, run as it is written: in bash, with curl, against `make run`'s own command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.child_process import ChildProcess
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.wire import Reply, recording

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "quickstart.md"
# All that a reader of the page has in the folder; linked, so that what runs keeps its data apart from anybody else's.
FOLDER = ("function_app.py", "host.json", "requirements.txt", "shared", "local", "samples")
# The page's prerequisites beside bash: nothing else is on PATH.
TOOLS = ("curl", "grep", "sed", "sleep", "tr")
SECONDS_TO_START, SECONDS_TO_WALK = 180.0, 180.0
# Written between the blocks, to tell their outputs apart.
RULER = "=== next block ==="


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def objects(output: str) -> list[Any]:
    """The JSON objects in what a block printed, headers and all."""
    return [json.loads(found) for found in re.findall(r"^\{$.*?^\}", output, re.DOTALL | re.MULTILINE)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FOLDER:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)  # the environment under test, whatever its folder is called
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        (tmp_path / "bin" / name).symlink_to(_program(name))
    return tmp_path


def _program(name: str) -> str:
    """Where it is. Fails without it: the page is not to be believed untested."""
    return shutil.which(name) or pytest.fail(f"{name} is not on PATH")


class MakeRun(ChildProcess):
    seconds_to_end = 120.0


@contextmanager
def everything_up(folder: Path, api: str) -> Iterator[str]:
    """The address that `make run` says it is ready at. It ends with exit code 0."""
    command = [sys.executable, "-m", "local", "up", "--port", "0", "--api", api, "--pace", "instant"]
    with MakeRun.running("make run", command, folder=folder) as run:
        yield run.wait_for_line("Ready: ", SECONDS_TO_START).partition("Ready: ")[2].strip()
        assert run.end() == 0, run.output
    assert (folder / ".textdrop").is_dir()


def walk(folder: Path, url: str) -> list[str]:
    """What each block prints. All of them are one session of one shell, as for somebody who pastes them."""
    script = f"\necho '{RULER}'\n".join(["set -euo pipefail", *blocks()])
    ran = subprocess.run(
        [_program("bash"), "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": str(folder / "bin"), "TEXTDROP": url},
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_WALK,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split(f"{RULER}\n")[1:]


@pytest.mark.parametrize("api", [TODAY_API, PREVIEW_API])
def test_the_walk_does_what_the_page_says(folder: Path, api: str) -> None:
    with everything_up(folder, api) as url:
        outputs = iter(walk(folder, url))
    assert next(outputs) == ""  # the function that the other blocks use
    assert objects(next(outputs))[0]["status"] == "ok"

    started, created = objects(created_output := next(outputs))
    assert created_output.startswith("HTTP/1.1 202 Accepted")
    assert (started["kind"], created["state"], created["project"]) == ("create", "succeeded", "MyProject")

    assert_begun(next(outputs), "/api/projects/MyProject/train/jobs/")
    [trained] = objects(next(outputs))
    assert (trained["state"], trained["result"]) == ("succeeded", {"model": "MyModel"})

    [evaluation] = objects(next(outputs))
    assert set(evaluation["classes"]) == {"Mystery", "Drama", "Thriller", "Comedy", "Action"}
    assert {"precision", "recall", "f1"} <= set(evaluation["classes"]["Drama"])
    assert evaluation["microF1"] > 0.5  # it learned: guessing is far below

    assert_begun(next(outputs), "/api/projects/MyProject/publish/jobs/")
    [published] = objects(next(outputs))
    assert published["state"] == "succeeded"
    [classifier] = objects(next(outputs))
    assert (classifier["project"], classifier["model"]) == ("MyProject", "MyModel")

    assert "The_Hostage_Line.txt  Action " in next(outputs)
    [documents] = objects(next(outputs))
    assert [one["name"] for one in documents["value"]] == ["The_Hostage_Line.txt"]
    assert documents["value"][0]["classifier"]["project"] == "MyProject"

    deleted = objects(next(outputs))[-1]
    assert (deleted["kind"], deleted["state"]) == ("delete", "succeeded")
    assert "cleared" in deleted["result"]["classifier"]
    assert list(outputs) == []


REFUSED = b'{\n  "error": {\n    "code": "ResourceNotFound",\n    "message": "There is no operation x."\n  }\n}\n'


@pytest.mark.parametrize(
    ("answer", "reply", "printed"),
    [
        ("HTTP/1.1 400 Bad Request\r\n\r\n{}", Reply(200), "There is nothing to follow: the answer above says why."),
        ("HTTP/1.1 202 Accepted\r\nLocation: /api/operations/x\r\n\r\n{}", Reply(404, REFUSED), "no operation x."),
        ("HTTP/1.1 202 Accepted\r\nLocation: /api/operations/x\r\n\r\n{}", Reply(cut=0), "curl: "),
    ],
    ids=["started nothing", "error", "nobody answers"],
)
def test_following_ends_at_an_error(answer: str, reply: Reply, printed: str) -> None:
    with recording() as app:
        app.otherwise = lambda _: reply
        ran = subprocess.run(
            [_program("bash"), "-c", f'{blocks()[0]}\nfollow "$1"', "bash", answer],
            env={**os.environ, "TEXTDROP": f"{app.url}/api"},
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_WALK,
            check=False,
        )
        assert len(app.requests) <= 1
    assert ran.returncode == 1
    assert printed in ran.stdout + ran.stderr


def assert_begun(output: str, where: str) -> None:
    """202, and a Location under `where`."""
    assert output.startswith("HTTP/1.1 202 Accepted")
    assert re.search(rf"^location: {where}[0-9a-f]+\s*$", output, re.IGNORECASE | re.MULTILINE)
