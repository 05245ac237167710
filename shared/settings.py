"""App settings: names, defaults and validation. The only module that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.language.endpoint import Endpoint

TODAY_API = "2023-04-01"
PREVIEW_API = "v3.1-preview.ct.1"
APIS = (TODAY_API, "2022-05-01", PREVIEW_API)
# Requests a minute: the service's current limits, and those of the quickstart's protocol.
REQUESTS_PER_MINUTE = {PREVIEW_API: 20}
DEFAULT_REQUESTS_PER_MINUTE = 1000
TRIGGER_SOURCES = ("LogsAndContainerScan", "EventGrid")
# The host's switch for the function, and its form where a name of the environment cannot have dots.
CONSOLE_OFF = ("AzureWebJobs.console.Disabled", "AzureWebJobs_console_Disabled")
SERVICE_URIS = ("blobServiceUri", "queueServiceUri", "tableServiceUri")
CONTAINER_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
ADDRESS = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?(/[\w.-]*)*", re.IGNORECASE | re.ASCII)
CONNECTION_STRING = re.compile(r"UseDevelopmentStorage=true;?|([A-Za-z]+=[^;]+;?)+", re.IGNORECASE)
MAX_NUMBER = 1_000_000


@dataclass(frozen=True)
class Connection:
    """A storage account: a connection string, or the addresses of its services for an identity.

    `client_id` names a user-assigned identity; without one the environment's own is used.
    """

    connection_string: str = field(default="", repr=False)
    blob_uri: str = ""
    queue_uri: str = ""
    table_uri: str = ""
    client_id: str = ""


@dataclass(frozen=True)
class Settings:
    """The validated settings. `language_key`: None for an identity. `classifier`: not parsed; "" if not set."""

    language_endpoint: str
    language_key: str | None = field(repr=False)
    language_api: str
    requests_per_minute: int
    storage: Connection
    documents_container: str
    results_container: str
    sweep_minutes: int
    classifier: str
    review_below: float  # documents whose best class has a lower confidence are reviewed
    review_audit_percent: float  # of all documents; reviewed whatever their confidence
    events_queue: str  # completion events are sent there; "": none are sent
    has_console: bool  # whether the function `console` is on
    tracing: bool = False  # whether OpenTelemetry's API is used, if it is installed


def trigger_source(environ: Mapping[str, str] = os.environ) -> str:
    """BLOB_TRIGGER_SOURCE for the decorator. An invalid value counts as the default, so that indexing never fails."""
    given = environ.get("BLOB_TRIGGER_SOURCE", "").strip()
    return given if given in TRIGGER_SOURCES else TRIGGER_SOURCES[0]


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and validate every setting. Raises SettingsError with all faults together, without the values."""
    reader = _Reader(environ)
    api = reader.choice("LANGUAGE_API", APIS, TODAY_API)
    settings = Settings(
        language_endpoint=reader.checked("LANGUAGE_ENDPOINT", _endpoint_fault),
        language_key=environ.get("LANGUAGE_KEY", "").strip() or None,
        language_api=api,
        requests_per_minute=reader.number(
            "LANGUAGE_REQUESTS_PER_MINUTE", REQUESTS_PER_MINUTE.get(api, DEFAULT_REQUESTS_PER_MINUTE)
        ),
        storage=reader.connection("DOCUMENTS_STORAGE"),
        documents_container=reader.checked("DOCUMENTS_CONTAINER", _container_fault),
        results_container=reader.checked("RESULTS_CONTAINER", _container_fault, "results"),
        sweep_minutes=reader.number("SWEEP_MINUTES", 5),
        classifier=reader.checked("CLASSIFIER", _classifier_fault(api), ""),
        review_below=reader.share("REVIEW_BELOW", 0.5, 1),
        review_audit_percent=reader.share("REVIEW_AUDIT_PERCENT", 2, 100),
        events_queue=reader.checked("EVENTS_QUEUE", _queue_fault, ""),
        tracing=reader.choice("TRACING", ("true", "false"), "false") == "true",
        has_console=not any(environ.get(name, "").strip().lower() in ("true", "1") for name in CONSOLE_OFF),
    )
    reader.checked("TICK_SCHEDULE", _no_fault)
    reader.choice("BLOB_TRIGGER_SOURCE", TRIGGER_SOURCES, TRIGGER_SOURCES[0])
    if settings.documents_container and settings.results_container == settings.documents_container:
        reader.faults.append(
            "RESULTS_CONTAINER must differ from DOCUMENTS_CONTAINER, or results are taken for documents"
        )
    if reader.faults:
        raise SettingsError("App settings need attention: " + "; ".join(reader.faults) + ".", tuple(reader.faults))
    return settings


class _Reader:
    """Reads settings and collects all faults."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def checked(self, name: str, fault: Callable[[str], str], default: str | None = None) -> str:
        value = self.environ.get(name, "").strip()
        if not value:
            if default is None:
                self.faults.append(f"{name} is missing")
            return default or ""
        if found := fault(value):
            self.faults.append(f"{name} {found}")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        return self.checked(name, _choice_fault(choices), default)

    def number(self, name: str, default: int) -> int:
        value = self.checked(name, _number_fault, str(default))
        return int(value) if not _number_fault(value) else default

    def share(self, name: str, default: float, largest: int) -> float:
        fault = _share_fault(largest)
        value = self.checked(name, fault, str(default))
        return float(value) if not fault(value) else default

    def connection(self, name: str) -> Connection:
        """Resolved as by the Functions host: first with the AzureWebJobs prefix, connection string before addresses."""
        for prefix in ("AzureWebJobs" + name, name):
            if value := self.environ.get(prefix, "").strip():
                if not CONNECTION_STRING.fullmatch(value):
                    self.faults.append(f"{prefix} is not a connection string (NAME=VALUE;NAME=VALUE;…)")
                return Connection(connection_string=value)
            uris = [self.environ.get(f"{prefix}__{service}", "").strip() for service in SERVICE_URIS]
            if any(uris):
                return self._identity(prefix, uris)
        self.faults.append(f"{name} is missing (a connection string, or {name}__{', __'.join(SERVICE_URIS)})")
        return Connection()

    def _identity(self, prefix: str, uris: list[str]) -> Connection:
        # The blob trigger also needs the queue service: without it, the host stops at the first poison message.
        for service, uri in zip(SERVICE_URIS, uris, strict=True):
            if not uri:
                self.faults.append(f"{prefix}__{service} is missing; the other addresses are set")
            elif not ADDRESS.fullmatch(uri):
                self.faults.append(f"{prefix}__{service} must start with https://")
        blob, queue, table = uris
        return Connection(
            blob_uri=blob, queue_uri=queue, table_uri=table, client_id=self.environ.get(f"{prefix}__clientId", "")
        )


def _choice_fault(choices: tuple[str, ...]) -> Callable[[str], str]:
    return lambda value: "" if value in choices else f"must be one of {', '.join(choices)}"


def _no_fault(_: str) -> str:
    return ""


def _number_fault(value: str) -> str:
    fits = re.fullmatch(r"0*[1-9][0-9]{0,6}", value, re.ASCII) and int(value) <= MAX_NUMBER
    return "" if fits else f"must be a whole number from 1 to {MAX_NUMBER:,}"


def _share_fault(largest: int) -> Callable[[str], str]:
    plain = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)
    message = f"must be a number from 0 to {largest}, such as {largest / 2:g}"
    return lambda value: "" if plain.fullmatch(value) and float(value) <= largest else message


def _container_fault(value: str) -> str:
    return "" if CONTAINER_NAME.fullmatch(value) else "is no container name (3 to 63 of a-z, 0-9 and single hyphens)"


def _queue_fault(value: str) -> str:
    return "" if CONTAINER_NAME.fullmatch(value) else "is no queue name (3 to 63 of a-z, 0-9 and single hyphens)"


def _endpoint_fault(value: str) -> str:
    try:
        Endpoint.of(value)
    except SettingsError:
        return "must be an address such as https://NAME.cognitiveservices.azure.com (http only on this machine)"
    return ""


def _classifier_fault(api: str) -> Callable[[str], str]:
    named = re.compile(r".+" if api == PREVIEW_API else r"[^/]+/[^/]+")
    return lambda value: "" if named.fullmatch(value) else "must be project/deployment"
