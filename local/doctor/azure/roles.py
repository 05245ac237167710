"""The roles of docs/azure.md: whether each identity has each once, at the right scope. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.doctor.azure.deployment import Evidence, NotKnown, RoleAssignment, skipped
from local.doctor.checked_app import Finding

APP, LANGUAGE_RESOURCE = "the app's", "the Language resource's"
STORAGE, LANGUAGE, INSIGHTS = "the storage account", "the Language resource", "Application Insights"
ASSIGN = "Assign it: azd provision. A role may take ten minutes to work."


@dataclass(frozen=True)
class Role:
    """A role that an identity needs. `id`: of its definition, the same in every subscription."""

    owner: str
    name: str
    id: str
    on: str


ROLES = (
    Role(APP, "Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", STORAGE),
    Role(APP, "Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", STORAGE),
    Role(APP, "Storage Table Data Contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", STORAGE),
    Role(APP, "Cognitive Services Language Owner", "f07febfe-79bc-46b1-8b37-790e26e6e498", LANGUAGE),
    Role(APP, "Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb", INSIGHTS),
    Role(LANGUAGE_RESOURCE, "Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", STORAGE),
)
ABOVE = ("microsoft.resources", "microsoft.management")  # providers of groups, subscriptions and their groups


def of_the_app(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.site, NotKnown):
        yield skipped("app")
    elif not evidence.principal:
        yield Finding("The app's identity is not known.", "Set AZURE_CLIENT_ID to that of its identity: azd provision")
    else:
        yield from _all(evidence, APP, evidence.principal)


def of_the_language_resource(evidence: Evidence) -> Iterator[Finding]:
    language = evidence.language
    if isinstance(language, NotKnown):
        yield skipped("Language resource")
    elif not language.principal:
        yield Finding(
            "The Language resource has no identity: it cannot read training texts.",
            "Turn on its system-assigned identity.",
        )
    else:
        yield from _all(evidence, LANGUAGE_RESOURCE, language.principal)


def _all(evidence: Evidence, owner: str, principal: str) -> Iterator[Finding]:
    """A finding for each role that is wrong, or one that says that all are assigned."""
    needed = [role for role in ROLES if role.owner == owner and role.on in evidence.roles]
    wrong = [finding for role in needed for finding in _one(role, principal, evidence.roles[role.on])]
    yield from dict.fromkeys(wrong)  # a list that cannot be read concerns several roles
    if not wrong:
        yield Finding(f"Each once: {', '.join(role.name for role in needed)}.")


def _one(role: Role, principal: str, assigned: Sequence[RoleAssignment] | NotKnown) -> Iterator[Finding]:
    if isinstance(assigned, NotKnown):
        yield NotKnown(f"On {role.on}: {assigned.what}", assigned.fix, assigned.is_blocking)
        return
    scopes = [one.scope for one in assigned if (one.principal, one.role) == (principal, role.id)]
    if not scopes:
        yield Finding(f"{role.name} on {role.on} is missing.", _assign(role, principal))
    for scope in filter(_is_above, scopes):
        fix = f"Assign it on {role.on} only, and delete it there."
        yield Finding(f"{role.name} is assigned at {scope}, above {role.on}.", fix, is_blocking=False)


def _is_above(scope: str) -> bool:
    """Whether it is that of a resource group, a subscription or a management group."""
    provider = scope.lower().rpartition("/providers/")[2].partition("/")[0]
    return "/providers/" not in scope.lower() or provider in ABOVE


def _assign(role: Role, principal: str) -> str:
    """The template assigns all roles, but not that of a Language resource which existed before."""
    if role.owner == APP:
        return ASSIGN
    return (
        f"{ASSIGN} If the resource existed before: az role assignment create --role '{role.name}' "
        f"--assignee-object-id {principal} --assignee-principal-type ServicePrincipal --scope STORAGE_ACCOUNT_ID"
    )
