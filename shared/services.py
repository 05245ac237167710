"""The clients and settings that all modules share. Built on first use: the SDKs are not imported before that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate
from shared.settings import PREVIEW_API, Connection, Settings, load

if TYPE_CHECKING:
    from shared.language.deadlines import Session
    from shared.language.transport import Transport
    from shared.language.types import Language
    from shared.storage.blobs import BlobStore
    from shared.storage.ledger import Ledger
    from shared.storage.queues import EventQueue

TABLE = "textdrop"
# In seconds. The SDKs' defaults wait 80 seconds for an address that does not respond.
PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 20, "retry_total": 2, "retry_backoff_factor": 0.5}
BLOB_PATIENCE = {**PATIENCE, "initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1}
# Bytes of a download's first request; larger than any document.
BLOB_FIRST_READ = 8 * 2**20
STORAGE_CONNECTIONS = 32
TOKEN_SCOPE = "https://cognitiveservices.azure.com/.default"  # noqa: S105 - the name of a permission, no secret
_building = threading.Lock()


class Seen:
    """State of this process, cached from the ledger and the service. Safe to share between threads."""

    def __init__(self) -> None:
        self.slot: datetime | None = None  # when the submit lease was last taken
        self.clocks: datetime | None = None  # when stored times were last checked
        self.from_setting: ActiveClassifier | None = None  # the classifier of the CLASSIFIER setting
        self.unknown_setting: datetime | None = None  # when the service last did not know the project of CLASSIFIER
        self.gate: Gate | None = None  # as it was last read or written
        self.paused = False  # whether submissions were paused when that was last read
        self.labels: dict[tuple[str, str], tuple[datetime, Mapping[str, int]]] = {}  # by project and model
        self._gate = Gate()
        self._looking = threading.Lock()

    def saw(self, gate: Gate) -> None:
        """Remember what of this state of the gate is closed longer than before; all of it if it was reopened since."""
        with self._looking:
            self._gate = self._gate.joined(gate)

    def was_untroubled(self, classifier: str) -> bool:
        """Whether the gate, and that of this classifier, had no failures when this process last read or wrote it."""
        last = self.gate
        return last is not None and not any(last.of(name).failures for name in ("", classifier))

    def is_closed(self, now: datetime, classifier: str = "") -> bool:
        """Whether the gate is closed, for all calls or for the submissions to the classifier with this name.

        Its times are corrected first: our clock may have been ahead.
        """
        with self._looking:
            self._gate = self._gate.bounded(now)
            return any(self._gate.of(name).is_closed(now) for name in {"", classifier})

    def opens(self, now: datetime, classifier: str = "") -> datetime:
        """When calls (to this classifier) may start: `now`, or the time at which the gate opens."""
        with self._looking:
            return max(now, *(self._gate.of(name).until or now for name in ("", classifier)))

    def opened(self) -> Gate:
        """The gate, opened."""
        return self._gate.opened()


@dataclass(frozen=True)
class Services:
    """The settings, one client for each external service, and the state of this process."""

    settings: Settings
    ledger: Ledger
    documents: BlobStore
    language: Language
    events: EventQueue | None = None  # None: no events are sent
    seen: Seen = field(default_factory=Seen)
    sent: Mapping[str, Callable[[], int]] = field(default_factory=dict)  # requests of this process so far, by receiver


def services() -> Services:
    """The services for the app settings of this process. Raises SettingsError until the settings are valid."""
    with _building:
        return _services()


@cache
def _services() -> Services:
    return build(load())


def forget() -> None:
    """Discard the cached services, so that the next call reads the settings again."""
    with _building:
        _services.cache_clear()
        _identity.cache_clear()


def build(settings: Settings) -> Services:
    """Build the clients for these settings. They do not connect before their first use."""
    from shared.storage.ledger import Ledger
    from shared.storage.tables import TableRows

    session, transport = _storage_session(), _language_transport(settings)
    return Services(
        settings,
        Ledger(TableRows(_table(settings.storage, session), settings.documents_container)),
        _documents(settings),
        _language(settings, transport),
        _events(settings) if settings.events_queue else None,
        sent={"service": lambda: transport.sent, "table": lambda: session.sent},
    )


def _table(storage: Connection, session: Session) -> Any:
    from azure.data.tables import TableClient

    options = {**PATIENCE, "transport": _transport(session)}
    if storage.connection_string:
        return TableClient.from_connection_string(storage.connection_string, TABLE, **options)
    return TableClient(storage.table_uri, TABLE, credential=_identity(storage.client_id), **options)


def _documents(settings: Settings) -> BlobStore:
    from azure.storage.blob import BlobServiceClient

    from shared.storage.blobs import BlobStore

    storage = settings.storage
    options = {**BLOB_PATIENCE, "max_single_get_size": BLOB_FIRST_READ, "transport": _transport(_storage_session())}
    if storage.connection_string:
        service = BlobServiceClient.from_connection_string(storage.connection_string, **options)
    else:
        service = BlobServiceClient(storage.blob_uri, credential=_identity(storage.client_id), **options)
    return BlobStore(service, settings.documents_container, settings.results_container)


def _events(settings: Settings) -> EventQueue:
    from azure.storage.queue import QueueClient

    from shared.storage.queues import EventQueue

    storage, name = settings.storage, settings.events_queue
    options = {**BLOB_PATIENCE, "transport": _transport(_storage_session())}
    if storage.connection_string:
        return EventQueue(QueueClient.from_connection_string(storage.connection_string, name, **options))
    return EventQueue(QueueClient(storage.queue_uri, name, credential=_identity(storage.client_id), **options))


def _transport(session: Session) -> Any:
    """The SDKs' transport with total deadlines: their own time-outs apply to each read."""
    from azure.core.pipeline.transport import RequestsTransport

    return RequestsTransport(session=session)


def _storage_session() -> Session:
    from urllib3.util import Retry

    from shared.language.deadlines import session_with_deadlines

    once = Retry(total=False, redirect=False, raise_on_status=False)  # the SDKs retry
    return session_with_deadlines(once, STORAGE_CONNECTIONS)


def _language_transport(settings: Settings) -> Transport:
    from shared.language.transport import Transport

    token = None if settings.language_key else lambda: _identity("").get_token(TOKEN_SCOPE).token
    return Transport(settings.language_endpoint, key=settings.language_key, token=token)


def _language(settings: Settings, transport: Transport) -> Language:
    from shared.language.current import CurrentLanguage
    from shared.language.preview import PreviewLanguage

    if settings.language_api == PREVIEW_API:
        return PreviewLanguage(transport)
    return CurrentLanguage(transport, settings.language_api)


@cache
def _identity(client_id: str) -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(managed_identity_client_id=client_id or None)
