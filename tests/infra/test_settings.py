"""The template sets what the app reads, and nothing that the plan refuses."""

from __future__ import annotations

import json

import pytest

from shared import settings
from shared.errors import SettingsError
from tests.infra.templates import PLANS, ROOT, app_settings, resource_of, template

REQUIRED = ("LANGUAGE_ENDPOINT", "DOCUMENTS_CONTAINER", "TICK_SCHEDULE", *(
    f"DOCUMENTS_STORAGE__{service}" for service in settings.SERVICE_URIS
))  # fmt: skip
NOT_SET = {
    "LANGUAGE_KEY": "the app's identity has a role",
    "LANGUAGE_API": "today's protocol is the default",
    "TRACING": "the app has no package for it",
    settings.CONSOLE_OFF[0]: "the page is on unless CONSOLE says otherwise",
    "FUNCTIONS_WORKER_RUNTIME": "the Flex Consumption plan refuses it",
}


@pytest.mark.parametrize("name", PLANS)
def test_the_app_accepts_the_settings_and_uses_its_identity(name: str) -> None:
    planned = app_settings(name)
    loaded = settings.load(planned)
    [account] = {
        planned[f"AzureWebJobsStorage__{service}"].split("//")[1].split(".")[0] for service in settings.SERVICE_URIS
    }
    assert (loaded.language_key, loaded.storage.connection_string) == (None, "")
    assert loaded.storage == settings.Connection(
        blob_uri=f"https://{account}.blob.core.windows.net",
        queue_uri=f"https://{account}.queue.core.windows.net",
        table_uri=f"https://{account}.table.core.windows.net",
        client_id=planned["AZURE_CLIENT_ID"],
    )
    assert settings.trigger_source(planned) == "EventGrid"


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("setting", REQUIRED)
def test_what_the_app_requires_is_set(name: str, setting: str) -> None:
    planned = app_settings(name)
    with pytest.raises(SettingsError, match=setting):
        settings.load({other: value for other, value in planned.items() if other != setting})


@pytest.mark.parametrize("name", PLANS)
def test_both_connections_have_three_addresses_and_the_apps_identity(name: str) -> None:
    planned = app_settings(name)
    for connection in ("DOCUMENTS_STORAGE", "AzureWebJobsStorage"):
        named = {
            setting.partition("__")[2]: value for setting, value in planned.items() if setting.startswith(connection)
        }
        assert set(named) == {*settings.SERVICE_URIS, "credential", "clientId"}
        assert (named["credential"], named["clientId"]) == ("managedidentity", planned["AZURE_CLIENT_ID"])
        assert all(named[service].startswith("https://") for service in settings.SERVICE_URIS)


def test_every_setting_of_the_sample_is_set_but_for_those_that_must_not_or_need_not() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    names = {setting.partition("__")[0] for setting in app_settings("default")}
    assert set(sample) - names == set(NOT_SET)


def test_the_defaults_are_those_of_the_app() -> None:
    planned, required = app_settings("default"), {"LANGUAGE_ENDPOINT", "TICK_SCHEDULE", "DOCUMENTS_CONTAINER"}
    connection = {setting for setting in planned if setting.startswith("DOCUMENTS_STORAGE")}
    least = {setting: planned[setting] for setting in required | connection}
    assert settings.load(planned) == settings.load(least)


def test_parameters_reach_the_app() -> None:
    loaded = settings.load(app_settings("no_events_no_console"))
    assert (loaded.classifier, loaded.events_queue, loaded.has_console) == ("films/production", "classified", False)
    assert (loaded.review_below, loaded.review_audit_percent) == (0, 0.5)
    assert app_settings("no_events_no_console")["TICK_SCHEDULE"] == "0 * * * * *"
    assert settings.load(app_settings("own_names")).documents_container == "films"
    assert settings.load(app_settings("existing_storage")).requests_per_minute == 300


@pytest.mark.parametrize("name", PLANS)
def test_telemetry_is_sent_by_the_identity(name: str) -> None:
    planned = app_settings(name)
    assert planned["APPLICATIONINSIGHTS_CONNECTION_STRING"].startswith("InstrumentationKey=")
    assert "Authorization=AAD" in planned["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
    assert resource_of(name, "Microsoft.Insights/components")["properties"]["DisableLocalAuth"] is True


@pytest.mark.parametrize("name", PLANS)
def test_the_app_runs_on_flex_consumption_with_a_python_that_is_tested(name: str) -> None:
    config = resource_of(name, "Microsoft.Web/sites")["properties"]["functionAppConfig"]
    assert resource_of(name, "Microsoft.Web/serverfarms")["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert config["runtime"] == {"name": "python", "version": "3.12"}
    assert "3.12" in (ROOT / "pyproject.toml").read_text()
    assert config["deployment"]["storage"]["authentication"]["type"] == "UserAssignedIdentity"


def test_regions_are_those_with_custom_text_classification() -> None:
    allowed = template("main")["parameters"]["location"]["allowedValues"]
    assert allowed == sorted(allowed)
    assert len(allowed) == 12
