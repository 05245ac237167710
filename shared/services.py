"""The bundle of what the stories need, built on first use and never at import: the SDKs are imported only then."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.domain.singletons import ActiveClassifier, Gate
from shared.settings import PREVIEW_API, Connection, Settings, load

if TYPE_CHECKING:
    from shared.language.types import Language
    from shared.storage.blobs import BlobStore
    from shared.storage.ledger import Ledger

TABLE = "textdrop"
# In seconds. The SDKs' own defaults wait 80 for an address where nobody answers; the backoffs have a name each.
PATIENCE: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 20, "retry_total": 2, "retry_backoff_factor": 0.5}
BLOB_PATIENCE = {**PATIENCE, "initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1}
# Bytes that a download holds before anybody has seen how large the blob is; more than any document has.
BLOB_FIRST_READ = 8 * 2**20
STORAGE_CONNECTIONS = 32
TOKEN_SCOPE = "https://cognitiveservices.azure.com/.default"  # noqa: S105 - the name of a permission, no secret
_building = threading.Lock()


class Seen:
    """What this process knows without asking: when the `slot` was last taken, and whether the gate is closed.

    `clocks`: when it last looked for times that clocks ahead wrote. `from_setting`: the classifier that the CLASSIFIER
    setting names.
    """

    def __init__(self) -> None:
        self.slot: datetime | None = None
        self.clocks: datetime | None = None
        self.from_setting: ActiveClassifier | None = None
        self._gate = Gate()
        self._looking = threading.Lock()

    def saw(self, gate: Gate) -> None:
        """Of what it has seen, the longest closing holds, until somebody reopens the gate."""
        with self._looking:
            if gate.outlasts(self._gate):
                self._gate = gate

    def is_closed(self, now: datetime) -> bool:
        """The clock of this process may have been ahead, and then corrected."""
        with self._looking:
            self._gate = self._gate.bounded(now)
            return self._gate.is_closed(now)

    def opens(self, now: datetime) -> datetime:
        """When calls may begin again: `now`, or when the gate that was seen is no longer closed."""
        with self._looking:
            return max(now, self._gate.until or now)

    def opened(self) -> Gate:
        """The gate that was seen, with no trouble yet."""
        return self._gate.opened()


@dataclass(frozen=True)
class Services:
    """Everything outside, behind one seam each, and what this process has seen of the gate and slot."""

    settings: Settings
    ledger: Ledger
    documents: BlobStore
    language: Language
    seen: Seen = field(default_factory=Seen)


def services() -> Services:
    """The bundle for the app settings of this process. Raises SettingsError, each time until they are right."""
    with _building:
        return _services()


@cache
def _services() -> Services:
    return build(load())


def forget() -> None:
    """Read the settings anew at the next call, as a new process would."""
    with _building:
        _services.cache_clear()
        _identity.cache_clear()


def build(settings: Settings) -> Services:
    """Clients for these settings; none of them connects before it is used."""
    from shared.storage.ledger import Ledger
    from shared.storage.tables import TableRows

    table = _table(settings.storage)
    return Services(
        settings,
        Ledger(TableRows(table, settings.documents_container)),
        _documents(settings),
        _language(settings),
    )


def _table(storage: Connection) -> Any:
    from azure.data.tables import TableClient

    options = {**PATIENCE, "transport": _transport()}
    if storage.connection_string:
        return TableClient.from_connection_string(storage.connection_string, TABLE, **options)
    return TableClient(storage.table_uri, TABLE, credential=_identity(storage.client_id), **options)


def _documents(settings: Settings) -> BlobStore:
    from azure.storage.blob import BlobServiceClient

    from shared.storage.blobs import BlobStore

    storage = settings.storage
    options = {**BLOB_PATIENCE, "max_single_get_size": BLOB_FIRST_READ, "transport": _transport()}
    if storage.connection_string:
        service = BlobServiceClient.from_connection_string(storage.connection_string, **options)
    else:
        service = BlobServiceClient(storage.blob_uri, credential=_identity(storage.client_id), **options)
    return BlobStore(service, settings.documents_container, settings.results_container)


def _transport() -> Any:
    """The SDKs' own, with connections that keep to a deadline: their time-outs are for each read."""
    from azure.core.pipeline.transport import RequestsTransport
    from urllib3.util import Retry

    from shared.language.deadlines import session_with_deadlines

    once = Retry(total=False, redirect=False, raise_on_status=False)  # they try again themselves
    return RequestsTransport(session=session_with_deadlines(once, STORAGE_CONNECTIONS))


def _language(settings: Settings) -> Language:
    from shared.language.current import CurrentLanguage
    from shared.language.preview import PreviewLanguage
    from shared.language.transport import Transport

    token = None if settings.language_key else lambda: _identity("").get_token(TOKEN_SCOPE).token
    transport = Transport(settings.language_endpoint, key=settings.language_key, token=token)
    if settings.language_api == PREVIEW_API:
        return PreviewLanguage(transport)
    return CurrentLanguage(transport, settings.language_api)


@cache
def _identity(client_id: str) -> Any:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(managed_identity_client_id=client_id or None)
