"""The functions of the app: the blob trigger, the timer, the HTTP API, the console. Each converts its input and output.

Each function imports its module on first use: indexing the app must be quick, and must not fail.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import azure.functions as func

from shared import settings

# All methods, so that a wrong one gets our response instead of the host's empty 404.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# Responses may contain texts: they must not be cached, or interpreted as another content type.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

BEFORE_PATH = re.compile(r"^\w+://[^/?#]*")  # in a URL
AFTER_PATH = re.compile(r"[?#].*$", re.DOTALL)

TICK_SECONDS = 120  # in which work may start; well below the host's function time-out of five minutes

for chatty in ("azure", "urllib3"):  # they log each storage request, and each discarded connection
    logging.getLogger(chatty).setLevel(logging.ERROR if chatty == "urllib3" else logging.WARNING)

NO_CONTEXT: Any = None  # where nobody passes the invocation's; the worker refuses a union type

clock = partial(datetime.now, UTC)
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name("document_landed")
@app.blob_trigger(
    arg_name="blob",
    path="%DOCUMENTS_CONTAINER%/{name}",
    connection="DOCUMENTS_STORAGE",
    source=settings.trigger_source(),  # type: ignore[arg-type]
)
def document_landed(blob: func.InputStream, context: func.Context = NO_CONTEXT) -> None:
    """`blob.name` is container/name. The app reads all other properties from storage."""
    from shared import services
    from shared.pipeline import intake, tracing

    _, _, name = (blob.name or "").partition("/")
    bundle = services.services()
    with tracing.continued(bundle.settings, context):
        intake.document_landed(name, bundle, clock)


@app.function_name("tick")
@app.timer_trigger(arg_name="timer", schedule="%TICK_SCHEDULE%")
def tick(timer: func.TimerRequest, context: func.Context = NO_CONTEXT) -> None:
    """Late and duplicate ticks do no harm: only the current time matters."""
    from shared import services
    from shared import tick as steps
    from shared.pipeline import tracing

    del timer
    started, bundle = monotonic(), services.services()
    with tracing.continued(bundle.settings, context):
        steps.tick(bundle, clock, has_time=lambda: monotonic() - started < TICK_SECONDS)


@app.function_name("manage")
@app.route(route="{*path}", methods=METHODS, trigger_arg_name="request")
def manage(request: func.HttpRequest) -> func.HttpResponse:
    """Everything under the route prefix; the table of routes is in shared/api/routes.py."""
    from shared import services
    from shared.api import requests, routes

    path = request.route_params.get("path", "")
    kind, part, accept = (request.headers.get(name, "") for name in ("content-type", "range", "accept"))
    asked = requests.Request(
        request.method,
        path,
        dict(request.params),
        request.get_body(),
        kind,
        part,
        accept,
        _target_of(request.url),
        is_chunked="transfer-encoding" in request.headers,
    )
    answer = routes.answer(asked, services.services, clock())
    return func.HttpResponse(
        requests.encoded(answer.body),
        status_code=answer.status,
        headers={**HEADERS, **answer.headers},
        mimetype=answer.content_type,
        charset="utf-8",
    )


# Anonymous: a browser has no key when it opens a page. It serves static files only, and no data.
@app.function_name("console")
@app.route(route="console/{*file}", methods=METHODS, trigger_arg_name="request", auth_level=func.AuthLevel.ANONYMOUS)
def console(request: func.HttpRequest) -> func.HttpResponse:
    """The web page; its files are in shared/console/static."""
    from shared.console import files

    headers = {name.lower(): value for name, value in request.headers.items()}
    file = request.route_params.get("file", "")
    answer = files.answer(request.method, file, _path_of(request.url), headers)
    return func.HttpResponse(
        answer.body, status_code=answer.status, headers=answer.headers, mimetype=answer.content_type, charset="utf-8"
    )


def _target_of(url: str) -> str:
    """Path and query, encoded. The host's name is what a caller sent, and need not be valid."""
    return BEFORE_PATH.sub("", url)


def _path_of(url: str) -> str:
    return AFTER_PATH.sub("", _target_of(url))
