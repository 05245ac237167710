"""The page at `/`: that the host runs, and links to what a browser can open without a key."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from local.host.functions.function import Function, HttpTrigger, triggered_by
from local.host.triggers import auth_level

PAGE = (
    "<!doctype html><title>Functions host</title><p>Your Functions app is up and running."
    "<p>Its HTTP functions answer below {0}.{1}"
)


def page(route_prefix: str, functions: Iterable[Function]) -> str:
    """HTML. Listed are functions that need no key, answer GET, and have a path without parameters."""
    below = f"/{route_prefix}"
    found = sorted({link for link in _links(functions) if link.rstrip("/") != below.rstrip("/")})
    listed = "".join(f"<li>{_link(path)}" for path in found)
    return PAGE.format(_link(below), f"<p>These need no key:<ul>{listed}</ul>" if listed else "")


def _links(functions: Iterable[Function]) -> Iterable[str]:
    for function, trigger in triggered_by(HttpTrigger, functions):
        answers_get = not trigger.methods or "GET" in trigger.methods
        if trigger.level == auth_level.ANONYMOUS and answers_get and not function.disabled and trigger.route.link:
            yield trigger.route.link


def _link(path: str) -> str:
    return f'<a href="{escape(path)}">{escape(path)}</a>'
