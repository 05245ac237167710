"""The checks of the doctor. Each yields findings: what is wrong, and what to do about it.

They change nothing, except that the ledger's table is created if it is missing, as on the app's first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from local.doctor import function_names, sign_in, storage_accounts
from local.errors import SetupError
from local.host.config import host_json
from local.host.config.settings import STORAGE
from local.host.config.settings import Settings as HostSettings
from local.host.triggers.ncrontab import ScheduleError, parse
from shared.domain.singletons import Heartbeat
from shared.errors import (
    AccessDenied,
    LanguageError,
    NotSupported,
    Rejected,
    ResourceNotFound,
    SettingsError,
    TextdropError,
)
from shared.labels.formats import parse_labels
from shared.language.types import Classifier, Deployment
from shared.pipeline.classifier import chosen
from shared.services import TABLE, Services, build
from shared.settings import PREVIEW_API, load

FUNCTIONS = {"document_landed", "tick", "manage"}
SOON = timedelta(days=30)
NO_JOB = "00000000-0000-0000-0000-000000000000"
SAMPLE_ENDPOINT = "https://NAME.cognitiveservices.azure.com"  # of local.settings.sample.json
KEY_OR_LOGIN = "Set LANGUAGE_KEY; or, to use no key, sign in with `az login`."
LANGUAGE_FIXES: tuple[tuple[type[LanguageError], str], ...] = (
    (Rejected, "Correct LANGUAGE_API: the resource does not support this version."),
    (ResourceNotFound, "Correct LANGUAGE_ENDPOINT, or LANGUAGE_API."),
    (LanguageError, "Correct LANGUAGE_ENDPOINT, or check the resource's network rules."),
)


@dataclass(frozen=True)
class Finding:
    """A result of a check. `fix`: what to do, or "". `is_blocking`: the app cannot work without the fix."""

    what: str
    fix: str = ""
    is_blocking: bool = True


@dataclass(frozen=True)
class CheckedApp:
    """An app's folder and its future settings. `labels`: a labels file to check, if any."""

    folder: Path
    environ: Mapping[str, str]
    now: datetime
    labels: Path | None = None

    @cached_property
    def services(self) -> Services:
        return build(load(self.environ))

    @cached_property
    def keyless(self) -> tuple[str, ...]:
        """The connections without a key, which need a login."""
        return sign_in.needed_for(self.host)

    @cached_property
    def host(self) -> HostSettings:
        return HostSettings(self.environ)


def settings(app: CheckedApp) -> Iterator[Finding]:
    try:
        load(app.environ)
    except SettingsError as error:
        for fault in error.faults:
            yield Finding(f"{fault}.", storage_accounts.how_to_set(fault.split()[0]))
    else:
        yield Finding("All are set and valid.")


def schedule(app: CheckedApp) -> Iterator[Finding]:
    if not (expression := app.environ.get("TICK_SCHEDULE", "").strip()):
        return  # reported as a missing setting
    try:
        parse(expression)
        yield Finding(f"TICK_SCHEDULE is valid: {expression}")
    except ScheduleError:
        yield Finding("TICK_SCHEDULE is not a schedule.", "Set six NCRONTAB fields, such as */10 * * * * *.")


def host_file(app: CheckedApp) -> Iterator[Finding]:
    try:
        found = host_json.read(app.folder, app.host)
    except SetupError as error:
        yield Finding(str(error), "Restore textdrop's host.json.")
        return
    if found.route_prefix != "api":
        fix = 'Remove "routePrefix": the Location of every response begins with /api.'
        yield Finding(f"Its route prefix is {found.route_prefix!r}.", fix)
    else:
        yield Finding("It is valid, and its routes begin with /api.")


def functions(app: CheckedApp) -> Iterator[Finding]:
    try:
        found = function_names.functions(app.folder, app.environ)
    except SetupError as error:
        yield Finding(str(error), "Install requirements.txt, and undo changes of the app.")
        return
    if set(found) != FUNCTIONS:
        yield Finding(f"There are {', '.join(found)}.", f"There must be exactly {', '.join(sorted(FUNCTIONS))}.")
    else:
        yield Finding(f"Exactly {', '.join(found)}.")


def signed_in(app: CheckedApp) -> Iterator[Finding]:
    """Checked once for all connections without a key."""
    names = ", ".join(app.keyless)
    if not names:
        yield Finding("No login is needed: every connection that is set has a key.")
    elif sign_in.is_there():
        yield Finding(f"You are signed in, for the connections without a key: {names}.")
    else:
        fix = KEY_OR_LOGIN if app.keyless == (sign_in.LANGUAGE,) else storage_accounts.SIGN_IN
        yield Finding(f"Nobody is signed in, and there is no key for: {names}.", fix)


def host_storage(app: CheckedApp) -> Iterator[Finding]:
    yield from _account(app, STORAGE)


def documents_storage(app: CheckedApp) -> Iterator[Finding]:
    if app.host.get(storage_accounts.DOCUMENTS) or app.host.beneath(storage_accounts.DOCUMENTS):
        yield from _account(app, storage_accounts.DOCUMENTS)  # otherwise it is reported as a missing setting


def containers(app: CheckedApp) -> Iterator[Finding]:
    documents = app.services.documents
    if not documents.reachable():
        yield Finding(f"Container {documents.container} does not exist.", "Create it, or correct DOCUMENTS_CONTAINER.")
        return
    documents.page("", 1)
    documents.result("textdrop-doctor")
    yield Finding(f"{documents.container} can be listed; {documents.results} is created on first use.")


def tables(app: CheckedApp) -> Iterator[Finding]:
    app.services.ledger.read(Heartbeat)
    yield Finding(f"Table {TABLE} exists and can be read.")


def language(app: CheckedApp) -> Iterator[Finding]:
    """A call that changes nothing, and fails for a wrong endpoint, key, role or version."""
    used = app.services.settings
    if used.language_endpoint.rstrip("/") == SAMPLE_ENDPOINT:  # the key must not be sent there
        yield Finding(
            "LANGUAGE_ENDPOINT is still that of the sample.",
            "Set LANGUAGE_ENDPOINT: NAME is the name of your Language resource.",
        )
        return
    if used.language_api == PREVIEW_API:  # it has no lists
        with suppress(ResourceNotFound):
            app.services.language.analysis(NO_JOB)
    else:
        app.services.language.projects()
    yield Finding(f"{used.language_endpoint} answers in {used.language_api}.")


def classifier(app: CheckedApp) -> Iterator[Finding]:
    found = chosen(app.services)
    if found is None:
        yield Finding(
            "There is no classifier yet: files will wait.",
            "Publish a model, or PUT /api/classifier.",
            is_blocking=False,
        )
        return
    try:
        deployments = {deployment.name: deployment for deployment in app.services.language.deployments(found.project)}
    except NotSupported:
        yield Finding(f"Model {found.model_id}; its protocol cannot show whether it is deployed.")
        return
    except ResourceNotFound:
        deployments = {}
    yield _deployment(found, deployments.get(found.deployment), app.now)


def labels(app: CheckedApp) -> Iterator[Finding]:
    if app.labels is None:
        return
    try:
        found = parse_labels(app.labels.read_bytes())
    except OSError as error:
        yield Finding(f"{app.labels} cannot be read: {error.strerror}.", "Name another file.")
    except TextdropError as error:
        yield Finding(f"{app.labels}: {error}", "Correct the labels file.")
    else:
        yield Finding(f"{len(found.documents)} documents, {len(found.classes)} classes.")


def _deployment(found: Classifier, deployment: Deployment | None, now: datetime) -> Finding:
    name = f"{found.project}/{found.deployment}"
    if deployment is None:
        return Finding(f"Deployment {name} does not exist.", "Publish a model to it, or PUT /api/classifier.")
    if deployment.expires is None or deployment.expires - now > SOON:
        return Finding(f"Deployment {name} has model {deployment.model}.")
    over = deployment.expires <= now
    said = f"Deployment {name} {'expired' if over else 'expires'} on {deployment.expires:%Y-%m-%d}."
    return Finding(said, "Train the model again and publish it.", is_blocking=over)


def _account(app: CheckedApp, name: str) -> Iterator[Finding]:
    """Checks that blobs and queues respond. The host creates what does not exist yet."""
    found = storage_accounts.find_problem(app.host, name)
    yield Finding(*found) if found else Finding(f"{name}: blobs and queues respond.")


def run_check(name: str, app: CheckedApp) -> list[Finding]:
    """The findings of one check; an unforeseen error is a finding too."""
    try:
        return list(CHECKS[name](app))
    except LanguageError as error:
        return [Finding(f"{app.services.settings.language_endpoint}: {error}", _language_fix(error, app))]
    except TextdropError as error:
        return [_storage_finding(error, app)]
    except Exception as error:  # noqa: BLE001  what one check stumbles over keeps none from its turn
        return [Finding(f"It cannot be checked ({type(error).__name__}).", "Correct its settings and files.")]


def _storage_finding(error: TextdropError, app: CheckedApp) -> Finding:
    fix = storage_accounts.fix(storage_accounts.cause(error), app.host, storage_accounts.DOCUMENTS)
    return Finding(storage_accounts.describe(error), fix)


def _language_fix(error: LanguageError, app: CheckedApp) -> str:
    if not isinstance(error, AccessDenied):
        return next(fix for kind, fix in LANGUAGE_FIXES if isinstance(error, kind))
    if app.services.settings.language_key:
        return "Correct LANGUAGE_KEY, or check the resource's network rules."
    return storage_accounts.SIGN_IN if error.__cause__ else "Give the identity Cognitive Services Language Owner."


# In the order of a deployment. A check in NEEDED requires another one without findings.
CHECKS: dict[str, Callable[[CheckedApp], Iterator[Finding]]] = {
    "settings": settings,
    "schedule": schedule,
    "host.json": host_file,
    "functions": functions,
    "login": signed_in,
    "host's storage": host_storage,
    "documents' storage": documents_storage,
    "containers": containers,
    "tables": tables,
    "Language service": language,
    "classifier": classifier,
    "labels file": labels,
}
NEEDED = {
    "containers": "settings",
    "tables": "settings",
    "Language service": "settings",
    "classifier": "Language service",
}
CONNECTIONS = {
    "host's storage": STORAGE,
    "documents' storage": storage_accounts.DOCUMENTS,
    "containers": storage_accounts.DOCUMENTS,
    "tables": storage_accounts.DOCUMENTS,
    "Language service": sign_in.LANGUAGE,
}


def run_checks(app: CheckedApp) -> dict[str, list[Finding]]:
    """Every check's findings, in the order of CHECKS."""
    found: dict[str, list[Finding]] = {}
    for name in CHECKS:
        missing = [first for first in _needed(name, app) if any(one.fix for one in found[first])]
        found[name] = [_skipped(missing)] if missing else run_check(name, app)
    return found


def _needed(name: str, app: CheckedApp) -> list[str]:
    """The checks that must be without findings before this one."""
    login_needed = ["login"] if CONNECTIONS.get(name) in app.keyless else []
    return [NEEDED[name], *login_needed] if name in NEEDED else login_needed


def _skipped(missing: list[str]) -> Finding:
    return Finding("Not checked.", f"First correct the findings above: {', '.join(missing)}.", is_blocking=False)


def blocking_count(found: Mapping[str, list[Finding]]) -> int:
    """How many problems keep the app from working. One that several checks find counts once."""
    return len({one.fix for findings in found.values() for one in findings if one.fix and one.is_blocking})
