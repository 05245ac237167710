"""App settings: the environment, defaults from `local.settings.json`, `%SETTING%` in decorators, and connections."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.development_storage import DEVELOPMENT_STORAGE
from local.errors import SetupError
from local.host.errors import FunctionInError

STORAGE = "AzureWebJobsStorage"
LOCAL_SETTINGS = "local.settings.json"
IGNORED_SECTIONS = ("Host", "ConnectionStrings")
PERCENT_NAME = re.compile(r"%([^%]*)%")
DEVELOPMENT = {"usedevelopmentstorage=true"}


@dataclass(frozen=True)
class Connection:
    """How to reach an account: a connection string, or addresses to use with an identity."""

    name: str
    connection_string: str = ""
    blob_address: str = ""
    queue_address: str = ""
    client_id: str = ""
    managed_identity: bool = False

    def __repr__(self) -> str:  # a connection string is a secret
        return f"Connection({self.name!r})"


class Settings:
    """The app settings. Names are compared as .NET does: case does not matter, and ":" is "__"."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = {_key(name): value for name, value in environ.items()}

    def get(self, name: str) -> str:
        """The value, or "" for a missing setting: the host treats both the same."""
        return self._values.get(_key(name), "")

    def beneath(self, prefix: str) -> dict[str, str]:
        """The settings `prefix__a__b`, as {"a__b": value}, in lower case."""
        start = _key(prefix) + "__"
        return {name.removeprefix(start): value for name, value in self._values.items() if name.startswith(start)}

    def resolve(self, text: str) -> str:
        """`text` with every `%NAME%` replaced by that setting. Raises FunctionInError if one is missing."""
        resolved = PERCENT_NAME.sub(self._percent, text)
        if PERCENT_NAME.sub("", text).count("%"):
            raise FunctionInError(f"'{text}' has a '%' without a closing '%'.")
        return resolved

    def _percent(self, match: re.Match[str]) -> str:
        if not (value := self.get(match[1])):
            raise FunctionInError(f"'{match[0]}' does not resolve to a value: set {match[1]}.")
        return value

    def connection(self, name: str) -> Connection:
        """The storage connection a trigger names; "" is AzureWebJobsStorage. Raises FunctionInError."""
        name = name or STORAGE
        for section in (f"AzureWebJobs{name}", name):
            if found := self._connection(name, section):
                return found
        raise FunctionInError(
            f"the storage connection '{name}' is not set: set {name} to a connection string, or "
            f"{name}__blobServiceUri, {name}__queueServiceUri and {name}__tableServiceUri."
        )

    def _connection(self, name: str, section: str) -> Connection | None:
        if text := self.get(section) or self.get(f"ConnectionStrings:{section}"):
            return Connection(name, DEVELOPMENT_STORAGE if text.strip().lower().rstrip(";") in DEVELOPMENT else text)
        rest = self.beneath(section)
        blobs, queues = (_address(rest, service) for service in ("blob", "queue"))
        managed = rest.get("credential", "").lower() == "managedidentity"
        return Connection(name, "", blobs, queues, rest.get("clientid", ""), managed) if blobs else None

    def disabled(self, function: str) -> bool:
        """Whether `AzureWebJobs.NAME.Disabled` or `AzureWebJobs_NAME_Disabled` is "true" or "1"."""
        names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
        return any(self.get(name).lower() in ("true", "1") for name in names)


def _key(name: str) -> str:
    return name.replace(":", "__").lower()


def _address(rest: Mapping[str, str], service: str) -> str:
    account = rest.get("accountname")
    usual = f"https://{account}.{service}.core.windows.net" if account else ""
    plain = rest.get("serviceuri", "") if service == "blob" else ""
    return rest.get(f"{service}serviceuri") or plain or usual


def local_values(app_dir: Path) -> dict[str, str]:
    """`Values` of the app's local.settings.json, or {} without that file. Raises SetupError if it cannot be used."""
    file, content = app_dir / LOCAL_SETTINGS, _local_settings(app_dir)
    if content.get("IsEncrypted"):
        raise SetupError(f"{file} is encrypted: decrypt it with `func settings decrypt`.")
    values = content.get("Values") or {}
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise SetupError(f'{file}: "Values" must be an object of strings.')
    return values


def ignored_locally(app_dir: Path) -> tuple[str, ...]:
    """The names of settings in local.settings.json that Core Tools use and this host does not. Raises SetupError."""
    content = _local_settings(app_dir)
    sections = {name: content.get(name) for name in IGNORED_SECTIONS}
    return tuple(f"{name}.{key}" for name, section in sections.items() if isinstance(section, dict) for key in section)


def _local_settings(app_dir: Path) -> dict[str, object]:
    file = app_dir / LOCAL_SETTINGS
    return read_json(file) if file.exists() else {}


def read_json(file: Path) -> dict[str, object]:
    """The object in a JSON file. Raises SetupError."""
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise SetupError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise SetupError(f"{file} must hold a JSON object.")
    return content
