"""What `doctor --azure` reads: from an `az` that answers as Azure does, and from an app over HTTP; and hostile ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.doctor.azure import commands
from local.doctor.azure.azd_environment import AzdEnvironment
from local.doctor.azure.checks import CHECKS, run_checks
from local.doctor.azure.deployment import Evidence, Health, NotKnown, UsedClassifier
from local.doctor.azure.gathering import gather
from local.doctor.azure.verdict import verdict
from shared.language.types import Classifier, Deployment
from shared.settings import PREVIEW_API, TODAY_API
from tests.infra.doctor.azure_stand_in import (
    APP_ID,
    EVENTS_ID,
    FORBIDDEN,
    FUNCTION_KEY,
    GROUP_ID,
    INSIGHTS_ID,
    LANGUAGE_ID,
    NO_SUBSCRIPTION,
    NOBODY,
    NOT_FOUND,
    SECRETS,
    STORAGE_ID,
    TOPIC_ID,
    TOPICS,
    Azure,
    deployed,
    full_url,
    program,
    values,
)
from tests.support.app_on_azurite import World
from tests.support.app_over_http import served
from tests.support.wire import Reply, Seen, Wire, refused, said

NOW = datetime(2026, 11, 28, tzinfo=UTC)
CLASSIFIER = {"project": "films", "deployment": "production", "from": "ledger"}
DEPLOYMENT = {"name": "production", "model": "m1", "expires": "2027-11-28T00:00:00Z"}
ANSWERS = {
    "/api/health": said({"status": "ok", "checks": [{"name": "tick", "ok": True, "status": "ok"}]}),
    "/api/classifier": said(CLASSIFIER),
    "/api/projects/films/deployments/production": said(DEPLOYMENT),
}
Gathered = Callable[[Azure], Evidence]


def host(wire: Wire) -> str:
    return wire.url.removeprefix("http://")


def answering(wire: Wire, **changes: Reply) -> None:
    """The app's answers: those of a good one, but for the routes whose last part is named."""

    def answer(seen: Seen) -> Reply:
        return changes.get(seen.target.rpartition("/")[2]) or ANSWERS.get(seen.target) or refused(404)

    wire.otherwise = answer


@pytest.fixture
def azure(wire: Wire) -> Azure:
    answering(wire)
    return deployed(host(wire))


@pytest.fixture
def gathered(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gathered:
    """Gathers what an `az` that answers from the table says of the app at `wire`."""

    def gathering(azure: Azure) -> Evidence:
        monkeypatch.setenv("PATH", azure.install(tmp_path))
        return gather(AzdEnvironment("dev", values(f"{wire.url}/api")), NOW)

    return gathering


def faults(evidence: Evidence) -> dict[str, str]:
    """What is wrong and what to do, by check."""
    found = {
        name: " ".join(f"{one.what} {one.fix}" for one in all_ if one.fix)
        for name, all_ in run_checks(evidence).items()
    }
    assert not [secret for secret in SECRETS if secret in f"{evidence} {found}"]
    return {name: line for name, line in found.items() if line}


def test_a_good_deployment_is_read_whole_and_without_a_finding(azure: Azure, gathered: Gathered, wire: Wire) -> None:
    evidence = gathered(azure)
    assert faults(evidence) == {}
    assert verdict(evidence, run_checks(evidence)) == "Events arrive: a file is classified within seconds."
    assert evidence.health == Health("ok", ())
    assert evidence.classifier == UsedClassifier(
        Classifier("", "films", "production"),
        Deployment("production", "m1", expires=datetime(2027, 11, 28, tzinfo=UTC)),
    )
    assert {seen.headers["x-functions-key"] for seen in wire.requests} == {FUNCTION_KEY}


def test_nothing_is_changed_and_no_event_is_sent(azure: Azure, gathered: Gathered, wire: Wire, tmp_path: Path) -> None:
    gathered(azure)
    assert {seen.method for seen in wire.requests} == {"GET"}
    assert not [line for line in wire.lines if "webhooks" in line]
    posted = {call for call in (tmp_path / "calls").read_text().splitlines() if call.startswith("post ")}
    assert posted == {f"post {APP_ID}/config/appsettings/list", f"post {EVENTS_ID}/getFullUrl"}


# --- az -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("complaint", "line"),
    [
        (NOBODY, "Nobody is signed in to az, or the login has expired. Sign in: az login"),
        ("ERROR: AADSTS700082: The refresh token has expired.", ("Nobody is signed in to az, or the login has expired. "
         "Sign in: az login")),
        (NO_SUBSCRIPTION, ("The login of az does not see this subscription. Sign in with a user of the subscription: "
         "az login --tenant TENANT")),
        ("ERROR: HTTPSConnectionPool(host='login.microsoftonline.com'): Max retries exceeded with url: /a",
         "az cannot reach Azure. Check this machine's network and proxy."),
    ],
    ids=["nobody", "expired", "other subscription", "no network"],
)  # fmt: skip
def test_a_login_that_does_not_do_is_told_once(azure: Azure, gathered: Gathered, complaint: str, line: str) -> None:
    azure.refuse("account show", complaint)
    evidence = gathered(azure)
    assert faults(evidence)["subscription"] == line
    assert sum(one.is_blocking and bool(one.fix) for all_ in run_checks(evidence).values() for one in all_) == 1


def test_a_resource_group_that_is_gone(azure: Azure, gathered: Gathered) -> None:
    azure.refuse(f"get {GROUP_ID}", 'ERROR: Not Found({"error":{"code":"ResourceGroupNotFound","message":"m"}})')
    assert faults(gathered(azure))["subscription"] == "It does not exist. Create it: azd up"


CALLS = {
    f"get {APP_ID}": "app",
    f"get {APP_ID}/functions": "functions",
    f"post {APP_ID}/config/appsettings/list": "settings",
    "functionapp keys list": "health",
    f"get {LANGUAGE_ID}": "Language resource",
    f"roles {STORAGE_ID}": "Language resource's roles",
    f"roles {LANGUAGE_ID}": "app's roles",
    f"roles {INSIGHTS_ID}": "app's roles",
    f"get {GROUP_ID}/providers/Microsoft.Insights/components": "app's roles",
    f"get {TOPICS}": "event topic",
    f"get {TOPIC_ID}/eventSubscriptions": "event subscription",
    f"post {EVENTS_ID}/getFullUrl": "event subscription",
}


@pytest.mark.parametrize("call", CALLS)
def test_what_the_login_may_not_read_is_not_called_missing(azure: Azure, gathered: Gathered, call: str) -> None:
    azure.refuse(call, FORBIDDEN)
    evidence = gathered(azure)
    assert "The login of az may not read it. Get the role Contributor" in faults(evidence)[CALLS[call]]
    assert run_checks(evidence).keys() == CHECKS.keys()


@pytest.mark.parametrize("call", CALLS)
def test_what_does_not_exist_is_said_to_be_absent(azure: Azure, gathered: Gathered, call: str) -> None:
    azure.refuse(call, NOT_FOUND)
    assert "It does not exist. Create it: azd up" in faults(gathered(azure))[CALLS[call]]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("text", ["", "no JSON", "null", '"text"', "[" * 100_000], ids=lambda text: text[:8] or "empty")
def test_an_answer_that_is_no_json_is_a_finding(azure: Azure, gathered: Gathered, call: str, text: str) -> None:
    azure.print(call, text)
    assert "The answer of az is no JSON. Update az: az upgrade." in faults(gathered(azure))[CALLS[call]]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("text", ["{}", "[]", '{"value": [1], "properties": []}', '[{"name": 1}]'])
def test_an_answer_of_another_form_is_a_finding_or_is_empty(
    azure: Azure, gathered: Gathered, call: str, text: str
) -> None:
    azure.print(call, text)
    found = faults(gathered(azure))
    assert CALLS[call] in found


def test_a_failure_that_is_not_known_shows_the_command_and_not_what_it_said(azure: Azure, gathered: Gathered) -> None:
    azure.refuse(f"get {APP_ID}/functions", f"ERROR: surprising {FUNCTION_KEY}", 3)
    assert faults(gathered(azure))["functions"] == (
        "az failed with exit code 3. See: az rest --method get "
        f"--url '{APP_ID}/functions?api-version=2025-03-01' --output json"
    )  # fmt: skip


def test_without_az_it_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    evidence = gather(AzdEnvironment("dev", values("https://app.example/api")), NOW)
    assert faults(evidence)["subscription"] == "az is not installed. Install the Azure CLI, then sign in: az login"


def test_an_az_that_hangs_is_ended_with_what_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A pipe that the grandchild holds ends when it does; one that lived on would write to it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sleeping = f"{{ sleep 20; echo alive; }} > {pipe}"
    program(tmp_path / "az", f"#!/bin/sh\nPATH=/usr/bin:/bin\n({sleeping}) &\nwait\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(commands, "SECONDS", 0.2)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(commands.Unanswered, match="az did not answer within"):
        commands.az("account", "show")
    os.set_blocking(reader, True)
    assert os.read(reader, 10) == b""
    os.close(reader)


# --- resources ----------------------------------------------------------------------------------------------------


def change(azure: Azure, call: str, *path: Any, to: Any) -> None:
    """Changes a part of an answer."""
    part = azure.answers[call]
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = to


@pytest.mark.parametrize(
    ("answer", "check", "line"),
    [
        ((f"get {APP_ID}", ("properties", "state"), "Stopped"), "app", "is Stopped"),
        ((f"get {APP_ID}/functions", ("value", 1, "properties", "isDisabled"), True), "functions", "tick is disabled"),
        ((f"get {APP_ID}", ("properties", "functionAppConfig"), None), "always-ready instance", "No instance"),
        ((f"get {LANGUAGE_ID}", ("properties", "userOwnedStorage"), None), "Language resource", "is not linked"),
        ((f"get {LANGUAGE_ID}", ("properties", "disableLocalAuth"), None), "Language resource", "keys are accepted"),
        ((f"get {LANGUAGE_ID}", ("identity",), None), "Language resource's roles", "has no identity"),
        ((f"get {TOPICS}", ("value", 0, "properties", "source"), LANGUAGE_ID), "event topic", "has no system topic"),
        ((f"get {GROUP_ID}/providers/Microsoft.Insights/components", ("value",), []), "app's roles", "is not in the"),
        (("functionapp keys list", ("functionKeys",), {}), "health", "has no function key"),
        (("functionapp keys list", ("systemKeys",), {}), "event subscription", "Its key is not the app's"),
        (("functionapp keys list", ("systemKeys", "blobs_extension"), "new"), "event subscription", "Its key is not"),
        (
            (
                f"get {TOPIC_ID}/eventSubscriptions",
                ("value", 0, "properties", "filter", "advancedFilters"),
                [{"key": "data.api"}],
            ),
            "event subscription",
            "It selects files by advancedFilters, too",
        ),
        (
            (
                f"get {TOPIC_ID}/eventSubscriptions",
                ("value", 0, "properties", "destination"),
                {"endpointType": "StorageQueue", "properties": {"queueName": "q"}},
            ),
            "event subscription",
            "No subscription of the topic leads to",
        ),
        (
            (
                f"get {TOPIC_ID}/eventSubscriptions",
                ("value", 0, "properties", "destination", "properties", "endpointBaseUrl"),
                "https://another.example/runtime/webhooks/blobs",
            ),
            "event subscription",
            "No subscription of the topic leads to",
        ),
    ],
)
def test_a_fault_of_a_resource_is_read(
    azure: Azure, gathered: Gathered, answer: tuple[str, tuple[Any, ...], Any], check: str, line: str
) -> None:
    call, path, to = answer
    change(azure, call, *path, to=to)
    assert line in faults(gathered(azure))[check]


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        ("Host.Functions.document_lande", "Its functionName is Host.Functions.document_lande, not exactly"),
        ("", "Its functionName is missing, not exactly Host.Functions.document_landed: the host accepts an event"),
    ],
)
def test_a_wrong_function_is_read_from_the_whole_address(
    azure: Azure, gathered: Gathered, wire: Wire, function: str, fault: str
) -> None:
    azure.answers[f"post {EVENTS_ID}/getFullUrl"] = full_url(host(wire), function)
    evidence = gathered(azure)
    assert fault in faults(evidence)["event subscription"]
    assert verdict(evidence, run_checks(evidence)).startswith(
        "Events do not arrive: the sweep finds files every 7 minutes. "
    )


# --- the app over HTTP --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"health": refused(401)}, ("health", "It refuses its own function key (401).")),
        ({"health": Reply(401)}, ("health", "It refuses its own function key (401).")),
        ({"health": Reply(403, b"<h1>Stopped</h1>")}, ("health", "It refuses the connection (403).")),
        ({"health": Reply(404)}, ("health", "There is no textdrop at this address (404).")),
        ({"health": Reply(302, headers={"Location": "/login"})}, ("health", "It redirects to another address (302).")),
        ({"health": Reply(503, b"Host is starting")}, ("health", "It answers 503, and not as textdrop does.")),
        ({"health": Reply(cut=0)}, ("health", "There is no answer from http://127.0.0.1")),
        ({"health": said([1])}, ("health", "It answers 200, and not as textdrop does.")),
        ({"health": said({"checks": [1]})}, ("health", "The answer has another form than expected.")),
        (
            {
                "health": said(
                    {"status": "red", "checks": [{"name": "gate", "status": "red", "detail": "Closed: 403."}]}, 503
                )
            },
            ("health", "gate is red: Closed: 403."),
        ),
        ({"production": refused(404)}, ("classifier", "Deployment films/production does not exist.")),
        ({"classifier": refused(502)}, ("classifier", "The app answers 502 (InvalidRequest).")),
        ({"production": refused(503)}, ("classifier", "The app answers 503 (InvalidRequest).")),
    ],
)
def test_what_the_app_answers_instead_is_said_in_words(
    azure: Azure, gathered: Gathered, wire: Wire, changes: dict[str, Reply], line: tuple[str, str]
) -> None:
    answering(wire, **changes)
    check, words = line
    assert words in faults(gathered(azure))[check]


def test_a_redirect_does_not_carry_the_key_away(azure: Azure, gathered: Gathered, wire: Wire) -> None:
    answering(wire, health=Reply(302, headers={"Location": f"{wire.url}/elsewhere"}))
    gathered(azure)
    assert wire.lines == ["GET /api/health"]


@pytest.mark.parametrize("url", ["https://elsewhere.example/api", "http://app.example/api", "ftp://app.example", "x"])
def test_the_key_is_sent_to_the_apps_own_address_only(
    azure: Azure, wire: Wire, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change(azure, f"get {APP_ID}", "properties", "hostNames", to=["app.example"])
    monkeypatch.setenv("PATH", azure.install(tmp_path))
    evidence = gather(AzdEnvironment("dev", values(url)), NOW)
    assert faults(evidence)["health"].startswith(
        "TEXTDROP_URL in azd's environment is not an address of the function app."
    )
    assert not wire.requests


@pytest.mark.parametrize("world", [TODAY_API, PREVIEW_API], indirect=True)
def test_the_real_app_is_asked(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its health in words, and its classifier with the deployment, in each protocol."""
    with served(world, ticking=False) as (stack, wire):
        monkeypatch.setenv("PATH", deployed(host(wire)).install(tmp_path))
        environment = AzdEnvironment("dev", values(stack.url))
        before = gather(environment, world.now)
        assert "tick is red: No tick has run yet: is the timer function enabled?" in faults(before)["health"]
        assert "There is no classifier yet" in faults(before)["classifier"]
        world.publish()
        world.tick()
        after = gather(environment, world.now)
        assert faults(after) == {}
        assert isinstance(after.classifier, UsedClassifier)
        assert after.classifier.classifier is not None
        assert after.classifier.is_shown == (world.api == TODAY_API)
        assert faults(replace(after, classifier=NotKnown("Away.", "Wait.")))["classifier"] == "Away. Wait."
        assert {seen.headers["x-functions-key"] for seen in wire.requests} == {FUNCTION_KEY}
