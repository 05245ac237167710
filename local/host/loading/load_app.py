"""Imports a function app and reads its functions, like the worker and then the real host."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from azure.functions import FunctionRegister
from azure.functions.decorators.function_app import Function as Decorated

from local.errors import SetupError
from local.host.config.host_json import HostJson
from local.host.config.settings import LOCAL_SETTINGS, STORAGE, Settings, ignored_locally
from local.host.errors import FunctionInError, HostInError
from local.host.functions import retry_policy
from local.host.functions.function import (
    BlobTrigger,
    Function,
    HttpTrigger,
    QueueTrigger,
    TimerTrigger,
    Trigger,
    triggered_by,
)
from local.host.functions.retry_policy import Retry
from local.host.loading import signatures
from local.host.loading.signatures import Signature
from local.host.storage import clients
from local.host.triggers import auth_level, ncrontab, path_pattern, route_templates
from local.paths import ROOT

PROJECT = ROOT.resolve()
FUNCTION_NAME = re.compile(r"(?!host$)[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE)
BINDING_NAME = re.compile(r"(?!.*__)[a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return")
QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
PLACEHOLDER = re.compile(r"%[A-Za-z_][\w.:-]{2,}%", re.ASCII)  # a shorter one may be an escape, such as %C3%A9
BUILT_IN_ROUTES = ("admin", "runtime")
TIMER = "timerTrigger"
SCAN, EVENTS = "logsandcontainerscan", "eventgrid"
APP_ERRORS = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit, BaseExceptionGroup)
BUNDLE = '"extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}'
BINARY = (None, 0, 2)  # data types: none given, undefined, binary


@dataclass(frozen=True)
class App:
    """Functions sorted by name without regard to case; `errors`: by name, why a function cannot run; `notes`: what the
    app declares and this host does not support.
    """

    directory: Path
    settings: Settings
    host_json: HostJson
    functions: tuple[Function, ...]
    errors: Mapping[str, str]
    notes: tuple[str, ...]


def load(app_dir: Path, settings: Settings, host_json: HostJson) -> App:
    """Raises SetupError if the app as a whole cannot be loaded."""
    return check(_decorated(app_dir, settings), app_dir, settings, host_json)


def check(found: Iterable[Decorated], app_dir: Path, settings: Settings, host_json: HostJson) -> App:
    """The app of these functions. Raises SetupError if the real host would not start with one of them."""
    functions: list[Function] = []
    errors: dict[str, str] = {}
    decorated = sorted(found, key=lambda function: str(function.get_function_name()).upper())
    signed = [(one, signatures.check(one)) for one in decorated]
    for one, signature in signed:
        name = str(one.get_function_name())
        try:
            function = _function(name, one, signature, settings, host_json)
            _check_conflict(function, functions)
            functions.append(function)
        except (FunctionInError, ncrontab.ScheduleError) as error:
            errors[name] = str(error)
        except HostInError as error:
            raise SetupError(f"The '{name}' function keeps the host from starting, as in Azure: {error}") from error
    notes = (*_notes(app_dir, decorated, host_json), *_notes_on_spans(functions))
    return App(app_dir, settings, host_json, tuple(functions), errors, notes)


def _notes(app_dir: Path, decorated: list[Decorated], host_json: HostJson) -> Iterator[str]:
    ignored = {"host.json": host_json.ignored, LOCAL_SETTINGS: ignored_locally(app_dir)}
    if said := "; ".join(f"{', '.join(names)} ({file})" for file, names in ignored.items() if names):
        yield f"Settings that this host ignores: {said}."
    for one in decorated:
        if _policy(one) and one.get_trigger().type != TIMER:  # type: ignore[union-attr]
            yield f"{one.get_function_name()}: retry has no effect in this host: it supports retry for timers only."


def _notes_on_spans(functions: Iterable[Function]) -> Iterator[str]:
    for function, trigger in triggered_by(TimerTrigger, functions):
        if days := ncrontab.days_in_hours_place(trigger.expression):
            yield f"{function.name}: {trigger.expression} is a span of {days} days, as in Azure: write d.hh:mm:ss."


def _decorated(app_dir: Path, settings: Settings) -> list[Decorated]:
    script = settings.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py"
    if not (app_dir / script).exists():
        raise SetupError(f"There is no {script} in {app_dir}.")
    _isolate(app_dir)
    try:
        return _app_of(importlib.import_module(Path(script).stem)).get_functions()
    except APP_ERRORS as error:  # anything that the app raises
        raise SetupError(f"{script} cannot be loaded: {_description(error, app_dir)}") from error


def _isolate(app_dir: Path) -> None:
    """The app's modules come first on the path, and this project's are not importable for it."""
    ours = [name for name, module in sys.modules.items() if _is_ours(name, module)]
    for name in ours:
        del sys.modules[name]
    sys.path[:] = [str(app_dir), *(entry for entry in sys.path if Path(entry).resolve() != PROJECT)]
    os.chdir(app_dir)


def _is_ours(name: str, module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return name.partition(".")[0] == "shared" and file is not None and PROJECT in Path(file).parents


def _app_of(module: ModuleType) -> FunctionRegister:
    apps = [value for value in vars(module).values() if isinstance(value, FunctionRegister)]
    if len(apps) == 1:
        return apps[0]
    raise ValueError("more than one FunctionApp is defined in it." if apps else "no FunctionApp is defined in it.")


def _description(error: BaseException, app_dir: Path) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_absolute()]
    own = [frame for frame in frames if app_dir in Path(frame.filename).parents]
    where = f" ({Path(own[-1].filename).relative_to(app_dir)}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {_one_line(error)}{where}"


def _one_line(error: BaseException) -> str:
    """The message in one line."""
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001  # the app may define the class
        return "(its message cannot be read)"


def _function(name: str, one: Decorated, signature: Signature, settings: Settings, host_json: HostJson) -> Function:
    _check_names(name, one)
    declared: Any = one.get_trigger()
    trigger = TRIGGERS[declared.type](name, declared, settings, host_json)
    if isinstance(trigger, HttpTrigger) and signature.annotation in (str, bytes):
        raise FunctionInError(f"annotate {signature.argument} with azure.functions.HttpRequest.")
    call, retry = one.get_user_function(), _retry(one)  # the real host checks it for every trigger
    return Function(
        name=name,
        call=call,
        directory=str(Path(inspect.getfile(call)).parent),
        trigger=trigger,
        argument=signature.argument,
        raw=signature.annotation in (str, bytes),
        wants_context=signature.wants_context,
        is_async=signature.is_async,
        returns=signature.returns,
        retry=retry if isinstance(trigger, TimerTrigger) else None,
        disabled=settings.disabled(name),
        bindings=tuple(one.get_raw_bindings()),
    )


def _check_names(name: str, one: Decorated) -> None:
    if not FUNCTION_NAME.fullmatch(name):
        raise FunctionInError(f"'{name}' is not a valid function name.")
    for binding in one.get_bindings():
        if not BINDING_NAME.fullmatch(binding.name):
            raise FunctionInError(
                f"The binding name {binding.name} is invalid. Please assign a valid name to the binding."
            )
        if binding.type not in TRIGGERS and (binding.type, binding.name) != ("http", signatures.RETURN):
            raise FunctionInError(f"it has a binding of type '{binding.type}', which this host does not support.")
        if binding is one.get_trigger() and binding.data_type not in BINARY:
            raise FunctionInError("its trigger has a data_type; this host supports only BINARY.")


def _policy(one: Decorated) -> Mapping[str, Any]:
    return one.get_settings_dict("retry_policy") or {}


def _retry(one: Decorated) -> Retry | None:
    try:
        return retry_policy.parse(policy) if (policy := _policy(one)) else None
    except ValueError as error:
        raise FunctionInError(str(error)) from error


def _http(name: str, trigger: Any, _settings: Settings, host_json: HostJson) -> Trigger:
    route = str(trigger.route or name)
    if placeholder := PLACEHOLDER.search(route):
        raise FunctionInError(f"its route has {placeholder[0]}, which Azure does not resolve in routes: write it out.")
    if route.strip("/").lower().startswith(BUILT_IN_ROUTES):
        raise FunctionInError("The specified route conflicts with one or more built in routes.")
    if trigger.methods is not None and not trigger.methods:
        raise FunctionInError("its methods are empty, so that no request reaches it: name some, or leave them out.")
    methods = tuple(str(getattr(method, "value", method)).upper() for method in trigger.methods or ())
    level = str(getattr(trigger.auth_level, "value", trigger.auth_level) or auth_level.FUNCTION).lower()
    if level not in auth_level.LEVELS:
        raise FunctionInError(f"its auth_level '{level}' is not one of {', '.join(auth_level.LEVELS)}.")
    return HttpTrigger(route_templates.parse(host_json.route_prefix, route), methods, level)


def _check_conflict(function: Function, others: list[Function]) -> None:
    if not isinstance(trigger := function.trigger, HttpTrigger):
        return
    for other in others:
        if isinstance(other.trigger, HttpTrigger) and _collide(trigger, other.trigger):
            raise FunctionInError(f"The route specified conflicts with the route defined by function '{other.name}'.")


def _collide(one: HttpTrigger, other: HttpTrigger) -> bool:
    same_route = one.route.template.casefold() == other.route.template.casefold()
    return same_route and (not one.methods or not other.methods or bool(set(one.methods) & set(other.methods)))


def _timer(_name: str, trigger: Any, settings: Settings, _host_json: HostJson) -> Trigger:
    clients.check(settings.connection(STORAGE))  # the account of its lease; the real host requires it too
    expression = settings.resolve(trigger.schedule)
    schedule = ncrontab.parse(expression)
    monitored = trigger.use_monitor is not False and not schedule.is_rapid
    return TimerTrigger(expression, schedule, bool(trigger.run_on_startup), monitored)


def _blob(_name: str, trigger: Any, settings: Settings, host_json: HostJson) -> Trigger:
    if not host_json.has_bundle:
        raise FunctionInError(f"blob triggers require the extension bundle. Add to host.json: {BUNDLE}")
    source = str(getattr(trigger.source, "value", trigger.source) or SCAN).lower()
    path = path_pattern.parse(settings.resolve(trigger.path))
    if source == SCAN:
        path_pattern.check_container(path)
    clients.check(clients.queue_connection(settings.connection(STORAGE), settings))
    if source not in (SCAN, EVENTS):
        raise FunctionInError(f"its source '{trigger.source}' is neither LogsAndContainerScan nor EventGrid.")
    connection = settings.connection(settings.resolve(trigger.connection or ""))
    clients.check(connection)
    return BlobTrigger(path, connection, scans=source == SCAN)


def _queue(_name: str, trigger: Any, settings: Settings, host_json: HostJson) -> Trigger:
    if not host_json.has_bundle:
        raise FunctionInError(f"queue triggers require the extension bundle. Add to host.json: {BUNDLE}")
    if trigger.data_type:
        raise FunctionInError("its trigger has a data_type, which this host does not support for queues.")
    name = settings.resolve(trigger.queue_name).lower()
    if not QUEUE_NAME.fullmatch(name):
        raise FunctionInError(f"'{name}' is no name of a queue: 3 to 63 letters, digits and single hyphens.")
    connection = settings.connection(settings.resolve(trigger.connection or ""))
    clients.check(connection)
    if not (connection.connection_string or connection.queue_address):
        raise FunctionInError(f"its connection has no queue service: set {connection.name}__queueServiceUri.")
    return QueueTrigger(name, connection)


TRIGGERS: dict[str, Callable[[str, Any, Settings, HostJson], Trigger]] = {
    "httpTrigger": _http,
    TIMER: _timer,
    "blobTrigger": _blob,
    "queueTrigger": _queue,
}
