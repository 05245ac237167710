"""Settings: their defaults, everything that is wrong named at once, and nothing of their values told."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsError
from shared.settings import PREVIEW_API, TODAY_API, Connection, Settings, load, trigger_source

SECRET = "s3cr3t-v4lue"
ENVIRON = {
    "LANGUAGE_ENDPOINT": "https://name.cognitiveservices.azure.com",
    "LANGUAGE_KEY": SECRET,
    "DOCUMENTS_STORAGE": f"AccountName=account;AccountKey={SECRET}",
    "DOCUMENTS_CONTAINER": "documents",
    "TICK_SCHEDULE": "*/10 * * * * *",
}
URIS = {
    "blobServiceUri": "https://account.blob.core.windows.net",
    "queueServiceUri": "https://account.queue.core.windows.net",
    "tableServiceUri": "https://account.table.core.windows.net",
}


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in ENVIRON.items() if name not in names}


def addresses(prefix: str = "DOCUMENTS_STORAGE") -> dict[str, str]:
    return {f"{prefix}__{service}": uri for service, uri in URIS.items()}


def faults(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return str(caught.value)


def test_the_defaults() -> None:
    assert load(ENVIRON) == Settings(
        language_endpoint="https://name.cognitiveservices.azure.com",
        language_key=SECRET,
        language_api=TODAY_API,
        requests_per_minute=1000,
        storage=Connection(connection_string=f"AccountName=account;AccountKey={SECRET}"),
        documents_container="documents",
        results_container="results",
        sweep_minutes=5,
        classifier="",
        review_below=0.5,
        review_audit_percent=2,
        events_queue="",
        has_console=True,
    )


@pytest.mark.parametrize("name", ["AzureWebJobs.console.Disabled", "AzureWebJobs_console_Disabled"])
@pytest.mark.parametrize(
    ("value", "has_console"), [("true", False), ("True", False), ("1", False), ("false", True), ("", True), ("x", True)]
)
def test_the_console_is_off_where_the_host_has_turned_it_off(name: str, value: str, *, has_console: bool) -> None:
    assert load({**ENVIRON, name: value}).has_console is has_console


def test_everything_missing_is_named_at_once() -> None:
    said = faults({})
    for name in ENVIRON.keys() - {"LANGUAGE_KEY"}:
        assert f"{name} is missing" in said


WRONG = {
    "LANGUAGE_ENDPOINT": f"http://{SECRET}.example.com",
    "LANGUAGE_API": SECRET,
    "LANGUAGE_REQUESTS_PER_MINUTE": f"-{SECRET}",
    "DOCUMENTS_CONTAINER": f"No {SECRET}",
    "RESULTS_CONTAINER": f"{SECRET}--x",
    "TICK_SCHEDULE": " ",
    "BLOB_TRIGGER_SOURCE": SECRET,
    "SWEEP_MINUTES": "0",
    "CLASSIFIER": SECRET,
    "REVIEW_BELOW": "1.1",
    "REVIEW_AUDIT_PERCENT": f"-{SECRET}",
    "EVENTS_QUEUE": f"No {SECRET}",
    "DOCUMENTS_STORAGE__blobServiceUri": f"http://{SECRET}.example.com",
}


def test_everything_wrong_is_named_at_once() -> None:
    said = faults(WRONG)
    for name in [*WRONG, "DOCUMENTS_STORAGE__queueServiceUri", "DOCUMENTS_STORAGE__tableServiceUri"]:
        assert name in said


def test_what_is_wrong_is_never_repeated() -> None:
    assert SECRET not in faults(WRONG | {"LANGUAGE_KEY": SECRET})


@given(st.dictionaries(st.sampled_from(list(ENVIRON | WRONG)), st.text(max_size=30) | st.just("9" * 5000)))
def test_whatever_is_set_is_taken_or_a_settings_error(given_settings: dict[str, str]) -> None:
    with suppress(SettingsError):
        assert load({**ENVIRON, **given_settings}).language_endpoint


@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"TICK_SCHEDULE"}))
@pytest.mark.parametrize("value", ["https://[" + SECRET, "9" * 5000])
def test_what_python_itself_chokes_on_is_named(name: str, value: str) -> None:
    said = faults(without("DOCUMENTS_STORAGE") | addresses() | {name: value})
    assert name in said
    assert value not in said


def test_no_secret_is_shown() -> None:
    settings = load(ENVIRON)
    assert settings.language_key == SECRET
    assert SECRET in settings.storage.connection_string
    assert SECRET not in f"{settings!r} {settings} {settings.storage!r}"


@pytest.mark.parametrize("name", ["LANGUAGE_KEY", "LANGUAGE_API", "RESULTS_CONTAINER", "SWEEP_MINUTES", "CLASSIFIER"])
@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_setting_is_as_good_as_none(name: str, blank: str) -> None:
    assert load(ENVIRON | {name: blank}) == load(without(name))


def test_blanks_around_a_setting_are_not_part_of_it() -> None:
    assert load({name: f" {value}\n" for name, value in ENVIRON.items()}) == load(ENVIRON)


# --- the Language service ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "rate"), [(TODAY_API, 1000), ("2022-05-01", 1000), (PREVIEW_API, 20)])
def test_the_rate_is_what_the_service_allows_each_api(api: str, rate: int) -> None:
    settings = load(ENVIRON | {"LANGUAGE_API": api})
    assert (settings.language_api, settings.requests_per_minute) == (api, rate)
    assert load(ENVIRON | {"LANGUAGE_API": api, "LANGUAGE_REQUESTS_PER_MINUTE": "300"}).requests_per_minute == 300


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "ten", "²", "٣", "1e3", "0x10"])
@pytest.mark.parametrize("name", ["LANGUAGE_REQUESTS_PER_MINUTE", "SWEEP_MINUTES"])
def test_numbers_are_whole_and_above_0(name: str, number: str) -> None:
    assert f"{name} must be a whole number from 1 to" in faults(ENVIRON | {name: number})


def test_no_key_means_an_identity() -> None:
    assert load(without("LANGUAGE_KEY")).language_key is None


@pytest.mark.parametrize(
    "endpoint",
    ["https://name.cognitiveservices.azure.com/", "http://127.0.0.1:8080", "http://localhost:80", "http://[::1]:8080"],
)
def test_endpoints_that_are_encrypted_or_on_this_machine(endpoint: str) -> None:
    assert load(ENVIRON | {"LANGUAGE_ENDPOINT": endpoint}).language_endpoint.rstrip("/") == endpoint.rstrip("/")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://name.cognitiveservices.azure.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "name.cognitiveservices.azure.com",
        "https://",
        "ftp://name.cognitiveservices.azure.com",
        f"https://user:{SECRET}@name.cognitiveservices.azure.com",
        f"https://name.cognitiveservices.azure.com?key={SECRET}",
        "https://name.cognitiveservices.azure.com:port",
        "https://[name",
    ],
)
def test_any_other_endpoint_is_refused(endpoint: str) -> None:
    said = faults(ENVIRON | {"LANGUAGE_ENDPOINT": endpoint})
    assert "LANGUAGE_ENDPOINT must" in said
    assert SECRET not in said


@pytest.mark.parametrize(("api", "name"), [(TODAY_API, "Movies/production"), (PREVIEW_API, "a1b2-model_id")])
def test_a_classifier_is_named_as_its_protocol_does(api: str, name: str) -> None:
    assert load(ENVIRON | {"LANGUAGE_API": api, "CLASSIFIER": name}).classifier == name


@pytest.mark.parametrize("name", ["Movies", "Movies/", "/production", "Movies/production/1"])
def test_todays_classifier_is_a_project_and_a_deployment(name: str) -> None:
    assert "CLASSIFIER must be project/deployment" in faults(ENVIRON | {"CLASSIFIER": name})


# --- storage ----------------------------------------------------------------------------------------------------


def test_addresses_for_an_identity() -> None:
    storage = load(without("DOCUMENTS_STORAGE") | addresses()).storage
    assert storage == Connection(
        blob_uri=URIS["blobServiceUri"], queue_uri=URIS["queueServiceUri"], table_uri=URIS["tableServiceUri"]
    )
    named = load(without("DOCUMENTS_STORAGE") | addresses() | {"DOCUMENTS_STORAGE__clientId": "an-id"}).storage
    assert named.client_id == "an-id"


def test_a_connection_string_comes_before_addresses() -> None:
    assert load(ENVIRON | addresses()).storage == load(ENVIRON).storage


@pytest.mark.parametrize(
    "prefixed", [{"AzureWebJobsDOCUMENTS_STORAGE": "AccountName=prefixed"}, addresses("AzureWebJobsDOCUMENTS_STORAGE")]
)
def test_the_hosts_prefix_comes_first(prefixed: dict[str, str]) -> None:
    assert load(ENVIRON | prefixed).storage == load(without("DOCUMENTS_STORAGE") | prefixed).storage
    assert load(ENVIRON | prefixed).storage != load(ENVIRON).storage


@pytest.mark.parametrize("service", URIS)
def test_every_address_is_needed_and_encrypted(service: str) -> None:
    environ = without("DOCUMENTS_STORAGE") | addresses()
    name = f"DOCUMENTS_STORAGE__{service}"
    assert f"{name} is missing" in faults({key: value for key, value in environ.items() if key != name})
    assert f"{name} must start with https://" in faults(environ | {name: "http://account.example.com"})


def test_a_connection_string_that_no_client_takes_is_named() -> None:
    said = faults(ENVIRON | {"DOCUMENTS_STORAGE": SECRET})
    assert "DOCUMENTS_STORAGE" in said
    assert SECRET not in said


# --- containers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environ", [{"RESULTS_CONTAINER": "documents"}, {"DOCUMENTS_CONTAINER": "results"}], ids=["both set", "by default"]
)
def test_results_do_not_lie_among_the_documents(environ: dict[str, str]) -> None:
    assert "RESULTS_CONTAINER must differ from DOCUMENTS_CONTAINER" in faults(ENVIRON | environ)


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Documents", "a_b", "-ab", "ab-", "a--b", "a/b", "a\nb", "é" * 3])
@pytest.mark.parametrize("setting", ["DOCUMENTS_CONTAINER", "RESULTS_CONTAINER"])
def test_what_storage_takes_for_no_container_is_refused(setting: str, name: str) -> None:
    assert f"{setting} is no container name" in faults(ENVIRON | {setting: name})


@pytest.mark.parametrize("name", ["abc", "a" * 63, "0-1-2"])
def test_what_storage_takes_for_a_container_is_taken(name: str) -> None:
    assert load(ENVIRON | {"DOCUMENTS_CONTAINER": name}).documents_container == name


# --- the trigger's source ---------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(["BLOB_TRIGGER_SOURCE", "OTHER"]), st.text() | st.just("EventGrid")))
def test_the_triggers_source_is_always_one_there_is(environ: dict[str, str]) -> None:
    wanted = environ.get("BLOB_TRIGGER_SOURCE", "").strip()
    assert trigger_source(environ) == ("EventGrid" if wanted == "EventGrid" else "LogsAndContainerScan")


@pytest.mark.parametrize("source", ["EventGrid", " EventGrid\n", "LogsAndContainerScan"])
def test_a_source_that_the_settings_take_is_the_one_that_is_used(source: str) -> None:
    load(ENVIRON | {"BLOB_TRIGGER_SOURCE": source})
    assert trigger_source({"BLOB_TRIGGER_SOURCE": source}) == source.strip()
