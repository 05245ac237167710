"""What the doctor checks, and what its checks return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from local.doctor import sign_in
from local.host.config.settings import Settings as HostSettings
from shared.services import Services, build
from shared.settings import load


@dataclass(frozen=True)
class Finding:
    """A result of a check. `fix`: what to do, or "". `is_blocking`: the app cannot work without the fix."""

    what: str
    fix: str = ""
    is_blocking: bool = True


@dataclass(frozen=True)
class CheckedApp:
    """An app's folder and its future settings. `labels`: a labels file to check, if any."""

    folder: Path
    environ: Mapping[str, str]
    now: datetime
    labels: Path | None = None

    @cached_property
    def services(self) -> Services:
        return build(load(self.environ))

    @cached_property
    def keyless(self) -> tuple[str, ...]:
        """The connections without a key, which need a login."""
        return sign_in.needed_for(self.host)

    @cached_property
    def host(self) -> HostSettings:
        return HostSettings(self.environ)
