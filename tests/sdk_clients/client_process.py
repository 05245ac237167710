"""A client of the service in its own environment and process, asked for things a line at a time."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".venv-clients"
SECONDS_TO_ANSWER = 60


class Raised(Exception):
    """What the client raised: the name of its class, the HTTP status and the error's code, if it has them."""

    def __init__(self, kind: str, status: int | None, code: str | None, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.status, self.code, self.message = kind, status, code, message


@dataclass(frozen=True)
class Client:
    """Calls do one of the actions in the table at the script's end, with their arguments by name."""

    process: subprocess.Popen[str]

    def __call__(self, action: str, **asked: Any) -> Any:
        """Raises `Raised`, or TimeoutError if the client does not come back."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"do": action, **asked}) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], SECONDS_TO_ANSWER)[0]:
            raise TimeoutError(f"{action} did not come back")
        answer = json.loads(self.process.stdout.readline())
        if "raised" in answer:
            raise Raised(**answer["raised"])
        return answer["found"]


@contextmanager
def speaking(release: str, script: str, *arguments: str) -> Iterator[Client]:
    """`release` names an environment, `script` what runs in it, with these arguments. Ends the process always."""
    python = ENVIRONMENTS / release / "bin" / "python"
    assert python.exists(), f"there is no {python}: `make clients` makes it"
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), str(HERE / f"{script}.py"), *arguments]
    with subprocess.Popen(command, env=environ, stdin=-1, stdout=-1, text=True) as process:
        try:
            yield Client(process)
        finally:
            process.kill()
