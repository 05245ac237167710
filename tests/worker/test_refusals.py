"""What our host and Microsoft's worker both refuse as an app is loaded: in their own words, of the same function."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import SetupError
from local.host.launch import running
from tests.host.host_apps import write_app
from tests.worker.worker_process import WorkerError, working

WRONG_APPS = {
    "import": ("import no_such_package", ["no_such_package"]),
    "own error": ("raise KeyError('of the app')", ["of the app"]),
    "no app": ("del app", []),
    "two apps": ("other = func.FunctionApp()", []),
    "names": (
        """
        @app.route(route="a")
        def twice(req: func.HttpRequest): ...
        @app.route(route="b")
        def twice(req: func.HttpRequest): ...
        """,
        ["twice"],
    ),
    "a blueprint twice": (
        """
        bp = func.Blueprint()
        @bp.route(route="a")
        def of_it(req: func.HttpRequest): ...
        app.register_functions(bp)
        app.register_functions(bp)
        del bp
        """,
        ["of_it"],
    ),
    "an app as a blueprint": ("app.register_functions(func.FunctionApp())", ["TypeError"]),
    "no trigger": (
        """
        @app.blob_input(arg_name="blob", path="a/b", connection="C")
        def idle(blob): ...
        """,
        ["idle"],
    ),
    "argument": (
        """
        @app.timer_trigger(arg_name="timer", schedule="* * * * * *")
        def wrong(clock): ...
        """,
        ["wrong", "clock"],
    ),
    "no argument": (
        """
        @app.route(route="a", trigger_arg_name="request")
        def wrong() -> func.HttpResponse: ...
        """,
        ["wrong", "request"],
    ),
    "annotation": (
        """
        @app.route(route="a")
        def wrong(req: func.TimerRequest): ...
        """,
        ["wrong", "req", "httpTrigger"],
    ),
    "no class": (
        """
        @app.route(route="a")
        def wrong(req: 5): ...
        """,
        ["wrong" , "req"],
    ),
    "return": (
        """
        @app.route(route="a")
        def wrong(req: func.HttpRequest) -> dict: ...
        """,
        ["wrong", "dict", "http"],
    ),
    "context": (
        """
        @app.route(route="a")
        def wrong(req: func.HttpRequest, context: int): ...
        """,
        ["wrong", "context"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "words"), WRONG_APPS.values(), ids=list(WRONG_APPS))
def test_both_refuse_the_app(worker_python: Path, tmp_path: Path, code: str, words: list[str]) -> None:
    app = write_app(tmp_path, code)
    with pytest.raises(SetupError) as ours, running(app, environ={}):
        pass
    with pytest.raises(WorkerError) as theirs, working(worker_python, app, {}):
        pass
    assert "ended with exit code 1" in str(ours.value)
    assert [word for word in words if word not in str(ours.value)] == []
    assert [word for word in words if word not in str(theirs.value)] == []
