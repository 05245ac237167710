"""Nothing is public, and no secret is in a file, a parameter or an output."""

from __future__ import annotations

import re

import pytest

from tests.infra.templates import PLANS, ROOT, plan, resource_of, resources, template, values

WITH_NEW_STORAGE = sorted({*PLANS} - {"existing_resources", "existing_storage"})
WITH_NEW_LANGUAGE = sorted({*PLANS} - {"existing_resources"})
SECRET = re.compile(
    r"AccountKey|SharedAccess|InstrumentationKey|listKeys|listAccountSas|listSecrets|connectionString|[?&]sig=|password|secret",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", WITH_NEW_STORAGE)
def test_storage_has_no_keys_no_anonymous_readers_and_tls_1_2(name: str) -> None:
    properties = resource_of(name, "Microsoft.Storage/storageAccounts")["properties"]
    assert properties["allowSharedKeyAccess"] is False
    assert properties["allowBlobPublicAccess"] is False
    assert properties["supportsHttpsTrafficOnly"] is True
    assert properties["minimumTlsVersion"] == "TLS1_2"


@pytest.mark.parametrize("name", PLANS)
def test_no_container_is_public(name: str) -> None:
    containers = resources(name, "Microsoft.Storage/storageAccounts/blobServices/containers")
    assert {container["properties"]["publicAccess"] for container in containers} == {"None"}
    assert len({container["name"] for container in containers}) == 4


@pytest.mark.parametrize("name", PLANS)
def test_the_app_is_reached_by_https_alone_and_deployed_by_identity(name: str) -> None:
    properties = resource_of(name, "Microsoft.Web/sites")["properties"]
    assert properties["httpsOnly"] is True
    assert properties["siteConfig"] == {"minTlsVersion": "1.2", "scmMinTlsVersion": "1.2", "ftpsState": "Disabled"}
    policies = resources(name, "Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {policy["name"].rpartition("/")[2]: policy["properties"]["allow"] for policy in policies} == {
        "ftp": False,
        "scm": False,
    }


@pytest.mark.parametrize("name", WITH_NEW_LANGUAGE)
def test_the_language_resource_has_no_keys_and_is_linked_to_storage(name: str) -> None:
    language = resource_of(name, "Microsoft.CognitiveServices/accounts")
    assert language["properties"]["disableLocalAuth"] is True
    assert language["properties"]["customSubDomainName"] == language["name"]
    container = resources(name, "Microsoft.Storage/storageAccounts/blobServices/containers")[0]["id"]
    account = container.partition("/blobServices/")[0]
    assert language["properties"]["userOwnedStorage"] == [{"resourceId": account}]


def test_existing_resources_are_not_changed() -> None:
    kinds = {resource["type"] for resource in plan("existing_resources")["predictedResources"]}
    assert not kinds & {"Microsoft.Storage/storageAccounts", "Microsoft.CognitiveServices/accounts"}


def test_a_private_network_leaves_storage_and_language_no_public_address() -> None:
    for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.CognitiveServices/accounts"):
        properties = resource_of("private_network", kind)["properties"]
        assert (properties["publicNetworkAccess"], properties["networkAcls"]["defaultAction"]) == ("Disabled", "Deny")
    app = resource_of("private_network", "Microsoft.Web/sites")["properties"]
    assert "network-" in app["virtualNetworkSubnetId"]
    assert resource_of("default", "Microsoft.Web/sites")["properties"]["virtualNetworkSubnetId"] is None


def test_a_private_network_has_an_endpoint_and_a_zone_for_each_service_that_the_app_calls() -> None:
    endpoints = resources("private_network", "Microsoft.Network/privateEndpoints")
    groups = [one["properties"]["privateLinkServiceConnections"][0]["properties"]["groupIds"] for one in endpoints]
    assert groups == [["blob"], ["queue"], ["table"], ["account"]]
    for kind, count in (("privateDnsZones", 4), ("privateDnsZones/virtualNetworkLinks", 4)):
        assert len(resources("private_network", f"Microsoft.Network/{kind}")) == count
    assert len(resources("private_network", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups")) == 4
    assert not resources("default", "Microsoft.Network/privateEndpoints")


# --- secrets ------------------------------------------------------------------------------------------------------


def outputs(tree: object) -> list[str]:
    """The texts of all outputs, those of nested templates too."""
    if isinstance(tree, dict):
        own = list(values(tree["outputs"])) if isinstance(tree.get("outputs"), dict) else []
        return [*own, *(text for value in tree.values() for text in outputs(value))]
    return [text for item in tree for text in outputs(item)] if isinstance(tree, list) else []


def parameters(tree: object) -> set[str]:
    """The names of all parameters, those of nested templates too."""
    if isinstance(tree, dict):
        own = set(tree["parameters"]) if isinstance(tree.get("parameters"), dict) else set()
        return own.union(*(parameters(value) for value in tree.values()))
    return set().union(*(parameters(item) for item in tree)) if isinstance(tree, list) else set()


@pytest.mark.parametrize("name", ["main", "events"])
def test_no_output_and_no_parameter_is_a_secret(name: str) -> None:
    assert not [text for text in outputs(template(name)) if SECRET.search(text)]
    assert not [text for text in parameters(template(name)) if SECRET.search(text) or text.lower().endswith("key")]
    assert len(outputs(template("main"))) > 10


def test_secrets_are_read_by_azure_alone_each_in_one_place() -> None:
    [settings] = [text for text in values(template("main")) if SECRET.search(text)]
    [url] = [text for text in values(template("events")) if SECRET.search(text)]
    assert SECRET.findall(settings) == ["ConnectionString"]
    pair = r"'APPLICATIONINSIGHTS_CONNECTION_STRING', reference\(resourceId\('Microsoft.Insights/components', .*?\)\."
    assert re.search(pair + "ConnectionString,", settings)
    assert SECRET.findall(url) == ["listKeys"]
    assert ".systemKeys.blobs_extension)" in url


@pytest.mark.parametrize(
    "file", ["azure.yaml", "infra/main.bicepparam", "infra/hooks/events.sh", "infra/hooks/events.ps1"]
)
def test_no_file_of_azd_has_a_secret(file: str) -> None:
    assert not SECRET.search((ROOT / file).read_text())
