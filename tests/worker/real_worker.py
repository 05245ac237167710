"""A function app inside Microsoft's own Python worker, without the .NET host: JSON lines in, JSON lines out.

    .venv-worker/bin/python tests/worker/real_worker.py APP_FOLDER

The first line out is {"functions": {name: [binding, ...]}}, or {"error": text} if the worker finds the app wrong.
Then each line in,

    {"function": name, "data": data, "metadata": {name: data}, "invocation_id": , "trace_parent": , "retry_count": ,
     "max_retry_count": , "exception": {"source": , "stack_trace": , "message": }}

of which the first two are required, is answered by {"result": data or null} or {"error": text}. `worker_messages.py`
says what data looks like; `worker_process.py` is the other end. One app a process: the worker keeps its state in module
globals.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import azure_functions_runtime as runtime
from worker_messages import Message, Messages, typed, untyped
from worker_protocol import InvocationRequest, ParameterBinding, RetryContext, RpcException, RpcTraceContext


def asking(**messages: Message) -> Message:
    return Message(request=Message(**messages), properties={"protos": Messages(), "host": "127.0.0.1"})


async def index(app: Path) -> dict[str, Message]:
    """Every function by its name, as the worker tells the host of it. Raises ValueError with the worker's complaint."""
    init = Message(function_app_directory=str(app), capabilities={})
    answer = await runtime.worker_init_request(asking(worker_init_request=init))
    if answer.result.status != Messages.StatusResult.Success:
        raise ValueError(answer.result.exception.message)
    answer = await runtime.functions_metadata_request(asking(functions_metadata_request=init))
    return {function.name: function for function in answer.function_metadata_results}


def bindings(function: Message) -> list[dict[str, Any]]:
    return [json.loads(binding) for binding in function.raw_bindings]


async def invoke(function: Message, call: Mapping[str, Any]) -> dict[str, Any]:
    argument = next(binding["name"] for binding in bindings(function) if binding["type"].endswith("Trigger"))
    counts = {name: call.get(name, 0) for name in ("retry_count", "max_retry_count")}
    failure = call.get("exception")
    invocation = InvocationRequest(
        invocation_id=call.get("invocation_id", str(uuid.uuid4())),
        function_id=function.function_id,
        input_data=[ParameterBinding(name=argument, data=typed(call["data"]))],
        trigger_metadata={name: typed(data) for name, data in call.get("metadata", {}).items()},
        trace_context=RpcTraceContext(trace_parent=call.get("trace_parent", "")),
        retry_context=RetryContext(**counts, exception=RpcException(**failure) if failure else None),
    )
    answer = await runtime.invocation_request(asking(invocation_request=invocation))
    if answer.result.status != Messages.StatusResult.Success:
        return {"error": answer.result.exception.message}
    return {"result": untyped(answer.return_value)}


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
    sys.path[0] = str(app)  # after the import of worker_messages from beside this file
    runtime.start_threadpool_executor()
    asyncio.run(serve(app, answers))
    runtime.stop_threadpool_executor()


if __name__ == "__main__":
    main(sys.argv[1])
