"""What the doctor looks at: a table of checks, each a few lines that give what is wrong and what to do about it.

Nothing is changed anywhere, but that the ledger's table is made if it is missing, as the app's first use would.
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
from shared.domain.singletons import Pulse
from shared.errors import LanguageError, NotSupported, Refused, Rejected, SettingsError, TextdropError, Unknown
from shared.labels.formats import parse_labels
from shared.language.types import Classifier, Deployment
from shared.pipeline.classifier import chosen
from shared.services import TABLE, Services, build
from shared.settings import PREVIEW_API, load

FUNCTIONS = {"document_landed", "tick", "manage"}
SOON = timedelta(days=30)
NO_JOB = "00000000-0000-0000-0000-000000000000"
SAMPLE_ENDPOINT = "https://NAME.cognitiveservices.azure.com"  # of local.settings.sample.json
KEY_OR_LOGIN = "Set LANGUAGE_KEY; or, to do without one, sign in with `az login`."
LANGUAGE_MENDS: tuple[tuple[type[LanguageError], str], ...] = (
    (Rejected, "Correct LANGUAGE_API: the resource does not speak this version."),
    (Unknown, "Correct LANGUAGE_ENDPOINT, or LANGUAGE_API."),
    (LanguageError, "Correct LANGUAGE_ENDPOINT, or see to the resource's network rules."),
)


@dataclass(frozen=True)
class Finding:
    """What a check found. `mend`: what to do about it; without one all is well. `serious`: deploying is no use yet."""

    what: str
    mend: str = ""
    serious: bool = True


@dataclass(frozen=True)
class Patient:
    """An app's folder and the settings it is to have. `labels`: a labels file to look at, if any."""

    folder: Path
    environ: Mapping[str, str]
    now: datetime
    labels: Path | None = None

    @cached_property
    def services(self) -> Services:
        return build(load(self.environ))

    @cached_property
    def keyless(self) -> tuple[str, ...]:
        """The connections that somebody must be signed in for."""
        return sign_in.needed_for(self.host)

    @cached_property
    def host(self) -> HostSettings:
        return HostSettings(self.environ)


def settings(patient: Patient) -> Iterator[Finding]:
    try:
        load(patient.environ)
    except SettingsError as error:
        for fault in error.faults:
            yield Finding(f"{fault}.", storage_accounts.to_set(fault.split()[0]))
    else:
        yield Finding("All are there, and of the right form.")


def schedule(patient: Patient) -> Iterator[Finding]:
    if not (expression := patient.environ.get("TICK_SCHEDULE", "").strip()):
        return  # among the settings that are missing
    try:
        parse(expression)
        yield Finding(f"TICK_SCHEDULE is one: {expression}")
    except ScheduleError:
        yield Finding("TICK_SCHEDULE is no schedule.", "Set six NCRONTAB fields, such as */10 * * * * *.")


def host_file(patient: Patient) -> Iterator[Finding]:
    try:
        found = host_json.read(patient.folder, patient.host)
    except SetupError as error:
        yield Finding(str(error), "Take host.json as it comes with textdrop.")
        return
    if found.route_prefix != "api":
        mend = 'Leave "routePrefix" out: the Location of every answer begins with /api.'
        yield Finding(f"Its route prefix is {found.route_prefix!r}.", mend)
    else:
        yield Finding("It can be read, and its routes begin with /api.")


def functions(patient: Patient) -> Iterator[Finding]:
    try:
        found = function_names.functions(patient.folder, patient.environ)
    except SetupError as error:
        yield Finding(str(error), "Install requirements.txt, and undo what was changed.")
        return
    if set(found) != FUNCTIONS:
        yield Finding(f"There are {', '.join(found)}.", f"There must be exactly {', '.join(sorted(FUNCTIONS))}.")
    else:
        yield Finding(f"Exactly {', '.join(found)}.")


def signed_in(patient: Patient) -> Iterator[Finding]:
    """Asked once: each connection without a key would find the same."""
    names = ", ".join(patient.keyless)
    if not names:
        yield Finding("None is needed: every connection has a key.")
    elif sign_in.is_there():
        yield Finding(f"You are signed in, for what has no key: {names}.")
    else:
        mend = KEY_OR_LOGIN if patient.keyless == (sign_in.LANGUAGE,) else storage_accounts.SIGN_IN
        yield Finding(f"Nobody is signed in, and there is no key for: {names}.", mend)


def host_storage(patient: Patient) -> Iterator[Finding]:
    yield from _account(patient, STORAGE)


def documents_storage(patient: Patient) -> Iterator[Finding]:
    yield from _account(patient, storage_accounts.DOCUMENTS)


def containers(patient: Patient) -> Iterator[Finding]:
    documents = patient.services.documents
    if not documents.reachable():
        yield Finding(f"Container {documents.container} is not there.", "Create it, or correct DOCUMENTS_CONTAINER.")
        return
    documents.page("", 1)
    documents.result("textdrop-doctor")
    yield Finding(f"{documents.container} can be listed; {documents.results} is made on first use.")


def tables(patient: Patient) -> Iterator[Finding]:
    patient.services.ledger.read(Pulse)
    yield Finding(f"Table {TABLE} is there and can be read.")


def language(patient: Patient) -> Iterator[Finding]:
    """A call that changes nothing, and that an endpoint, a key, a role or a version can fail at."""
    used = patient.services.settings
    if used.language_endpoint.rstrip("/") == SAMPLE_ENDPOINT:  # where the key must not go
        yield Finding(
            "LANGUAGE_ENDPOINT is still the sample's.", "Set LANGUAGE_ENDPOINT: NAME is your Language resource's."
        )
        return
    if used.language_api == PREVIEW_API:  # which can list nothing
        with suppress(Unknown):
            patient.services.language.analysis(NO_JOB)
    else:
        patient.services.language.projects()
    yield Finding(f"{used.language_endpoint} answers in {used.language_api}.")


def classifier(patient: Patient) -> Iterator[Finding]:
    found = chosen(patient.services)
    if found is None:
        yield Finding("There is none yet: files will wait.", "Publish a model, or PUT /api/classifier.", serious=False)
        return
    try:
        deployments = {one.name: one for one in patient.services.language.deployments(found.project)}
    except NotSupported:
        yield Finding(f"Model {found.model_id}; its protocol does not tell whether it is deployed.")
        return
    except Unknown:
        deployments = {}
    yield _deployment(found, deployments.get(found.deployment), patient.now)


def labels(patient: Patient) -> Iterator[Finding]:
    if patient.labels is None:
        return
    try:
        found = parse_labels(patient.labels.read_bytes())
    except OSError as error:
        yield Finding(f"{patient.labels} cannot be read: {error.strerror}.", "Name another file.")
    except TextdropError as error:
        yield Finding(f"{patient.labels}: {error}", "Correct the labels file.")
    else:
        yield Finding(f"{len(found.documents)} documents, {len(found.classes)} classes.")


def _deployment(found: Classifier, deployment: Deployment | None, now: datetime) -> Finding:
    name = f"{found.project}/{found.deployment}"
    if deployment is None:
        return Finding(f"Deployment {name} is not there.", "Publish a model to it, or PUT /api/classifier.")
    if deployment.expires is None or deployment.expires - now > SOON:
        return Finding(f"Deployment {name} has model {deployment.model}.")
    over = deployment.expires <= now
    said = f"Deployment {name} {'expired' if over else 'expires'} on {deployment.expires:%Y-%m-%d}."
    return Finding(said, "Train the model anew and publish it.", serious=over)


def _account(patient: Patient, name: str) -> Iterator[Finding]:
    """Its blobs and its queues can be asked for; what is not there yet is made by the host."""
    found = storage_accounts.trouble(patient.host, name)
    yield Finding(*found) if found else Finding(f"{name}: blobs and queues answer.")


def look(name: str, patient: Patient) -> list[Finding]:
    """All that one check finds; trouble it did not foresee is a finding too."""
    try:
        return list(CHECKS[name](patient))
    except LanguageError as error:
        return [Finding(f"{patient.services.settings.language_endpoint}: {error}", _language_mend(error, patient))]
    except TextdropError as error:
        return [_storage_finding(error, patient)]
    except Exception as error:  # noqa: BLE001  what one check stumbles over keeps none from its turn
        return [
            Finding(f"It cannot be looked at ({type(error).__name__}).", "Correct the settings and files it is of.")
        ]


def _storage_finding(error: TextdropError, patient: Patient) -> Finding:
    mend = storage_accounts.mend(storage_accounts.cause(error), patient.host, storage_accounts.DOCUMENTS)
    return Finding(storage_accounts.told(error), mend)


def _language_mend(error: LanguageError, patient: Patient) -> str:
    if not isinstance(error, Refused):
        return next(mend for kind, mend in LANGUAGE_MENDS if isinstance(error, kind))
    if patient.services.settings.language_key:
        return "Correct LANGUAGE_KEY, or see to the resource's network rules."
    return storage_accounts.SIGN_IN if error.__cause__ else "Give the identity Cognitive Services Language Owner."


# In the order of a deployment. Those of NEEDED make no sense before another has found nothing.
CHECKS: dict[str, Callable[[Patient], Iterator[Finding]]] = {
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


def examine(patient: Patient) -> dict[str, list[Finding]]:
    """Every check's findings, in the order of CHECKS."""
    found: dict[str, list[Finding]] = {}
    for name in CHECKS:
        missing = [first for first in _needed(name, patient) if any(one.mend for one in found[first])]
        found[name] = [_skipped(missing)] if missing else look(name, patient)
    return found


def _needed(name: str, patient: Patient) -> list[str]:
    """The checks that must have found nothing before this one makes sense."""
    login_needed = ["login"] if CONNECTIONS.get(name) in patient.keyless else []
    return [NEEDED[name], *login_needed] if name in NEEDED else login_needed


def _skipped(missing: list[str]) -> Finding:
    return Finding("Not looked at.", f"First correct what is found above: {', '.join(missing)}.", serious=False)


def to_correct(found: Mapping[str, list[Finding]]) -> int:
    """How many things keep the app from working. One that several checks meet is one."""
    return len({one.mend for findings in found.values() for one in findings if one.mend and one.serious})
