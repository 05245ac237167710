"""What a request costs without a Functions host: the same answer from Starlette alone."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello to a {request.method}")


app = Starlette(routes=[Route("/api/hello", hello)])
