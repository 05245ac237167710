"""Reads the resources of a deployment with `az`. Each function returns a value, or raises Unanswered."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from local.doctor.azure.azd_environment import AzdEnvironment
from local.doctor.azure.commands import Unanswered, az
from local.doctor.azure.deployment import (
    Account,
    EventSubscription,
    Keys,
    Language,
    RoleAssignment,
    Site,
    Topic,
)

# The versions of the template's resources.
GROUPS, WEB, LANGUAGE, EVENT_GRID, INSIGHTS = "2024-03-01", "2025-03-01", "2024-10-01", "2025-02-15", "2020-02-02"
BLOB_TRIGGER = "blobs_extension"  # the name of its webhook's key
MORE_FILTERS = ("subjectEndsWith", "advancedFilters")


def resource(identifier: str, version: str, method: str = "get") -> Any:
    """A resource, or what an action on it returns, as the REST API of Azure has it."""
    return az("rest", "--method", method, "--url", f"{quote(identifier, safe='/()')}?api-version={version}")


def account(environment: AzdEnvironment) -> Account:
    """The subscription, if the deployment's resource group can be read."""
    found = az("account", "show", "--subscription", environment["AZURE_SUBSCRIPTION_ID"])
    resource(environment.group_id, GROUPS)
    return Account(found["name"], found["state"], found["user"]["name"])


def site(environment: AzdEnvironment) -> Site:
    found = resource(environment.app_id, WEB)
    properties, identity = found["properties"], found.get("identity") or {}
    identities = (identity.get("userAssignedIdentities") or {}).values()
    principals = {one["clientId"].lower(): one["principalId"] for one in identities}
    if system := identity.get("principalId"):
        principals[""] = system
    scale = (properties.get("functionAppConfig") or {}).get("scaleAndConcurrency") or {}
    return Site(
        properties["state"],
        frozenset(host.lower() for host in (properties["defaultHostName"], *properties.get("hostNames", []))),
        principals,
        {one["name"]: one["instanceCount"] for one in scale.get("alwaysReady") or []},
    )


def functions(environment: AzdEnvironment) -> dict[str, bool]:
    found = resource(f"{environment.app_id}/functions", WEB)["value"]
    return {one["properties"]["name"]: not one["properties"].get("isDisabled") for one in found}


def settings(environment: AzdEnvironment) -> dict[str, str]:
    return dict(resource(f"{environment.app_id}/config/appsettings/list", WEB, "post")["properties"])


def keys(environment: AzdEnvironment) -> Keys:
    """Raises Unanswered if the host has no keys yet: it has never run."""
    found = az(
        *("functionapp", "keys", "list", "--subscription", environment["AZURE_SUBSCRIPTION_ID"]),
        *("--resource-group", environment["AZURE_RESOURCE_GROUP"], "--name", environment["TEXTDROP_APP"]),
    )
    of_functions = found["functionKeys"] or {}
    key = of_functions.get("default") or next(iter(of_functions.values()), "")
    if not key:
        raise Unanswered("It has no function key: its host has not started.", "Deploy the app: azd deploy")
    return Keys(key, (found["systemKeys"] or {}).get(BLOB_TRIGGER, ""))


def language(environment: AzdEnvironment) -> Language:
    found = resource(environment.language_id, LANGUAGE)
    properties = found["properties"]
    return Language(
        (found.get("identity") or {}).get("principalId") or "",
        tuple(one["resourceId"] for one in properties.get("userOwnedStorage") or []),
        properties.get("disableLocalAuth") is True,
    )


def roles(scope: str) -> tuple[RoleAssignment, ...]:
    """Those that count for a resource: assigned for it, or for its group or subscription."""
    subscription = scope.split("/")[2]
    listed = ("role", "assignment", "list", "--scope", scope, "--include-inherited", "--subscription", subscription)
    found = az(*listed)
    return tuple(
        RoleAssignment(one["principalId"], one["roleDefinitionId"].rpartition("/")[2].lower(), one["scope"])
        for one in found
    )


def insights_id(environment: AzdEnvironment, connection: str) -> str:
    """The id of Application Insights, by the app's connection string. Raises Unanswered if it is in another group."""
    listed = resource(f"{environment.group_id}/providers/Microsoft.Insights/components", INSIGHTS)["value"]
    for component in listed:
        if component["properties"]["InstrumentationKey"].lower() in connection.lower():
            return str(component["id"])
    raise Unanswered(
        "The app's Application Insights is not in the resource group.",
        "Correct APPLICATIONINSIGHTS_CONNECTION_STRING: azd provision",
    )


def topic(environment: AzdEnvironment) -> Topic:
    """The system topic of the storage account: it can have one. Raises Unanswered if it has none."""
    listed = resource(f"{environment.storage_group_id}/providers/Microsoft.EventGrid/systemTopics", EVENT_GRID)["value"]
    for one in listed:
        if one["properties"]["source"].lower() == environment.storage_id.lower():
            return Topic(one["id"], one["properties"]["provisioningState"])
    raise Unanswered(
        "The storage account has no system topic, or one in another resource group.",
        "Create it, with its subscription: azd hooks run postdeploy",
        is_absent=True,
    )


def subscriptions(found: Topic, hosts: Container[str], webhook_key: str | None) -> tuple[EventSubscription, ...]:
    """The topic's subscriptions that send events to one of the hosts. `webhook_key`: None if it is not known."""
    listed = resource(f"{found.id}/eventSubscriptions", EVENT_GRID)["value"]
    return tuple(_subscription(one, webhook_key) for one in listed if _host(one) in hosts)


def _host(one: Mapping[str, Any]) -> str:
    """Where a subscription sends events; "" if that is no webhook."""
    destination = one["properties"].get("destination") or {}
    return urlsplit((destination.get("properties") or {}).get("endpointBaseUrl") or "").netloc.lower()


def _subscription(one: Mapping[str, Any], webhook_key: str | None) -> EventSubscription:
    """The address with its query is a secret: only what it names is kept."""
    properties = one["properties"]
    filters = properties.get("filter") or {}
    full = resource(f"{one['id']}/getFullUrl", EVENT_GRID, "post")["endpointUrl"]
    query = parse_qs(urlsplit(full).query)
    return EventSubscription(
        one["name"],
        properties["provisioningState"],
        tuple(filters.get("includedEventTypes") or ()),
        filters.get("subjectBeginsWith") or "",
        tuple(name for name in MORE_FILTERS if filters.get(name)),
        urlsplit(full)._replace(query="", fragment="").geturl(),
        tuple(query.get("functionName", ())),
        None if webhook_key is None else query.get("code") == [webhook_key],
    )
