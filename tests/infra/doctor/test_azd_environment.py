"""Which environment of azd the doctor takes, how it reads it, and what the command prints in the end."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.doctor.azure import azd_environment, commands
from local.doctor.azure.azd_environment import NEEDED
from local.errors import SetupError
from tests.infra.doctor.azure_stand_in import (
    LANGUAGE_ID,
    NOBODY,
    SECRETS,
    STORAGE_ID,
    TOPIC_ID,
    Azure,
    deployed,
    program,
    values,
)
from tests.infra.templates import INFRA, ROOT, template
from tests.support.wire import Wire, said

URL = "https://app.example/api"
AZURE_ONLY = {"AZURE_SUBSCRIPTION_ID"}  # azd's own
HEALTH = {"status": "ok", "checks": []}


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of PATH: neither `az` nor `azd` is there, until a test writes one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def written(folder: Path, name: str, **changes: str) -> None:
    """An environment as azd writes it."""
    (folder / ".azure" / name).mkdir(parents=True)
    text = "".join(f'{setting}="{value}"\n' for setting, value in {**values(URL), **changes}.items())
    (folder / ".azure" / name / ".env").write_text(text)


def by_default(folder: Path, name: str) -> None:
    (folder / ".azure" / "config.json").write_text(json.dumps({"version": 1, "defaultEnvironment": name}))


def azd(folder: Path, script: str) -> None:
    program(folder / "azd", f"#!/bin/sh\n{script}\n")


def test_what_is_read_names_the_resources(tmp_path: Path) -> None:
    written(tmp_path, "dev")
    found = azd_environment.read(tmp_path)
    assert (found.name, found["TEXTDROP_URL"], found.has_file_events) == ("dev", URL, True)
    assert (found.storage_id, found.language_id) == (STORAGE_ID, LANGUAGE_ID)


def test_resources_that_existed_before_are_where_they_are(tmp_path: Path) -> None:
    written(tmp_path, "dev", EXISTING_LANGUAGE_ID="/subscriptions/s/l", TEXTDROP_STORAGE_GROUP="data")
    found = azd_environment.read(tmp_path)
    assert found.language_id == "/subscriptions/s/l"
    assert "/resourceGroups/data/providers/Microsoft.Storage/" in found.storage_id


def test_the_default_is_taken_of_two_and_another_one_by_its_name(tmp_path: Path) -> None:
    written(tmp_path, "dev")
    written(tmp_path, "prod")
    by_default(tmp_path, "prod")
    assert azd_environment.read(tmp_path).name == "prod"
    assert azd_environment.read(tmp_path, "dev").name == "dev"


@pytest.mark.parametrize("config", ["", "[" * 100_000, "[]", '{"defaultEnvironment": 1}'])
def test_two_environments_without_a_default_are_named(tmp_path: Path, config: str) -> None:
    written(tmp_path, "prod")
    written(tmp_path, "dev")
    (tmp_path / ".azure" / "config.json").write_text(config)
    with pytest.raises(
        SetupError, match=r"several environments and no default: dev, prod\. Name one: --environment dev"
    ):
        azd_environment.read(tmp_path)


def test_without_an_environment_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"There is no environment of azd in .*\. Run `azd up`"):
        azd_environment.read(tmp_path)
    with pytest.raises(SetupError, match=r"azd has no environment dev in .*\. See which there are: azd env list"):
        azd_environment.read(tmp_path, "dev")


@pytest.mark.parametrize(
    "text", ["", "AZURE_ENV_NAME=dev\n", "no line\n", "\x00\xff"], ids=["empty", "name", "none", "binary"]
)
def test_an_environment_without_values_is_not_deployed(tmp_path: Path, text: str) -> None:
    written(tmp_path, "dev")
    (tmp_path / ".azure" / "dev" / ".env").write_text(text)
    with pytest.raises(SetupError, match=r"environment dev has no AZURE_SUBSCRIPTION_ID.*nothing is deployed from it"):
        azd_environment.read(tmp_path)


@pytest.mark.parametrize("name", NEEDED)
def test_a_value_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    written(tmp_path, "dev", **{name: ""})
    with pytest.raises(SetupError, match=f"environment dev has no {name}: "):
        azd_environment.read(tmp_path)


def test_what_is_needed_is_what_the_template_puts_out() -> None:
    assert set(NEEDED) - AZURE_ONLY <= set(template("main")["outputs"])
    read = set(re.findall(r'(?:environment|self|values)\["([A-Z_]+)"\]', sources()))
    assert read <= {*NEEDED, "EXISTING_LANGUAGE_ID"}
    assert "EXISTING_LANGUAGE_ID" in (INFRA / "main.bicepparam").read_text()


def sources() -> str:
    return "".join(path.read_text() for path in (ROOT / "local" / "doctor" / "azure").glob("*.py"))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('A="a b"', "a b"),
        (r'A="a \"b\" \\ \$c \! \`d"', 'a "b" \\ $c ! `d'),
        (r'A="a\nb"', "a\nb"),
        ("A='a \"b\"'", 'a "b"'),
        ("A=1", "1"),
        ("export A=b", "b"),
        ('A=""', ""),
    ],
)
def test_a_line_is_read_as_azd_writes_it(line: str, value: str) -> None:
    assert azd_environment.parse(f"# a comment\nB=c\n{line}\n") == {"B": "c", "A": value}


# --- azd ----------------------------------------------------------------------------------------------------------


def test_where_azd_is_installed_it_is_asked(tmp_path: Path, programs: Path) -> None:
    written(tmp_path, "dev")
    remote = "".join(f"echo '{name}=\"{value}\"'\n" for name, value in {**values(URL), "TEXTDROP_APP": "b"}.items())
    azd(programs, f'echo "$@" > {programs}/asked; pwd >> {programs}/asked\n{remote}')
    assert azd_environment.read(tmp_path)["TEXTDROP_APP"] == "b"
    asked, where = (programs / "asked").read_text().splitlines()
    assert asked == "env get-values --environment dev --no-prompt"
    assert Path(where).samefile(tmp_path)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            "echo 'ERROR: a secret' >&2; exit 1",
            "azd failed with exit code 1. See: azd env get-values --environment dev",
        ),
        ("while :; do :; done", "azd did not answer within 1 seconds. See: azd env get-values"),
        ("echo nothing", "azd's environment dev has no AZURE_SUBSCRIPTION_ID"),
    ],
    ids=["fails", "hangs", "no values"],
)
def test_an_azd_that_does_not_answer_is_an_error_that_says_what_to_do(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, script: str, complaint: str
) -> None:
    monkeypatch.setattr(commands, "SECONDS", 1.0)
    azd(programs, script)
    with pytest.raises(SetupError) as raised:
        azd_environment.read(tmp_path, "dev")
    assert complaint in str(raised.value)
    assert "secret" not in str(raised.value)


# --- the command --------------------------------------------------------------------------------------------------


def command(folder: Path, path: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "doctor", "--azure", "--app", str(folder), *words],
        cwd=ROOT,
        env={"PATH": path, "COLUMNS": "300", "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def azure(wire: Wire, tmp_path: Path) -> Azure:
    """A good deployment, which an environment of azd in `tmp_path` describes."""
    answers = {
        "/api/health": said(HEALTH),
        "/api/classifier": said({"project": "films", "deployment": "production"}),
        "/api/projects/films/deployments/production": said({"name": "production", "model": "m1"}),
    }
    wire.otherwise = lambda seen: answers[seen.target]
    written(tmp_path, "dev", TEXTDROP_URL=f"{wire.url}/api")
    return deployed(wire.url.removeprefix("http://"))


def test_the_command_says_that_events_arrive_and_tells_no_secret(azure: Azure, tmp_path: Path) -> None:
    done = command(tmp_path, azure.install(tmp_path / "programs"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("azd's environment: dev\n\n✓ subscription: Films is reachable as ada@example.com.\n")
    assert done.stdout.endswith("\nEvents arrive: a file is classified within seconds.\nNothing to correct.\n")
    assert done.stdout.count("✓") == 12
    assert not [secret for secret in SECRETS if secret in done.stdout]


def test_the_command_says_that_the_sweep_finds_files_and_ends_with_1(azure: Azure, tmp_path: Path) -> None:
    azure.answers[f"get {TOPIC_ID}/eventSubscriptions"] = {"value": []}
    done = command(tmp_path, azure.install(tmp_path / "programs"))
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        "\n✗ event subscription: No subscription of the topic leads to textdrop-abc.\n  → Create it again: azd"
        in done.stdout
    )
    assert done.stdout.endswith(
        "\n\nEvents do not arrive: the sweep finds files every 7 minutes. No subscription of the topic leads to "
        "textdrop-abc. Create it again: azd hooks run postdeploy.\n1 thing to correct.\n"
    )
    assert not [secret for secret in SECRETS if secret in done.stdout]


def test_the_command_needs_a_login(azure: Azure, tmp_path: Path) -> None:
    azure.refuse("account show", NOBODY)
    done = command(tmp_path, azure.install(tmp_path / "programs"))
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        "✗ subscription: Nobody is signed in to az, or the login has expired.\n  → Sign in: az login\n" in done.stdout
    )
    assert done.stdout.endswith("1 thing to correct.\n")


def test_the_command_takes_the_environment_that_is_named(tmp_path: Path) -> None:
    done = command(tmp_path, str(tmp_path / "programs"), "--environment", "prod")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"azd has no environment prod in {tmp_path}. See which there are: azd env list\n"
