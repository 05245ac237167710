"""`host.json`: what this host takes from it, and what it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import SetupError
from local.host.settings import Settings, read_json

OVERRIDES = "AzureFunctionsJobHost"  # AzureFunctionsJobHost__a__b wins over a.b
PREFIX = "extensions.http.routeprefix"
PARALLEL = "extensions.blobs.maxdegreeofparallelism"
ATTEMPTS = "extensions.blobs.poisonblobthreshold"
WITHOUT_MEANING_HERE = ("version", "extensionbundle", "logging", "telemetrymode", "$schema")


@dataclass(frozen=True)
class HostJson:
    """`ignored` names the settings that the real host would act on and this one does not."""

    route_prefix: str = "api"
    parallel_blobs: int = 8
    attempts: int = 5
    ignored: tuple[str, ...] = ()


def read(app_dir: Path, settings: Settings) -> HostJson:
    """Raises SetupError if the file is missing or wrong."""
    file = app_dir / "host.json"
    if not file.exists():
        raise SetupError(f"{app_dir} is no function app: there is no host.json in it.")
    values = {path.lower(): (path, value) for path, value in _flat(read_json(file), "")}
    values |= {name.replace("__", "."): (name, value) for name, value in settings.beneath(OVERRIDES).items()}
    if values.get("version", ("", ""))[1] != "2.0":
        raise SetupError(f'{file}: "version" must be "2.0".')
    return HostJson(
        route_prefix=str(values.get(PREFIX, ("", "api"))[1]),
        parallel_blobs=_positive(values, PARALLEL, 8 * (os.cpu_count() or 1)),
        attempts=_positive(values, ATTEMPTS, 5),
        ignored=tuple(sorted(path for key, (path, _) in values.items() if _has_no_effect(key))),
    )


def _flat(section: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _positive(values: Mapping[str, tuple[str, object]], key: str, default: int) -> int:
    path, value = values.get(key, (key, default))
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise SetupError(f"host.json: {path} must be a whole number of at least 1, not {value!r}.")
    return number


def _has_no_effect(key: str) -> bool:
    return key not in (PREFIX, PARALLEL, ATTEMPTS) and key.partition(".")[0] not in WITHOUT_MEANING_HERE
