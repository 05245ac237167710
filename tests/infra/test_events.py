"""Event Grid announces the files of one container, to a function that exists and to an instance that is there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.infra.templates import INFRA, PLANS, ROOT, resource_of, template

CREATED = "Microsoft.Storage.BlobCreated"


def resource(kind: str) -> dict[str, Any]:
    [one] = [resource for resource in template("events")["resources"] if resource["type"] == kind]
    return dict(one)


def subscription() -> dict[str, Any]:
    return dict(resource("Microsoft.EventGrid/systemTopics/eventSubscriptions")["properties"])


def test_only_new_files_of_the_one_container_are_announced() -> None:
    prefix = "[format('/blobServices/default/containers/{0}/', parameters('documentsContainer'))]"
    assert subscription()["filter"] == {"includedEventTypes": [CREATED], "subjectBeginsWith": prefix}


def test_events_arrive_at_the_function_by_the_name_that_the_host_knows() -> None:
    url = subscription()["destination"]["properties"]["endpointUrl"]
    [called] = re.findall(r"/runtime/webhooks/blobs\?functionName=Host\.Functions\.(\w+)&code=\{1\}'", url)
    trigger = (ROOT / "function_app.py").read_text().split("@app.blob_trigger", 1)[0]
    assert trigger.endswith(f'@app.function_name("{called}")\n')


def test_the_topic_is_the_storage_accounts_own() -> None:
    topic = resource("Microsoft.EventGrid/systemTopics")
    assert topic["properties"]["topicType"] == "Microsoft.Storage.StorageAccounts"
    assert "'Microsoft.Storage/storageAccounts', parameters('storageAccountName')" in topic["properties"]["source"]
    assert topic["condition"] == "[empty(parameters('existingTopicName'))]"  # an account cannot have two


def test_names_of_topic_and_subscription_are_within_azures_limits() -> None:
    assert resource("Microsoft.EventGrid/systemTopics")["name"] == "[parameters('storageAccountName')]"  # 3 to 50
    [name] = re.findall(
        r"parameters\('(\w+)'\)\)\]$", resource("Microsoft.EventGrid/systemTopics/eventSubscriptions")["name"]
    )
    assert name == "appName"  # 3 to 64; letters, digits and hyphens


@pytest.mark.parametrize("name", PLANS)
def test_an_instance_is_always_there_for_events_and_only_for_them(name: str) -> None:
    scale = resource_of(name, "Microsoft.Web/sites")["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    expected = [] if name == "no_events_no_console" else [{"name": "blob", "instanceCount": 1}]
    assert scale["alwaysReady"] == expected
    assert scale["instanceMemoryMB"] == 512


def test_the_template_itself_has_no_subscription_because_its_key_does_not_exist_yet() -> None:
    assert "Microsoft.EventGrid" not in (INFRA / "main.json").read_text()
