"""The checks of the doctor. Each yields findings: what is wrong, and what to do about it.

They change nothing, except that the ledger's table is created if it is missing, as on the app's first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from local.doctor import function_names, sign_in, storage_accounts
from local.doctor.checked_app import CheckedApp, Finding
from local.errors import SetupError
from local.host.config import host_json
from local.host.config.settings import STORAGE
from local.host.triggers.ncrontab import ScheduleError, parse
from shared.domain.singletons import Heartbeat
from shared.errors import (
    NotSupported,
    ResourceNotFound,
    SettingsError,
    TextdropError,
)
from shared.labels.formats import parse_labels
from shared.language.types import Classifier, Deployment
from shared.pipeline.classifier import chosen
from shared.services import TABLE
from shared.settings import PREVIEW_API, load

FUNCTIONS = {"document_landed", "tick", "manage", "console"}
SOON = timedelta(days=30)
NO_JOB = "00000000-0000-0000-0000-000000000000"
SAMPLE_ENDPOINT = "https://NAME.cognitiveservices.azure.com"  # of local.settings.sample.json
KEY_OR_LOGIN = "Set LANGUAGE_KEY; or, to use no key, sign in with `az login`."


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
    """Checks for a login, which all connections without a key share."""
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


def events(app: CheckedApp) -> Iterator[Finding]:
    queue, name = app.services.events, app.services.settings.events_queue
    if queue is None:
        yield Finding("EVENTS_QUEUE is not set: no events are sent.")
    elif queue.exists():
        yield Finding(f"Queue {name} exists and responds.")
    else:
        yield Finding(f"Queue {name} is created on first use.")


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
    yield deployment_finding(found, deployments.get(found.deployment), app.now)


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


def deployment_finding(found: Classifier, deployment: Deployment | None, now: datetime) -> Finding:
    """Whether the deployment of a classifier exists, and has not expired. `deployment`: None if there is none."""
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


# In the order of a deployment.
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
    "events": events,
    "Language service": language,
    "classifier": classifier,
    "labels file": labels,
}
