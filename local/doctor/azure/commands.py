"""Runs `az` and `azd` with a deadline: the only place where the doctor starts them.

What they print on standard error may hold a secret: only what is known of it is reported, in our words.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

SECONDS = 60.0  # for one command; both are slow to start
QUIET = {"AZURE_CORE_NO_COLOR": "true", "AZURE_CORE_ONLY_SHOW_ERRORS": "true", "AZD_SKIP_UPDATE_CHECK": "true"}
INSTALL = {
    "az": "Install the Azure CLI, then sign in: az login",
    "azd": "Install the Azure Developer CLI, then sign in: azd auth login",
}
ABSENT = re.compile(r"^(?:ERROR: )?Not Found\(|ResourceNotFound|ResourceGroupNotFound|\bNotFound\b", re.MULTILINE)
# What standard error says, in the order of asking: what is wrong, and what to do.
FAILURES = (
    (
        r"Max retries exceeded|Failed to resolve|Connection aborted|ConnectTimeout",
        "az cannot reach Azure.",
        "Check this machine's network and proxy.",
    ),
    (
        r"[Ss]ubscription .*(?:not found|doesn't exist)|SubscriptionNotFound|InvalidSubscriptionId",
        "The login of az does not see this subscription.",
        "Sign in with a user of the subscription: az login --tenant TENANT",
    ),
    (
        r"az login|AADSTS\d|No subscription found|refresh token|Interactive authentication",
        "Nobody is signed in to az, or the login has expired.",
        "Sign in: az login",
    ),
    (
        r"AuthorizationFailed|Forbidden\(|does not have authorization|AuthorizationPermission",
        "The login of az may not read it.",
        "Get the role Contributor for the resource group, or sign in with another user: az login",
    ),
)


class Unanswered(Exception):
    """A program or the app could not be asked. `is_absent`: Azure says that there is no such thing."""

    def __init__(self, what: str, fix: str, *, is_absent: bool = False) -> None:
        super().__init__(what)
        self.what, self.fix, self.is_absent = what, fix, is_absent


def az(*arguments: str) -> Any:
    """What `az` prints, an object or a list. Raises Unanswered."""
    text = output("az", *arguments, "--output", "json")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict | list):
        raise Unanswered("The answer of az is no JSON.", f"Update az: az upgrade. Then see: {shown('az', arguments)}")
    return answer


def output(program: str, *arguments: str, folder: Path | None = None) -> str:
    """Standard output of a program. Raises Unanswered if it is missing, fails, or does not end in time."""
    path = shutil.which(program)
    if path is None:
        raise Unanswered(f"{program} is not installed.", INSTALL[program])
    code, printed, complaint = _ended([path, *arguments], folder)
    if code is None:
        raise Unanswered(f"{program} did not answer within {SECONDS:g} seconds.", f"See: {shown(program, arguments)}")
    if code:
        raise failure(program, arguments, code, complaint)
    return printed


def failure(program: str, arguments: Sequence[str], code: int, complaint: str) -> Unanswered:
    """What standard error says, in our words."""
    for pattern, what, fix in FAILURES:
        if re.search(pattern, complaint):
            return Unanswered(what, fix)
    if ABSENT.search(complaint):
        return Unanswered("It does not exist.", "Create it: azd up", is_absent=True)
    return Unanswered(f"{program} failed with exit code {code}.", f"See: {shown(program, arguments)}")


def shown(program: str, arguments: Sequence[str]) -> str:
    """The command, for a person to type. It holds names only."""
    return shlex.join([program, *arguments])


def _ended(command: list[str], folder: Path | None) -> tuple[int | None, str, str]:
    """The exit code, or None after the deadline; standard output and standard error."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # both are scripts that start another process, which must end with them
    ) as process:
        try:
            printed, complaint = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            return None, "", ""
        except BaseException:
            _kill(process)
            raise
        return process.returncode, printed, complaint


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
