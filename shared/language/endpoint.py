"""URLs of the Language service: the endpoint, paths with names, and what is used of the service's links."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urljoin, urlsplit

from shared.errors import InvalidResponse, Rejected, SettingsError

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+])(:\d{1,5})?(/[a-z0-9_~-][a-z0-9._~-]*)*/?", re.IGNORECASE
)
_JOB_ID = re.compile(r"[A-Za-z0-9_~:-][A-Za-z0-9._~:-]{0,199}")


@dataclass(frozen=True)
class Endpoint:
    """The only address that the key is sent to. `url` has no slash at its end."""

    url: str

    @classmethod
    def of(cls, setting: str) -> Endpoint:
        """The endpoint of LANGUAGE_ENDPOINT. Raises SettingsError, whose message never contains the value."""
        match = _ADDRESS.fullmatch(setting)
        if not match or not _has_port(setting):
            raise SettingsError("LANGUAGE_ENDPOINT is not an address such as https://NAME.cognitiveservices.azure.com.")
        if match["scheme"].lower() == "http" and not _is_loopback(match["host"].strip("[]")):
            raise SettingsError("LANGUAGE_ENDPOINT must begin with https://, or the key could be read on its way.")
        return cls(setting.rstrip("/"))

    @property
    def encrypted(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    def job_id(self, link: str) -> str:
        """The last part of a link to a job. Raises InvalidResponse.

        The rest of the link is never used: behind a gateway it has another host than this endpoint.
        """
        job = unquote(self._parts(link).path.rstrip("/").rpartition("/")[2])
        if not _JOB_ID.fullmatch(job):
            raise InvalidResponse("The Language service gave a job id that cannot be used.")
        return job

    def page_query(self, link: str) -> Mapping[str, str]:
        """The query of a link to a next page; the rest of the link is not used. Raises InvalidResponse."""
        try:
            return dict(parse_qsl(self._parts(link).query, max_num_fields=20))
        except ValueError as error:
            raise InvalidResponse("The Language service gave a link to a next page that cannot be read.") from error

    def _parts(self, link: str) -> SplitResult:
        try:
            return urlsplit(urljoin(self.url, link))
        except ValueError as error:
            raise InvalidResponse("The Language service gave a link that cannot be read.") from error


def path(template: str, **names: str) -> str:
    """`template` with each name as exactly one path segment, whatever characters it has.

    Raises Rejected for "", "." and "..", which HTTP clients and gateways remove from paths.
    """
    return template.format(**{field: _segment(name) for field, name in names.items()})


def _segment(name: str) -> str:
    if name in {"", ".", ".."}:
        raise Rejected(f"{name!r} cannot be the name of anything at the Language service.")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError as error:
        raise Rejected("A name contains half a character (a lone surrogate), which cannot be sent.") from error


def _has_port(address: str) -> bool:
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
