"""The files that tools look for at the top of a repository: CI, Dependabot, pre-commit, editors, the version."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import shared

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNNING = "{}.{}".format(*sys.version_info)


def tracked() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listing.split("\0")[:-1] if (ROOT / name).is_file()]


def read_yaml(name: str) -> Any:
    return msgspec.yaml.decode((ROOT / name).read_bytes())


@pytest.mark.parametrize(
    "file", [file for file in tracked() if file.suffix in {".yml", ".yaml"}], ids=lambda file: file.name
)
def test_every_yaml_file_is_read(file: Path) -> None:
    assert isinstance(msgspec.yaml.decode(file.read_bytes()), dict)


@pytest.mark.parametrize("file", [file for file in tracked() if file.suffix == ".json"], ids=lambda file: file.name)
def test_every_json_file_is_read(file: Path) -> None:
    assert isinstance(json.loads(file.read_text("utf-8")), dict)


def test_mypy_checks_every_module_strictly() -> None:
    settings = PROJECT["tool"]["mypy"]
    modules = (file.relative_to(ROOT).parts[0] for file in tracked() if file.suffix == ".py")
    assert set(settings["files"]) == {first for first in modules if not first.startswith(".")}
    assert settings["strict"]


# --- CI -----------------------------------------------------------------------------------------------------------


def ci() -> dict[str, Any]:
    [job] = read_yaml(".github/workflows/ci.yml")["jobs"].values()
    return dict(job)


def test_ci_covers_each_python_that_the_project_names() -> None:
    named = [line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"]]
    assert ci()["strategy"]["matrix"]["python"] == named == ["3.11", "3.12", "3.13"]
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"
    assert PROJECT["tool"]["mypy"]["python_version"] == named[0]
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{named[0].replace('.', '')}"


def test_ci_runs_the_script_with_the_matrixs_python_and_no_other() -> None:
    [run] = [step for step in ci()["steps"] if "run" in step]
    assert run["run"] == "bash .ci/run"
    assert run["env"] == {"TEXTDROP_PYTHONS": "${{ matrix.python }}"}
    [python] = [step["with"] for step in ci()["steps"] if step.get("uses", "").startswith("actions/setup-python@")]
    assert python["python-version"].split("\n")[-2:] == ["${{ matrix.python }}", ""]


def test_ci_may_only_read_ends_in_time_and_runs_once_for_a_branch() -> None:
    workflow = read_yaml(".github/workflows/ci.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    assert ci()["timeout-minutes"] <= 60
    assert all(step["timeout-minutes"] < ci()["timeout-minutes"] for step in ci()["steps"])


def test_actions_are_pinned_by_their_major_version() -> None:
    used = [step["uses"] for step in ci()["steps"] if "uses" in step]
    assert len(used) == 3
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", one) for one in used)


TOOLS = ("bash", "dirname", "env", "git", "sh", "sort")


def ran(folder: Path, wanted: str, **others: str) -> subprocess.CompletedProcess[str]:
    """.ci/run with a `make` that prints its arguments, a `python3` that is the one under test, and `others`.

    No other programs are there, but for TOOLS.
    """
    base = getattr(sys, "_base_executable", sys.executable)
    scripts = {"make": 'echo "make $* ($TEXTDROP_REQUIRE_CHROMIUM)"', "python3": f'exec "{base}" "$@"', **others}
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    for name in TOOLS:
        (folder / name).symlink_to(str(shutil.which(name)))
    environ = {**os.environ, "PATH": str(folder), "TEXTDROP_PYTHONS": wanted}
    return subprocess.run(["bash", ROOT / ".ci/run"], env=environ, capture_output=True, text=True, check=False)


def test_the_script_tests_on_the_named_python_alone(tmp_path: Path) -> None:
    answer = ran(tmp_path, RUNNING, chromium="exit 1")
    made = [line for line in answer.stdout.splitlines() if line.startswith("make ")]
    assert [line.split()[1] for line in made] == ["worker", "check", "test"], answer.stderr
    assert all(line.endswith(f"VENV=.venvs/{RUNNING} (1)") for line in made)  # without a browser, tests fail


def test_the_script_installs_chromium_where_there_is_none(tmp_path: Path) -> None:
    apt = {"apt-get": f'echo "$*" >> {tmp_path}/asked', "sudo": 'exec "$@"'}
    answer = ran(tmp_path, RUNNING, **apt)
    assert answer.returncode == 0, answer.stderr
    assert "Installing chromium with apt\n" in answer.stdout
    assert (tmp_path / "asked").read_text().splitlines()[-1].endswith(" --no-install-recommends chromium")


def test_the_script_does_not_test_on_another_python_than_the_named(tmp_path: Path) -> None:
    answer = ran(tmp_path, "3.1", chromium="exit 1")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "There is no Python from 3.11 to 3.14 here that is one of 3.1\n"


def test_make_test_shows_the_slowest_tests_and_measures_coverage() -> None:
    command = ["make", "--dry-run", "--assume-old=setup", "test"]
    given = ("MAKE", "TESTS", "PARALLEL")  # to the make that runs this test
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(given)}
    planned = subprocess.run(command, cwd=ROOT, env=inherited, capture_output=True, text=True, check=True).stdout
    assert "-m pytest -n 4 --dist loadfile --no-loadscope-reorder --durations=15 --cov --cov-report= tests" in planned


# --- other tools --------------------------------------------------------------------------------------------------


def test_the_hooks_are_the_programs_of_make_check() -> None:
    [repository] = read_yaml(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    checks = re.findall(
        r"^\t@\$\(PY\) -m (ruff check|ruff format --check|mypy)\b", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    entries = [hook["entry"].removesuffix(" --force-exclude") for hook in repository["hooks"]]
    assert entries == [f".venv/bin/{check}" for check in checks]
    assert all(hook["language"] == "system" for hook in repository["hooks"])


def test_dependabot_looks_wherever_there_are_dependencies() -> None:
    looked_at = {(one["package-ecosystem"], one["directory"]) for one in read_yaml(".github/dependabot.yml")["updates"]}
    assert looked_at == {("pip", "/"), ("npm", "/local"), ("github-actions", "/")}
    assert (ROOT / "requirements.txt").exists()
    assert (ROOT / "local/package.json").exists()


def test_the_development_container_has_a_python_of_the_matrix_and_sets_everything_up() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    image, _, version = container["image"].partition(":")
    assert image == "mcr.microsoft.com/devcontainers/python"
    assert version in ci()["strategy"]["matrix"]["python"]
    assert [name.partition(":")[0] for name in container["features"]] == ["ghcr.io/devcontainers/features/node"]
    assert container["postCreateCommand"] == "make setup"


def editor_settings() -> dict[str, str]:
    written = configparser.ConfigParser()
    written.read_string("[top]\n" + (ROOT / ".editorconfig").read_text())
    return dict(written["*"])


def faults(content: bytes) -> Iterator[str]:
    if content and not content.endswith(b"\n"):
        yield "insert_final_newline"
    if b"\r" in content:
        yield "end_of_line"
    if re.search(rb"[ \t]$", content, re.MULTILINE):
        yield "trim_trailing_whitespace"


def test_every_file_is_as_editors_are_told() -> None:
    told = editor_settings()
    assert told["max_line_length"] == str(PROJECT["tool"]["ruff"]["line-length"])
    wanted = {"insert_final_newline": "true", "end_of_line": "lf", "trim_trailing_whitespace": "true"}
    assert wanted.items() <= told.items()
    ours = [file for file in tracked() if "vendor" not in file.parts and file.suffix != ".png"]
    assert {str(file): list(faults(file.read_bytes())) for file in ours if any(faults(file.read_bytes()))} == {}


# --- the version --------------------------------------------------------------------------------------------------


def test_the_version_is_written_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", shared.__version__)
    pattern = re.compile(rf"""version\w*["']?\s*[:=]\s*["']?{re.escape(shared.__version__)}\b""", re.IGNORECASE)
    kinds = {".py", ".toml", ".json", ".yml", ".yaml", ".cfg", ".md"}
    files = [file for file in tracked() if file.suffix in kinds and file.name != "package-lock.json"]
    found = [str(file.relative_to(ROOT)) for file in files if pattern.search(file.read_text("utf-8"))]
    assert found == ["shared/__init__.py"]


def test_the_project_takes_its_version_from_there() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    module, _, name = PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"].rpartition(".")
    assert (module, name) == ("shared", "__version__")
