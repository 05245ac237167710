"""The hooks, run with an `az` that records its arguments."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.templates import INFRA, PLANS, azd_project, plan, template

SH, PS1 = INFRA / "hooks" / "events.sh", INFRA / "hooks" / "events.ps1"
PLANNED = {
    "AZURE_RESOURCE_GROUP": "textdrop-dev 1-rg",
    "AZURE_SUBSCRIPTION_ID": "22222222",
    "TEXTDROP_APP": "textdrop-app",
    "TEXTDROP_CONTAINER": "documents",
    "TEXTDROP_HAS_FILE_EVENTS": "true",
    "TEXTDROP_STORAGE_ACCOUNT": "ourdata",
    "TEXTDROP_STORAGE_GROUP": "data",
    "TEXTDROP_STORAGE_LOCATION": "uksouth",
    "TEXTDROP_STORAGE_SUBSCRIPTION": "33333333",
}
SENT = [
    "storageAccountName=ourdata",
    "location=uksouth",
    "appName=textdrop-app",
    "appResourceGroup=textdrop-dev 1-rg",
    "appSubscription=22222222",
    "documentsContainer=documents",
]


@dataclass(frozen=True)
class Run:
    code: int
    calls: list[list[str]]  # the arguments of each `az`, but for the one that asks for the login
    logins: str  # the arguments of that one
    pauses: list[str]
    printed: str
    complaints: str


def started(command: list[str | Path], folder: Path, failures: int = 0, login: int = 0, **environ: str) -> Run:
    """The hook with a stand-in `az` that fails at first, or has no login, and a `sleep` that does not."""
    count = f'echo x >> {folder}/count; [ "$(wc -l < {folder}/count)" -gt {failures} ]'
    scripts = {
        "az": f'[ "$1" != account ] || {{ echo "$@" >> {folder}/logins; exit {login}; }}\n'
        f'printf "%s\\n" "$@" END >> {folder}/calls; {count}',
        "sleep": f'echo "$1" >> {folder}/pauses',
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, env={"PATH": path, **PLANNED, **environ}, cwd=INFRA.parent, capture_output=True, text=True, check=False
    )
    calls = [call.splitlines() for call in written(folder / "calls").split("END\n")[:-1]]
    logins, pauses = written(folder / "logins"), written(folder / "pauses").split()
    return Run(done.returncode, calls, logins, pauses, done.stdout, done.stderr)


def written(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def sh() -> list[str | Path]:
    return ["sh", SH.relative_to(INFRA.parent)]  # as azd does, from the project's folder


def pwsh() -> list[str | Path]:
    program = shutil.which("pwsh") or pytest.skip("PowerShell is not installed")
    return [program, "-NoProfile", "-File", PS1.relative_to(INFRA.parent)]


@pytest.fixture(params=[sh, pwsh], ids=["sh", "pwsh"])
def hook(request: pytest.FixtureRequest) -> list[str | Path]:
    command: list[str | Path] = request.param()
    return command


def options(call: list[str]) -> dict[str, str]:
    """The options of `az` before --parameters."""
    before = call[3 : call.index("--parameters")]
    pairs = [one for one in before if one != "--only-show-errors"]
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def test_the_subscription_is_deployed_beside_the_storage_account(hook: list[str | Path], tmp_path: Path) -> None:
    run = started(hook, tmp_path)
    [call] = run.calls
    assert (run.code, call[:3], call[call.index("--parameters") + 1 :]) == (0, ["deployment", "group", "create"], SENT)
    given = options(call)
    assert (given["--subscription"], given["--resource-group"]) == ("33333333", "data")
    assert given["--name"] == "textdrop-app-events"
    assert (INFRA.parent / given["--template-file"]).resolve() == INFRA / "events.json"


def test_another_topic_is_used_if_it_is_named(hook: list[str | Path], tmp_path: Path) -> None:
    [call] = started(hook, tmp_path, EXISTING_TOPIC_NAME="theirs").calls
    assert call[call.index("--parameters") + 1 :] == [*SENT, "existingTopicName=theirs"]


@pytest.mark.parametrize("value", ["false", "False"])
def test_nothing_is_deployed_without_file_events(hook: list[str | Path], value: str, tmp_path: Path) -> None:
    run = started(hook, tmp_path, TEXTDROP_HAS_FILE_EVENTS=value)
    assert (run.code, run.calls, run.logins) == (0, [], "")
    assert "the sweep finds new files" in run.printed


def test_a_key_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    run = started(sh(), tmp_path, failures=1)
    assert (run.code, len(run.calls), run.pauses) == (0, 2, ["20"])


def test_a_failure_says_that_no_file_is_lost_and_what_to_do(tmp_path: Path) -> None:
    run = started(sh(), tmp_path, failures=9)
    assert (run.code, len(run.calls)) == (1, 5)
    assert sum(map(int, run.pauses)) == 180  # seconds, for a host that starts for the first time
    assert "None is lost" in run.complaints
    assert "azd hooks run postdeploy" in run.complaints


def test_without_a_login_nothing_is_tried(hook: list[str | Path], tmp_path: Path) -> None:
    run = started(hook, tmp_path, login=1)
    assert (run.code, run.calls, run.pauses) == (1, [], [])
    assert run.logins == "account show --output none --subscription 33333333\n"
    assert "None is lost" in run.complaints
    assert "log in to subscription 33333333: az login, then try again: azd hooks run postdeploy" in run.complaints


def test_without_az_the_hook_says_that_it_is_needed(tmp_path: Path) -> None:
    for tool in ("sh", "dirname"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    environ = {**PLANNED, "PATH": str(tmp_path)}
    done = subprocess.run(sh(), env=environ, cwd=INFRA.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Install the Azure CLI" in done.stderr


def test_a_missing_output_of_the_template_stops_the_hook(hook: list[str | Path], tmp_path: Path) -> None:
    assert started(hook, tmp_path, TEXTDROP_HAS_FILE_EVENTS="").calls == []
    environ = {**PLANNED, "PATH": os.environ["PATH"]}
    del environ["TEXTDROP_HAS_FILE_EVENTS"]
    done = subprocess.run(hook, env=environ, cwd=INFRA.parent, capture_output=True, text=True, check=False)
    assert done.returncode != 0


def as_azd_does(run: str, project: Path, folder: Path) -> list[str | Path]:
    """The command of a hook for POSIX: a path, without quotes, or a script that azd makes of the text of `run`."""
    if (project / run).is_file():
        return ["/bin/sh", "-c", str(project / run)]
    script = folder / "azd-postdeploy.sh"
    script.write_text(f"#!/bin/sh\nset -e\n\n{run}\n")
    return ["/bin/sh", script]


def test_a_project_in_a_folder_with_spaces_has_its_hook_run_and_its_files_need_no_mode(tmp_path: Path) -> None:
    project = tmp_path / "my films" / "textdrop"
    shutil.copytree(INFRA, project / "infra")
    (project / "infra/hooks/events.sh").chmod(0o644)
    command = as_azd_does(azd_project()["hooks"]["postdeploy"]["posix"]["run"], project, tmp_path)
    run = started(["env", "-C", project, *command], tmp_path)
    assert (run.code, len(run.calls)) == (0, 1)


# --- both hooks and the templates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [SH, PS1], ids=["sh", "pwsh"])
def test_a_hook_passes_the_parameters_that_the_template_has(script: Path) -> None:
    passed = re.findall(r'"(\w+)=\$', script.read_text())
    assert sorted(passed) == sorted(template("events")["parameters"])


@pytest.mark.parametrize("script", [SH, PS1], ids=["sh", "pwsh"])
def test_a_hook_reads_what_the_template_puts_out(script: Path) -> None:
    read = set(re.findall(r"\$(?:env:)?\{?([A-Z]+_[A-Z_]+)", script.read_text()))
    assert read == {*PLANNED, "EXISTING_TOPIC_NAME"}
    assert {name for name in read if name.startswith("TEXTDROP_")} <= set(template("main")["outputs"])


def test_both_hooks_call_az_alike() -> None:
    calls = [sorted(re.findall(r"(?<!\w)--[a-z-]+", script.read_text())) for script in (SH, PS1)]
    assert calls[0] == calls[1]
    assert len(calls[0]) == 9


WINDOWS_OWN = re.compile(r"[&|<>^%()]")  # az is a .cmd there, which has the arguments between parentheses


def test_no_argument_of_az_has_a_character_that_windows_takes_for_its_own(tmp_path: Path) -> None:
    [call] = started(sh(), tmp_path).calls
    assert not [argument for argument in call if WINDOWS_OWN.search(argument)]


@pytest.mark.parametrize("name", PLANS)
def test_nor_has_any_output_that_a_hook_hands_to_az(name: str) -> None:
    outputs = {output: str(value) for output, value in plan(name)["outputs"].items() if output in PLANNED}
    known = {output: value for output, value in outputs.items() if not value.startswith("[")}
    assert len(known) >= 6
    assert {output: value for output, value in known.items() if WINDOWS_OWN.search(value)} == {}
