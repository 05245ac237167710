"""Frozen values kept by name, in memory and as JSON files, one file a value, so that they outlive a restart.

A value is written beside its file and put in its place in one step: however the process ends, a file holds one value or
the next. What `durable` tables hold outlives a machine that loses its power too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import types
import typing
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, Union

from local.language.protocol.service_errors import ServiceError, WireError


class Dated(Protocol):
    @property
    def created(self) -> datetime: ...


Value = TypeVar("Value", bound=Dated)

logger = logging.getLogger(__name__)


class Unwritable(ServiceError):
    """What was to be remembered could not be written: it may be tried again."""


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """What is done to the files of the state: a full or broken disk is told in the service's way."""
    try:
        yield
    except OSError as error:
        logger.warning("%s cannot be changed: %s", folder, error)
        message = f"The service cannot write its state: {error.strerror}."
        raise Unwritable(503, WireError("ServiceUnavailable", message)) from error


class JsonTable(Generic[Value]):
    """A mapping, oldest first. Whoever changes it holds the state's lock."""

    def __init__(self, folder: Path, of: type[Value], *, durable: bool = True) -> None:
        self._folder, self._durable = folder, durable
        folder.mkdir(parents=True, exist_ok=True)
        for draft in folder.glob("*.draft"):
            draft.unlink()  # of a process that was ended while it wrote
        self._values: dict[str, Value] = dict(sorted(_read(folder, of), key=lambda item: item[1].created))

    def get(self, name: str) -> Value | None:
        return self._values.get(name)

    def put(self, name: str, value: Value) -> None:
        """Raises Unwritable, with nothing changed."""
        with changing(self._folder):
            self._write(self._file(name), json.dumps({"name": name, "value": value}, default=_plain))
        self._values[name] = value

    def remove(self, name: str) -> None:
        """Raises Unwritable, with nothing changed."""
        if name in self._values:
            with changing(self._folder):
                self._file(name).unlink(missing_ok=True)
            del self._values[name]

    def items(self) -> list[tuple[str, Value]]:
        return list(self._values.items())

    def values(self) -> list[Value]:
        return list(self._values.values())

    def _write(self, file: Path, content: str) -> None:
        draft = file.with_suffix(".draft")
        try:
            with draft.open("w", encoding="ascii") as written:
                written.write(content)
                if self._durable:
                    written.flush()
                    os.fsync(written.fileno())
            draft.replace(file)
        except OSError:
            draft.unlink(missing_ok=True)  # what there is of it takes room that others may need
            raise

    def _file(self, name: str) -> Path:
        # Names are case-sensitive and may hold anything; a file system's names may not.
        return self._folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}.json"


def _read(folder: Path, of: type[Value]) -> Iterator[tuple[str, Value]]:
    for file in folder.glob("*.json"):
        try:
            found = json.loads(file.read_text(encoding="ascii"))
            yield _revived(str, found["name"]), _revived(of, found["value"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{file} cannot be read ({error}): delete it, or the whole state folder") from error


def _plain(value: Any) -> Any:
    """JSON of the outermost part of what JSON does not have itself: frozen dataclasses, mappings and datetimes."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _revived(of: Any, plain: Any) -> Any:
    """The value of type `of` that `_plain` made `plain` from. Raises TypeError or ValueError if it made it not.

    `former` of a class are the fields that earlier versions wrote, which are left out.
    """
    origin, parts = typing.get_origin(of), typing.get_args(of)
    if of is Any:
        return plain
    if origin in (Union, types.UnionType):
        return plain if plain is None else _revived(parts[0], plain)
    if origin is tuple:
        return tuple(_revived(parts[0], item) for item in _typed(list, plain))
    if origin in (Mapping, dict):
        return {name: _revived(parts[1], item) for name, item in _typed(dict, plain).items()}
    if dataclasses.is_dataclass(of):
        hints = _hints(typing.cast("Hashable", of))
        known = {name: item for name, item in _typed(dict, plain).items() if name not in getattr(of, "former", ())}
        fields = {name: _revived(hints[name], item) for name, item in known.items()}
        return typing.cast("type[Any]", of)(**fields)
    return _moment(plain) if of is datetime else _typed(of, plain)


def _moment(plain: Any) -> datetime:
    found = datetime.fromisoformat(_typed(str, plain))
    if found.tzinfo is None:
        raise ValueError(f"{plain} has no time zone")
    return found


def _typed(of: type[Any], plain: Any) -> Any:
    if not isinstance(plain, (int, float) if of is float else of):
        raise TypeError(f"{str(plain)[:40]!r} where there should be a {of.__name__}")
    return plain


@cache
def _hints(of: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(of)
