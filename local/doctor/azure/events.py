"""Whether Event Grid announces new files to the app: topic, subscription, an instance. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from local.doctor.azure.deployment import EventSubscription, Evidence, NotKnown, skipped
from local.doctor.checked_app import Finding

FUNCTION = "Host.Functions.document_landed"
WEBHOOK = "/runtime/webhooks/blobs"
CREATED = "Microsoft.Storage.BlobCreated"
SUCCEEDED = "Succeeded"
AGAIN = "Create it again: azd hooks run postdeploy"
TURN_ON = "If files should be noticed at once: azd env set FILE_EVENTS true, then azd up"
OFF = Finding("FILE_EVENTS is false.", TURN_ON, is_blocking=False)


def always_ready(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.environment.has_file_events:
        yield OFF
    elif isinstance(evidence.site, NotKnown):
        yield skipped("app")
    elif evidence.site.always_ready.get("blob", 0) < 1:
        yield Finding("No instance is always ready for the trigger `blob`: events may fail.", "Set it: azd provision")
    else:
        yield Finding("One is there for the trigger `blob`.")


def topic(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.environment.has_file_events:
        return
    if isinstance(evidence.topic, NotKnown):
        yield evidence.topic
    elif evidence.topic.state != SUCCEEDED:
        yield Finding(f"The system topic is {evidence.topic.state}.", AGAIN)
    else:
        yield Finding("The storage account has its system topic.")


def subscription(evidence: Evidence) -> Iterator[Finding]:
    """That which leads to the app; the best one, if there are several."""
    if not evidence.environment.has_file_events:
        return
    if isinstance(evidence.subscriptions, NotKnown):
        yield evidence.subscriptions
    else:
        container, found = evidence.environment["TEXTDROP_CONTAINER"], evidence.subscriptions
        judged = sorted((problems(one, container) for one in found), key=_count)
        yield from judged[0] if judged else [_missing(evidence)]
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            fix = "Delete all but one: each file is announced once by each."
            yield Finding(f"{len(found)} subscriptions lead to the app: {names}.", fix, is_blocking=False)


def problems(one: EventSubscription, container: str) -> list[Finding]:
    """What keeps the events of a subscription from the function; a finding without a fix if nothing does."""
    prefix = f"/blobServices/default/containers/{container}/"
    path = urlsplit(one.address).path
    faults = {
        f"Its state is {one.state}, not {SUCCEEDED}": one.state == SUCCEEDED,
        f"It does not announce {CREATED}": not one.types or CREATED in one.types,
        f"Its filter is {one.prefix or 'empty'}, not {prefix} with the slash at its end": one.prefix == prefix,
        f"It selects files by {' and '.join(one.filters)}, too": not one.filters,
        f"Its path is {path or 'empty'}, not {WEBHOOK}": path == WEBHOOK,
        _called(one.functions): one.functions == (FUNCTION,),
        "Its key is not the app's key blobs_extension: events are refused": one.is_key_current is not False,
    }
    wrong = [Finding(f"{one.name}: {fault}.", AGAIN) for fault, is_right in faults.items() if not is_right]
    return wrong or [Finding(f"{one.name} sends {CREATED} of {container} to {FUNCTION}.")]


def _called(functions: tuple[str, ...]) -> str:
    """What the host does with events for these names, in the address of a webhook."""
    if not functions:
        return f"Its functionName is missing, not exactly {FUNCTION}: the host accepts an event, and then shuts down"
    called = " and ".join(functions)
    return f"Its functionName is {called}, not exactly {FUNCTION}: for an unknown name the host runs nothing"


def _count(findings: list[Finding]) -> int:
    return sum(bool(finding.fix) for finding in findings)


def _missing(evidence: Evidence) -> Finding:
    app = evidence.environment["TEXTDROP_APP"]
    return Finding(f"No subscription of the topic leads to {app}.", AGAIN)
