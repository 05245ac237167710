"""Azure as `az` shows it: a program on PATH that answers from a table, in the form of Azure's REST API."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUBSCRIPTION, GROUP, APP, ACCOUNT, LANGUAGE = (
    "22222222-2222-2222-2222-222222222222",
    "textdrop-dev-rg",
    "textdrop-abc",
    "textdropabc",
    "textdrop-lang",
)
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
APP_ID = f"{GROUP_ID}/providers/Microsoft.Web/sites/{APP}"
STORAGE_ID = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
LANGUAGE_ID = f"{GROUP_ID}/providers/Microsoft.CognitiveServices/accounts/{LANGUAGE}"
INSIGHTS_ID = f"{GROUP_ID}/providers/Microsoft.Insights/components/textdrop-abc"
TOPICS = f"{GROUP_ID}/providers/Microsoft.EventGrid/systemTopics"
TOPIC_ID = f"{TOPICS}/{ACCOUNT}"
EVENTS_ID = f"{TOPIC_ID}/eventSubscriptions/{APP}"
FUNCTION_KEY, WEBHOOK_KEY, MASTER_KEY = "function-key-secret", "webhook-key-secret==", "master-key-secret"
SECRETS = (FUNCTION_KEY, WEBHOOK_KEY, "webhook-key-secret", MASTER_KEY, "0000-instrumentation")
CLIENT, PRINCIPAL, LANGUAGE_PRINCIPAL = "44444444-aaaa", "55555555-bbbb", "66666666-cccc"
WEBHOOK = "/runtime/webhooks/blobs"
FUNCTIONS = ("document_landed", "tick", "manage", "console")
APP_ROLES = {
    STORAGE_ID: (
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    ),
    LANGUAGE_ID: ("f07febfe-79bc-46b1-8b37-790e26e6e498",),
    INSIGHTS_ID: ("3913510d-42f4-4e42-8a64-420c390055eb",),
}
LANGUAGE_ROLE = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
NOT_FOUND = 'ERROR: Not Found({"error":{"code":"ResourceNotFound","message":"The Resource was not found."}})'
FORBIDDEN = 'ERROR: Forbidden({"error":{"code":"AuthorizationFailed","message":"The client has no authorization."}})'
NOBODY = "ERROR: Please run 'az login' to setup account."
NO_SUBSCRIPTION = f"ERROR: Subscription '{SUBSCRIPTION}' not found. Check the spelling and casing and try again."
PROGRAM = """#!{python} -IS
import json, pathlib, sys, time
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
if words[0] == "rest":
    method, url = words[words.index("--method") + 1], words[words.index("--url") + 1]
    called = f"{{method}} {{url.partition('?')[0]}}"
    assert "?api-version=20" in url, url
elif "--scope" in words:
    called = "roles " + words[words.index("--scope") + 1]
else:
    called = " ".join(word for word in words[:3] if not word.startswith("--"))
with (folder / "calls").open("a") as calls:
    calls.write(called + "\\n")
answer = json.loads((folder / "answers.json").read_text()).get(called)
if answer is None:
    sys.exit(f"ERROR: nothing answers {{called}}")
sys.stderr.write(answer.get("complaint", ""))
sys.stdout.write(answer.get("text", ""))
sys.exit(answer.get("code", 0))
"""


@dataclass
class Azure:
    """What the stand-in answers: `answers[CALL]` is the parsed JSON, to be changed by a test before `install`."""

    answers: dict[str, Any]

    def refuse(self, call: str, complaint: str, code: int = 1) -> None:
        self.answers[call] = {"complaint": complaint, "code": code}

    def print(self, call: str, text: str) -> None:
        self.answers[call] = {"text": text, "code": 0}

    def install(self, folder: Path) -> str:
        """Puts `az` into the folder, which is the only one of the PATH that is returned."""
        program(folder / "az", PROGRAM.format(python=sys.executable, folder=str(folder)))
        table = {call: answer if "code" in answer else printed(answer) for call, answer in self.answers.items()}
        (folder / "answers.json").write_text(json.dumps(table))
        return str(folder)


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def printed(answer: Any) -> dict[str, Any]:
    """An answer as a program prints it."""
    return {"text": json.dumps(answer), "code": 0}


def values(url: str) -> dict[str, str]:
    """azd's environment after `azd up`."""
    return {
        "AZURE_ENV_NAME": "dev",
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        "AZURE_RESOURCE_GROUP": GROUP,
        "TEXTDROP_APP": APP,
        "TEXTDROP_URL": url,
        "TEXTDROP_LANGUAGE_ENDPOINT": f"https://{LANGUAGE}.cognitiveservices.azure.com/",
        "TEXTDROP_STORAGE_ACCOUNT": ACCOUNT,
        "TEXTDROP_STORAGE_GROUP": GROUP,
        "TEXTDROP_STORAGE_SUBSCRIPTION": SUBSCRIPTION,
        "TEXTDROP_STORAGE_LOCATION": "uksouth",
        "TEXTDROP_CONTAINER": "documents",
        "TEXTDROP_HAS_FILE_EVENTS": "true",
    }


def app_settings() -> dict[str, str]:
    services = {
        f"{name}ServiceUri": f"https://{ACCOUNT}.{name}.core.windows.net" for name in ("blob", "queue", "table")
    }
    signing_in = {"credential": "managedidentity", "clientId": CLIENT}
    connections = {
        f"{connection}__{name}": value
        for connection in ("DOCUMENTS_STORAGE", "AzureWebJobsStorage")
        for name, value in {**services, **signing_in}.items()
    }
    return {
        **connections,
        "LANGUAGE_ENDPOINT": f"https://{LANGUAGE}.cognitiveservices.azure.com/",
        "DOCUMENTS_CONTAINER": "documents",
        "TICK_SCHEDULE": "*/30 * * * * *",
        "SWEEP_MINUTES": "7",
        "BLOB_TRIGGER_SOURCE": "EventGrid",
        "AZURE_CLIENT_ID": CLIENT,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=0000-instrumentation;IngestionEndpoint=https://r/",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"ClientId={CLIENT};Authorization=AAD",
    }


def deployed(host: str) -> Azure:
    """Azure after a successful `azd up`, with the app at `host`."""
    site = {
        "id": APP_ID,
        "kind": "functionapp,linux",
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {"/id": {"principalId": PRINCIPAL, "clientId": CLIENT}},
        },
        "properties": {
            "state": "Running",
            "defaultHostName": host,
            "hostNames": [host],
            "functionAppConfig": {"scaleAndConcurrency": {"alwaysReady": [{"name": "blob", "instanceCount": 1}]}},
        },
    }
    functions = [{"properties": {"name": name, "isDisabled": False}} for name in FUNCTIONS]
    language = {
        "id": LANGUAGE_ID,
        "identity": {"principalId": LANGUAGE_PRINCIPAL, "type": "SystemAssigned"},
        "properties": {"userOwnedStorage": [{"resourceId": STORAGE_ID}], "disableLocalAuth": True},
    }
    keys = {
        "masterKey": MASTER_KEY,
        "functionKeys": {"default": FUNCTION_KEY},
        "systemKeys": {"blobs_extension": WEBHOOK_KEY},
    }
    insights = {"id": INSIGHTS_ID, "properties": {"InstrumentationKey": "0000-instrumentation"}}
    topic = {"id": TOPIC_ID, "properties": {"source": STORAGE_ID, "provisioningState": "Succeeded"}}
    events = {
        "id": EVENTS_ID,
        "name": APP,
        "properties": {
            "provisioningState": "Succeeded",
            "filter": {
                "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
                "subjectBeginsWith": "/blobServices/default/containers/documents/",
                "subjectEndsWith": "",
            },
            "destination": {"endpointType": "WebHook", "properties": {"endpointBaseUrl": f"https://{host}{WEBHOOK}"}},
        },
    }
    return Azure(
        deepcopy(
            {
                "account show": {
                    "name": "Films",
                    "state": "Enabled",
                    "user": {"name": "ada@example.com", "type": "user"},
                },
                f"get {GROUP_ID}": {"id": GROUP_ID},
                f"get {APP_ID}": site,
                f"get {APP_ID}/functions": {"value": functions},
                f"post {APP_ID}/config/appsettings/list": {"properties": app_settings()},
                "functionapp keys list": keys,
                f"get {LANGUAGE_ID}": language,
                f"get {GROUP_ID}/providers/Microsoft.Insights/components": {"value": [insights]},
                f"roles {LANGUAGE_ID}": roles(LANGUAGE_ID),
                f"roles {INSIGHTS_ID}": roles(INSIGHTS_ID),
                f"roles {STORAGE_ID}": [
                    *roles(STORAGE_ID),
                    assigned(LANGUAGE_PRINCIPAL, LANGUAGE_ROLE, STORAGE_ID),
                ],
                f"get {TOPICS}": {"value": [topic]},
                f"get {TOPIC_ID}/eventSubscriptions": {"value": [events]},
                f"post {EVENTS_ID}/getFullUrl": full_url(host),
            }
        )
    )


def full_url(host: str, function: str = "Host.Functions.document_landed") -> dict[str, str]:
    """What the subscription's `getFullUrl` returns."""
    query = f"functionName={function}&code=webhook-key-secret%3D%3D"
    return {"endpointUrl": f"https://{host}{WEBHOOK}?{query}"}


def assigned(principal: str, role: str, scope: str) -> dict[str, str]:
    """An assignment as `az role assignment list` prints it."""
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"principalId": principal, "roleDefinitionId": definition, "scope": scope}


def roles(scope: str) -> list[dict[str, str]]:
    """Those of the app."""
    return [assigned(PRINCIPAL, role, scope) for role in APP_ROLES[scope]]
