"""The workflows that deploy from GitHub: what they may do, when they run, what they pass on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.infra.templates import ROOT, azd_parameters, azd_project

WORKFLOWS = ROOT / ".github" / "workflows"
DEPLOY, PREVIEW = WORKFLOWS / "azure-dev.yml", WORKFLOWS / "azure-preview.yml"
PAGE = (ROOT / "docs" / "azure.md").read_text().split("\n## Deploy from GitHub\n")[1].split("\n## ")[0]
IDENTITY = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID")
TOKEN = {"id-token": "write", "contents": "read"}  # for a job that logs in
LOGIN = (
    'azd auth login --client-id "$AZURE_CLIENT_ID" --tenant-id "$AZURE_TENANT_ID" '
    "--federated-credential-provider github"
)

Step = dict[str, Any]

both = pytest.mark.parametrize("workflow", [DEPLOY, PREVIEW], ids=["deploy", "preview"])


def read(workflow: Path) -> dict[str, Any]:
    return dict(msgspec.yaml.decode(workflow.read_bytes()))


def named_job(workflow: Path, name: str) -> dict[str, Any]:
    return dict(read(workflow)["jobs"][name])


def steps(workflow: Path) -> list[Step]:
    return [step for one in read(workflow)["jobs"].values() for step in one["steps"]]


def in_azure(workflow: Path) -> dict[str, Any]:
    """The only job of a workflow that gets a token."""
    [one] = [one for one in read(workflow)["jobs"].values() if "id-token" in one.get("permissions", {})]
    return dict(one)


def shell(step: Step) -> str:
    """The step's command, on one line."""
    return re.sub(r"\s*\\\n\s*", " ", step.get("run", "")).strip()


# --- what they may do ---------------------------------------------------------------------------------------------


@both
def test_a_workflow_has_no_permission_and_a_job_only_what_it_needs(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {}
    granted = [one.get("permissions", {}) for one in read(workflow)["jobs"].values()]
    assert granted == ([{"contents": "read"}, TOKEN] if workflow == DEPLOY else [TOKEN, {}])


@both
def test_no_secret_is_used(workflow: Path) -> None:
    assert not re.search(r"secrets|password|client-secret|creds|_KEY\b", workflow.read_text(), re.IGNORECASE)


@both
def test_actions_are_pinned_by_commit_and_leave_no_token_behind(workflow: Path) -> None:
    lines = [line.strip() for line in workflow.read_text().splitlines() if "uses:" in line]
    assert lines
    assert all(re.fullmatch(r"- uses: (?:actions|Azure)/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in lines)
    checkouts = [step for step in steps(workflow) if "/checkout@" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_an_action_is_pinned_to_the_same_commit_everywhere() -> None:
    pins = {line.strip() for file in (DEPLOY, PREVIEW) for line in file.read_text().splitlines() if "uses:" in line}
    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


@both
def test_each_step_ends_in_time(workflow: Path) -> None:
    for one in read(workflow)["jobs"].values():
        assert all(step["timeout-minutes"] < one["timeout-minutes"] <= 60 for step in one["steps"])


@both
def test_no_command_holds_text_that_others_write(workflow: Path) -> None:
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


@both
def test_every_command_is_read_by_bash(workflow: Path) -> None:
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    assert commands
    for command in commands:
        done = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command


# --- when they run ------------------------------------------------------------------------------------------------


def test_a_deployment_starts_on_main_or_by_hand_on_main() -> None:
    started = read(DEPLOY)["on"]
    assert set(started) == {"push", "workflow_dispatch"}
    assert started["push"]["branches"] == ["main"]
    assert named_job(DEPLOY, "check")["if"] == "vars.AZURE_CLIENT_ID != '' && github.ref == 'refs/heads/main'"


def test_a_deployment_starts_for_all_that_is_deployed_and_for_nothing_else() -> None:
    app = {"function_app.py", "host.json", "requirements.txt", "shared/**", ".funcignore"}
    assert {*read(DEPLOY)["on"]["push"]["paths"]} == {
        *app,
        "azure.yaml",
        "infra/**",
        DEPLOY.relative_to(ROOT).as_posix(),
    }


def test_a_deployment_waits_for_every_check_on_the_python_that_is_deployed() -> None:
    assert named_job(DEPLOY, "deploy")["needs"] == "check"
    assert "if" not in named_job(DEPLOY, "deploy")  # so that it is skipped where the check is
    [run] = [step for step in named_job(DEPLOY, "check")["steps"] if "run" in step]
    assert (run["run"], run["env"]) == ("bash .ci/run", {"TEXTDROP_PYTHONS": "3.12"})
    assert "version: '3.12'" in (ROOT / "infra" / "app.bicep").read_text()


def test_one_deployment_runs_at_a_time_and_none_is_cut_off() -> None:
    assert in_azure(DEPLOY)["concurrency"] == {"group": "azure", "cancel-in-progress": False}
    assert read(PREVIEW)["concurrency"]["cancel-in-progress"] is True  # it changes nothing


@both
def test_a_job_that_logs_in_is_in_an_environment_that_the_page_names(workflow: Path) -> None:
    name = in_azure(workflow)["environment"]["name"]
    assert name == {DEPLOY: "azure", PREVIEW: "azure-preview"}[workflow]
    assert f"/environments/{name} " in PAGE
    assert f"`environment:{name}`" in PAGE


def test_a_pull_request_is_previewed_and_one_of_a_fork_or_without_azure_is_not() -> None:
    assert set(read(PREVIEW)["on"]) == {"pull_request"}  # pull_request_target would give a fork's code the token
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert named_job(PREVIEW, "preview")["if"] == f"vars.AZURE_CLIENT_ID != '' && {own}"
    assert named_job(PREVIEW, "skipped")["if"] == f"vars.AZURE_CLIENT_ID == '' || {own.replace('==', '!=')}"


# --- what they run ------------------------------------------------------------------------------------------------


def test_the_deployment_logs_in_then_provisions_then_deploys() -> None:
    commands = [shell(step) or step["uses"].partition("@")[0] for step in in_azure(DEPLOY)["steps"]]
    assert commands[:-1] == [
        "actions/checkout",
        "Azure/setup-azd",
        LOGIN,
        "azd provision --no-prompt",
        "Azure/login",  # the hook of azd deploy calls az
        "azd deploy --no-prompt",
    ]
    [login] = [step for step in in_azure(DEPLOY)["steps"] if step.get("uses", "").startswith("Azure/login@")]
    named = {"client-id": IDENTITY[0], "tenant-id": IDENTITY[1], "subscription-id": IDENTITY[2]}
    assert login["with"] == {option: f"${{{{ vars.{variable} }}}}" for option, variable in named.items()}


def test_the_preview_only_previews() -> None:
    commands = [shell(step) for step in in_azure(PREVIEW)["steps"] if "run" in step]
    assert commands[0] == LOGIN
    assert re.findall(r"\bazd .*?(?= >|$)", commands[1], re.MULTILINE) == ["azd provision --preview --no-prompt"]


def ran(step: Step, folder: Path, azd: str = "", **environ: str) -> tuple[int, str]:
    """The exit code of a step, as GitHub's shell runs it, and what it writes into the summary."""
    (folder / "azd").write_text(f"#!/bin/sh\n{azd}\n")
    (folder / "azd").chmod(0o755)
    summary = folder / "summary"
    environ = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(summary), **environ}
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=folder, env=environ, capture_output=True, check=False)
    return done.returncode, summary.read_text()


@pytest.mark.parametrize("code", [0, 1])
def test_the_summary_has_what_azd_says_without_colours_and_a_failure_stays_one(code: int, tmp_path: Path) -> None:
    azd = rf"printf '\033[32mCreate\033[0m : Storage account\n```\n'; echo 'no access' >&2; exit {code}"
    ended, summary = ran(in_azure(PREVIEW)["steps"][-1], tmp_path, azd)
    assert ended == code
    assert summary == (
        "## What this pull request would change in Azure\n\n    Create : Storage account\n    ```\n    no access\n"
    )


@pytest.mark.parametrize(("client", "reason"), [("", "AZURE_CLIENT_ID is not set"), ("1", "from a fork")])
def test_the_summary_says_why_there_is_no_preview(client: str, reason: str, tmp_path: Path) -> None:
    ended, summary = ran(named_job(PREVIEW, "skipped")["steps"][0], tmp_path, CLIENT_ID=client)
    assert ended == 0
    assert summary.startswith("No preview: ")
    assert reason in summary


def test_the_summary_of_a_deployment_says_where_the_app_is(tmp_path: Path) -> None:
    azd = 'echo "https://app/api of $*"'
    assert ran(in_azure(DEPLOY)["steps"][-1], tmp_path, azd) == (
        0,
        "Deployed to https://app/api of env get-value TEXTDROP_URL\n",
    )


# --- what they pass on --------------------------------------------------------------------------------------------


def passed_on() -> set[str]:
    """The variables of the template and of the hook."""
    return {variable for variable, _ in azd_parameters().values()} | {"EXISTING_TOPIC_NAME"}


@both
def test_every_variable_of_the_template_and_of_the_hook_is_passed_on(workflow: Path) -> None:
    names = passed_on() | {*IDENTITY}
    assert in_azure(workflow)["env"] == {name: f"${{{{ vars.{name} }}}}" for name in names}


def test_azd_makes_them_variables_of_the_repository() -> None:
    always = {"AZURE_ENV_NAME", "AZURE_LOCATION"}
    assert azd_project()["pipeline"]["provider"] == "github"
    assert set(azd_project()["pipeline"]["variables"]) == passed_on() - always
    assert "secrets" not in azd_project()["pipeline"]


def test_the_page_says_what_each_variable_is_for_and_names_both_workflows() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [a-z]", PAGE, re.MULTILINE)
    assert {*rows} == {*IDENTITY, "AZURE_ENV_NAME", "AZURE_LOCATION"}
    for workflow in (DEPLOY, PREVIEW):
        assert f"`{workflow.relative_to(ROOT).as_posix()}`" in PAGE
    assert f"gh workflow run {DEPLOY.name} " in PAGE
