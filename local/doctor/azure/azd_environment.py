"""The environment of azd that describes a deployment: from `azd`, or from its files where azd is not installed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.doctor.azure import commands
from local.errors import SetupError

FOLDER, VALUES = ".azure", ".env"
NEEDED = (
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_RESOURCE_GROUP",
    "TEXTDROP_APP",
    "TEXTDROP_URL",
    "TEXTDROP_LANGUAGE_ENDPOINT",
    "TEXTDROP_STORAGE_ACCOUNT",
    "TEXTDROP_STORAGE_GROUP",
    "TEXTDROP_STORAGE_SUBSCRIPTION",
    "TEXTDROP_CONTAINER",
    "TEXTDROP_HAS_FILE_EVENTS",
)
LINE = re.compile(r"""^(?:export )?(\w+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S*))[ \t]*$""", re.MULTILINE)
ESCAPED = {"n": "\n", "r": "\r"}


@dataclass(frozen=True)
class AzdEnvironment:
    """An environment of azd after `azd up`. All of NEEDED are among its values."""

    name: str
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def group_id(self) -> str:
        return _group(self["AZURE_SUBSCRIPTION_ID"], self["AZURE_RESOURCE_GROUP"])

    @property
    def app_id(self) -> str:
        return f"{self.group_id}/providers/Microsoft.Web/sites/{self['TEXTDROP_APP']}"

    @property
    def storage_group_id(self) -> str:
        return _group(self["TEXTDROP_STORAGE_SUBSCRIPTION"], self["TEXTDROP_STORAGE_GROUP"])

    @property
    def storage_id(self) -> str:
        account = self["TEXTDROP_STORAGE_ACCOUNT"]
        return f"{self.storage_group_id}/providers/Microsoft.Storage/storageAccounts/{account}"

    @property
    def language_id(self) -> str:
        """The template gives a new resource the name of its endpoint."""
        name = (urlsplit(self["TEXTDROP_LANGUAGE_ENDPOINT"]).hostname or "").partition(".")[0]
        return self["EXISTING_LANGUAGE_ID"] or f"{self.group_id}/providers/Microsoft.CognitiveServices/accounts/{name}"

    @property
    def has_file_events(self) -> bool:
        return self["TEXTDROP_HAS_FILE_EVENTS"].lower() == "true"


def read(folder: Path, wanted: str = "") -> AzdEnvironment:
    """The environment `wanted`, or azd's default, or the only one. Raises SetupError, which says what to do."""
    name = wanted or _chosen(folder)
    found = AzdEnvironment(name, parse(_text(folder, name)))
    if missing := [value for value in NEEDED if not found[value]]:
        raise SetupError(
            f"azd's environment {name} has no {', no '.join(missing)}: nothing is deployed from it, or an older "
            "template. Run `azd up`, or `azd env refresh` if it is deployed."
        )
    return found


def parse(text: str) -> dict[str, str]:
    """The values of a file in azd's format: NAME="VALUE" in each line."""
    return {
        name: re.sub(r"\\(.)", lambda found: ESCAPED.get(found[1], found[1]), quoted) or single or bare
        for name, quoted, single, bare in LINE.findall(text)
    }


def _group(subscription: str, group: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def _chosen(folder: Path) -> str:
    if default := _default(folder):
        return default
    names = sorted(path.parent.name for path in (folder / FOLDER).glob(f"*/{VALUES}"))
    if not names:
        raise SetupError(f"There is no environment of azd in {folder}. Run `azd up`, or name its folder: --app FOLDER")
    if len(names) > 1:
        raise SetupError(
            f"azd has several environments and no default: {', '.join(names)}. "
            f"Name one: --environment {names[0]}. Or choose it for azd, too: azd env select {names[0]}"
        )
    return names[0]


def _default(folder: Path) -> str:
    try:
        config: Any = json.loads((folder / FOLDER / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    default = config.get("defaultEnvironment") if isinstance(config, dict) else None
    return default if isinstance(default, str) else ""


def _text(folder: Path, name: str) -> str:
    if shutil.which("azd"):
        return _from_azd(folder, name)
    try:
        return (folder / FOLDER / name / VALUES).read_text("utf-8", "replace")
    except (OSError, ValueError):
        raise SetupError(f"azd has no environment {name} in {folder}. See which there are: azd env list") from None


def _from_azd(folder: Path, name: str) -> str:
    try:
        return commands.output("azd", "env", "get-values", "--environment", name, "--no-prompt", folder=folder)
    except commands.Unanswered as error:
        raise SetupError(f"azd's environment {name} cannot be read: {error.what} {error.fix}") from None
