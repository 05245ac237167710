"""Small function apps for the host's tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import TypeVar

from local.stack.azurite import Azurite

Seen = TypeVar("Seen")

BUNDLE = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}
HEAD = """\
import logging
import azure.functions as func
app = func.FunctionApp()
"""


def write_app(folder: Path, code: str, **host_json: object) -> Path:
    """An app whose function_app.py is `code` below the usual imports and `app`."""
    (folder / "host.json").write_text(json.dumps({"version": "2.0", "extensionBundle": BUNDLE} | host_json))
    (folder / "function_app.py").write_text(HEAD + dedent(code))
    return folder


def host_storage(azurite: Azurite, container: str) -> dict[str, str]:
    """Settings of a host in this account, apart from other hosts there."""
    return {"AzureWebJobsStorage": azurite.connection_string, "AzureFunctionsWebHost__hostid": container}


def eventually(look: Callable[[], Seen], seconds: float = 30.0) -> Seen:
    """What `look` gives as soon as it is truthy."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"it never came: {look}"
        time.sleep(0.05)
    return seen
