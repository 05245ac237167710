"""HTTP functions, over HTTP, as a caller and as the function see them."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from local.errors import SetupError
from local.host.blobs.listener import BlobListeners
from local.host.config.host_json import HostJson
from local.host.config.settings import Settings
from local.host.functions.invoker import Invoker
from local.host.http.admin_routes import Admin
from local.host.http.endpoint import Endpoint
from local.host.http.key_auth import KeyCheck
from local.host.launch import Host, running
from local.host.loading.load_app import App
from tests.host.host_apps import eventually, write_app

CODE = """
import json
import threading

def seen(req):
    return {"method": req.method, "url": req.url, "params": dict(req.params), "headers": dict(req.headers),
            "route": dict(req.route_params), "body": req.get_body().decode()}

def answer(value, **more):
    return func.HttpResponse(json.dumps(value), mimetype="application/json", **more)

@app.route(route="echo/{x?}", methods=["GET", "POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    return answer(seen(req))

@app.route(methods=["GET"])
async def plain(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hé")

@app.function_name("everything")
@app.route(route="files/{*path}")
def z_files(req: func.HttpRequest) -> func.HttpResponse:
    return answer(seen(req)["route"])

@app.function_name("a_first")
@app.route(route="files/first/{x}", methods=["GET"])
def first(req: func.HttpRequest) -> func.HttpResponse:
    return answer({"first": req.route_params["x"]})

@app.route(route="about")
def about(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return answer({
        "name": context.function_name, "id": context.invocation_id, "directory": context.function_directory,
        "retries": [context.retry_context.retry_count, context.retry_context.max_retry_count],
        "trace": context.trace_context.trace_parent, "thread": threading.current_thread().name,
        "local": context.thread_local_storage.invocation_id})

@app.route(route="crash")
def crash(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("with a reason")

@app.route(route="leave")
def leave(req: func.HttpRequest) -> func.HttpResponse:
    raise SystemExit(3)

@app.route(route="returns/{what}")
def returns(req: func.HttpRequest):
    return {
        "object": '{"a": {"b": 1}}', "array": "[1,2]", "quoted": '"abc"', "true": "true", "number": "1.50",
        "null": "null", "nothing": "", "unfinished": "{", "nested": "[" * 20000,
        "described": '{"Status": "201", "headers": {"X-One": 1, "Content-Type": "text/x"}, "body": {"a": [1, 2]}}',
        "statusCode": '{"statusCode": 202, "body": "plain"}', "wrong_status": '{"status": "x", "body": null}',
        "no_status": '{"status": 99, "body": "x"}',
        "none": None, "dict": {"a": 1}, "bytes": b"x", "text": "just text", "json": '{"body": "x"}',
        "empty": func.HttpResponse(status_code=204),
        "status": func.HttpResponse(status_code=99),
        "bytes_body": func.HttpResponse(b"\\xff\\x00", mimetype="application/octet-stream", status_code=202),
        "charset": func.HttpResponse("é", mimetype="text/html", charset="latin-1"),
        "headers": func.HttpResponse("x", headers={"X-One": "1", "Content-Type": "text/x; charset=ascii",
                                                   "Content-Length": "77"}),
    }[req.route_params["what"]]

@app.route(route="cookies")
def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("x")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    response.headers.add("Set-Cookie", "b=2")
    return response

@app.route(route="off")
def off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("never")

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def yearly(timer: func.TimerRequest) -> None:
    logging.warning("a year has passed: %s", timer.past_due)
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = write_app(tmp_path_factory.mktemp("app"), CODE)
    environ = {
        "AzureWebJobs.off.Disabled": "true",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000",
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",  # which no timer ever asks for anything
    }
    with running(folder, environ=environ) as started:
        yield started


def test_the_request_as_the_function_sees_it(host: Host) -> None:
    found = requests.post(
        f"{host.url}/api/Echo/a%20b?q=1&Q=2&empty=&Key=x+y&code=c",
        data="body",
        headers={"X-Mixed": "Value"},
        timeout=30,
    ).json()
    assert found["method"] == "POST"
    assert found["url"] == f"{host.url}/api/Echo/a%20b?q=1&Q=2&empty=&Key=x+y&code=c"
    assert found["params"] == {"Q": "1,2", "Key": "x y", "code": "c"}
    assert found["route"] == {"x": "a b"}
    assert found["body"] == "body"
    assert found["headers"]["x-mixed"] == "Value"


def test_repeated_headers_are_joined(host: Host) -> None:
    address = urlsplit(host.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.putrequest("GET", "/api/echo")
    connection.putheader("X-Two", "1")
    connection.putheader("X-Two", "2")
    connection.endheaders()
    body = connection.getresponse().read().decode()
    connection.close()
    assert '"x-two": "1,2"' in body


def test_a_body_in_chunks_does_not_arrive(host: Host) -> None:
    found = requests.post(f"{host.url}/api/echo", data=iter([b"some", b"thing"]), timeout=30).json()
    assert found["body"] == ""


def test_a_body_over_the_limit_is_refused(host: Host) -> None:
    assert requests.post(f"{host.url}/api/echo", data=b"x" * 1000, timeout=30).status_code == 200
    answer = requests.post(f"{host.url}/api/echo", data=b"x" * 1001, timeout=30)
    assert (answer.status_code, answer.content) == (413, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/echo"), ("HEAD", "/api/plain"), ("OPTIONS", "/api/plain"), ("GET", "/echo"), ("GET", "/api/none"),
     ("GET", "/api/off"), ("GET", "/admin/none"), ("GET", "/runtime/webhooks/queues"), ("POST", "/index.html")],
)  # fmt: skip
def test_what_is_not_there_is_404_with_nothing_in_it(host: Host, method: str, path: str) -> None:
    answer = requests.request(method, host.url + path, timeout=30)
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_function_without_a_route_has_its_name(host: Host) -> None:
    answer = requests.get(f"{host.url}/api/plain", timeout=30)
    assert (answer.text, answer.headers["content-type"]) == ("hé", "text/plain; charset=utf-8")


def test_head_and_options_reach_only_a_function_that_lists_them(tmp_path: Path) -> None:
    code = """
    @app.route(route="x", methods=["HEAD", "OPTIONS"])
    def x(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(req.method)
    """
    with running(write_app(tmp_path, code), environ={}) as host:
        assert requests.options(f"{host.url}/api/x", timeout=30).text == "OPTIONS"
        answer = requests.head(f"{host.url}/api/x", timeout=30)
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "4")
        assert requests.get(f"{host.url}/api/x", timeout=30).status_code == 404


def test_the_first_function_by_name_wins(host: Host) -> None:
    assert requests.get(f"{host.url}/api/files/first/1", timeout=30).json() == {"first": "1"}
    assert requests.put(f"{host.url}/api/files/first/1", timeout=30).json() == {"path": "first/1"}
    assert requests.get(f"{host.url}/api/files/", timeout=30).json() == {}


def test_the_context(host: Host) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    found = requests.get(f"{host.url}/api/about", headers={"traceparent": trace}, timeout=30).json()
    assert (found["name"], found["retries"], found["trace"]) == ("about", [0, 0], trace)
    assert found["thread"].startswith("function")
    assert found["local"] == found["id"]
    host.wait_for_line(f"[about {found['id']}] Succeeded after ")


@pytest.mark.parametrize("path", ["crash", "leave", "returns/none", "returns/dict", "returns/bytes",
                                  "returns/status", "returns/no_status"])  # fmt: skip
def test_a_failure_is_500_with_nothing_in_it(host: Host, path: str) -> None:
    answer = requests.get(f"{host.url}/api/{path}", timeout=30)
    assert (answer.status_code, answer.content) == (500, b"")


def test_a_failure_is_logged_from_the_function_on(host: Host) -> None:
    requests.get(f"{host.url}/api/crash", timeout=30)
    host.wait_for_line("ValueError: with a reason")
    assert "invoker.py" not in host.output


@pytest.mark.parametrize(
    ("what", "status", "body", "content_type"),
    [
        ("text", 200, b"just text", "text/plain; charset=utf-8"),
        ("json", 200, b"x", "text/plain; charset=utf-8"),
        ("object", 200, b'{\n  "a": {\n    "b": 1\n  }\n}', "text/plain; charset=utf-8"),
        ("array", 200, b"[\n  1,\n  2\n]", "text/plain; charset=utf-8"),
        ("quoted", 200, b"abc", "text/plain; charset=utf-8"),
        ("true", 200, b"True", "text/plain; charset=utf-8"),
        ("number", 200, b"1.5", "text/plain; charset=utf-8"),
        ("null", 200, b"", "text/plain; charset=utf-8"),
        ("nothing", 200, b"", "text/plain; charset=utf-8"),
        ("unfinished", 200, b"{", "text/plain; charset=utf-8"),
        ("nested", 200, b"[" * 20000, "text/plain; charset=utf-8"),
        ("described", 201, b'{"a":[1,2]}', "text/x; charset=utf-8"),
        ("statusCode", 202, b"plain", "text/plain; charset=utf-8"),
        ("wrong_status", 200, b"", "text/plain; charset=utf-8"),
        ("empty", 204, b"", "text/plain; charset=utf-8"),
        ("bytes_body", 202, b"\xff\x00", "application/octet-stream"),
        ("charset", 200, b"\xe9", "text/html; charset=latin-1"),
        ("headers", 200, b"x", "text/x; charset=ascii"),
    ],
)
def test_what_a_function_returns(host: Host, what: str, status: int, body: bytes, content_type: str) -> None:
    answer = requests.get(f"{host.url}/api/returns/{what}", timeout=30)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (status, body, content_type)


def test_headers_and_cookies_of_an_answer(host: Host) -> None:
    for what in ("headers", "described"):
        assert requests.get(f"{host.url}/api/returns/{what}", timeout=30).headers["x-one"] == "1"
    answer = requests.get(f"{host.url}/api/cookies", timeout=30)
    assert answer.raw.headers.getlist("set-cookie") == ["a=1; HttpOnly; Path=/", "b=2"]


def test_the_homepage(host: Host) -> None:
    answer = requests.get(host.url, timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<a href="/api">' in answer.text


def test_the_homepage_links_to_what_a_browser_can_open_without_a_key(tmp_path: Path) -> None:
    routes = ("literal", "caf\u00e9/menu", "rest/{*path}", "{*path}", "one/{x}", "two/{x?}/{*path}", "a/{x}/b")
    functions = "".join(_open_function(number, route) for number, route in enumerate(routes))
    others = (
        _open_function(10, "off")
        + _open_function(11, "sent", methods=["POST"])
        + _open_function(12, "keyed", auth_level="FUNCTION")
    )
    with running(write_app(tmp_path, functions + others), environ={"AzureWebJobs.f10.Disabled": "1"}) as host:
        page = requests.get(host.url, timeout=30).text
        links = re.findall(r'<a href="([^"]+)">', page)
        assert links == ["/api", "/api/caf%C3%A9/menu", "/api/literal", "/api/rest/"]
        assert [requests.get(host.url + link, timeout=30).status_code for link in links] == [200] * 4


def _open_function(number: int, route: str, **more: object) -> str:
    """The code of a function that needs no key, unless told otherwise."""
    declared = {"route": route, "auth_level": "ANONYMOUS", **more}
    return (
        f"\n@app.route({', '.join(f'{name}={value!r}' for name, value in declared.items())})\n"
        f"def f{number}(req: func.HttpRequest) -> func.HttpResponse:\n    return func.HttpResponse('here')\n"
    )


def test_the_query_with_a_key_is_not_logged(host: Host) -> None:
    requests.get(f"{host.url}/api/plain?code=secret", timeout=30)
    host.wait_for_line("(GET /api/plain)")
    assert "secret" not in host.output


def test_admin_tells_of_the_host_and_its_functions(host: Host) -> None:
    assert requests.get(f"{host.url}/admin/host/status", timeout=30).json()["state"] == "Running"
    assert requests.post(f"{host.url}/admin/host/ping", timeout=30).status_code == 200
    functions = {one["name"]: one for one in requests.get(f"{host.url}/admin/functions", timeout=30).json()}
    assert functions["echo"]["invoke_url_template"] == f"{host.url}/api/echo/{{x?}}"
    assert functions["off"]["isDisabled"]
    assert functions["yearly"]["config"]["bindings"][0]["schedule"] == "0 0 0 1 1 *"


def test_admin_runs_a_timer(host: Host) -> None:
    assert requests.post(f"{host.url}/admin/functions/Yearly", json={}, timeout=30).status_code == 202
    host.wait_for_line("WARNING a year has passed: False")


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [("nobody", b"{}", 404), ("yearly", b"", 400), ("yearly", b"[]", 400), ("yearly", b'"x"', 400)],
)
def test_admin_refuses(host: Host, name: str, body: bytes, status: int) -> None:
    address, headers = f"{host.url}/admin/functions/{name}", {"content-type": "application/json"}
    assert requests.post(address, data=body, headers=headers, timeout=30).status_code == status


def test_admin_refuses_what_is_not_declared_as_json(host: Host) -> None:
    answer = requests.post(f"{host.url}/admin/functions/yearly", data=b"{}", timeout=30)
    assert (answer.status_code, answer.text) == (415, "Send a JSON body with Content-Type: application/json.")


def test_a_value_that_is_utf_8_and_one_that_is_empty(host: Host) -> None:
    headers: dict[str, str | bytes] = {"X-U": "ü".encode(), "X-Empty": "", "X-Latin": b"\xfc", "X-Blank": "a \t"}
    found = requests.get(f"{host.url}/api/echo", headers=headers, timeout=30).json()["headers"]
    assert [found[name] for name in ("x-u", "x-empty", "x-latin", "x-blank")] == ["ü", "", "ü", "a"]


def test_an_upgrade_is_ignored(host: Host) -> None:
    for offered in ("websocket", "h2c"):
        headers = {"Connection": "Upgrade", "Upgrade": offered}
        assert requests.get(f"{host.url}/api/echo", headers=headers, timeout=30).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_the_page_answers_every_method(host: Host, method: str) -> None:
    assert requests.request(method, f"{host.url}/", timeout=30).status_code == 200


def test_admin_accepts_an_http_function_which_then_has_no_request_to_run_with(host: Host) -> None:
    assert requests.post(f"{host.url}/admin/functions/echo", json={"input": "x"}, timeout=30).status_code == 202
    host.wait_for_line("ERROR echo: an HTTP function cannot run without a request: call its URL.")


def test_the_listing(host: Host) -> None:
    lines = host.output.splitlines()
    assert f"    echo: [GET,POST] {host.url}/api/echo/{{x?}}" in lines
    assert f"    everything: [any method] {host.url}/api/files/{{*path}}" in lines
    assert f"    off: [any method] {host.url}/api/off (disabled)" in lines
    assert "    yearly: timerTrigger 0 0 0 1 1 *" in lines
    assert f"Host ready: {host.url}" in lines


def test_sync_functions_run_side_by_side_up_to_the_number_of_threads(tmp_path: Path) -> None:
    code = """
    import threading
    both = threading.Barrier(2, timeout=30)

    @app.route(route="meet")
    def meet(req: func.HttpRequest) -> func.HttpResponse:
        both.wait()
        return func.HttpResponse(threading.current_thread().name)
    """
    with running(write_app(tmp_path, code), environ={"PYTHON_THREADPOOL_THREAD_COUNT": "2"}) as host:
        with ThreadPoolExecutor() as callers:
            answers = list(callers.map(lambda _: requests.get(f"{host.url}/api/meet", timeout=60), range(4)))
        assert {answer.text for answer in answers} == {"function_0", "function_1"}


def test_without_a_prefix_or_a_homepage(tmp_path: Path) -> None:
    code = """
    @app.route(route="{*path}", methods=["PUT"])
    def all(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("all")
    """
    folder = write_app(tmp_path, code, extensions={"http": {"routePrefix": ""}})
    with running(folder, environ={"AzureWebJobsDisableHomepage": "true"}) as host:
        assert requests.get(host.url, timeout=30).status_code == 204
        assert requests.put(host.url, timeout=30).text == "all"
        assert requests.put(f"{host.url}/admin/host/status", timeout=30).status_code == 404


def test_a_prefix_of_several_words(tmp_path: Path) -> None:
    code = """
    @app.route(route="x/{y?}")
    def x(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(f"{req.route_params}")
    """
    folder = write_app(tmp_path, code, extensions={"http": {"routePrefix": "v1/{tenant}"}})
    with running(folder, environ={}) as host:
        assert requests.get(f"{host.url}/V1/acme/x/1", timeout=30).text == "{'tenant': 'acme', 'y': '1'}"
        assert requests.get(f"{host.url}/api/x", timeout=30).status_code == 404


def test_a_wrong_limit_of_bodies_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SetupError, match="FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not '1 MB'"),
        running(write_app(tmp_path, ""), environ={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1 MB"}),
    ):
        pass


def test_who_comes_while_the_host_stops_gets_503() -> None:
    """On a connection that is open already; a new one is refused."""

    async def ask() -> list[int]:
        stopping = asyncio.Event()
        app = App(Path(), Settings({}), HostJson(), (), {}, ())
        invoker = Invoker(1)
        door = Endpoint(app, invoker, Admin(app, "", invoker, BlobListeners(app, invoker)), KeyCheck(None), stopping)
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "target": "/",
                 "headers": [(b"host", b"x")]}  # fmt: skip
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        await door(scope, receive, send)
        stopping.set()
        await door(scope, receive, send)
        return [one["status"] for one in sent if one["type"] == "http.response.start"]

    assert asyncio.run(ask()) == [200, 503]


def test_log_lines_of_a_function_carry_its_name_and_invocation(tmp_path: Path) -> None:
    code = """
    @app.route(route="log")
    def log(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        logging.info("from the function")
        print("printed")
        return func.HttpResponse(context.invocation_id)
    """
    with running(write_app(tmp_path, code), environ={}) as host:
        invocation_id = requests.get(f"{host.url}/api/log", timeout=30).text
        assert f"[log {invocation_id}] from the function\n" in host.wait_for_line("from the function")
        assert eventually(lambda: "printed\n" in host.lines)
