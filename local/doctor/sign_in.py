"""Whether a login is needed, for connections without a key, and whether there is one."""

from __future__ import annotations

from local.doctor.storage_accounts import DOCUMENTS
from local.host.config.settings import STORAGE, Settings
from local.host.errors import FunctionInError
from shared.services import TOKEN_SCOPE

LANGUAGE = "the Language service"
CONNECTIONS = (STORAGE, DOCUMENTS)


def needed_for(settings: Settings) -> tuple[str, ...]:
    """The connections that are set without a key. Missing connections are reported by other checks."""
    keyless = [name for name in CONNECTIONS if _has_no_key(settings, name)]
    if settings.get("LANGUAGE_ENDPOINT").strip() and not settings.get("LANGUAGE_KEY").strip():
        keyless.append(LANGUAGE)
    return tuple(keyless)


def is_there() -> bool:
    """Whether any way to sign in returns a token. Takes seconds if none does."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415  # slow, rarely needed
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415

    try:
        with DefaultAzureCredential() as credential:
            credential.get_token(TOKEN_SCOPE)
    except AzureError:
        return False
    return True


def _has_no_key(settings: Settings, name: str) -> bool:
    try:
        return not settings.connection(name).connection_string
    except FunctionInError:
        return False
