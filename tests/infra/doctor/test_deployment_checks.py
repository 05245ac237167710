"""What `doctor --azure` decides: each check fails on its fault, and the verdict says how files are noticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.doctor.azure.azd_environment import AzdEnvironment
from local.doctor.azure.checks import CHECKS, run_checks
from local.doctor.azure.deployment import (
    Account,
    EventSubscription,
    Evidence,
    Health,
    Language,
    NotKnown,
    RoleAssignment,
    Site,
    Topic,
    UsedClassifier,
    skipped,
)
from local.doctor.azure.roles import INSIGHTS, LANGUAGE, ROLES, STORAGE
from local.doctor.azure.verdict import verdict
from local.doctor.checked_app import Finding
from local.doctor.runner import blocking_count
from shared.language.types import Classifier, Deployment
from tests.infra.doctor.azure_stand_in import (
    APP,
    APP_ROLES,
    CLIENT,
    FUNCTIONS,
    GROUP_ID,
    INSIGHTS_ID,
    LANGUAGE_ID,
    LANGUAGE_PRINCIPAL,
    LANGUAGE_ROLE,
    PRINCIPAL,
    STORAGE_ID,
    SUBSCRIPTION,
    TOPIC_ID,
    app_settings,
    values,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HOST = "app.example"
SCOPES = {STORAGE: STORAGE_ID, LANGUAGE: LANGUAGE_ID, INSIGHTS: INSIGHTS_ID}
EVENTS = EventSubscription(
    name=APP,
    state="Succeeded",
    types=("Microsoft.Storage.BlobCreated",),
    prefix="/blobServices/default/containers/documents/",
    filters=(),
    address=f"https://{HOST}/runtime/webhooks/blobs",
    functions=("Host.Functions.document_landed",),
    is_key_current=True,
)
OF_APP = {
    name: tuple(RoleAssignment(PRINCIPAL, role, scope) for role in APP_ROLES[scope]) for name, scope in SCOPES.items()
}
OF_LANGUAGE = RoleAssignment(LANGUAGE_PRINCIPAL, LANGUAGE_ROLE, STORAGE_ID)
CLASSIFIER = Classifier("", "films", "production")
GOOD = Evidence(
    environment=AzdEnvironment("dev", values(f"https://{HOST}/api")),
    now=NOW,
    account=Account("Films", "Enabled", "ada@example.com"),
    site=Site("Running", frozenset({HOST}), {CLIENT: PRINCIPAL}, {"blob": 1}),
    functions=dict.fromkeys(FUNCTIONS, True),
    settings=app_settings(),
    language=Language(LANGUAGE_PRINCIPAL, (STORAGE_ID,), is_keyless=True),
    roles={**OF_APP, STORAGE: (*OF_APP[STORAGE], OF_LANGUAGE)},
    topic=Topic(TOPIC_ID, "Succeeded"),
    subscriptions=(EVENTS,),
    health=Health("ok", ()),
    classifier=UsedClassifier(CLASSIFIER, Deployment("production", "m1")),
)
DENIED = NotKnown("The login of az may not read it.", "Get the role Contributor.")
ABSENT = NotKnown("It does not exist.", "Create it: azd up", is_absent=True)
AGAIN = "Create it again: azd hooks run postdeploy"
ARRIVE = "Events arrive: a file is classified within seconds."
SWEPT = "Events do not arrive: the sweep finds files every 7 minutes."


def verdict_on(evidence: Evidence) -> str:
    return verdict(evidence, run_checks(evidence))


def wrong(evidence: Evidence) -> dict[str, list[Finding]]:
    """The findings that need something done, by check."""
    found = {name: [one for one in findings if one.fix] for name, findings in run_checks(evidence).items()}
    return {name: findings for name, findings in found.items() if findings}


def site(**changes: Any) -> Evidence:
    assert isinstance(GOOD.site, Site)
    return replace(GOOD, site=replace(GOOD.site, **changes))


def functions(**changes: bool | None) -> Evidence:
    changed = {**dict.fromkeys(FUNCTIONS, True), **changes}
    return replace(GOOD, functions={name: value for name, value in changed.items() if value is not None})


def settings(*without: str, **changes: str) -> Evidence:
    changed = {**app_settings(), **changes}
    return replace(GOOD, settings={name: value for name, value in changed.items() if name not in without})


def events(**changes: Any) -> Evidence:
    return replace(GOOD, subscriptions=(replace(EVENTS, **changes),))


def without_events() -> Evidence:
    named = {**GOOD.environment.values, "TEXTDROP_HAS_FILE_EVENTS": "false"}
    return replace(site(always_ready={}), environment=AzdEnvironment("dev", named), subscriptions=ABSENT, topic=ABSENT)


def roles(on: str, *assigned: RoleAssignment) -> Evidence:
    return replace(GOOD, roles={**GOOD.roles, on: assigned})


def red(name: str, status: str = "red") -> Evidence:
    return replace(GOOD, health=Health(status, ((name, status, "It is so."),)))


def test_a_good_deployment_has_no_findings_and_a_line_for_each_check() -> None:
    assert wrong(GOOD) == {}
    assert verdict_on(GOOD) == ARRIVE
    assert all(len(findings) == 1 for findings in run_checks(GOOD).values())


BLOCKING = {
    "other login": (
        replace(GOOD, account=NotKnown("Nobody is signed in to az.", "Sign in: az login")),
        "subscription",
        "Nobody is signed in to az. Sign in: az login",
    ),
    "disabled subscription": (
        replace(GOOD, account=Account("Films", "Warned", "ada")),
        "subscription",
        "Films is Warned. Enable the subscription in the portal.",
    ),
    "no app": (replace(GOOD, site=ABSENT), "app", "It does not exist. Create it: azd up"),
    "stopped app": (
        site(state="Stopped"),
        "app",
        f"{APP} is Stopped. Start it: az functionapp start -g textdrop-dev-rg -n {APP}",
    ),
    "no functions": (
        replace(GOOD, functions={}),
        "functions",
        "Not indexed: console, document_landed, manage, tick. Deploy the app again: azd deploy. Then see its log.",
    ),
    "one function less": (
        functions(tick=None),
        "functions",
        "Not indexed: tick. Deploy the app again: azd deploy. Then see its log.",
    ),
    "disabled function": (
        functions(tick=False),
        "functions",
        "tick is disabled. Delete the setting AzureWebJobs.tick.Disabled.",
    ),
    "missing setting": (
        settings("TICK_SCHEDULE"),
        "settings",
        "TICK_SCHEDULE is missing. Set it as infra/app.bicep does: azd provision",
    ),
    "invalid setting": (
        settings(REVIEW_BELOW="secret-value"),
        "settings",
        "REVIEW_BELOW must be a number from 0 to 1, such as 0.5. Set it as infra/app.bicep does: azd provision",
    ),
    "host's storage": (
        settings("AzureWebJobsStorage__queueServiceUri"),
        "settings",
        "AzureWebJobsStorage__queueServiceUri is missing. Set it as infra/app.bicep does: azd provision",
    ),
    "scanning": (
        settings("BLOB_TRIGGER_SOURCE"),
        "settings",
        "BLOB_TRIGGER_SOURCE must be EventGrid on Flex Consumption. Set it as infra/app.bicep does: azd provision",
    ),
    "runtime": (
        settings(FUNCTIONS_WORKER_RUNTIME="python"),
        "settings",
        "FUNCTIONS_WORKER_RUNTIME must not be set on Flex Consumption. Set it as infra/app.bicep does: azd provision",
    ),
    "red": (red("gate"), "health", "gate is red: It is so. GET /api/health shows gate as ok when it is corrected."),
    "no answer": (
        replace(GOOD, health=NotKnown("There is no answer from https://app.example/api.", "See the app's log.")),
        "health",
        "There is no answer from https://app.example/api. See the app's log.",
    ),
    "no deployment": (
        replace(GOOD, classifier=UsedClassifier(CLASSIFIER)),
        "classifier",
        "Deployment films/production does not exist. Publish a model to it, or PUT /api/classifier.",
    ),
    "expired deployment": (
        replace(GOOD, classifier=UsedClassifier(CLASSIFIER, Deployment("production", "m1", expires=NOW))),
        "classifier",
        "Deployment films/production expired on 2026-11-28. Train the model again and publish it.",
    ),
    "identity": (
        site(principals={"a": "b", "c": "d"}),
        "app's roles",
        "The app's identity is not known. Set AZURE_CLIENT_ID to that of its identity: azd provision",
    ),
    "unlinked": (
        replace(GOOD, language=Language(LANGUAGE_PRINCIPAL, (), is_keyless=True)),
        "Language resource",
        (
            "The storage account is not linked to it: nothing can be trained. Use another Language resource: "
            "a link cannot be changed. See EXISTING_LANGUAGE_ID in docs/azure.md"
        ),
    ),
    "Language without identity": (
        replace(GOOD, language=Language("", (STORAGE_ID,), is_keyless=True)),
        "Language resource's roles",
        "The Language resource has no identity: it cannot read training texts. Turn on its system-assigned identity.",
    ),
    "no instance": (
        site(always_ready={"http": 1, "blob": 0}),
        "always-ready instance",
        "No instance is always ready for the trigger `blob`: events may fail. Set it: azd provision",
    ),
    "no topic": (
        replace(GOOD, topic=ABSENT, subscriptions=skipped("event topic")),
        "event topic",
        "It does not exist. Create it: azd up",
    ),
    "unfinished topic": (
        replace(GOOD, topic=Topic(TOPIC_ID, "Failed")),
        "event topic",
        f"The system topic is Failed. {AGAIN}",
    ),
    "no subscription": (
        replace(GOOD, subscriptions=()),
        "event subscription",
        f"No subscription of the topic leads to {APP}. {AGAIN}",
    ),
}


@pytest.mark.parametrize("fault", BLOCKING)
def test_each_check_fails_on_its_fault_with_a_line_that_says_what_to_do(fault: str) -> None:
    evidence, check, line = BLOCKING[fault]
    [finding] = wrong(evidence)[check]
    assert f"{finding.what} {finding.fix}" == line
    assert finding.is_blocking
    assert blocking_count(run_checks(evidence)) == 1 or fault in {"no functions", "no app"}
    assert "secret-value" not in str(run_checks(evidence))


def test_every_check_is_made_to_fail() -> None:
    subscription_faults = {"event subscription"}
    assert {check for _, check, _ in BLOCKING.values()} | subscription_faults == CHECKS.keys()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"state": "AwaitingManualAction"}, "Its state is AwaitingManualAction, not Succeeded."),
        ({"types": ("Microsoft.Storage.BlobDeleted",)}, "It does not announce Microsoft.Storage.BlobCreated."),
        (
            {"prefix": "/blobServices/default/containers/documents"},
            (
                "Its filter is /blobServices/default/containers/documents, "
                "not /blobServices/default/containers/documents/ with the slash at its end."
            ),
        ),
        ({"filters": ("subjectEndsWith",)}, "It selects files by subjectEndsWith, too."),
        ({"address": f"https://{HOST}/api/blobs"}, "Its path is /api/blobs, not /runtime/webhooks/blobs."),
        (
            {"functions": ()},
            (
                "Its functionName is missing, not exactly Host.Functions.document_landed: "
                "the host accepts an event, and then shuts down."
            ),
        ),
        (
            {"functions": ("Host.Functions.Document_landed",)},
            (
                "Its functionName is Host.Functions.Document_landed, not exactly Host.Functions.document_landed: "
                "for an unknown name the host runs nothing."
            ),
        ),
        (
            {"functions": ("document_landed",)},
            (
                "Its functionName is document_landed, not exactly Host.Functions.document_landed: "
                "for an unknown name the host runs nothing."
            ),
        ),
        ({"is_key_current": False}, "Its key is not the app's key blobs_extension: events are refused."),
    ],
    ids=["state", "types", "slash", "filters", "path", "no name", "case", "short name", "key"],
)
def test_a_subscription_that_leads_nowhere_is_found_and_the_sweep_is_named(changes: dict[str, Any], line: str) -> None:
    evidence = events(**changes)
    [finding] = wrong(evidence)["event subscription"]
    assert (finding.what, finding.fix, finding.is_blocking) == (f"{APP}: {line}", AGAIN, True)
    assert wrong(evidence).keys() == {"event subscription"}
    assert verdict_on(evidence) == f"{SWEPT} {APP}: {line} {AGAIN}."


def test_a_subscription_to_all_types_announces_new_files() -> None:
    assert verdict_on(events(types=())) == ARRIVE


def test_a_key_that_is_not_known_is_not_called_wrong() -> None:
    assert verdict_on(events(is_key_current=None)) == ARRIVE


def test_of_two_subscriptions_the_good_one_counts_and_the_other_is_to_be_deleted() -> None:
    for pair in (
        (EVENTS, replace(EVENTS, name="old", functions=())),
        (replace(EVENTS, name="old", functions=()), EVENTS),
    ):
        evidence = replace(GOOD, subscriptions=pair)
        [finding] = wrong(evidence)["event subscription"]
        assert finding.what.startswith("2 subscriptions lead to the app: ")
        assert (finding.is_blocking, verdict_on(evidence)) == (False, ARRIVE)


# --- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES, ids=lambda role: f"{role.name} {role.owner}")
def test_a_missing_role_is_named_with_its_scope(role: Any) -> None:
    listed = GOOD.roles[role.on]
    assert not isinstance(listed, NotKnown)
    evidence = roles(role.on, *(one for one in listed if one.role != role.id))
    [(check, [finding])] = wrong(evidence).items()
    assert check == ("app's roles" if role.owner == "the app's" else "Language resource's roles")
    assert finding.what == f"{role.name} on {role.on} is missing."
    assert "azd provision" in finding.fix
    assert finding.is_blocking


def test_a_role_of_somebody_else_does_not_count() -> None:
    others = (RoleAssignment("another", role, STORAGE_ID) for role in APP_ROLES[STORAGE_ID])
    found = wrong(roles(STORAGE, *others, OF_LANGUAGE))["app's roles"]
    assert [one.what.partition(" on ")[0] for one in found] == [
        "Storage Blob Data Owner",
        "Storage Queue Data Contributor",
        "Storage Table Data Contributor",
    ]


@pytest.mark.parametrize("scope", [GROUP_ID, f"/subscriptions/{SUBSCRIPTION}", "/"])
def test_a_role_for_more_than_the_resource_works_and_is_reported(scope: str) -> None:
    role = RoleAssignment(PRINCIPAL, APP_ROLES[LANGUAGE_ID][0], scope)
    [finding] = wrong(roles(LANGUAGE, role))["app's roles"]
    assert finding.what == f"Cognitive Services Language Owner is assigned at {scope}, above the Language resource."
    assert not finding.is_blocking


def test_a_role_that_is_assigned_twice_is_reported_once() -> None:
    role = APP_ROLES[LANGUAGE_ID][0]
    twice = roles(LANGUAGE, *(RoleAssignment(PRINCIPAL, role, scope) for scope in (LANGUAGE_ID, GROUP_ID)))
    assert len(wrong(twice)["app's roles"]) == 1


def test_roles_that_cannot_be_read_are_not_called_missing() -> None:
    evidence = replace(GOOD, roles={**GOOD.roles, STORAGE: DENIED})
    for check in ("app's roles", "Language resource's roles"):
        [finding] = wrong(evidence)[check]
        assert finding.what == "On the storage account: The login of az may not read it."


def test_telemetry_that_is_sent_with_a_key_needs_no_role() -> None:
    others = {name: listed for name, listed in GOOD.roles.items() if name != INSIGHTS}
    [finding] = run_checks(replace(GOOD, roles=others))["app's roles"]
    assert "Monitoring" not in finding.what


def test_the_identity_is_the_one_that_the_app_uses() -> None:
    assert wrong(site(principals={CLIENT: PRINCIPAL, "another": "nobody"})) == {}
    assert wrong(replace(site(principals={"": PRINCIPAL}), settings=settings("AZURE_CLIENT_ID").settings)) == {}


# --- what is no hindrance -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "check"),
    [
        (replace(GOOD, language=Language(LANGUAGE_PRINCIPAL, (STORAGE_ID,), is_keyless=False)), "Language resource"),
        (replace(GOOD, classifier=UsedClassifier(None)), "classifier"),
        (red("gate", "waiting"), "health"),
        (
            replace(
                GOOD,
                classifier=UsedClassifier(CLASSIFIER, Deployment("production", "m1", expires=NOW + timedelta(days=9))),
            ),
            "classifier",
        ),
        (without_events(), "always-ready instance"),
    ],
    ids=["keys", "no classifier", "waiting", "soon", "no events"],
)
def test_what_does_not_keep_the_app_from_working_is_reported_and_not_counted(evidence: Evidence, check: str) -> None:
    assert wrong(evidence).keys() == {check}
    assert not blocking_count(run_checks(evidence))


@pytest.mark.parametrize(
    "evidence",
    [functions(console=False), replace(GOOD, classifier=UsedClassifier(Classifier("", model_id="m"), is_shown=False))],
    ids=["console", "protocol"],
)
def test_what_may_be_so_is_no_finding(evidence: Evidence) -> None:
    assert wrong(evidence) == {}


# --- the verdict --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "sentence"),
    [
        (
            without_events(),
            (
                f"{SWEPT} FILE_EVENTS is false. "
                "If files should be noticed at once: azd env set FILE_EVENTS true, then azd up."
            ),
        ),
        (replace(GOOD, subscriptions=()), f"{SWEPT} No subscription of the topic leads to {APP}. {AGAIN}."),
        (
            functions(document_landed=False),
            f"{SWEPT} The function document_landed is not there, or disabled. Deploy the app again: azd deploy.",
        ),
        (
            replace(GOOD, topic=DENIED, subscriptions=skipped("event topic")),
            (
                "It is not known whether events arrive: the sweep finds files every 7 minutes. "
                "The login of az may not read it. Get the role Contributor."
            ),
        ),
        (
            replace(GOOD, classifier=UsedClassifier(None)),
            (
                "Events arrive: a file is noticed within seconds. There is no classifier yet: files wait. "
                "Publish a model, or PUT /api/classifier: docs/azure.md."
            ),
        ),
        (
            red("sweep"),
            f"{ARRIVE} But a file whose event is lost is not found: sweep is red: It is so. Correct it first.",
        ),
        (
            replace(functions(tick=False), subscriptions=()),
            (
                "Neither events nor the sweep find files: The function tick is not there, or disabled. "
                "Deploy the app again: azd deploy."
            ),
        ),
        (
            replace(GOOD, health=DENIED, subscriptions=()),
            "It is not known how files are noticed: The login of az may not read it. Get the role Contributor.",
        ),
        (
            site(state="Stopped"),
            f"Files are not noticed: {APP} is Stopped. Start it: az functionapp start -g textdrop-dev-rg -n {APP}.",
        ),
        (replace(GOOD, site=ABSENT), "Files are not noticed: It does not exist. Create it: azd up."),
        (
            replace(GOOD, account=DENIED),
            "It is not known how files are noticed: The login of az may not read it. Get the role Contributor.",
        ),
    ],
    ids=[
        "off",
        "no subscription",
        "no trigger",
        "may not read",
        "no classifier",
        "no sweep",
        "neither",
        "no answer",
        "stopped",
        "no app",
        "no login",
    ],
)
def test_the_verdict_says_how_files_are_noticed_why_and_what_to_do(evidence: Evidence, sentence: str) -> None:
    assert verdict_on(evidence) == sentence


@pytest.mark.parametrize(
    ("minutes", "every"), [("1", "every minute."), ("30", "every 30 minutes."), ("", "every 5 minutes.")]
)
def test_the_time_of_the_sweep_is_that_of_the_app(minutes: str, every: str) -> None:
    evidence = replace(settings(SWEEP_MINUTES=minutes), subscriptions=())
    assert f"the sweep finds files {every}" in verdict_on(evidence)
