"""Names are within Azure's limits, whatever the environment is called."""

from __future__ import annotations

import re

import pytest

from tests.infra.templates import PLANS, plan, resource_of, resources, template, worked_out

LONGEST, TOKEN = 64, 13  # characters of an environment's name in azd, and of what `uniqueString` returns
ENVIRONMENT = re.compile(r"[A-Za-z0-9-()_.]{1,64}")  # azd's rule
HYPHENATED = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
# What is allowed, and the shortest and longest name. The last part of a nested resource's name counts.
LIMITS = {
    "Microsoft.Resources/resourceGroups": (r"[\w().-]*[\w()-]", 1, 90),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (r"[A-Za-z0-9][\w-]*", 3, 128),
    "Microsoft.Storage/storageAccounts": (r"[a-z0-9]+", 3, 24),
    "Microsoft.Storage/storageAccounts/blobServices/containers": (r"[a-z0-9]+(?:-[a-z0-9]+)*", 3, 63),
    "Microsoft.CognitiveServices/accounts": (HYPHENATED, 2, 64),
    "Microsoft.OperationalInsights/workspaces": (HYPHENATED, 4, 63),
    "Microsoft.Insights/components": (r"[^%&\\?/]*[^%&\\?/. ]", 1, 260),
    "Microsoft.Insights/scheduledQueryRules": (r"[^*#&+:<>?@%{}\\/]*[^*#&+:<>?@%{}\\/. ]", 1, 260),
    "Microsoft.Insights/actionGroups": (r"[^:<>+/&%\\?|]*[^:<>+/&%\\?|. ]", 1, 260),
    "Microsoft.Insights/webtests": (r"[\w-]+", 1, 260),
    "Microsoft.Insights/workbooks": (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", 36, 36),
    "Microsoft.Web/serverfarms": (r"[A-Za-z0-9-]+", 1, 40),
    "Microsoft.Web/sites": (HYPHENATED, 2, 32),  # 60, but the host tells apps apart by 32
    "Microsoft.Network/virtualNetworks": (r"[A-Za-z0-9](?:[\w.-]*\w)?", 2, 64),
    "Microsoft.Network/privateEndpoints": (r"[A-Za-z0-9](?:[\w.-]*\w)?", 2, 64),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": (r"[A-Za-z0-9](?:[\w.-]*\w)?", 1, 80),
    "Microsoft.Network/privateDnsZones": (r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", 1, 63),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": (r"[A-Za-z0-9](?:[\w.-]*\w)?", 1, 80),
}
NAMED_BY_AZURE = {
    "Microsoft.Authorization/roleAssignments",  # a GUID
    "Microsoft.Web/sites/config",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
}


def fits(kind: str, name: str) -> bool:
    allowed, shortest, longest = LIMITS[kind]
    whole = worked_out(name)
    last = whole if kind.count("/") == 1 else whole.rpartition("/")[2]
    return bool(re.fullmatch(allowed, last, re.ASCII)) and shortest <= len(last) <= longest


@pytest.mark.parametrize("name", PLANS)
def test_every_planned_name_is_within_azures_limits(name: str) -> None:
    planned = [(one["type"], one["name"]) for one in plan(name)["predictedResources"]]
    assert [(kind, given) for kind, given in planned if kind not in NAMED_BY_AZURE and not fits(kind, given)] == []


def test_the_odd_name_is_the_longest_and_oddest_that_azd_accepts() -> None:
    tags = resource_of("odd_name", "Microsoft.Resources/resourceGroups")["tags"]
    environment = tags["azd-env-name"]
    assert len(environment) == LONGEST
    assert ENVIRONMENT.fullmatch(environment)
    assert set("().-_") <= set(environment)
    assert (environment[0], environment[-1]) == (".", ".")


def test_the_environments_name_is_in_the_name_of_the_group_alone() -> None:
    users = {name for name, value in template("main")["variables"].items() if "'environmentName'" in str(value)}
    assert users == {"token", "tags", "groupName"}
    assert template("main")["variables"]["token"].startswith("[toLower(uniqueString(")
    group = template("main")["variables"]["groupName"]
    assert "format('textdrop-{0}-rg', replace(replace(parameters('environmentName'), '(', '-'), ')', '-'))" in group
    assert fits("Microsoft.Resources/resourceGroups", f"textdrop-{'.' * LONGEST}-rg")


@pytest.mark.parametrize("name", ["default", "odd_name", "private_network"])
def test_generated_names_are_as_long_whatever_the_environment_is_called(name: str) -> None:
    for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.Web/sites", "Microsoft.CognitiveServices/accounts"):
        [generated] = [one["name"] for one in resources(name, kind)]
        assert re.fullmatch(rf"textdrop-?[a-z0-9]{{{TOKEN}}}", generated)


def test_each_environment_and_region_has_names_of_its_own() -> None:
    sites = [resource_of(name, "Microsoft.Web/sites")["name"] for name in ("default", "odd_name", "private_network")]
    assert len(set(sites)) == len(sites)


def test_own_names_are_used() -> None:
    planned = {one["type"]: one["name"] for one in plan("own_names")["predictedResources"]}
    assert planned["Microsoft.Resources/resourceGroups"] == "films"
    assert planned["Microsoft.Web/sites"] == "Film--Classes"
    assert planned["Microsoft.Storage/storageAccounts"] == "filmclasses"
    assert planned["Microsoft.CognitiveServices/accounts"] == "film-language"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Microsoft.Resources/resourceGroups", "films."),
        ("Microsoft.Storage/storageAccounts", "film-classes"),
        ("Microsoft.Web/sites", "x" * 33),
    ],
)
def test_a_name_outside_the_limits_is_found(kind: str, name: str) -> None:
    assert not fits(kind, name)
