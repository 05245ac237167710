"""Frozen values kept by name, in memory and as JSON files, one file a value, so that they outlive a restart.

A value is written beside its file and put in its place in one step: however the process ends, a file holds one value or
the next. What `durable` tables hold outlives a machine that loses its power too.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from local.language.protocol.service_errors import ServiceError, WireError


class Dated(Protocol):
    former: ClassVar[frozenset[str]]

    @property
    def created(self) -> datetime: ...


Value = TypeVar("Value", bound=Dated)


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The content of one file."""

    name: str
    value: dict[str, Any]


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

    def __init__(self, folder: Path, record_type: type[Value], *, durable: bool = True) -> None:
        self._folder, self._durable = folder, durable
        folder.mkdir(parents=True, exist_ok=True)
        for draft in folder.glob("*.draft"):
            draft.unlink()  # of a process that was ended while it wrote
        self._values: dict[str, Value] = dict(sorted(_read(folder, record_type), key=lambda item: item[1].created))

    def get(self, name: str) -> Value | None:
        return self._values.get(name)

    def put(self, name: str, value: Value) -> None:
        """Raises Unwritable, with nothing changed."""
        with changing(self._folder):
            # Not msgspec's own encoder: a text may hold half a surrogate pair, which UTF-8 does not have.
            self._write(self._file(name), json.dumps({"name": name, "value": msgspec.to_builtins(value)}))
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


def _read(folder: Path, record_type: type[Value]) -> Iterator[tuple[str, Value]]:
    for file in folder.glob("*.json"):
        try:
            stored = msgspec.convert(json.loads(file.read_text(encoding="ascii")), _Stored)
            current = {name: value for name, value in stored.value.items() if name not in record_type.former}
            yield stored.name, msgspec.convert(current, record_type)
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise ValueError(f"{file} cannot be read ({error}): delete it, or the whole state folder") from error
