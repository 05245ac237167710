"""Checks that a Python function fits its decorators, as Microsoft's Python worker does."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.functions.decorators.function_app import Function as Decorated

from local.errors import SetupError
from local.host.functions.invoker import converter

INOUT = 2
RETURN = "$return"


@dataclass(frozen=True)
class Signature:
    """`annotation`: the class of the trigger's argument, or None."""

    argument: str
    annotation: type | None
    wants_context: bool
    is_async: bool
    returns: bool


def check(function: Decorated) -> Signature:
    """Raises SetupError: one wrong function fails the whole app."""
    try:
        return _signature(function)
    except ValueError as error:
        raise SetupError(f"cannot load the {function.get_function_name()} function: {error}") from error


def _signature(function: Decorated) -> Signature:
    call = function.get_user_function()
    bindings = {binding.name: binding for binding in function.get_bindings()}
    if any(binding.direction == INOUT for binding in bindings.values()):
        raise ValueError('"inout" bindings are not supported.')
    annotations = _annotations(call)
    parameters = set(inspect.signature(call).parameters)
    wants_context = "context" in parameters and "context" not in bindings
    _check_names(parameters - ({"context"} if wants_context else set()), bindings.keys() - {RETURN})
    if wants_context and getattr(annotations.get("context", type("Context", (), {})), "__name__", "") != "Context":
        raise ValueError('the "context" parameter is expected to be of type azure.functions.Context.')
    _check_return(bindings.get(RETURN), annotations)
    argument = function.get_trigger().name  # type: ignore[union-attr]  # get_functions() refuses a missing trigger
    annotation = _trigger_annotation(bindings[argument], annotations)
    return Signature(argument, annotation, wants_context, inspect.iscoroutinefunction(call), RETURN in bindings)


def _annotations(call: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except NameError as error:
        raise ValueError(f"an annotation cannot be read: {error}.") from error


def _check_names(parameters: set[str], bound: set[str]) -> None:
    if extra := sorted(parameters - bound):
        raise ValueError(f"its parameters {extra} match no binding of its decorators.")
    if missing := sorted(bound - parameters):
        raise ValueError(f"its decorators name {missing}, which are not parameters of the function.")


def _check_return(binding: Any, annotations: Mapping[str, Any]) -> None:
    if binding is None or "return" not in annotations:
        return
    annotation, converts = annotations["return"], converter(binding.type)
    if not isinstance(annotation, type):
        raise ValueError(f"its return annotation {annotation!r} is not a class.")  # noqa: TRY004  # see check()
    if converts and not converts.check_output_type_annotation(annotation):
        raise ValueError(f'its return annotation "{annotation.__name__}" does not match "{binding.type}".')


def _trigger_annotation(binding: Any, annotations: Mapping[str, Any]) -> type | None:
    annotation, converts = annotations.get(binding.name), converter(binding.type)
    if annotation is None or converts is None:
        return None
    if not isinstance(annotation, type):
        raise ValueError(f"the annotation of {binding.name} is not a class: {annotation!r}.")  # noqa: TRY004
    if annotation not in (str, bytes) and not converts.check_input_type_annotation(annotation):
        raise ValueError(
            f'the type of {binding.name} in its decorator "{binding.type}" does not match its Python annotation '
            f'"{annotation.__name__}".'
        )
    return annotation
