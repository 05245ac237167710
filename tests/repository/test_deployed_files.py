"""What `.funcignore` lets through to Azure, under both readings of it: git's own, and the one of Core Tools."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.console import files as console_files

ROOT = Path(__file__).parents[2]
DEPLOYED = {"function_app.py", "host.json", "requirements.txt", "shared"}
KEPT = [
    "function_app.py",
    "host.json",
    "requirements.txt",
    "shared/errors.py",
    "shared/language/types.py",
    "shared/domain/documents.py",
    "shared/storage/blobs.py",
    "shared/labels/formats.py",
    "shared/pipeline/intake.py",
    "shared/operations/runner.py",
    "shared/api/actions/documents.py",
    "shared/console/files.py",
    "shared/console/static/index.html",
    "shared/console/static/views/documents.js",
    "shared/console/static/vendor/packages.json",
    "shared/console/static/vendor/htm/LICENSE.txt",
]
KEPT_BACK = [
    ".ci/run",
    ".devcontainer/devcontainer.json",
    ".editorconfig",
    ".git/config",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".venv/bin/python",
    ".venv-clients/5.4.0/bin/python",
    ".venv-worker/bin/python",
    ".venvs/3.13/bin/python",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "azure.yaml",
    "bench/__main__.py",
    "docs/decisions/0001-first.md",
    "infra/main.bicep",
    "local.settings.json",
    "local.settings.sample.json",
    "local/stack/azurite.py",
    "local/node_modules/azurite/package.json",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements-embeddings.txt",
    "samples/movies/labels.json",
    "shared/__pycache__/errors.cpython-311.pyc",
    "shared/language/__pycache__/types.cpython-311.pyc",
    "tests/conftest.py",
]


def as_git_reads_it(paths: list[str], folder: Path) -> set[str]:
    """The paths that are kept. Azure Developer CLI follows git's syntax."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    (folder / ".git" / "info" / "exclude").write_bytes((ROOT / ".funcignore").read_bytes())
    command = ["git", "-C", str(folder), "check-ignore", "--no-index", "--stdin", "-z"]
    ignored = subprocess.run(command, input="\0".join(paths), capture_output=True, text=True, check=True).stdout
    return set(paths) - set(ignored.split("\0"))


def as_core_tools_reads_it(paths: list[str], _folder: Path) -> set[str]:
    """The paths that are kept. Read from GitIgnoreParser.cs of Core Tools: a line is an expression that must match at
    the path's start and end at a word's end; `*` wants one character or more, and a leading slash means nothing."""
    lines = [line.lstrip("/") for line in (ROOT / ".funcignore").read_text().splitlines() if not line.startswith("#")]
    stars = {"**": ".+", "*": "[^/]+"}
    words = ["".join(stars.get(part, re.escape(part)) for part in re.split(r"(\*\*?)", line)) for line in lines if line]
    denied = re.compile(rf"^(({')|('.join(words)}))\b", re.ASCII)
    return {path for path in paths if not denied.match(path)}


Reading = Callable[[list[str], Path], set[str]]


@pytest.mark.parametrize("reading", [as_git_reads_it, as_core_tools_reads_it])
def test_only_the_app_is_deployed(reading: Reading, tmp_path: Path) -> None:
    assert reading(KEPT + KEPT_BACK, tmp_path) == set(KEPT)


@pytest.mark.parametrize("reading", [as_git_reads_it, as_core_tools_reads_it])
def test_nothing_in_the_repository_slips_through(reading: Reading, tmp_path: Path) -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kept = reading([*listing.split("\0")[:-1], "host.json", "Makefile"], tmp_path)
    assert {path.split("/")[0] for path in kept} <= DEPLOYED


@pytest.mark.parametrize("reading", [as_git_reads_it, as_core_tools_reads_it])
def test_all_files_of_the_console_are_deployed(reading: Reading, tmp_path: Path) -> None:
    files = [path.relative_to(ROOT).as_posix() for path in console_files.FOLDER.rglob("*") if path.is_file()]
    assert len(files) >= len(console_files.files()) > 0
    assert reading([*files, "README.md"], tmp_path) == set(files)
