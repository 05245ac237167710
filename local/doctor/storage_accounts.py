"""Whether the storage accounts in the settings can be used, and what to do if they cannot."""

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
ROLES = {  # of an identity, by connection
    STORAGE: "Storage Blob Data Owner and Storage Queue Data Contributor",
    DOCUMENTS: "Storage Blob Data Owner, Storage Queue Data Contributor and Storage Table Data Contributor",
}
SIGN_IN = "Sign in with `az login`."
ABSENT = 404


def find_problem(settings: Settings, name: str) -> tuple[str, str] | None:
    """Why the blobs and queues of connection `name` do not respond, and what to do; None if they do.

    What does not exist yet is no problem: the host creates it.
    """
    try:
        _ask(settings.connection(name))
    except FunctionInError as error:
        return str(error), how_to_set(name)
    except AzureError as error:
        return f"{name}: {_kind_of_error(error)}.", fix(error, settings, name)
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


def _kind_of_error(error: BaseException) -> str:
    """The class of the error and its status. The SDK's message may contain a SAS."""
    if isinstance(error, ServiceRequestError):
        return "there is no response from its address"
    return f"{type(error).__name__} {_status(error) or ''}".strip()


def describe(error: TextdropError) -> str:
    """The app's message; if the account could not be reached, a shorter one."""
    raised = cause(error)
    return f"{_kind_of_error(raised).capitalize()}." if isinstance(raised, ServiceRequestError) else str(error)


def cause(error: TextdropError) -> BaseException | None:
    """The SDK's error, if there is one."""
    return error.trouble if isinstance(error, StorageUnavailable) else error.__cause__


def how_to_set(name: str) -> str:
    return f"Set {name} as docs/settings.md says."


def fix(error: BaseException | None, settings: Settings, name: str) -> str:
    """What to do. One cause always has the same text, by which problems are counted."""
    if isinstance(error, ClientAuthenticationError) and not _status(error):  # no token: nobody is signed in
        return SIGN_IN
    if _status(error) in DENIED:
        has_key = settings.connection(name).connection_string
        return f"Correct the key of {name}." if has_key else f"Give the identity {ROLES[name]} for {name}."
    if isinstance(error, ServiceRequestError) and settings.connection(name).connection_string == DEVELOPMENT_STORAGE:
        return "Start Azurite, in another terminal: .venv/bin/python -m local azurite"
    return f"Correct {name}, or check the account's network rules."
