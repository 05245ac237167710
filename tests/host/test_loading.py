"""What a host says of apps and functions that cannot run, and what it makes of settings."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from local.errors import SetupError
from local.host.launch import running
from tests.host.host_apps import BUNDLE, write_app

PROJECT = Path(__file__).parents[2]
STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}  # a connection that no test here opens


def start(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", "host", str(folder), *(words or ("--port", "0"))]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere' (function_app.py, line 4)"),
        ("def x(:", "SyntaxError: "),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
        ("raise GeneratorExit", "GeneratorExit: "),
        ("raise BaseExceptionGroup('all', [KeyboardInterrupt()])", "BaseExceptionGroup: all (1 sub-exception)"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines (function_app.py, line 4)"),
        (
            """
            class Unreadable(Exception):
                def __str__(self): raise ValueError
            raise Unreadable
            """,
            "Unreadable: (its message cannot be read)",
        ),
        ("del app", "no FunctionApp is defined in it."),
        ("other = func.FunctionApp()", "more than one FunctionApp is defined in it."),
        (
            """
            @app.route(route="x")
            def twice(req): ...
            @app.route(route="y")
            def twice(req): ...
            """,
            "twice does not have a unique",
        ),
        (
            """
            @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
            def wrong(clock): ...
            """,
            "cannot load the wrong function: its parameters ['clock'] match no binding",
        ),
        (
            """
            @app.route(route="x")
            def wrong(): ...
            """,
            "cannot load the wrong function: its decorators name ['req']",
        ),
        (
            """
            @app.route(route="x")
            def wrong(req: func.TimerRequest): ...
            """,
            'cannot load the wrong function: the type of req in its decorator "httpTrigger" does not match',
        ),
        (
            """
            @app.route(route="x")
            def wrong(req: func.HttpRequest) -> dict: ...
            """,
            'cannot load the wrong function: its return annotation "dict" does not match "http"',
        ),
        (
            """
            @app.route(route="x")
            def wrong(req: func.HttpRequest, context: int): ...
            """,
            'the "context" parameter is expected to be of type azure.functions.Context',
        ),
        (
            """
            @app.route(route="/slash")
            def wrong(req: func.HttpRequest): ...
            """,
            "The 'wrong' function keeps the host from starting, as in Azure: the route 'api//slash' cannot be made",
        ),
        (
            """
            @app.route(route="{open")
            def wrong(req: func.HttpRequest): ...
            """,
            "the route 'api/{open' cannot be made: a brace does not close at '{open'",
        ),
        (
            """
            @app.blob_trigger(arg_name="blob", path="Docs/{name}", connection="AzureWebJobsStorage")
            def wrong(blob: func.InputStream): ...
            """,
            "storage refuses the container name 'Docs' of the blob path 'Docs/{name}': use 3 to 63 of a-z",
        ),
    ],
)
def test_an_app_that_cannot_be_loaded(tmp_path: Path, code: str, message: str) -> None:
    ended = start(write_app(tmp_path, code))
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_import_error_names_the_place_in_the_app(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "part.py").write_text("x = 1\nimport nowhere\n")
    ended = start(write_app(tmp_path, "from inner import part"))
    assert "No module named 'nowhere' (inner/part.py, line 2)" in ended.stderr


def test_a_folder_that_is_no_app(tmp_path: Path) -> None:
    assert "is not a function app" in start(tmp_path).stderr
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    ended = start(tmp_path)
    assert (ended.returncode, "There is no function_app.py" in ended.stderr) == (1, True)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start(write_app(tmp_path, ""), "--port", str(port))
    assert ended.returncode == 1
    refused = f"Cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another: --port "
    assert ended.stderr.startswith(refused)
    assert ended.stderr.count("\n") == 1
    assert int(ended.stderr.removeprefix(refused)) != port


FAULTY = """
@app.route(route="fine")
def fine(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("fine")

@app.route(route="fine", methods=["PUT"])
def fine_again(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="administrators")
def shadowed(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="{id:regex(^a)}")
def typed(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="%WHERE%/x")
def placed(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="closed", methods=[])
def closed(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="text")
def text(req: str) -> func.HttpResponse: ...

@app.function_name("host")
@app.route(route="h")
def hosting(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="underscores", trigger_arg_name="my__req")
def underscores(my__req: func.HttpRequest) -> func.HttpResponse: ...

@app.timer_trigger(arg_name="timer", schedule="%GONE%")
def unset(timer: func.TimerRequest) -> None: ...

@app.timer_trigger(arg_name="timer", schedule="often")
def unclear(timer: func.TimerRequest) -> None: ...

@app.blob_trigger(arg_name="blob", path="docs/{name}", connection="NOWHERE")
def unconnected(blob: func.InputStream) -> None: ...

@app.blob_trigger(arg_name="blob", path="docs/{name}", connection="AzureWebJobsStorage", source="Post")
def unknown_source(blob: func.InputStream) -> None: ...

@app.blob_trigger(arg_name="blob", path="docs/{name}", connection="AzureWebJobsStorage", data_type="string")
def as_text(blob: str) -> None: ...

@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="AzureWebJobsStorage")
def queued(message: func.ServiceBusMessage) -> None: ...

@app.route(route="out")
@app.queue_output(arg_name="out", queue_name="q", connection="AzureWebJobsStorage")
def outward(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse: ...

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
@app.retry(strategy="fixed_delay", max_retry_count="3")
def retried(timer: func.TimerRequest) -> None: ...

@app.timer_trigger(arg_name="timer", schedule="24:00:00")
def daily(timer: func.TimerRequest) -> None: ...

@app.route(route="again")
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
def again(req: func.HttpRequest) -> func.HttpResponse: ...

@app.route(route="backwards")
@app.retry(strategy="exponential_backoff", max_retry_count="3", minimum_interval="0:1:0", maximum_interval="0:0:1")
def backwards(req: func.HttpRequest) -> func.HttpResponse: ...
"""


def test_functions_in_error_leave_the_others_running(tmp_path: Path) -> None:
    ignored = {"healthMonitor": {"enabled": True}, "logging": {"logLevel": {"default": "Trace", "Host": "None"}}}
    environ = {**STORAGE, "AzureWebJobs.daily.Disabled": "true"}
    with running(write_app(tmp_path, FAULTY, **ignored), environ=environ) as host:
        assert requests.get(f"{host.url}/api/fine", timeout=30).text == "fine"
        lines = host.output.splitlines()
    errors = {
        "fine_again": "The route specified conflicts with the route defined by function 'fine'.",
        "shadowed": "The specified route conflicts with one or more built in routes.",
        "typed": "the route 'api/{id:regex(^a)}' has the constraint 'regex', which this host does not support.",
        "placed": "its route has %WHERE%, which Azure does not resolve in routes: write it out.",
        "closed": "its methods are empty, so that no request reaches it: name some, or leave them out.",
        "text": "annotate req with azure.functions.HttpRequest.",
        "host": "'host' is not a valid function name.",
        "underscores": "The binding name my__req is invalid. Please assign a valid name to the binding.",
        "unset": "'%GONE%' does not resolve to a value: set GONE.",
        "unclear": "The schedule expression 'often' was not recognized as a valid cron expression or timespan string: "
        "it has neither five or six fields nor the form hh:mm:ss.",
        "unconnected": "the storage connection 'NOWHERE' is not set: set NOWHERE to a connection string, or "
        "NOWHERE__blobServiceUri, NOWHERE__queueServiceUri and NOWHERE__tableServiceUri.",
        "unknown_source": "its source 'Post' is neither LogsAndContainerScan nor EventGrid.",
        "as_text": "its trigger has a data_type; this host supports only BINARY.",
        "queued": "it has a binding of type 'serviceBusTrigger', which this host does not support.",
        "outward": "it has a binding of type 'queue', which this host does not support.",
        "retried": "its retry needs delay_interval in the form hh:mm:ss, not None.",
        "backwards": "minimum_interval of its retry is 60 s, above its maximum_interval, 1 s.",
    }
    found = [line for line in lines if "is in error" in line]
    assert sorted(found) == sorted(f"The '{name}' function is in error: {error}" for name, error in errors.items())
    assert "Settings that this host ignores: healthMonitor.enabled, logging.logLevel (host.json)." in lines
    assert "again: retry has no effect in this host: it supports retry for timers only." in lines
    assert "daily: 24:00:00 is a span of 24 days, as in Azure: write d.hh:mm:ss." in lines


def test_timers_need_the_hosts_storage_and_others_do_not(tmp_path: Path) -> None:
    code = """
    @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
    def tick(timer: func.TimerRequest) -> None: ...

    @app.route(route="fine")
    def fine(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("fine")
    """
    with running(write_app(tmp_path, code), environ={"AzureWebJobsStorage": ""}) as host:
        assert "'tick' function is in error: the storage connection 'AzureWebJobsStorage' is not set" in host.output
        assert requests.get(f"{host.url}/api/fine", timeout=30).text == "fine"


ASK = """
import os

@app.route(route="setting/{name}")
def setting(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ.get(req.route_params["name"], "none"))
"""


def test_local_settings_only_fill_what_the_environment_lacks(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json").write_text('{"Values": {"TEXTDROP_A": "file", "TEXTDROP_B": "file"}}')
    with running(write_app(tmp_path, ASK), environ={"TEXTDROP_A": "environment"}) as host:
        assert requests.get(f"{host.url}/api/setting/TEXTDROP_A", timeout=30).text == "environment"
        assert requests.get(f"{host.url}/api/setting/TEXTDROP_B", timeout=30).text == "file"
        assert requests.get(f"{host.url}/api/setting/AZURE_FUNCTIONS_ENVIRONMENT", timeout=30).text == "Development"


def test_ignored_settings_are_named_in_one_line_without_their_values(tmp_path: Path) -> None:
    local = {"Values": {}, "Host": {"CORS": "*", "LocalHttpPort": 7099}, "ConnectionStrings": {"SQL": "a secret"}}
    (tmp_path / "local.settings.json").write_text(json.dumps(local))
    with running(write_app(tmp_path, ASK, logging={"console": {}, "fileLoggingMode": "always"}), environ={}) as host:
        lines = host.output.splitlines()
    expected = (
        "Settings that this host ignores: logging.fileLoggingMode (host.json); "
        "Host.CORS, Host.LocalHttpPort, ConnectionStrings.SQL (local.settings.json)."
    )
    assert [line for line in lines if "ignores" in line] == [expected]
    assert "secret" not in host.output


@pytest.mark.parametrize(
    "bundle", [None, {}, {"id": "Microsoft.Azure.Functions.ExtensionBundle"}, {"version": "[4.*, 5.0.0)"}]
)
def test_a_blob_trigger_needs_the_extension_bundle(tmp_path: Path, bundle: object) -> None:
    code = """
    @app.blob_trigger(arg_name="blob", path="in/{name}", connection="AzureWebJobsStorage")
    def landed(blob: func.InputStream) -> None: ...

    @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
    def tick(timer: func.TimerRequest) -> None: ...
    """
    app = write_app(tmp_path, code)
    (app / "host.json").write_text(
        json.dumps({"version": "2.0"} | ({} if bundle is None else {"extensionBundle": bundle}))
    )
    with running(app, environ=STORAGE) as host:
        errors = [line for line in host.lines if "is in error" in line]
    [error] = errors
    assert error.startswith("The 'landed' function is in error: blob triggers require the extension bundle.")
    assert json.loads("{" + error.partition("host.json: ")[2] + "}") == {"extensionBundle": BUNDLE}


@pytest.mark.parametrize("name", ["", "A=B", "NUL", "no \ud800"])
def test_local_settings_that_no_environment_takes_are_told_without_their_values(tmp_path: Path, name: str) -> None:
    value = "a\0secret" if name == "NUL" else "a secret"
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": {name: value}}))
    ended = start(write_app(tmp_path, ASK))
    assert ended.returncode == 1
    assert f"local.settings.json: {name!r} cannot be an environment variable: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr


def test_an_app_finds_its_own_modules_and_none_of_this_project(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "errors.py").write_text("WHOSE = 'the app'\n")
    code = """
    import os
    import pathlib
    from shared import errors
    try:
        import shared.language
        found = "ours"
    except ImportError:
        found = errors.WHOSE

    @app.route(route="whose")
    def whose(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(f"{found} {pathlib.Path.cwd()}")
    """
    with running(write_app(tmp_path, code), environ={}) as host:
        assert requests.get(f"{host.url}/api/whose", timeout=30).text == f"the app {tmp_path.resolve()}"


def test_blueprints(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text(
        "import azure.functions as func\nbp = func.Blueprint()\n"
        "@bp.route(route='more')\ndef more(req: func.HttpRequest) -> func.HttpResponse:\n"
        "    return func.HttpResponse('more')\n"
    )
    with running(write_app(tmp_path, "import more\napp.register_functions(more.bp)"), environ={}) as host:
        assert requests.get(f"{host.url}/api/more", timeout=30).text == "more"


def test_running_tells_why_a_host_did_not_start(tmp_path: Path) -> None:
    with (
        pytest.raises(SetupError, match=r"(?s)ended with exit code 1.*No module named 'nowhere'"),
        running(write_app(tmp_path, "import nowhere"), environ={}),
    ):
        pass
