"""An app whose functions tell all that they see, for comparing those who run it.

HTTP functions answer with it; the others write it to SEEN/<function>-<attempt>.json.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from http.cookies import CookieError
from pathlib import Path
from typing import Any

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def members(value: Any) -> list[str]:
    return [name for name in dir(value) if not name.startswith("_")]


def tried(call: Any) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  # what is raised is part of what is seen
        return f"{type(error).__name__}: {error}"


def plain_value(value: Any) -> Any:
    """A map of protobuf as a dict."""
    return dict(value) if isinstance(value, Mapping) else value


def of_error(error: Any) -> dict[str, Any]:
    names = ("source", "stack_trace", "message", "type", "is_user_exception")
    return {"true": bool(error)} | {name: getattr(error, name) for name in names}


def of_context(context: Any) -> dict[str, Any]:
    trace, retry = context.trace_context, context.retry_context
    return {
        "members": members(context),
        "function_name": context.function_name,
        "function_directory": context.function_directory,
        "invocation_id": context.invocation_id,
        "local invocation_id": tried(lambda: context.thread_local_storage.invocation_id),
        "trace": {name: tried(lambda name=name: plain_value(getattr(trace, name))) for name in members(trace)},
        "retry": [members(retry), retry.retry_count, retry.max_retry_count, of_error(retry.rpc_exception)],
        "main thread": threading.current_thread() is threading.main_thread(),
        "folder": str(Path.cwd()),
    }


def of_request(request: func.HttpRequest) -> dict[str, Any]:
    files = request.files if request.headers.get("content-type", "").startswith("multipart/") else {}
    return {
        "class": type(request).__name__,
        "members": members(request),
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "any case": request.headers.get("X-TWICE"),
        "params": dict(request.params),
        "route_params": dict(request.route_params),
        "body": request.get_body().hex(),
        "json": tried(request.get_json),
        "form": dict(request.form),
        "files": {name: [one.filename, one.stream.read().decode()] for name, one in files.items()},
    }


def told(request: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    seen = {"request": of_request(request), "context": of_context(context)}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


@app.route(route="see/{word?}")
def see(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return told(req, context)


@app.route(route="rest/{kind}/{*path}", trigger_arg_name="request")
def see_rest(request: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return told(request, context)


@app.route(route="async")
async def see_async(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return told(req, context)


@app.route(route="untyped")
def see_untyped(req, context):  # type: ignore[no-untyped-def]  # without annotations on purpose
    return told(req, context)


def plain(*, headers: dict[str, str] | None = None, **more: Any) -> func.HttpResponse:
    return func.HttpResponse("é", headers=headers, **more)


def with_cookies(*cookies: str) -> func.HttpResponse:
    response = func.HttpResponse("x")
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


def repeated() -> func.HttpResponse:
    response = func.HttpResponse("x")
    response.headers.add("X-Twice", "1")
    response.headers.add("X-Twice", "2")
    return response


class OwnError(Exception):
    def __str__(self) -> str:
        return "of our own, and\nof two lines"


def failing(error: BaseException) -> Any:
    raise error


def generator() -> Any:
    yield "x"


async def never_awaited() -> str:
    return "never awaited"


ANSWERS: Mapping[str, Callable[[], Any]] = {
    "empty": func.HttpResponse,
    "text": plain,
    "created": lambda: plain(status_code=201, headers={"Location": "/x", "X-Own": "own"}),
    "json": lambda: plain(mimetype="application/json"),
    "latin": lambda: plain(mimetype="text/html", charset="latin-1"),
    "own type": lambda: plain(headers={"Content-Type": "text/csv; charset=x"}, mimetype="text/html"),
    "bytes": lambda: func.HttpResponse(b"\xff\x00", mimetype="application/octet-stream"),
    "nothing": lambda: func.HttpResponse(status_code=204),
    "gone": lambda: func.HttpResponse("gone", status_code=410),
    "unknown status": lambda: func.HttpResponse("x", status_code=299),
    "repeated": repeated,
    "cookie": lambda: with_cookies("a=1"),
    "cookies": lambda: with_cookies(
        "a=1; Path=/p; Domain=x.example; Secure; HttpOnly; SameSite=Lax",
        "b=2; Max-Age=60; SameSite=None; Secure",
        "c=3; Expires=Wed, 21 Oct 2037 07:28:00 GMT; SameSite=Strict",
    ),
    "wrong date": lambda: with_cookies("c=3; Expires=tomorrow"),
    "date of another form": lambda: with_cookies("c=3; Expires=Wed, 21-Oct-2037 07:28:00 GMT"),
    "wrong age": lambda: with_cookies("c=3; Max-Age=long"),
    "str": lambda: "just text",
    "None": lambda: None,
    "dict": lambda: {"a": 1},
    "list": lambda: [1],
    "number": lambda: 1,
    "returned bytes": lambda: b"x",
    "generator": generator,
    "coroutine": never_awaited,
    "pair": lambda: ("x", 200),
    "wrong body": lambda: func.HttpResponse({"a": 1}),  # type: ignore[arg-type]  # wrong on purpose
    "ValueError": lambda: failing(ValueError("nope")),
    "KeyError": lambda: failing(KeyError("key")),
    "OwnError": lambda: failing(OwnError()),
    "no words": lambda: failing(RuntimeError()),
    "CookieError": lambda: failing(CookieError("crumbs")),
    "StopAsyncIteration": lambda: failing(StopAsyncIteration("done")),
}


@app.route(route="answer/{kind}")
def answer(req: func.HttpRequest):  # type: ignore[no-untyped-def]  # most of what it returns is wrong
    return ANSWERS[req.route_params["kind"]]()


@app.route(route="answer_async/{kind}")
async def answer_async(req: func.HttpRequest):  # type: ignore[no-untyped-def]  # most of it is wrong
    return ANSWERS[req.route_params["kind"]]()


def keep(context: func.Context, seen: Any) -> None:
    """In one piece: somebody waits for the file."""
    file = Path(os.environ["SEEN"]) / f"{context.function_name}-{context.retry_context.retry_count}.json"
    file.with_suffix(".part").write_text(json.dumps({"seen": seen, "context": of_context(context)}))
    file.with_suffix(".part").rename(file)


def of_timer(timer: Any) -> dict[str, Any]:
    return {
        "class": type(timer).__name__,
        "members": members(timer),
        "past_due": timer.past_due,
        "schedule": timer.schedule,
        "schedule_status": timer.schedule_status,
    }


YEARLY = "0 0 0 1 1 *"


@app.timer_trigger(arg_name="timer", schedule=YEARLY, use_monitor=False)
def yearly(timer: func.TimerRequest, context: func.Context) -> None:
    keep(context, of_timer(timer))


@app.timer_trigger(arg_name="clock", schedule=YEARLY, use_monitor=False)
async def yearly_async(clock: func.TimerRequest, context: func.Context) -> None:
    keep(context, of_timer(clock))


@app.timer_trigger(arg_name="timer", schedule=YEARLY, use_monitor=False)
def yearly_text(timer: str, context: func.Context) -> None:
    keep(context, json.loads(timer))


@app.timer_trigger(arg_name="timer", schedule=YEARLY, use_monitor=False)
def yearly_value(timer: func.TimerRequest) -> str:
    return f"a value that goes nowhere, {timer.past_due}"


@app.timer_trigger(arg_name="timer", schedule=YEARLY, use_monitor=False)
def yearly_failure(timer: func.TimerRequest) -> None:
    raise ValueError(f"no year is like another: {timer.past_due}")


@app.timer_trigger(arg_name="timer", schedule=YEARLY)
@app.retry(strategy="fixed_delay", max_retry_count="1", delay_interval="00:00:00")
def yearly_due(timer: func.TimerRequest, context: func.Context) -> None:
    keep(context, of_timer(timer))
    raise ValueError("again")


def of_blob(blob: Any) -> dict[str, Any]:
    return {
        "class": type(blob).__name__,
        "members": members(blob),
        "name": blob.name,
        "uri": blob.uri,
        "length": blob.length,
        "blob_properties": blob.blob_properties,
        "metadata": blob.metadata,
        "first": blob.read(1).hex(),
        "rest": blob.read().hex(),
        "end": blob.read().hex(),
        "can": [blob.readable(), blob.writable(), blob.seekable()],
    }


def of_content(content: Any) -> list[str]:
    """Whatever its annotation says, it is bytes."""
    return [type(content).__name__, content.hex()]


def watch(name: str, argument: str = "blob", **more: Any) -> Callable[..., Any]:
    path = f"%CONTAINER%/{name}/{{folder}}/{{name}}.txt"
    return app.blob_trigger(arg_name=argument, path=path, connection="DATA", **more)


@watch("landed")
def landed(blob: func.InputStream, context: func.Context) -> None:
    keep(context, of_blob(blob))


@watch("landed_async", "argument")
async def landed_async(argument: func.InputStream, context: func.Context) -> None:
    keep(context, of_blob(argument))


@watch("landed_untyped", data_type="binary")
def landed_untyped(blob, context) -> None:  # type: ignore[no-untyped-def]  # without annotations on purpose
    keep(context, of_blob(blob))


@watch("landed_bytes")
def landed_bytes(blob: bytes, context: func.Context) -> None:
    keep(context, of_content(blob))


@watch("landed_str")
def landed_str(blob: str, context: func.Context) -> None:
    keep(context, of_content(blob))


@watch("landed_told", source="EventGrid")
def landed_told(blob: func.InputStream, context: func.Context) -> None:
    keep(context, of_blob(blob))


@watch("landed_failing")
def landed_failing(blob: func.InputStream) -> None:
    raise LookupError(f"{blob.name} is not wanted")


blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # it has no annotations


@blueprint.function_name("of_a_blueprint")
@blueprint.route(route="of/a/blueprint", methods=["GET", func.HttpMethod.PUT])  # type: ignore[arg-type]  # one of each
def renamed(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return told(req, context)


app.register_functions(blueprint)
