"""Starts `real_worker.py` with the Python that has Microsoft's worker, and calls functions there."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("real_worker.py")
SECONDS_TO_ANSWER = 60.0


class WorkerError(Exception):
    """The worker refused the app, or a function of it raised; the message is the worker's."""


class RealWorker:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.functions: dict[str, list[dict[str, Any]]] = self._hear()["functions"]

    def http(self, function: str, method: str, url: str, **more: Any) -> dict[str, Any]:
        """`more`: headers, route, query, body. Returns status, headers, body and cookies. Raises WorkerError."""
        asked = {"method": method, "url": url, "headers": more.get("headers", {}), "params": more.get("route", {})}
        asked |= {"query": more.get("query", {}), "body": base64_of(more.get("body", "").encode())}
        answer: dict[str, Any] = self.invoke(function, {"http": asked})["http"]
        return answer | {"body": base64.b64decode(answer["body"]).decode()}

    def timer(self, function: str, *, past_due: bool = False, **more: Any) -> None:
        """`more`: see `invoke`. Raises WorkerError."""
        tick = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": past_due}
        self.invoke(function, {"json": tick}, **more)

    def blob(self, function: str, path: str, text: str, **more: Any) -> None:
        """As the host sends it: the properties' ETag is an empty object. Raises WorkerError.

        `path`: container/name. `more`: see `invoke`.
        """
        content = text.encode()
        metadata = {
            "BlobTrigger": {"string": path},
            "Uri": {"json": f"http://127.0.0.1:10000/devstoreaccount1/{path}"},
            "Properties": {"json": {"ContentLength": len(content), "ETag": {}}},
            "Metadata": {"json": {}},
        }
        self.invoke(function, {"bytes": base64_of(content)}, metadata=metadata, **more)

    def invoke(self, function: str, data: Mapping[str, Any], **more: Any) -> Any:
        """Data there and data back, as in `worker_messages.py`; `more`: see `real_worker.py`. Raises WorkerError."""
        assert self._process.stdin
        print(json.dumps({"function": function, "data": data, **more}), file=self._process.stdin, flush=True)
        return self._hear()["result"]

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS_TO_ANSWER)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            raise WorkerError("the worker ended; see its standard error" if ready else "the worker does not answer")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


@contextmanager
def working(python: Path, app: Path, environ: Mapping[str, str]) -> Iterator[RealWorker]:
    """The app in `app` with exactly the settings in `environ`, until the block ends. Raises WorkerError."""
    environment = {"PATH": os.environ["PATH"], **environ}
    command = [str(python), str(SCRIPT), str(app)]
    with subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, text=True) as process:
        try:
            yield RealWorker(process)
        finally:
            process.kill()
