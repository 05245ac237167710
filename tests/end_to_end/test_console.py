"""The console, and the API beside it, as a host serves them: with keys and without, and when it is turned off."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from local.host.launch import Host, running
from local.language.server.server import LanguageService
from local.stack.azurite import Azurite
from shared.settings import TODAY_API
from tests.support.app_on_azurite import environment

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "shared" / "console" / "static"
YEARLY = "0 0 0 1 1 *"
KEY = "of-the-host"


@pytest.fixture(scope="module")
def settings(azurite: Azurite, language_service: LanguageService) -> dict[str, str]:
    """Of an app that has no files and no ticks."""
    made = environment(azurite.connection_string, language_service, "documents-of-console", TODAY_API)
    own = {"AzureWebJobsStorage": azurite.connection_string, "BLOB_TRIGGER_SOURCE": "EventGrid"}
    return {**made, **own, "TICK_SCHEDULE": YEARLY}


@pytest.fixture(scope="module")
def host(settings: Mapping[str, str]) -> Iterator[Host]:
    with running(ROOT, environ=settings) as started:
        yield started


@pytest.fixture(scope="module")
def locked(settings: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Whose callers need keys."""
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    keys.write_text(json.dumps({"host": {"default": KEY}}))
    keys.chmod(0o600)
    with running(ROOT, environ=settings, keys=keys) as started:
        yield started


def raw(host: Host, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Of an unchanged path, which most clients would tidy."""
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/api/console", "/api/console/", "/API/Console/"])
def test_the_page_and_what_it_names(host: Host, path: str) -> None:
    page = requests.get(host.url + path, timeout=60)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-cache"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    named = [urljoin(page.url, link) for link in re.findall(r'(?:src|href)="([^"]+)"', page.text)]
    assert {requests.get(link, timeout=60).status_code for link in named} == {200}
    sources = re.findall(r'src="([^"]+main.js)"', page.text)
    [script] = [requests.get(urljoin(page.url, source), timeout=60) for source in sources]
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"].endswith("immutable")
    assert script.headers["content-encoding"] == "gzip"  # which `requests` accepts, and undoes
    assert script.content == (STATIC / "main.js").read_bytes()
    compressed = requests.get(script.url, timeout=60, stream=True).raw.read(decode_content=False)
    assert gzip.decompress(compressed) == script.content


def test_a_browser_finds_the_page_from_the_addresses_above_it(host: Host) -> None:
    homepage = requests.get(host.url, timeout=60).text
    assert '<a href="/api/console/">' in homepage
    for path in ("/api", "/api/"):
        answer = requests.get(host.url + path, headers={"Accept": "text/html,*/*;q=0.8"}, timeout=60)
        assert [(one.status_code, one.headers["location"]) for one in answer.history] == [(302, "/api/console/")]
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert requests.get(host.url + path, timeout=60).json()["links"]["console"] == "/api/console/"


def test_head_has_the_headers_of_get_and_no_body(host: Host) -> None:
    got, asked = (requests.request(method, f"{host.url}/api/console/", timeout=60) for method in ("GET", "HEAD"))
    assert (asked.status_code, asked.content) == (200, b"")
    same = ("content-type", "content-length", "content-encoding", "cache-control", "etag", "content-security-policy")
    assert {name: asked.headers[name] for name in same} == {name: got.headers[name] for name in same}
    again = requests.get(got.url, headers={"If-None-Match": got.headers["etag"]}, timeout=60)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["../files.py", "%2e%2e/files.py", "..%2Ffiles.py", "%5C..%5Cfiles.py", "//etc/passwd"]
)
def test_no_file_from_elsewhere_is_served(host: Host, name: str) -> None:
    version = re.findall(r"[0-9a-f]{12}", requests.get(f"{host.url}/api/console/", timeout=60).text)[0]
    for path in (f"/api/console/{name}", f"/api/console/{version}/{name}"):
        status, body = raw(host, path)
        assert status == 404
        assert b"import" not in body


def test_a_name_with_nul_is_refused(host: Host) -> None:
    assert raw(host, "/api/console/%00")[0] == 400


def test_nothing_can_be_sent_to_the_page(host: Host) -> None:
    answer = requests.post(f"{host.url}/api/console/", data="text", timeout=60)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_the_page_needs_no_key_and_the_api_needs_one(locked: Host) -> None:
    assert requests.get(f"{locked.url}/api/console/", timeout=60).status_code == 200
    for path in ("/api", "/api/", "/api/documents"):
        assert requests.get(locked.url + path, timeout=60).status_code == 401
        assert requests.get(locked.url + path, headers={"x-functions-key": KEY}, timeout=60).status_code != 401


def test_turned_off_there_is_no_page(settings: Mapping[str, str]) -> None:
    with running(ROOT, environ={**settings, "AzureWebJobs.console.Disabled": "true"}) as host:
        assert "disabled" in next(line for line in host.lines if line.startswith("    console:"))
        for path in ("/api/console", "/api/console/", "/api/console/0123456789ab/main.js"):
            assert requests.get(host.url + path, timeout=60).status_code == 404
        assert "console" not in requests.get(host.url, timeout=60).text
        browsers = requests.get(f"{host.url}/api", headers={"Accept": "text/html,*/*;q=0.8"}, timeout=60)
        assert (browsers.status_code, browsers.json()["name"]) == (200, "textdrop")
        assert "console" not in browsers.json()["links"]
