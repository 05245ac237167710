"""Tables of records by name, in memory and on disk, with one JSON file for each record.

A file is replaced in one step: it holds the old record or the new one, whenever the process ends. The files of a
`durable` table also survive a power failure.
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
    """A record could not be written. The caller can try again."""


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Turns an error of the disk into Unwritable. For every block that changes files of the state."""
    try:
        yield
    except OSError as error:
        logger.warning("%s cannot be changed: %s", folder, error)
        message = f"The service cannot write its state: {error.strerror}."
        raise Unwritable(503, WireError("ServiceUnavailable", message)) from error


class JsonTable(Generic[Value]):
    """A table, oldest record first. The caller of `put` and `remove` holds the lock of the state."""

    def __init__(self, folder: Path, record_type: type[Value], *, durable: bool = True) -> None:
        self._folder, self._durable = folder, durable
        folder.mkdir(parents=True, exist_ok=True)
        for draft in folder.glob("*.draft"):
            draft.unlink()  # left by a process that ended while it was writing
        self._values: dict[str, Value] = dict(sorted(_read(folder, record_type), key=lambda item: item[1].created))

    def get(self, name: str) -> Value | None:
        return self._values.get(name)

    def put(self, name: str, value: Value) -> None:
        """Raises Unwritable; then nothing has changed."""
        with changing(self._folder):
            # json.dumps, because texts may contain lone surrogates, which the encoder of msgspec refuses.
            self._write(self._file(name), json.dumps({"name": name, "value": msgspec.to_builtins(value)}))
        self._values[name] = value

    def remove(self, name: str) -> None:
        """Raises Unwritable; then nothing has changed."""
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
            with draft.open("w", encoding="ascii") as output:
                output.write(content)
                if self._durable:
                    output.flush()
                    os.fsync(output.fileno())
            draft.replace(file)
        except OSError:
            draft.unlink(missing_ok=True)  # on a full disk its space is needed
            raise

    def _file(self, name: str) -> Path:
        # Names are case-sensitive and may have any character, unlike file names on some systems.
        return self._folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}.json"


def _read(folder: Path, record_type: type[Value]) -> Iterator[tuple[str, Value]]:
    for file in folder.glob("*.json"):
        try:
            stored = msgspec.convert(json.loads(file.read_text(encoding="ascii")), _Stored)
            current = {name: value for name, value in stored.value.items() if name not in record_type.former}
            yield stored.name, msgspec.convert(current, record_type)
        except (ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise ValueError(f"{file} cannot be read ({error}): delete it, or the whole state folder") from error
