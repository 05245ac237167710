"""The checks of a deployment, in the order in which one thing needs another. Pure decisions on the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from local.doctor.azure import events, roles
from local.doctor.azure.deployment import Evidence, NotKnown
from local.doctor.checked_app import Finding
from local.doctor.checks import FUNCTIONS, deployment_finding
from local.host.config.settings import STORAGE
from shared.errors import SettingsError
from shared.settings import SERVICE_URIS, load, trigger_source

SET_AGAIN = "Set it as infra/app.bicep does: azd provision"
OPTIONAL = {"console"}  # functions that may be disabled


def subscription(evidence: Evidence) -> Iterator[Finding]:
    account = evidence.account
    if isinstance(account, NotKnown):
        yield account
    elif account.state != "Enabled":
        yield Finding(f"{account.name} is {account.state}.", "Enable the subscription in the portal.")
    else:
        yield Finding(f"{account.name} is reachable as {account.user}.")


def app(evidence: Evidence) -> Iterator[Finding]:
    name = evidence.environment["TEXTDROP_APP"]
    if isinstance(evidence.site, NotKnown):
        yield evidence.site
    elif evidence.site.state != "Running":
        group = evidence.environment["AZURE_RESOURCE_GROUP"]
        yield Finding(f"{name} is {evidence.site.state}.", f"Start it: az functionapp start -g {group} -n {name}")
    else:
        yield Finding(f"{name} is running.")


def functions(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.functions
    if isinstance(found, NotKnown):
        yield found
        return
    if missing := sorted(FUNCTIONS - found.keys()):
        yield Finding(f"Not indexed: {', '.join(missing)}.", "Deploy the app again: azd deploy. Then see its log.")
    for name in sorted(FUNCTIONS & found.keys() - OPTIONAL):
        if not found[name]:
            yield Finding(f"{name} is disabled.", f"Delete the setting AzureWebJobs.{name}.Disabled.")
    if not missing and all(found[name] for name in FUNCTIONS - OPTIONAL):
        yield Finding(f"Indexed: {', '.join(sorted(FUNCTIONS))}.")


def settings(evidence: Evidence) -> Iterator[Finding]:
    """Names only: a value may be a secret."""
    if isinstance(evidence.settings, NotKnown):
        yield evidence.settings
        return
    faults = list(_setting_faults(evidence.settings))
    for fault in faults:
        yield Finding(f"{fault}.", SET_AGAIN)
    if not faults:
        yield Finding("All that the app requires are set.")


def health(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.health
    if isinstance(found, NotKnown):
        yield found
        return
    for name, status, detail in found.problems:
        fix = f"GET /api/health shows {name} as ok when it is corrected."
        yield Finding(f"{name} is {status}: {detail}", fix, is_blocking=status == "red")
    if not found.problems:
        yield Finding("The app answers, and every check of it is ok.")


def classifier(evidence: Evidence) -> Iterator[Finding]:
    used = evidence.classifier
    if isinstance(used, NotKnown):
        yield used
    elif used.classifier is None:
        fix = "Publish a model, or PUT /api/classifier: docs/azure.md"
        yield Finding("There is no classifier yet: files wait.", fix, is_blocking=False)
    elif not used.is_shown:
        yield Finding(f"{used.classifier.name}; its protocol cannot show whether it is deployed.")
    else:
        yield deployment_finding(used.classifier, used.deployment, evidence.now)


def language(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.language
    if isinstance(found, NotKnown):
        yield found
        return
    is_linked = evidence.environment.storage_id.lower() in (one.lower() for one in found.storage)
    if not is_linked:
        fix = "Use another Language resource: a link cannot be changed. See EXISTING_LANGUAGE_ID in docs/azure.md"
        yield Finding("The storage account is not linked to it: nothing can be trained.", fix)
    if not found.is_keyless:
        fix = "Turn them off: az resource update --set properties.disableLocalAuth=true --ids LANGUAGE_ID"
        yield Finding("Its keys are accepted, and nothing needs them.", fix, is_blocking=False)
    if is_linked and found.is_keyless:
        yield Finding("The storage account is linked to it, and it accepts no keys.")


def _setting_faults(values: Mapping[str, str]) -> Iterator[str]:
    try:
        load(values)
    except SettingsError as error:
        yield from error.faults
    if not values.get(STORAGE):
        names = (f"{STORAGE}__{service}" for service in SERVICE_URIS)
        yield from (f"{name} is missing" for name in names if not values.get(name))
    if trigger_source(values) != "EventGrid":
        yield "BLOB_TRIGGER_SOURCE must be EventGrid on Flex Consumption"
    if "FUNCTIONS_WORKER_RUNTIME" in values:
        yield "FUNCTIONS_WORKER_RUNTIME must not be set on Flex Consumption"


CHECKS: dict[str, Callable[[Evidence], Iterator[Finding]]] = {
    "subscription": subscription,
    "app": app,
    "functions": functions,
    "settings": settings,
    "health": health,
    "classifier": classifier,
    "app's roles": roles.of_the_app,
    "Language resource": language,
    "Language resource's roles": roles.of_the_language_resource,
    "always-ready instance": events.always_ready,
    "event topic": events.topic,
    "event subscription": events.subscription,
}


def run_checks(evidence: Evidence) -> dict[str, list[Finding]]:
    """The findings of each check, in the order of CHECKS."""
    return {name: list(check(evidence)) for name, check in CHECKS.items()}
