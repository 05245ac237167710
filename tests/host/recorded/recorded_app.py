"""The apps that http.json was recorded with, as far as the host sees them: textdrop's functions, and failing ones."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import azure.functions as func
from azure.functions.decorators.function_app import Function as Decorated

from local.host.http.key_auth import Keys
from tests.host.recorded import recordings

KEYS = {
    "<master key>": "master-key",
    "<host key>": "Host-key",
    "<second host key>": "Second-key",
    "<host key in lower case>": "host-key",
    "<function key>": "Function-key",
    "%46<rest of function key>": "%46unction-key",
    "<other function's key>": "Other-key",
    "<system key>": "System-key",
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def keys() -> Keys:
    return Keys(
        master="master-key",
        host={"default": "Host-key", "second": "Second-key"},
        system={"blobs_extension": "System-key"},
        functions={"manage": {"default": "Function-key"}, "other": {"default": "Other-key"}},
    )


def textdrop() -> list[Decorated]:
    app = func.FunctionApp()

    @app.route(route="{*path}", methods=METHODS)
    def manage(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001
        return func.HttpResponse("{}", mimetype="application/json")

    @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
    def tick(timer: func.TimerRequest) -> None: ...

    source = func.BlobSource.EVENT_GRID

    @app.blob_trigger(arg_name="blob", path="documents/{name}", connection="AzureWebJobsStorage", source=source)
    def document_landed(blob: func.InputStream) -> None: ...

    return app.get_functions()


class Odd(Exception):
    def __str__(self) -> str:
        raise RuntimeError("it cannot be written")


class _Base(BaseException):
    pass


def boom(error: BaseException) -> None:
    raise error


def _recurse(q: Any) -> Any:
    return _recurse(q)


ENDING: Mapping[str, Callable[[], Any]] = {
    "exit": lambda: boom(SystemExit(3)),
    "kbd": lambda: boom(KeyboardInterrupt()),
    "base": lambda: boom(_Base()),
    "genexit": lambda: boom(GeneratorExit()),
}


def failing() -> list[Decorated]:
    """What each function returns or raises is in the recording, as Python."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    rows = recordings.rows("http").values()
    cases = {row["title"]: _python(row["setup"]) for row in rows if row["group"] == "function" and "setup" in row}
    scope = {"H": func.HttpResponse, "HttpResponse": func.HttpResponse, "boom": boom, "Odd": Odd, "logging": logging}
    scope |= {"CASES": {"recursion": _recurse}, "time": time, **_named_statuses()}

    @app.route(route="f/{case}")
    def f(req: func.HttpRequest) -> func.HttpResponse:
        case = req.route_params["case"]
        if case in ENDING:
            ENDING[case]()
        returned: func.HttpResponse = eval(cases[case], {**scope, "q": req})  # the recording is ours
        return returned

    @app.route(route="typed/{id}/{name?}", methods=["GET"])
    def typed(req: func.HttpRequest) -> str:
        return json.dumps(dict(req.route_params))

    _add_async(app)
    _add_echo(app)
    return app.get_functions()


def _python(setup: str) -> str:
    return setup.partition("; the body")[0].replace("'body', status_code=_", "'x', status_code=_")


def _named_statuses() -> dict[str, Any]:
    return {"_str": "201", "_enum": 201, "_float": 200, "_none": 200, "_204n": 204, "_304n": 304, "_big": 200}


def _add_async(app: func.FunctionApp) -> None:
    @app.route(route="as_raise")
    async def as_raise(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001
        raise ValueError("of an async function")

    @app.route(route="as_cancel")
    async def as_cancel(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001
        raise asyncio.CancelledError

    @app.route(route="as_str")
    async def as_str(req: func.HttpRequest) -> str:  # noqa: ARG001
        return "x"

    @app.route(route="gen")
    def gen(req: func.HttpRequest) -> func.HttpResponse:  # type: ignore[misc]  # noqa: ARG001  # as somebody may write it
        yield "x"


def _add_echo(app: func.FunctionApp) -> None:
    @app.route(route="echo/{*rest}")
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        body = req.get_body()
        seen: dict[str, Any] = {"method": req.method, "url": req.url, "headers": dict(req.headers), "len": len(body)}
        seen |= {"params": dict(req.params), "route_params": dict(req.route_params), "body": body.decode("latin-1")}
        return func.HttpResponse(json.dumps(seen | _parsed(req)), mimetype="application/json")


def _parsed(req: func.HttpRequest) -> dict[str, Any]:
    if "form" in req.params:
        return {"form": dict(req.form), "files": {name: file.filename for name, file in req.files.items()}}
    if "json" not in req.params:
        return {}
    try:
        return {"json": req.get_json()}
    except ValueError as error:
        return {"json_error": repr(error)}
