import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from local.errors import SetupError
from local.host.config import host_json
from local.host.config.host_json import HostJson
from local.host.config.leasing import Leasing
from local.host.config.settings import Connection, Settings, local_values
from local.host.errors import FunctionInError
from local.host.storage import clients


def test_percent_names_are_resolved_wherever_they_stand() -> None:
    settings = Settings({"CONTAINER": "docs", "Section__Key": "in"})
    assert settings.resolve("%CONTAINER%/%section:key%/{name}") == "docs/in/{name}"
    assert settings.resolve("plain") == "plain"


@pytest.mark.parametrize(
    ("text", "message"),
    [("%GONE%", "'%GONE%' does not resolve to a value: set GONE."), ("100%", "'100%' has a '%' without a closing")],
)
def test_what_does_not_resolve(text: str, message: str) -> None:
    with pytest.raises(FunctionInError, match=message):
        Settings({"GONE": ""}).resolve(text)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"X": "one"}, Connection("X", "one")),
        ({"AzureWebJobsX": "first", "X": "one"}, Connection("X", "first")),
        ({"ConnectionStrings__X": "one"}, Connection("X", "one")),
        ({"X": "one", "X__blobServiceUri": "http://b"}, Connection("X", "one")),
        (
            {"X__blobServiceUri": "http://b", "X__queueServiceUri": "http://q"},
            Connection("X", "", "http://b", "http://q"),
        ),
        ({"X__serviceUri": "http://b"}, Connection("X", "", "http://b")),
        (
            {"X__accountName": "acct", "X__credential": "managedidentity", "X__clientId": "id"},
            Connection(
                "X", "", "https://acct.blob.core.windows.net", "https://acct.queue.core.windows.net", "id", True
            ),
        ),
    ],
)
def test_connection(environ: dict[str, str], expected: Connection) -> None:
    assert Settings(environ).connection("X") == expected


def test_a_connection_without_a_name_is_the_hosts_own() -> None:
    assert Settings({"AzureWebJobsStorage": "one"}).connection("").connection_string == "one"


def test_development_storage_is_azurite_on_its_usual_ports() -> None:
    text = Settings({"X": "UseDevelopmentStorage=true"}).connection("X").connection_string
    assert "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;" in text


def test_a_missing_connection_says_what_to_set() -> None:
    with pytest.raises(FunctionInError, match="'X' is not set: set X to a connection string, or X__blobServiceUri"):
        Settings({}).connection("X")


def test_a_connection_never_shows_its_secret() -> None:
    assert "secret" not in repr(Connection("X", "AccountKey=secret"))


def test_a_wrong_connection_string_is_refused_without_being_shown() -> None:
    with pytest.raises(FunctionInError, match="the storage connection 'X' is invalid") as refused:
        clients.check(Connection("X", "AccountKey=secret"))
    assert "secret" not in str(refused.value)


def test_queues_come_from_the_hosts_account_if_the_connection_has_none() -> None:
    settings = Settings({"AzureWebJobsStorage": "one"})
    assert clients.queue_connection(Connection("X", "", "http://b"), settings).connection_string == "one"
    with pytest.raises(FunctionInError, match="AzureWebJobsStorage__queueServiceUri"):
        clients.queue_connection(
            Connection("X", "", "http://b"), Settings({"AzureWebJobsStorage__blobServiceUri": "http://b"})
        )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AzureWebJobs.hello.Disabled", "true", True),
        ("AzureWebJobs_Hello_disabled", "1", True),
        ("AzureWebJobs.hello.Disabled", "yes", False),
        ("AzureWebJobs.other.Disabled", "true", False),
    ],
)
def test_disabled(name: str, value: str, expected: bool) -> None:
    assert Settings({name: value}).disabled("hello") is expected


def test_the_host_id_fits_a_queues_name(tmp_path: Path) -> None:
    found = clients.host_id(Settings({}), tmp_path)
    assert len(found) <= 32
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert found == clients.host_id(Settings({}), tmp_path) != clients.host_id(Settings({}), tmp_path / "other")
    assert clients.host_id(Settings({"AzureFunctionsWebHost__hostid": "Mine"}), tmp_path) == "mine"


def test_local_settings(tmp_path: Path) -> None:
    assert local_values(tmp_path) == {}
    (tmp_path / "local.settings.json").write_text('{"IsEncrypted": false, "Values": {"A": "1"}}')
    assert local_values(tmp_path) == {"A": "1"}


DEEP = "[" * 100_000


@pytest.mark.parametrize("text", ["{", "[]", DEEP, '{"IsEncrypted": true}', '{"Values": {"A": 1}}', '{"Values": []}x'])
def test_local_settings_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.settings.json").write_text(text)
    with pytest.raises(SetupError, match=r"local\.settings\.json"):
        local_values(tmp_path)


def read(folder: Path, content: object, environ: Mapping[str, str] = MappingProxyType({})) -> HostJson:
    (folder / "host.json").write_text(json.dumps(content))
    return host_json.read(folder, Settings(dict(environ)))


def test_host_json(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "version": "2.0",
            "logging": {"logLevel": {"default": "Trace"}},
            "functionTimeout": "00:05:00",
            "singleton": {"listenerLockPeriod": "00:00:20", "listenerLockRecoveryPollingInterval": "00:00:15"},
            "aggregator": {"batchSize": 1000},
            "extensions": {
                "http": {"routePrefix": ""},
                "blobs": {"maxDegreeOfParallelism": 3, "poisonBlobThreshold": 2},
            },
        },
    )
    assert (found.route_prefix, found.parallel_blobs, found.attempts) == ("", 3, 2)
    assert (found.timeout, found.leasing) == (300.0, Leasing(20, 10.0, 15.0))
    assert found.ignored == ("aggregator.batchSize", "logging.logLevel")
    assert not found.has_bundle


def test_host_json_without_more_than_a_version(tmp_path: Path) -> None:
    found = read(tmp_path, {"version": "2.0"})
    assert (found.route_prefix, found.attempts, found.ignored) == ("api", 5, ())
    assert (found.timeout, found.leasing) == (1800.0, Leasing(60, 30.0, 60.0))


def test_a_function_timeout_of_minus_one_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, {"version": "2.0", "functionTimeout": "-1"}).timeout is None


def test_a_function_timeout_of_25_hours_is_one_of_25_days_as_in_dotnet(tmp_path: Path) -> None:
    assert read(tmp_path, {"version": "2.0", "functionTimeout": "25:00:00"}).timeout == 25 * 86_400


def test_app_settings_win_over_host_json(tmp_path: Path) -> None:
    environ = {"AzureFunctionsJobHost__extensions__http__routePrefix": "v2"}
    assert read(tmp_path, {"version": "2.0"}, environ).route_prefix == "v2"


@pytest.mark.fact("options-refused")
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"version": "1.0"},
        {"version": "2.0", "extensions": {"blobs": {"poisonBlobThreshold": 0}}},
        {"version": "2.0", "extensions": {"blobs": {"maxDegreeOfParallelism": 0}}},
        {"version": "2.0", "extensions": {"http": {"routePrefix": None}}},
        {"version": "2.0", "extensions": {"http": {"routePrefix": ["a"]}}},
        {"version": "2.0", "functionTimeout": "5 minutes"},
        {"version": "2.0", "functionTimeout": "00:00:00"},
        {"version": "2.0", "singleton": {"listenerLockPeriod": "00:02:00"}},
        {"version": "2.0", "singleton": {"listenerLockPeriod": "00:00:14"}},
    ],
)
def test_a_wrong_host_json_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(SetupError, match=r"host\.json"):
        read(tmp_path, content)


def test_a_folder_without_host_json_is_no_app(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is not a function app"):
        host_json.read(tmp_path, Settings({}))
