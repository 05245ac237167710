"""The HTTP functions of this process as a WSGI app, and served over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import parse_qsl

import azure.functions as func
from werkzeug import Request, Response
from werkzeug.serving import make_server

import function_app

CONSOLE = "console"


@Request.application
def wsgi_app(request: Request) -> Response:
    """What a host does between the wire and `manage` or `console`."""
    path = request.path.removeprefix("/api/")
    is_console = path == CONSOLE or path.startswith(f"{CONSOLE}/")
    function = function_app.console if is_console else function_app.manage
    answer = function(
        func.HttpRequest(
            method=request.method,
            url=request.url,
            params=dict(parse_qsl(request.query_string.decode(), keep_blank_values=True)),
            headers=dict(request.headers),
            route_params={"file": path[len(CONSOLE) + 1 :]} if is_console else {"path": path},
            body=request.get_data(),
        )
    )
    return Response(
        answer.get_body(), answer.status_code, dict(answer.headers), content_type=f"{answer.mimetype}; charset=utf-8"
    )


@contextmanager
def serving() -> Iterator[str]:
    """Gives the address below which the routes are; ends the server always."""
    server = make_server("127.0.0.1", 0, wsgi_app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
