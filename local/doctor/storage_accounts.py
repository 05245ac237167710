"""Whether a storage account can be used as the settings name it; and what to do if it cannot."""

from __future__ import annotations

from collections.abc import Callable

from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError

from local.development_storage import DEVELOPMENT_STORAGE
from local.host.config.settings import STORAGE, Connection, Settings
from local.host.errors import FunctionInError
from local.host.storage import clients
from shared.errors import StorageUnavailable, TextdropError

DOCUMENTS = "DOCUMENTS_STORAGE"
DENIED = (401, 403)
ROLES = {  # that an identity needs, by connection
    STORAGE: "Storage Blob Data Owner and Storage Queue Data Contributor",
    DOCUMENTS: "Storage Blob Data Owner, Storage Queue Data Contributor and Storage Table Data Contributor",
}
SIGN_IN = "Sign in with `az login`."
ABSENT = 404


def trouble(settings: Settings, name: str) -> tuple[str, str] | None:
    """What keeps the blobs and queues of connection `name` from being asked for, and its mend.

    What is not there yet is no trouble: the host makes it.
    """
    try:
        _ask(settings.connection(name))
    except FunctionInError as error:
        return str(error), to_set(name)
    except AzureError as error:
        return f"{name}: {_said(error)}.", mend(error, settings, name)
    return None


def _ask(connection: Connection) -> None:
    clients.check(connection)
    with clients.blob_service(connection) as blobs:
        blobs.get_container_client(clients.HOSTS_CONTAINER).exists()
    with clients.queue(connection, "textdrop-doctor") as queue:
        _if_there(queue.get_queue_properties)


def _if_there(ask: Callable[[], object]) -> None:
    try:
        ask()
    except AzureError as error:
        if _status(error) != ABSENT:
            raise


def _status(error: BaseException | None) -> int:
    return int(getattr(error, "status_code", None) or 0)


def _said(error: BaseException) -> str:
    """The kind of error and its status: an SDK's own message may hold an address with a signature in it."""
    if isinstance(error, ServiceRequestError):
        return "nobody answers at its address"
    return f"{type(error).__name__} {_status(error) or ''}".strip()


def told(error: TextdropError) -> str:
    """The app's own words for what storage did, but where nobody was there to do anything."""
    raised = cause(error)
    return f"{_said(raised).capitalize()}." if isinstance(raised, ServiceRequestError) else str(error)


def cause(error: TextdropError) -> BaseException | None:
    """What the SDK raised, if anything."""
    return error.trouble if isinstance(error, StorageUnavailable) else error.__cause__


def to_set(name: str) -> str:
    return f"Set {name} as docs/settings.md says."


def mend(error: BaseException | None, settings: Settings, name: str) -> str:
    """The same words for the same cause, whichever check meets it: causes are counted by them."""
    if isinstance(error, ClientAuthenticationError) and not _status(error):  # no token was got: nobody is signed in
        return SIGN_IN
    if _status(error) in DENIED:
        has_key = settings.connection(name).connection_string
        return f"Correct the key of {name}." if has_key else f"Give the identity {ROLES[name]} for {name}."
    if isinstance(error, ServiceRequestError) and settings.connection(name).connection_string == DEVELOPMENT_STORAGE:
        return "Start Azurite, in another terminal: .venv/bin/python -m local azurite"
    return f"Correct {name}, or see to the account's network rules."
