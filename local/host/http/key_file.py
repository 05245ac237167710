"""The file with the keys of a host: readable by its owner only, replaced atomically, completed with random keys."""

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
from local.host.http.key_auth import Keys, KeysByName

OTHERS = 0o077  # mode bits for anybody but the owner


def load_or_create(file: Path, functions: Iterable[str]) -> Keys:
    """The keys in the file. Missing keys are created at random and written. Raises SetupError."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(file.parent):  # two hosts that start at once must get the same keys
            found = read(file) if file.exists() else Keys()
            complete = found.completed(functions)
            if complete != found:
                _write(file, complete)
    except OSError as error:
        raise SetupError(f"The keys cannot be stored in {file} ({error.strerror}): choose another --keys.") from error
    return complete


def read(file: Path) -> Keys:
    """Raises SetupError for a file that others can read, or without keys. No message quotes its content."""
    content = read_json(file)
    if file.stat().st_mode & OTHERS:
        raise SetupError(f"{file} can be read by other users: chmod 600 {file}")
    try:
        return Keys(
            master=_key(content.get("master", "")),
            host=_named(content.get("host", {})),
            system=_named(content.get("system", {})),
            functions={str(name): _named(keys) for name, keys in _object(content.get("functions", {})).items()},
        )
    except ValueError as error:
        raise SetupError(f"{file} is not a valid file of keys: {error}. Correct it, or remove it.") from error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("names and keys must be an object")  # noqa: TRY004  # see read()
    return value


def _named(value: Any) -> KeysByName:
    return {name: _key(key) for name, key in _object(value).items() if key != ""}


def _key(value: Any) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("a key must be a string of printable ASCII characters without spaces")
    return value


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """An exclusive lock on the folder. It ends with the process."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _write(file: Path, keys: Keys) -> None:
    """Replaces the file atomically. It is never readable by others, not even while it is written."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(keys), out, indent=2)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
