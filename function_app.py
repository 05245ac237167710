"""The three doors: a file landed, a moment passed, somebody asks. Translate in, make one call, translate out.

Each door imports its story when it is first used: indexing the app must be quick, and must not fail.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

import azure.functions as func

from shared import settings

# Every method that some caller may try, so that the answer to a wrong one is ours and not the host's empty 404.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# An answer is of one moment, and may hold somebody's texts: nothing keeps it, and nothing takes it for a page.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

TICK_SECONDS = 120  # to begin something in; far from the five minutes after which the host ends a function

for chatty in ("azure", "urllib3"):  # a line for every storage request, or for a connection too many, helps nobody
    logging.getLogger(chatty).setLevel(logging.ERROR if chatty == "urllib3" else logging.WARNING)

clock = partial(datetime.now, UTC)
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name("document_landed")
@app.blob_trigger(
    arg_name="blob",
    path="%DOCUMENTS_CONTAINER%/{name}",
    connection="DOCUMENTS_STORAGE",
    source=settings.trigger_source(),  # type: ignore[arg-type]
)
def document_landed(blob: func.InputStream) -> None:
    """`blob.name` is container/name; what else the trigger brings is not used: storage is the truth."""
    from shared import services
    from shared.pipeline import intake

    _, _, name = (blob.name or "").partition("/")
    intake.document_landed(name, services.services(), clock)


@app.function_name("tick")
@app.timer_trigger(arg_name="timer", schedule="%TICK_SCHEDULE%")
def tick(timer: func.TimerRequest) -> None:
    """A late or doubled tick is as good as any other: only the present moment matters."""
    from shared import services
    from shared import tick as story

    del timer
    begun = monotonic()
    story.tick(services.services(), clock, has_time=lambda: monotonic() - begun < TICK_SECONDS)


@app.function_name("manage")
@app.route(route="{*path}", methods=METHODS, trigger_arg_name="request")
def manage(request: func.HttpRequest) -> func.HttpResponse:
    """Everything under the route prefix; the table of routes is in shared/api/routes.py."""
    from shared import services
    from shared.api import requests, routes

    path = request.route_params.get("path", "")
    kind, part = (request.headers.get(name, "") for name in ("content-type", "range"))
    asked = requests.Request(request.method, path, dict(request.params), request.get_body(), kind, part)
    answer = routes.answer(asked, services.services, clock())
    return func.HttpResponse(
        _encoded(answer.body),
        status_code=answer.status,
        headers={**HEADERS, **answer.headers},
        mimetype=answer.content_type,
        charset="utf-8",
    )


def _encoded(body: Any) -> str | bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False, indent=2) + "\n"
