"""Who may call what with `--auth`, and the file of the keys."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from local.errors import SetupError
from local.host.http import key_file
from local.host.launch import Host, running
from local.stack.azurite import Azurite
from tests.host.host_apps import write_app

CODE = """
@app.route(route="open", auth_level=func.AuthLevel.ANONYMOUS)
def unlocked(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")

@app.route(route="one")
def one(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.params.get("code", "no code"))

@app.route(route="two")
def two(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("two")

@app.route(route="guarded", auth_level=func.AuthLevel.ADMIN)
def admins(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("admins")

@app.route(route="off")
def off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("runs all the same")

@app.blob_trigger(arg_name="blob", path="docs/{name}", connection="AzureWebJobsStorage", source="EventGrid")
def told(blob: func.InputStream) -> None: ...
"""
DOOR = "/runtime/webhooks/blobs?functionName=told"
GIVEN = {
    "master": "the-master",
    "host": {"default": "of-the-host", "second": "another-of-the-host"},
    "system": {"blobs_extension": "of-event-grid"},
    "functions": {"one": {"default": "of-one"}, "off": {"default": "of-off"}},
}
ADMIN_PATHS = ["/admin/host/status", "/admin/functions", "/ADMIN/host/status"]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, azurite: Azurite) -> Iterator[Host]:
    folder = write_app(tmp_path_factory.mktemp("app"), CODE)
    file = folder / "own" / "keys.json"
    file.parent.mkdir()
    file.write_text(json.dumps(GIVEN))
    file.chmod(0o600)
    environ = {"AzureWebJobs.off.Disabled": "1", "AzureWebJobsStorage": azurite.connection_string}
    with running(folder, environ=environ, keys=file) as started:
        yield started


def status(host: Host, path: str, key: str | None = None, method: str = "GET", **more: Any) -> int:
    headers = {"x-functions-key": key} if key is not None else {}
    answer = requests.request(method, host.url + path, headers=headers, timeout=30, **more)
    if answer.status_code in (401, 403):
        assert answer.content == b""
        names_scheme = answer.headers.get("www-authenticate") == "Bearer"
        assert names_scheme is (answer.status_code == 401 and not path.startswith("/api"))
    return answer.status_code


@pytest.mark.parametrize(
    ("path", "opening", "refused"),
    [
        ("/api/open", [None, "wrong", "of-one"], []),
        ("/api/one", ["of-one", "of-the-host", "another-of-the-host", "the-master"],
         [None, "", "wrong", "of-off", "of-event-grid", "of-on", "of-onee", "ÿ"]),
        ("/api/guarded", ["the-master"], [None, "of-the-host", "of-one", "of-event-grid"]),
        *((path, ["the-master"], [None, "wrong", "of-the-host", "of-one", "of-event-grid"]) for path in ADMIN_PATHS),
        ("/admin/host/ping", [None], []),
        ("/", [None], []),
    ],
)  # fmt: skip
def test_who_may(host: Host, path: str, opening: list[str | None], refused: list[str | None]) -> None:
    assert {key: status(host, path, key) for key in opening} == dict.fromkeys(opening, 200)
    less = () if path.startswith("/api") else ("of-the-host", "of-event-grid")  # keys of the host that open less
    assert {key: status(host, path, key) for key in refused} == {key: 403 if key in less else 401 for key in refused}


def test_a_key_in_the_query_counts_without_a_header(host: Host) -> None:
    assert status(host, "/api/one?code=of-one") == 200
    assert status(host, "/api/one?Code=of-one") == 200
    assert status(host, "/api/one?code=of-one", "wrong") == 401
    assert status(host, "/api/one?code=of-one", "") == 401
    assert status(host, "/api/one?code=of-one&Code=wrong") == 200
    assert status(host, "/api/one?code=wrong&code=of-one") == 401
    assert status(host, "/api/one?code=&code=of-one") == 401
    assert requests.get(f"{host.url}/api/one?code=of-one", timeout=30).text == "of-one"


def test_the_key_of_a_function_that_had_none_was_made_and_kept(host: Host) -> None:
    [file] = [Path(line.rpartition(" ")[2].strip()) for line in host.lines if line.startswith("Callers need a key")]
    made = json.loads(file.read_text())["functions"]["two"]["default"]
    assert status(host, "/api/two", made) == 200
    assert status(host, "/api/one", made) == 401


def test_a_disabled_function_runs_for_the_master_only(host: Host) -> None:
    assert status(host, "/api/off") == 401
    assert status(host, "/api/off", "of-off") == 404
    assert status(host, "/api/off", "the-master") == 200


@pytest.mark.parametrize("name", ["one", "nobody"])
def test_running_a_function_by_its_name_wants_the_master(host: Host, name: str) -> None:
    assert status(host, f"/admin/functions/{name}", "of-one", "POST", json={}) == 401
    assert status(host, f"/admin/functions/{name}", "the-master", "POST", json={}) == (202 if name == "one" else 404)


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_event_grids_door_has_a_key_of_its_own(host: Host, method: str) -> None:
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "aeg-event-type": "Unsubscribe"}
    for key, expected in {"of-event-grid": 0, "the-master": 0, "of-the-host": 403, "wrong": 401}.items():
        answer = requests.request(method, f"{host.url}{DOOR}&code={key}", headers=headers, timeout=30)
        assert answer.ok is (not expected), key
        assert answer.ok or (answer.status_code, answer.content) == (expected, b"")
    assert status(host, DOOR.replace("told", "nobody"), method=method) == 401


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/admin/host/keys", "default", "of-the-host"),
        ("/admin/host/systemkeys", "blobs_extension", "of-event-grid"),
        ("/admin/functions/ONE/keys", None, "of-one"),
    ],
)
def test_the_master_sees_the_keys(host: Host, path: str, name: str | None, value: str) -> None:
    headers = {"x-functions-key": "the-master"}
    found = requests.get(host.url + path, headers=headers, timeout=30).json()
    assert found["links"] == [{"rel": "self", "href": host.url + path}]
    [key] = [key for key in found["keys"] if key["value"] == value]
    assert name in (None, key["name"])
    one = requests.get(f"{host.url}{path}/{key['name']}", headers=headers, timeout=30).json()
    assert one == key | {"links": [{"rel": "self", "href": f"{host.url}{path}/{key['name']}"}]}
    assert status(host, f"{path}/nobody", "the-master") == 404
    assert status(host, path, "of-the-host") == 403
    assert status(host, path) == 401


def test_an_extension_that_is_not_there_needs_the_master(host: Host) -> None:
    webhook = "/runtime/webhooks/queues"
    found = [status(host, webhook, key) for key in (None, "wrong", "of-event-grid", "the-master")]
    assert found == [401, 401, 403, 404]


@pytest.mark.parametrize("path", ["/api/none", "/admin/none", "/runtime/webhooks"])
def test_what_is_not_there_is_404_with_any_key_or_none(host: Host, path: str) -> None:
    assert {status(host, path), status(host, path, "wrong"), status(host, path, "the-master")} == {404}


def test_no_key_is_ever_printed(host: Host) -> None:
    requests.get(f"{host.url}/api/one?code=of-one", timeout=30)
    shown = host.output
    for key in ("the-master", "of-the-host", "of-event-grid", "of-one", "of-off"):
        assert key not in shown


def test_keys_are_made_at_random_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "keys.json"
    made = key_file.load_or_create(file, ["one"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    each = [made.master, made.host["default"], made.system["blobs_extension"], made.functions["one"]["default"]]
    assert len({*each}) == 4
    assert min(map(len, each)) > 40
    assert key_file.load_or_create(file, ["one"]) == made
    assert [one.name for one in file.parent.iterdir()] == ["keys.json"]
    assert made.master not in repr(made)


def test_hosts_that_start_at_once_have_the_same_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as hosts:
        found = list(hosts.map(lambda name: key_file.load_or_create(tmp_path / "keys.json", [name]), "abcdefgh"))
    assert len({one.master for one in found}) == 1
    assert set(key_file.read(tmp_path / "keys.json").functions) == set("abcdefgh")


def test_what_is_in_the_file_stays_and_what_is_missing_is_added(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('{"master": "mine", "system": {"other_extension": "x"}, "functions": {"gone": {"default": "y"}}}')
    file.chmod(0o600)
    found = key_file.load_or_create(file, ["one"])
    assert (found.master, found.system["other_extension"], found.functions["gone"]) == ("mine", "x", {"default": "y"})
    assert found.functions["one"]["default"]
    assert key_file.read(file) == found


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"master": 1}', '{"master": "with space"}', '{"master": "é"}', '{"host": ["x"]}',
     '{"functions": {"one": "x"}}', '{"system": {"blobs_extension": null}}', b"\xff\xfe"],
)  # fmt: skip
def test_a_broken_file_is_told_in_one_line_and_stays_as_it_is(tmp_path: Path, text: str | bytes) -> None:
    file = tmp_path / "keys.json"
    content = text if isinstance(text, bytes) else text.encode()
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SetupError, match=r"keys\.json") as refused:
        key_file.load_or_create(file, [])
    assert "\n" not in str(refused.value)
    assert "with space" not in str(refused.value)
    assert file.read_bytes() == content


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "keys.json"
    file.write_text("{}")
    file.chmod(mode)
    with pytest.raises(SetupError, match=r"can be read by other users: chmod 600 .*keys\.json"):
        key_file.load_or_create(file, [])


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="choose another --keys"):
        key_file.load_or_create(tmp_path / "file" / "keys.json", [])


def test_empty_keys_open_nothing(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('{"master": "", "host": {"default": ""}, "system": {"blobs_extension": ""}}')
    file.chmod(0o600)
    found = key_file.load_or_create(file, [])
    assert all([found.master, found.host["default"], found.system["blobs_extension"]])
