"""The app in its own process, whose clock stands still until a line of standard input moves it.

Each line is JSON: `at`, a moment; and `tick`, or `land` with names, or `ask` with a path. Each is answered with a line
of JSON: `errors` that the function raised, `status` and `body` of an answer, and `peak`, the most memory that the
process has held so far, in bytes.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
from azure.functions.blob import InputStream
from azure.functions.timer import TimerRequest

import function_app
from tests.support.peak_memory import peak_bytes


def act(order: dict[str, Any]) -> dict[str, Any]:
    errors = []
    try:
        if "tick" in order:
            function_app.tick(TimerRequest(past_due=False))
        for name in order.get("land", []):
            function_app.document_landed(InputStream(data=b"", name=name, blob_properties={"ETag": {}}))
        if "ask" in order:
            return ask(order["method"], order["ask"])
    except Exception as error:  # as the host does: it is logged, and the next call comes
        logging.getLogger("host").exception("The function failed.")
        errors.append(f"{type(error).__name__}: {error}")
    return {"errors": errors}


def ask(method: str, path: str) -> dict[str, Any]:
    path, _, query = path.partition("?")
    answer = function_app.manage(
        func.HttpRequest(
            method=method,
            url=f"http://127.0.0.1/api/{path}",
            params=dict(pair.split("=", 1) for pair in query.split("&") if pair),
            route_params={"path": path},
            body=b"",
        )
    )
    return {"errors": [], "status": answer.status_code, "body": answer.get_body().decode()}


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("shared").setLevel(logging.DEBUG)
    now = datetime.now(UTC)
    function_app.clock = lambda: now  # type: ignore[assignment]  # mypy wants a function of this name
    with suppress(KeyboardInterrupt):
        for line in sys.stdin:
            order = json.loads(line)
            now = datetime.fromisoformat(order["at"])
            sys.stdout.write(json.dumps({**act(order), "peak": peak_bytes()}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
