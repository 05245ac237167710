"""The compiled templates are those of their sources, and the compiler has nothing to say about them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.templates import INFRA, PLANS, ROOT, template

DIGESTS = dict(line.split()[::-1] for line in (INFRA / "compiled.sha256").read_text().splitlines())

WHERE = re.findall(r"--(?:tenant-id|subscription-id|location) [\w-]+", (INFRA / "compile").read_text())


@pytest.fixture(scope="session")
def compiler() -> str:
    """Microsoft's compiler: BICEP, or `bicep` on PATH. Nothing else needs it."""
    found = os.environ.get("BICEP") or shutil.which("bicep")
    return found or pytest.skip("Bicep is not installed; the digests hold the templates to their sources")


def built(compiler: str, source: Path, folder: Path) -> dict[str, Any]:
    target = folder / "built.json"
    subprocess.run([compiler, "build", source, "--outfile", target], check=True)
    return without_hashes(target.read_text())


def without_hashes(text: str) -> dict[str, Any]:
    return dict(json.loads(text, object_hook=lambda tree: {k: v for k, v in tree.items() if k != "_generator"}))


def test_nothing_has_changed_since_the_templates_were_compiled() -> None:
    digests = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in DIGESTS}
    assert digests == DIGESTS, "run infra/compile"


def test_every_source_template_and_plan_has_a_digest() -> None:
    files = [*INFRA.glob("*.bicep"), *INFRA.glob("*.json"), *(ROOT / "tests/infra/plans").iterdir()]
    assert set(DIGESTS) == {file.relative_to(ROOT).as_posix() for file in files}
    assert len(PLANS) >= 6


@pytest.mark.parametrize("name", ["main", "events"])
def test_no_module_comes_from_a_registry(name: str) -> None:
    sources = [file.read_text() for file in INFRA.glob("*.bicep")]
    assert not [source for source in sources if re.search(r"'(br|ts)[:/]", source)]
    assert template(name)["metadata"]["_generator"]["name"] == "bicep"


@pytest.mark.parametrize("source", sorted(INFRA.glob("*.bicep*")), ids=lambda source: source.name)
def test_the_compiler_has_no_warning_and_would_lay_the_source_out_alike(
    source: Path, compiler: str, tmp_path: Path
) -> None:
    environ = {**os.environ, "AZURE_ENV_NAME": "dev", "AZURE_LOCATION": "westeurope"}
    linted = subprocess.run([compiler, "lint", source], env=environ, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stderr) == (0, "")
    formatted = tmp_path / source.name
    subprocess.run([compiler, "format", source, "--outfile", formatted], check=True)
    assert formatted.read_text() == source.read_text()


@pytest.mark.parametrize("name", ["main", "events"])
def test_the_compiler_makes_the_same_template_again(name: str, compiler: str, tmp_path: Path) -> None:
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    if template(name)["metadata"]["_generator"]["version"].rpartition(".")[0] not in version:
        pytest.skip("another version of the compiler may write the same template differently")
    assert built(compiler, INFRA / f"{name}.bicep", tmp_path) == without_hashes((INFRA / f"{name}.json").read_text())


@pytest.mark.parametrize("name", PLANS)
def test_the_compiler_works_out_the_same_plan_again(name: str, compiler: str) -> None:
    options = " ".join(WHERE).split()
    command = [compiler, "snapshot", f"tests/infra/plans/{name}.bicepparam", "--mode", "validate", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_variable_that_is_empty_counts_as_not_set(compiler: str) -> None:
    named = re.findall(r"readEnvironmentVariable\('(\w+)', ''\)", (INFRA / "main.bicepparam").read_text())
    assert len(named) > 20
    environ = {**os.environ, "AZURE_ENV_NAME": "dev", "AZURE_LOCATION": "westeurope", **dict.fromkeys(named, "")}
    command = [compiler, "build-params", "infra/main.bicepparam", "--stdout"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    given = json.loads(json.loads(done.stdout)["parametersJson"])["parameters"]
    defaults = {
        name: one["defaultValue"] for name, one in template("main")["parameters"].items() if "defaultValue" in one
    }
    assert {name: given[name]["value"] for name in defaults} == defaults
