"""The compiled templates, and the plans: what Microsoft's compiler works out for a few sets of parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
PLANS = sorted(path.stem for path in (ROOT / "tests" / "infra" / "plans").glob("*.bicepparam"))
QUOTED = re.compile(r"'([^']*)'")
# An empty variable counts as not set: what has a default other than "" takes it by valueOr.
PARAMETER = re.compile(
    r"^param (\w+) = (?:any\()?(?:int\(|bool\()?(?:valueOr\()?readEnvironmentVariable\('(\w+)'(?:, '')?\)"
    r"(?:, '([^']+)'\))?\)*$",
    re.MULTILINE,
)

Resource = dict[str, Any]


def template(name: str) -> dict[str, Any]:
    """`main` or `events`, as it is deployed."""
    compiled: dict[str, Any] = json.loads((INFRA / f"{name}.json").read_text())
    return compiled


def plan(name: str) -> dict[str, Any]:
    """`predictedResources` and `outputs`. What Azure alone knows stays an expression in brackets."""
    snapshot: dict[str, Any] = json.loads((ROOT / "tests/infra/plans" / f"{name}.snapshot.json").read_text())
    return snapshot


def azd_project() -> dict[str, Any]:
    """azure.yaml."""
    return dict(msgspec.yaml.decode((ROOT / "azure.yaml").read_bytes()))


def azd_parameters() -> dict[str, tuple[str, str]]:
    """The name of each parameter of main.bicepparam, with its variable of azd and its default."""
    return {
        name: (variable, default)
        for name, variable, default in PARAMETER.findall((INFRA / "main.bicepparam").read_text())
    }


def resources(name: str, kind: str) -> list[Resource]:
    """The planned resources of a type."""
    return [resource for resource in plan(name)["predictedResources"] if resource["type"] == kind]


def resource_of(name: str, kind: str) -> Resource:
    """The only planned resource of a type."""
    [resource] = resources(name, kind)
    return resource


def app_settings(name: str) -> dict[str, str]:
    """The app's settings, with values in place of what Azure alone knows."""
    planned: dict[str, str] = resource_of(name, "Microsoft.Web/sites/config")["properties"]
    return {setting: _known(value) for setting, value in planned.items()}


def values(tree: Any) -> Iterator[str]:
    """Every text of a JSON tree: names and values."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield name
            yield from values(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from values(item)
    elif isinstance(tree, str):
        yield tree


def worked_out(value: str) -> str:
    """The value of an expression that needs only `format` and the name of Azure's public cloud; any other unchanged."""
    text = value.replace("environment().suffixes.storage", "'core.windows.net'")
    while found := re.search(r"format\('([^']*)'((?:, '[^']*')+)\)", text):
        text = text.replace(found[0], "'" + found[1].format(*QUOTED.findall(found[2])) + "'")
    whole = re.fullmatch(r"\['([^']*)'\]", text)
    return whole[1] if whole else value


def _known(value: str) -> str:
    """The value, or an example of what only Azure knows."""
    examples = {
        ".outputs.endpoint.value]": "https://name.cognitiveservices.azure.com/",
        ".clientId]": "44444444-4444-4444-4444-444444444444",
        ".ConnectionString]": "InstrumentationKey=0;IngestionEndpoint=https://region.in.applicationinsights.azure.com/",
    }
    return next((example for end, example in examples.items() if value.endswith(end)), worked_out(value))
