"""Reads `host.json`: which settings this host uses, and which it ignores."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import SetupError
from local.host.config.leasing import LEASING, Leasing
from local.host.config.queueing import QUEUEING, Queueing
from local.host.config.settings import Settings, read_json
from local.host.config.time_span import parse_span

OVERRIDES = "AzureFunctionsJobHost"  # AzureFunctionsJobHost__a__b wins over a.b
PREFIX = "extensions.http.routeprefix"
PARALLEL = "extensions.blobs.maxdegreeofparallelism"
ATTEMPTS = "extensions.blobs.poisonblobthreshold"
BATCH = "extensions.queues.batchsize"
THRESHOLD = "extensions.queues.newbatchthreshold"
DEQUEUES = "extensions.queues.maxdequeuecount"
PAUSE = "extensions.queues.visibilitytimeout"
ENCODING = "extensions.queues.messageencoding"
TIMEOUT = "functiontimeout"
LEASE = "singleton.listenerlockperiod"
RECOVERY = "singleton.listenerlockrecoverypollinginterval"
QUEUES = (BATCH, THRESHOLD, DEQUEUES, PAUSE, ENCODING)
READ_HERE = (PREFIX, PARALLEL, ATTEMPTS, TIMEOUT, LEASE, RECOVERY, *QUEUES)
BUNDLE = ("extensionbundle.id", "extensionbundle.version")
WITHOUT_MEANING_HERE = ("version", "extensionbundle", "telemetrymode", "$schema")
MAX_BATCH, MAX_PAUSE = 32, 7 * 24 * 3600  # messages, seconds: the limits of storage
GENERAL = "logging"  # a section of many settings, which are not listed one by one
Values = Mapping[str, tuple[str, object]]  # by path in lower case: the path as written, and the value


@dataclass(frozen=True)
class HostJson:
    """`timeout`: seconds a function may run; None: no limit.

    `has_bundle`: whether it names an extension bundle, without which the real host has only HTTP and timer triggers.
    `ignored`: the settings that the real host uses and this one does not.
    """

    route_prefix: str = "api"
    parallel_blobs: int = 8
    attempts: int = 5
    timeout: float | None = 1800.0
    leasing: Leasing = LEASING
    queueing: Queueing = QUEUEING
    has_bundle: bool = False
    ignored: tuple[str, ...] = ()


def read(app_dir: Path, settings: Settings) -> HostJson:
    """Raises SetupError if the file is missing or invalid."""
    file = app_dir / "host.json"
    if not file.exists():
        raise SetupError(f"{app_dir} is not a function app: it has no host.json.")
    values = {path.lower(): (path, value) for path, value in _flat(read_json(file), "")}
    values |= {name.replace("__", "."): (name, value) for name, value in settings.beneath(OVERRIDES).items()}
    if values.get("version", ("", ""))[1] != "2.0":
        raise SetupError(f'{file}: "version" must be "2.0".')
    return HostJson(
        route_prefix=_text(values, PREFIX, "api"),
        parallel_blobs=_positive(values, PARALLEL, 8 * (os.cpu_count() or 1)),
        attempts=_positive(values, ATTEMPTS, 5),
        timeout=_timeout(values),
        leasing=_leasing(values),
        queueing=_queueing(values),
        has_bundle=all(_text(values, key, "") for key in BUNDLE),
        ignored=tuple(sorted({_named(path) for key, (path, _) in values.items() if _has_no_effect(key)})),
    )


def _flat(section: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _text(values: Values, key: str, default: str) -> str:
    path, value = values.get(key, (key, default))
    if not isinstance(value, str):
        raise SetupError(f"host.json: {path} must be a string, not {value!r}.")
    return value


def _positive(values: Values, key: str, default: int, *, minimum: int = 1, maximum: float = math.inf) -> int:
    path, value = values.get(key, (key, default))
    try:
        number = int(str(value))
    except ValueError:
        number = minimum - 1
    if not minimum <= number <= maximum:
        most = f", and at most {maximum}" if maximum < math.inf else ""
        raise SetupError(f"host.json: {path} must be a whole number of at least {minimum}{most}, not {value!r}.")
    return number


def _timeout(values: Values) -> float | None:
    if str(values.get(TIMEOUT, ("", ""))[1]) == "-1":
        return None
    return _seconds(values, TIMEOUT, "00:30:00", minimum=1)


def _leasing(values: Values) -> Leasing:
    period = _seconds(values, LEASE, "00:01:00", minimum=15, maximum=60)  # the limits of storage
    return Leasing(int(period), period / 2, _seconds(values, RECOVERY, "00:01:00", minimum=1))


def _queueing(values: Values) -> Queueing:
    encoding = _text(values, ENCODING, "base64")
    if encoding.lower() not in ("base64", "none"):
        raise SetupError(f"host.json: {values[ENCODING][0]} must be base64 or none, not {encoding!r}.")
    batch = _positive(values, BATCH, QUEUEING.batch, maximum=MAX_BATCH)
    return Queueing(
        batch=batch,
        threshold=_positive(values, THRESHOLD, batch // 2 * (os.cpu_count() or 1), minimum=0),
        attempts=_positive(values, DEQUEUES, QUEUEING.attempts),
        pause=int(_seconds(values, PAUSE, "00:00:00", minimum=0, maximum=MAX_PAUSE)),
        is_base64=encoding.lower() == "base64",
    )


def _seconds(values: Values, key: str, default: str, *, minimum: float, maximum: float = math.inf) -> float:
    path, value = values.get(key, (key, default))
    try:
        seconds = parse_span(str(value)).total_seconds()
    except ValueError as error:
        raise SetupError(f"host.json: {path}: {error}.") from error
    if not minimum <= seconds <= maximum:
        raise SetupError(f"host.json: {path} must be at least {minimum} seconds, and at most {maximum}, not {value!r}.")
    return seconds


def _named(path: str) -> str:
    """The setting, or the part of a large section that contains it."""
    section, _, rest = path.partition(".")
    return f"{section}.{rest.partition('.')[0]}" if section.lower() == GENERAL else path


def _has_no_effect(key: str) -> bool:
    return key not in READ_HERE and key.partition(".")[0] not in WITHOUT_MEANING_HERE
