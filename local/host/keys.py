"""The keys of a host: a file for its owner alone, and which key opens what, as in Azure."""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from local.errors import SetupError
from local.host.settings import read_json

ANONYMOUS, FUNCTION, SYSTEM, ADMIN = "anonymous", "function", "system", "admin"
LEVELS = (ANONYMOUS, FUNCTION, ADMIN)  # of a function
HEADER, PARAMETER = "x-functions-key", "code"
BLOBS = "blobs_extension"
"""The name of the system key that Event Grid's door takes."""
OTHERS = 0o077  # the bits of a file's mode that let in anybody but its owner
Named = Mapping[str, str]


@dataclass(frozen=True)
class Keys:
    """`master` opens everything, `host` all functions, `functions[name]` one, `system[BLOBS]` Event Grid's door."""

    master: str = field(default="", repr=False)
    host: Named = field(default_factory=dict, repr=False)
    system: Named = field(default_factory=dict, repr=False)
    functions: Mapping[str, Named] = field(default_factory=dict, repr=False)

    def completed(self, functions: Iterable[str]) -> Keys:
        """With a random key wherever one is missing."""
        own = {name: self.functions.get(name) or {"default": _random()} for name in functions}
        return Keys(
            master=self.master or _random(),
            host=self.host or {"default": _random()},
            system=self.system if BLOBS in self.system else {**self.system, BLOBS: _random()},
            functions={**self.functions, **own},
        )

    def opening(self, level: str, function: str) -> list[str]:
        """The keys that open what has this level."""
        more = {
            FUNCTION: [*self.host.values(), *self.functions.get(function, {}).values()],
            SYSTEM: [self.system[BLOBS]],
        }
        return [self.master, *more.get(level, ())]


class Lock:
    """Lets requests pass, or not. Without keys it is open."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys

    def opens(self, request: Request, level: str, function: str = "") -> bool:
        """Whether the request has a key for what has this level; the header counts before the query."""
        return (
            self._keys is None or level == ANONYMOUS or _is_one_of(_given(request), self._keys.opening(level, function))
        )

    def knows_master(self, request: Request) -> bool:
        """Whether the request has the master key; never without keys."""
        return self._keys is not None and _is_one_of(_given(request), [self._keys.master])


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


def _random() -> str:
    return secrets.token_urlsafe(40)


def _given(request: Request) -> str:
    """The first header, else the query's `code`, whatever its case."""
    if HEADER in request.headers:
        return request.headers[HEADER]
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return ",".join(value for name, value in given if name.lower() == PARAMETER)


def _is_one_of(given: str, keys: list[str]) -> bool:
    """Compares with all of them, each in constant time, so that the time an answer takes tells nothing."""
    return sum(hmac.compare_digest(given.encode("utf-8", "replace"), key.encode()) for key in keys) > 0
