"""A function app inside Microsoft's own Python worker, without the .NET host: JSON lines in, JSON lines out.

    .venv-worker/bin/python tests/real_worker.py APP_FOLDER

The first line out is {"functions": {name: [binding, ...]}}, or {"error": text} if the worker finds the app wrong.
Then each line in, one of

    {"function": name, "http": {"method": , "url": , "headers": {}, "route": {}, "query": {}, "body": text}}
    {"function": name, "timer": {"past_due": bool}}
    {"function": name, "blob": {"path": "container/name", "text": }}

is answered by {"result": null}, for http {"result": {"status": , "headers": {}, "body": text}}, or {"error": text}.
`worker_process.py` is the other end. One app a process: the worker keeps its state in module globals.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

import azure_functions_runtime as runtime
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native

Inputs = tuple[Datum, dict[str, Datum]]  # what the trigger's argument is made from, and the trigger's metadata


class Messages:
    """Stands in for the worker's protobuf classes, as indexing uses them: every one keeps its keyword arguments."""

    class BindingInfo(SimpleNamespace):
        undefined = 0
        out, inout = 1, 2

    class StatusResult(SimpleNamespace):
        Failure, Success = 0, 1

    def __getattr__(self, _name: str) -> type[SimpleNamespace]:
        return SimpleNamespace


async def index(app: Path) -> dict[str, SimpleNamespace]:
    """Every function by its name, as the worker tells the host of it. Raises ValueError with the worker's complaint."""
    init = SimpleNamespace(function_app_directory=str(app), capabilities={})
    requests = SimpleNamespace(worker_init_request=init, functions_metadata_request=init)
    envelope = SimpleNamespace(request=requests, properties={"protos": Messages(), "host": "127.0.0.1"})
    answer = await runtime.worker_init_request(envelope)
    if answer.result.status != Messages.StatusResult.Success:
        raise ValueError(answer.result.exception.message)
    answer = await runtime.functions_metadata_request(envelope)
    return {function.name: function for function in answer.function_metadata_results}


def bindings(function: SimpleNamespace) -> list[dict[str, Any]]:
    return [json.loads(binding) for binding in function.raw_bindings]


def http(call: Mapping[str, Any]) -> Inputs:
    fields = {name: text(call.get(name, "")) for name in ("method", "url")}
    parts = {"headers": "headers", "params": "route", "query": "query"}
    maps = {ours: {key: text(value) for key, value in call.get(name, {}).items()} for ours, name in parts.items()}
    return Datum({**fields, **maps, "body": Datum(call.get("body", "").encode(), "bytes")}, "http"), {}


def timer(call: Mapping[str, Any]) -> Inputs:
    tick = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": call.get("past_due", False)}
    return document(tick), {}


def blob(call: Mapping[str, Any]) -> Inputs:
    """As the host sends it: the ETag of the properties is an empty object there."""
    content = call["text"].encode()
    metadata = {
        "BlobTrigger": text(call["path"]),
        "Uri": document(f"http://127.0.0.1:10000/devstoreaccount1/{call['path']}"),
        "Properties": document({"ContentLength": len(content), "ETag": {}}),
        "Metadata": document({}),
    }
    return Datum(content, "bytes"), metadata


def text(value: str) -> Datum:
    return Datum(value, "string")


def document(value: Any) -> Datum:
    return Datum(json.dumps(value), "json")


TRIGGERS: dict[str, Callable[[Mapping[str, Any]], Inputs]] = {"http": http, "timer": timer, "blob": blob}


async def invoke(function: SimpleNamespace, call: Mapping[str, Any]) -> dict[str, Any]:
    kind = next(kind for kind in TRIGGERS if kind in call)
    value, metadata = TRIGGERS[kind](call[kind])
    argument = next(binding["name"] for binding in bindings(function) if binding["type"] == f"{kind}Trigger")
    ok, answer, _outputs, error, _traceback = await invocation_request_native(
        str(uuid.uuid4()), function.function_id, [(argument, value)], metadata
    )
    return {"result": response(answer)} if ok else {"error": error}


def response(answer: Datum | None) -> dict[str, Any] | None:
    if answer is None or answer.type != "http":
        return None
    body = answer.value["body"].value or ""
    return {
        "status": int(answer.value["status_code"].value),
        "headers": {name: value.value for name, value in answer.value["headers"].items()},
        "body": body.decode() if isinstance(body, bytes) else body,
    }


async def serve(app: Path, answers: TextIO) -> None:
    try:
        functions = await index(app)
    except ValueError as error:
        say(answers, {"error": str(error)})
        return
    say(answers, {"functions": {name: bindings(function) for name, function in functions.items()}})
    for line in sys.stdin:
        call = json.loads(line)
        say(answers, await invoke(functions[call["function"]], call))


def say(answers: TextIO, answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def main(folder: str) -> None:
    app = Path(folder).resolve()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the app prints must not mix with the answers
    os.chdir(app)
    sys.path[0] = str(app)
    runtime.start_threadpool_executor()
    asyncio.run(serve(app, answers))
    runtime.stop_threadpool_executor()


if __name__ == "__main__":
    main(sys.argv[1])
