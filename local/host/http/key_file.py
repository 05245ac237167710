"""The file that a host keeps its keys in: for its owner alone, written whole, made where something is missing."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local.errors import SetupError
from local.host.config.settings import read_json
from local.host.http.key_auth import Keys, Named

OTHERS = 0o077  # the bits of a file's mode that let in anybody but its owner


def kept(file: Path, functions: Iterable[str]) -> Keys:
    """The keys in the file. What is missing there is made at random and written. Raises SetupError."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(file.parent):  # or two hosts that start at once would each make their own
            found = read(file) if file.exists() else Keys()
            complete = found.completed(functions)
            if complete != found:
                _write(file, complete)
    except OSError as error:
        raise SetupError(f"The keys cannot be kept in {file} ({error.strerror}): choose another --keys.") from error
    return complete


def read(file: Path) -> Keys:
    """Raises SetupError for a file that others may read, or that holds no keys. No message shows what is in it."""
    content = read_json(file)
    if file.stat().st_mode & OTHERS:
        raise SetupError(f"{file} can be read by others than you: chmod 600 {file}")
    try:
        return Keys(
            master=_key(content.get("master", "")),
            host=_named(content.get("host", {})),
            system=_named(content.get("system", {})),
            functions={str(name): _named(keys) for name, keys in _object(content.get("functions", {})).items()},
        )
    except ValueError as error:
        raise SetupError(f"{file} holds no keys as this host writes them: {error}. Mend it, or remove it.") from error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("names and keys must be an object")  # noqa: TRY004  # see read()
    return value


def _named(value: Any) -> Named:
    return {name: _key(key) for name, key in _object(value).items() if key != ""}


def _key(value: Any) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("a key must be a text of ASCII letters, digits and signs")
    return value


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Alone in the folder; the lock goes with the process."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _write(file: Path, keys: Keys) -> None:
    """Never half, and never readable by others, not even while it is written."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(keys), out, indent=2)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
