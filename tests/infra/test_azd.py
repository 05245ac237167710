"""azure.yaml, the parameters that azd reads from its environment, and what docs/azure.md says of them."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from local.doctor.azure.events import WEBHOOK
from shared.api.routes import ROUTES
from tests.infra.templates import (
    INFRA,
    PLANS,
    ROOT,
    azd_parameters,
    azd_project,
    plan,
    resource_of,
    template,
)

PAGE = (ROOT / "docs" / "azure.md").read_text()
ALWAYS_THERE = {"AZURE_ENV_NAME", "AZURE_LOCATION"}  # azd asks for both


def in_words(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_azd_deploys_the_app_and_runs_a_hook_for_each_system() -> None:
    assert azd_project()["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}
    [(name, service)] = azd_project()["services"].items()
    assert service == {"project": ".", "language": "python", "host": "function"}
    for planned in PLANS:
        assert resource_of(planned, "Microsoft.Web/sites")["tags"]["azd-service-name"] == name
    commands = {shell: hook["run"] for shell, hook in azd_project()["hooks"]["postdeploy"].items()}
    assert commands == {"posix": "sh infra/hooks/events.sh", "windows": "& ./infra/hooks/events.ps1"}
    assert all((ROOT / command.split()[1]).is_file() for command in commands.values())


def test_azd_is_one_that_deletes_no_group_that_it_did_not_create() -> None:
    assert azd_project()["requiredVersions"] == {"azd": ">= 1.24.1"}
    assert "1.24.1" in PAGE


def test_every_parameter_has_a_variable_with_the_default_of_the_template() -> None:
    declared = template("main")["parameters"]
    assert set(azd_parameters()) == set(declared)
    for name, (variable, default) in azd_parameters().items():
        if variable not in ALWAYS_THERE:
            assert in_words(declared[name]["defaultValue"]) == default, name


def test_every_parameter_says_what_it_is() -> None:
    assert not [name for name, one in template("main")["parameters"].items() if not one["metadata"]["description"]]


def test_no_output_overwrites_a_parameters_variable() -> None:
    assert not {variable for variable, _ in azd_parameters().values()} & set(template("main")["outputs"])
    assert set(plan("default")["outputs"]) == set(template("main")["outputs"])


def test_every_variable_is_in_the_table_with_its_default_and_none_besides() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (?:`([^`]*)`|(\w+)) \|", PAGE.split("\n## Deploy it with azd\n")[1], re.MULTILINE
    )
    documented = {name: value for name, value, _ in rows}
    variables = {variable: default for variable, default in azd_parameters().values() if variable not in ALWAYS_THERE}
    assert documented == {**variables, "EXISTING_TOPIC_NAME": ""}


@pytest.mark.parametrize("region", template("main")["parameters"]["location"]["allowedValues"])
def test_every_region_is_named(region: str) -> None:
    assert f"`{region}`" in PAGE


def test_the_page_names_every_file_of_the_template() -> None:
    files = [file for file in INFRA.rglob("*") if file.is_file()]
    rows = set(re.findall(r"^\| `([\w./-]+)` \|", PAGE.split("\n### The files\n")[1].split("\n#")[0], re.MULTILINE))
    assert rows == {"azure.yaml", *(file.relative_to(ROOT).as_posix() for file in files)}


# --- from nothing to a classified file ----------------------------------------------------------------------------


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_walk_calls_routes_that_exist_with_bodies_that_they_take() -> None:
    calls = re.findall(
        r"""^call (?:-X (\w+) )?"\$TEXTDROP/([\w/]+)[^"]*"(?: -d '([^']*)')?""",
        section("From nothing to a classified file"),
        re.MULTILINE,
    )
    assert len(calls) == 7
    for method, path, body in calls:
        [route] = [
            one
            for one in ROUTES
            if one.method == (method or "GET") and re.fullmatch(re.sub(r"{\w+}", "[^/]+", one.template), path)
        ]
        assert route.request_schema is None or msgspec.convert(json.loads(body), route.request_schema)


def test_the_variables_of_the_walk_are_outputs_of_the_template() -> None:
    used = set(re.findall(r"\$(TEXTDROP_\w+|AZURE_\w+)", PAGE))
    assert used - {"AZURE_ENV_NAME", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"} <= set(template("main")["outputs"])
    assert len(used) >= 5


def test_files_that_the_page_uploads_exist() -> None:
    named = re.findall(r"(?: -f| -s|--source) (samples/\S+)", section("From nothing to a classified file"))
    assert len(named) == 3
    assert all((ROOT / path).exists() for path in named)


def test_easy_auth_keeps_the_webhook_open() -> None:
    [text] = re.findall(r"```json\n(.*?)```", section("Secure it"), re.DOTALL)
    assert json.loads(text)["properties"]["globalValidation"]["excludedPaths"] == [WEBHOOK, "/api/health"]
