"""Reads a body as its Struct declares it, or says all that is wrong with it. Pure."""

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

Kind = TypeVar("Kind", bound=msgspec.Struct)

MAX_TOKENS = 10_000  # of a JSON body: see bounded_json
MAX_FAULTS = 20  # that one answer names
MAX_NAME = 100  # characters of a name that is said again


def read(kind: type[Kind], body: bytes) -> Kind:
    """The value of a JSON body, which is decoded once. Raises BadRequest with all its faults."""
    raw = _decoded(body)
    if not isinstance(raw, dict):
        raise BadRequest("The body must be a JSON object.")
    refuse(_faults(kind, raw))
    return msgspec.convert(raw, kind)


def refuse(faults: Iterable[Fault]) -> None:
    """Raises BadRequest if there is any; it names at most MAX_FAULTS."""
    if found := tuple(islice(faults, MAX_FAULTS)):
        raise BadRequest(" ".join(fault.message for fault in found), found)


def unknown(names: Iterable[str], known: Iterable[str], what: str, within: str = "") -> Iterator[Fault]:
    """A fault for each name that is none of `known`, with the one that may have been meant."""
    spelled = {name.lower(): name for name in known}
    for name in names:
        if spelled.get(name.lower()) != name:
            near = get_close_matches(name[:MAX_NAME].lower(), spelled, 1)
            meant = f': did you mean "{spelled[near[0]]}"?' if near else "."
            yield Fault(within + name[:MAX_NAME], f'There is no {what} "{name[:MAX_NAME]}"{meant}')


def _decoded(body: bytes) -> Any:
    """None for what is not JSON. Raises BadRequest for what is costly to decode."""
    try:
        return bounded_json.decode(body, MAX_TOKENS)
    except bounded_json.TooManyValues as error:
        raise BadRequest(f"The body has {error}: no request needs as many.") from None
    except (ValueError, RecursionError):
        return None


def _faults(kind: type[msgspec.Struct], raw: dict[str, Any], within: str = "") -> Iterator[Fault]:
    known = {field.encode_name: field for field in fields(kind)}
    if len(raw) < getattr(kind, "min_fields", 0):
        yield Fault(within, f"The body must have some of {', '.join(known)}.")
    yield from unknown(raw, known, "field", within)
    for name, field in known.items():
        if name in raw:
            yield from _faults_of_value(field.type, raw[name], name, within)
        elif field.required:
            yield _fault(field.type, None, name, within)


def _faults_of_value(declared: Any, value: Any, name: str, within: str) -> Iterator[Fault]:
    """Its own, or those of the objects within."""
    kind, extra = _plain(inspect.type_info(declared))
    inner = [
        fault
        for inner_kind, raw, place in _objects(kind, value, within + name)
        for fault in islice(_faults(inner_kind, raw, f"{place}."), MAX_FAULTS)
    ]
    yield from inner
    try:
        msgspec.convert(value, declared)
        require_whole_characters(value, name)
        if value is not None and "check" in extra:
            extra["check"](value, name)
    except msgspec.ValidationError:
        if not inner:
            yield _fault(declared, value, name, within)
    except BadRequest as error:
        yield Fault(within + name, str(error))


def _objects(kind: inspect.Type, value: Any, place: str) -> Iterator[tuple[type[msgspec.Struct], dict[str, Any], str]]:
    """The objects that a field's value holds, with what each of them is declared to be and where it stands."""
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        yield kind.cls, value, place
    if isinstance(kind, inspect.ListType) and isinstance(value, list) and len(value) <= (kind.max_length or 0):
        for number, item in enumerate(value):
            yield from _objects(kind.item_type, item, f"{place}[{number}]")


def require_whole_characters(value: Any, name: str) -> None:
    """Raises BadRequest for a text with half a character, which no storage and no service takes."""
    if isinstance(value, str) and not value.isascii() and HALF_CHARACTER.search(value):
        raise BadRequest(f'"{name}" holds half a character (a lone surrogate).')


def _fault(declared: Any, value: Any, name: str, within: str) -> Fault:
    kind, extra = _plain(inspect.type_info(declared))
    longest = kind.max_length if isinstance(kind, inspect.StrType) else None
    if isinstance(value, str) and longest and len(value) > longest:
        return Fault(within + name, too_long(name, len(value), longest))
    return Fault(within + name, f'"{name}" must {extra.get("must") or _must(kind)}.')


def too_long(name: str, length: int, longest: int) -> str:
    return f'"{name}" has {length:,} characters; at most {longest:,} are taken.'


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
    """The type without null and without Meta, and what Meta says besides."""
    if isinstance(kind, inspect.UnionType):
        [kind] = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    return (kind.type, kind.extra or {}) if isinstance(kind, inspect.Metadata) else (kind, {})
