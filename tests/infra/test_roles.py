"""The identities have the roles that docs/azure.md names, each once, and no other."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from local.doctor.azure import roles
from tests.infra.templates import PLANS, ROOT, Resource, resources

ROLES = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Cognitive Services Language Owner": "f07febfe-79bc-46b1-8b37-790e26e6e498",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
NAMES = {number: name for name, number in ROLES.items()}
KINDS = {
    "Microsoft.Storage/storageAccounts": "the storage account",
    "Microsoft.CognitiveServices/accounts": "the Language resource",
    "Microsoft.Insights/components": "Application Insights",
}

Role = tuple[str, str, str]  # whose, which, on what


def documented() -> Counter[Role]:
    page = (ROOT / "docs" / "azure.md").read_text()
    table = page.split("| identity | role | on |\n|---|---|---|\n", 1)[1].split("\n\n", 1)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return Counter((whose, role, on.split(",")[0]) for whose, role, on in cells if role in ROLES)


def assigned(role: Resource) -> Role:
    properties = role["properties"]
    whose = "the Language resource's" if "format('language-" in properties["principalId"] else "the app's"
    assert ("userAssignedIdentities" in properties["principalId"] or "'identity-" in properties["principalId"]) == (
        whose == "the app's"
    )
    [scope] = re.findall(
        r"(?:^|^\[extensionResourceId\(')(/subscriptions/[^']+?)(?:', |/providers/Microsoft.Auth)", role["id"]
    )
    kind = "/".join(scope.split("/providers/")[1].split("/")[:2])
    return whose, NAMES[properties["roleDefinitionId"].rpartition("/")[2]], KINDS[kind]


def planned(name: str) -> Counter[Role]:
    return Counter(assigned(role) for role in resources(name, "Microsoft.Authorization/roleAssignments"))


@pytest.mark.parametrize("name", sorted({*PLANS} - {"existing_resources"}))
def test_every_documented_role_is_assigned_once_and_no_other(name: str) -> None:
    assert planned(name) == documented()
    assert len(documented()) == len(ROLES)


def test_the_doctor_asks_for_the_documented_roles() -> None:
    assert Counter((role.owner, role.name, role.on) for role in roles.ROLES) == documented()
    assert {role.name: role.id for role in roles.ROLES} == ROLES


def test_an_existing_language_resource_keeps_the_role_that_it_has() -> None:
    kept = {("the Language resource's", "Storage Blob Data Contributor", "the storage account"): 1}
    assert planned("existing_resources") == documented() - Counter(kept)


@pytest.mark.parametrize("name", PLANS)
def test_roles_are_for_identities_of_apps(name: str) -> None:
    for role in resources(name, "Microsoft.Authorization/roleAssignments"):
        assert role["properties"]["principalType"] == "ServicePrincipal"
