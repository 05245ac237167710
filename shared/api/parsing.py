"""Parses a JSON body into its Struct, and reports all faults of a body together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Any, TypeVar

import msgspec
from msgspec import inspect
from msgspec.structs import fields

from shared.domain.file_names import HALF_CHARACTER
from shared.errors import BadRequest, Fault
from shared.language import bounded_json

BodyType = TypeVar("BodyType", bound=msgspec.Struct)

MAX_TOKENS = 10_000  # strings, brackets and commas of a JSON body: see bounded_json
MAX_FAULTS = 20  # in one response
MAX_QUOTED_NAME = 100  # characters of an unknown name that an error message repeats


def parse_body(body_type: type[BodyType], body: bytes) -> BodyType:
    """The value of a JSON body. Raises BadRequest with all faults."""
    raw = _decoded(body)
    if not isinstance(raw, dict):
        raise BadRequest("The body must be a JSON object.")
    raise_faults(_faults(body_type, raw))
    return msgspec.convert(raw, body_type)


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raises BadRequest with the first MAX_FAULTS faults, if there are any."""
    if reported := tuple(islice(faults, MAX_FAULTS)):
        raise BadRequest(" ".join(fault.message for fault in reported), reported)


def unknown_names(names: Iterable[str], known: Iterable[str], noun: str, prefix: str = "") -> Iterator[Fault]:
    """A fault for each name that is not in `known`, with the most similar known name. `noun`: "field", for example."""
    spelling = {name.lower(): name for name in known}
    for name in names:
        if spelling.get(name.lower()) != name:
            similar = get_close_matches(name[:MAX_QUOTED_NAME].lower(), spelling, 1)
            suggestion = f': did you mean "{spelling[similar[0]]}"?' if similar else "."
            message = f'There is no {noun} "{name[:MAX_QUOTED_NAME]}"{suggestion}'
            yield Fault(prefix + name[:MAX_QUOTED_NAME], message)


def _decoded(body: bytes) -> Any:
    """The decoded JSON; None if it is not valid. Raises BadRequest if it has more than MAX_TOKENS values."""
    try:
        return bounded_json.decode(body, MAX_TOKENS)
    except bounded_json.TooManyValues as error:
        raise BadRequest(f"The body has {error}: no request needs as many.") from None
    except (ValueError, RecursionError):
        return None


def _faults(body_type: type[msgspec.Struct], raw: dict[str, Any], prefix: str = "") -> Iterator[Fault]:
    known = {field.encode_name: field for field in fields(body_type)}
    if len(raw) < getattr(body_type, "min_fields", 0):
        yield Fault(prefix, f"The body must have at least one of {', '.join(known)}.")
    yield from unknown_names(raw, known, "field", prefix)
    for name, field in known.items():
        if name in raw:
            yield from _faults_of_value(field.type, raw[name], name, prefix)
        elif field.required:
            yield _fault(field.type, None, name, prefix)


def _faults_of_value(declared: Any, value: Any, name: str, prefix: str) -> Iterator[Fault]:
    """The faults of a field's value and of the objects in it."""
    kind, extra = _plain(inspect.type_info(declared))
    inner = [
        fault
        for inner_type, raw, path in _objects(kind, value, prefix + name)
        for fault in islice(_faults(inner_type, raw, f"{path}."), MAX_FAULTS)
    ]
    yield from inner
    try:
        msgspec.convert(value, declared)
        require_whole_characters(value, name)
        if value is not None and "check" in extra:
            extra["check"](value, name)
    except msgspec.ValidationError:
        if not inner:
            yield _fault(declared, value, name, prefix)
    except BadRequest as error:
        yield Fault(prefix + name, str(error))


def _objects(kind: inspect.Type, value: Any, path: str) -> Iterator[tuple[type[msgspec.Struct], dict[str, Any], str]]:
    """The objects in a field's value: the Struct of each, the object, and its path such as tasks[0]."""
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        yield kind.cls, value, path
    if isinstance(kind, inspect.ListType) and isinstance(value, list) and len(value) <= (kind.max_length or 0):
        for number, item in enumerate(value):
            yield from _objects(kind.item_type, item, f"{path}[{number}]")


def require_whole_characters(value: Any, name: str) -> None:
    """Raises BadRequest for a text with a lone surrogate, which storage and the service refuse."""
    if isinstance(value, str) and not value.isascii() and HALF_CHARACTER.search(value):
        raise BadRequest(f'"{name}" contains half a character (a lone surrogate).')


def _fault(declared: Any, value: Any, name: str, prefix: str) -> Fault:
    kind, extra = _plain(inspect.type_info(declared))
    maximum = kind.max_length if isinstance(kind, inspect.StrType) else None
    if isinstance(value, str) and maximum and len(value) > maximum:
        return Fault(prefix + name, too_long(name, len(value), maximum))
    return Fault(prefix + name, f'"{name}" must {extra.get("must") or _must(kind)}.')


def too_long(name: str, length: int, maximum: int) -> str:
    return f'"{name}" has {length:,} characters; the maximum is {maximum:,}.'


def _must(kind: inspect.Type) -> str:
    words = "be a JSON object"
    match kind:
        case inspect.BoolType():
            words = "be true or false"
        case inspect.EnumType(cls):
            words = f"be one of {', '.join(cls)}"
        case inspect.LiteralType(values):
            words = f"be one of {', '.join(map(str, values))}"
        case inspect.IntType(ge=least, le=most):
            words = f"be a whole number from {least} to {most}"
        case inspect.FloatType(ge=least, le=most):
            words = f"be a number from {least} to {most}"
        case inspect.StrType():
            words = "be a string"
    return words


def _plain(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """The type without null and Meta, and the `extra` of its Meta."""
    if isinstance(kind, inspect.UnionType):
        [kind] = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
    return (kind.type, kind.extra or {}) if isinstance(kind, inspect.Metadata) else (kind, {})
