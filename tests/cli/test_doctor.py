"""The doctor: nothing is found where all is well; what is wrong, with what to do about it; and never a secret."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.doctor import function_names, storage_accounts
from local.doctor.checked_app import CheckedApp, Finding
from local.doctor.checks import CHECKS
from local.doctor.runner import blocking_count, run_check, run_checks
from local.doctor.sign_in import CONNECTIONS
from local.errors import SetupError
from local.host.config import settings as host_settings
from local.host.config.settings import local_values
from shared import services
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import World, environment
from tests.support.wire import recording, said

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples" / "movies" / "labels.json"


def environ(world: World) -> dict[str, str]:
    found = environment(world.storage, world.language, world.container, world.api)
    return {**found, "AzureWebJobsStorage": world.storage}


def examined(world: World, folder: Path = ROOT, labels: Path | None = None, **changes: str) -> dict[str, list[Finding]]:
    return run_checks(CheckedApp(folder, {**environ(world), **changes}, world.now, labels))


def problems(found: dict[str, list[Finding]]) -> dict[str, str]:
    """What is wrong and to be done, by check."""
    told = {name: " ".join(f"{one.what} {one.fix}" for one in all_ if one.fix) for name, all_ in found.items()}
    return {name: text for name, text in told.items() if text}


def test_a_published_app_is_well(world: World) -> None:
    world.publish()
    found = examined(world, labels=SAMPLES)
    assert problems(found) == {}
    assert not blocking_count(found)
    assert found.keys() == CHECKS.keys()
    assert all(found.values())


def test_without_a_classifier_files_would_wait_which_is_no_hindrance(world: World) -> None:
    found = examined(world)
    assert problems(found).keys() == {"classifier"}
    assert not blocking_count(found)


@pytest.mark.parametrize(
    ("changes", "check", "said"),
    [
        ({"LANGUAGE_API": "v9", "DOCUMENTS_CONTAINER": ""}, "settings", "LANGUAGE_API"),
        ({"TICK_SCHEDULE": "often"}, "schedule", "NCRONTAB"),
        ({"AzureWebJobsStorage": ""}, "host's storage", "Set AzureWebJobsStorage"),
        ({"AzureWebJobsStorage": "AccountName=a;AccountKey=c2VjcmV0"}, "host's storage", "Correct AzureWebJobsStorage"),
        ({"DOCUMENTS_CONTAINER": "not-there"}, "containers", "Create it"),
        ({"LANGUAGE_KEY": "another-key"}, "Language service", "Correct LANGUAGE_KEY"),
        ({"LANGUAGE_ENDPOINT": "http://127.0.0.1:1"}, "Language service", "Correct LANGUAGE_ENDPOINT"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_found_with_its_mend(world: World, changes: dict[str, str], check: str, said: str) -> None:
    found = examined(world, ROOT, None, **changes)
    assert said in problems(found)[check]
    assert blocking_count(found)


def test_a_key_that_storage_refuses_is_told_from_storage_that_is_away(world: World) -> None:
    wrong = world.storage.replace("AccountKey=Eby8", "AccountKey=AAAA")
    found = examined(world, DOCUMENTS_STORAGE=wrong, AzureWebJobsStorage=wrong)
    for check in ("host's storage", "documents' storage", "containers", "tables"):
        assert "Correct the key of" in problems(found)[check]
        assert "identity" not in problems(found)[check]
    assert "AAAA" not in str(found)


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_the_queue_of_events_responds_or_is_made_on_first_use(world: World) -> None:
    app = CheckedApp(ROOT, {**environ(world), "EVENTS_QUEUE": world.container}, world.now)
    assert run_check("events", app) == [Finding(f"Queue {world.container} is created on first use.")]
    assert app.services.events is not None
    app.services.events.send(["{}"])
    assert run_check("events", app) == [Finding(f"Queue {world.container} exists and responds.")]
    wrong = {
        "EVENTS_QUEUE": world.container,
        "DOCUMENTS_STORAGE": world.storage.replace("AccountKey=Eby8", "AccountKey=AA"),
    }
    [finding] = run_check("events", CheckedApp(ROOT, {**environ(world), **wrong}, world.now))
    assert "Correct the key of DOCUMENTS_STORAGE" in finding.fix


def test_one_cause_that_several_checks_meet_is_counted_once(world: World) -> None:
    wrong = world.storage.replace("AccountKey=Eby8", "AccountKey=AAAA")
    assert blocking_count(examined(world, DOCUMENTS_STORAGE=wrong)) == 1
    assert blocking_count(examined(world, DOCUMENTS_STORAGE=wrong, AzureWebJobsStorage=wrong)) == 2
    assert blocking_count(examined(world, DOCUMENTS_STORAGE="")) == 1


ADDRESSES = {f"{service}ServiceUri": "https://127.0.0.1:1/" for service in ("blob", "queue", "table")}
KEYLESS = {f"{name}__{service}": address for name in CONNECTIONS for service, address in ADDRESSES.items()}


@pytest.fixture
def no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the environment is asked for a login, which this test leaves empty."""
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")


@pytest.mark.usefixtures("no_login")
def test_that_nobody_is_signed_in_is_told_once(world: World) -> None:
    keyless = {**dict.fromkeys(CONNECTIONS, ""), **KEYLESS, "LANGUAGE_KEY": ""}
    found = examined(world, ROOT, None, **keyless)
    assert {name for name, all_ in found.items() if any(one.fix and one.is_blocking for one in all_)} == {"login"}
    assert problems(found)["login"] == (
        "Nobody is signed in, and there is no key for: AzureWebJobsStorage, DOCUMENTS_STORAGE, the Language service. "
        "Sign in with `az login`."
    )
    assert blocking_count(found) == 1
    assert "KEY" not in str(found)


@pytest.mark.usefixtures("no_login")
def test_without_a_login_what_has_a_key_is_looked_at(world: World) -> None:
    found = examined(world, LANGUAGE_KEY="")
    assert problems(found).keys() == {"login", "Language service", "classifier"}
    assert "Set LANGUAGE_KEY; or" in problems(found)["login"]
    assert blocking_count(found) == 1


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A managed identity as App Service has it: a place on this machine that hands out tokens."""
    token = {"access_token": "a-token", "expires_on": "4102444800", "token_type": "Bearer", "resource": "r"}
    with recording() as issuer:
        issuer.otherwise = lambda _: said(token)
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.setenv("IDENTITY_ENDPOINT", issuer.url)
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        services.forget()
        yield
        services.forget()


@pytest.mark.usefixtures("identity")
def test_an_identity_that_is_refused_needs_a_role_and_no_key(world: World) -> None:
    found = examined(world, LANGUAGE_KEY="")
    assert problems(found).keys() == {"Language service", "classifier"}
    assert "Give the identity Cognitive Services Language Owner." in problems(found)["Language service"]
    assert blocking_count(found) == 1


def test_storage_that_is_away(world: World) -> None:
    account = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;"
    nobody = account + ";".join(f"{kind}Endpoint=http://127.0.0.1:1/a" for kind in ("Blob", "Queue", "Table"))
    found = examined(world, DOCUMENTS_STORAGE=nobody)
    assert {"documents' storage", "containers", "tables"} <= problems(found).keys()
    assert "network rules" in problems(found)["documents' storage"]
    assert "c2VjcmV0" not in str(found)


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_a_deployment_that_is_gone_or_expires(world: World) -> None:
    world.publish()
    [deployment] = world.get(f"projects/{world.project}/deployments")["value"]
    expires = datetime.fromisoformat(deployment["expires"])
    world.now = expires - timedelta(days=29)
    found = examined(world)
    assert "expires on" in problems(found)["classifier"]
    assert not blocking_count(found)
    world.now = expires
    found = examined(world)
    assert "expired on" in problems(found)["classifier"]
    assert blocking_count(found)
    world.ended(world.ask("DELETE", f"projects/{world.project}/deployments/production")[1])
    found = examined(world, CLASSIFIER=f"{world.project}/production")
    assert "does not exist" in problems(found)["classifier"]


@pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)
def test_a_labels_file_that_does_not_fit(world: World, tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    assert "cannot be read" in problems(examined(world, labels=file))["labels file"]
    file.write_text("{ no json")
    assert "Correct the labels file" in problems(examined(world, labels=file))["labels file"]


def test_a_fault_of_each_setting_is_a_finding(world: World) -> None:
    found = examined(world, LANGUAGE_API="v9", DOCUMENTS_CONTAINER="", SWEEP_MINUTES="often")
    said = [(one.what.split()[0], one.fix.split()[1]) for one in found["settings"]]
    assert said == [(name, name) for name in ("LANGUAGE_API", "DOCUMENTS_CONTAINER", "SWEEP_MINUTES")]
    assert blocking_count(found) == len(said)


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_trouble_of_the_language_service_is_not_taken_for_storages(world: World) -> None:
    app = CheckedApp(ROOT, {**environ(world), "LANGUAGE_KEY": "another-key", "CLASSIFIER": "movies/p"}, world.now)
    assert "LANGUAGE_KEY" in run_check("classifier", app)[0].fix
    assert blocking_count(run_checks(app)) == 1


def test_an_endpoint_that_is_still_the_samples_is_not_asked(world: World) -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]["LANGUAGE_ENDPOINT"]
    found = problems(examined(world, LANGUAGE_ENDPOINT=sample))
    assert "NAME is the name of your Language resource" in found["Language service"]
    assert found.keys() == {"Language service", "classifier"}


def test_azurite_that_does_not_run_is_to_be_started(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = "BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;"
    nobody = f"AccountName=a;AccountKey=c2VjcmV0;{nobody}"
    for module in (host_settings, storage_accounts):  # its default ports are taken on many a machine
        monkeypatch.setattr(module, "DEVELOPMENT_STORAGE", nobody)
    found = examined(world, AzureWebJobsStorage="UseDevelopmentStorage=true")
    assert "there is no response" in problems(found)["host's storage"]
    assert "-m local azurite" in problems(found)["host's storage"]


def test_storage_without_an_account_is_told_all_three_addresses_once(world: World) -> None:
    found = examined(world, DOCUMENTS_STORAGE="")
    assert all(f"{service}ServiceUri" in problems(found)["settings"] for service in ("blob", "queue", "table"))
    assert found["documents' storage"] == []
    assert sum(bool(one.fix) and one.is_blocking for each in found.values() for one in each) == blocking_count(found)


def app(tmp_path: Path, **files: str) -> Path:
    for name in ("function_app.py", "host.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "shared", tmp_path / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in files.items():
        (tmp_path / name.replace("_json", ".json").replace("_py", ".py")).write_text(text)
    return tmp_path


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
@pytest.mark.parametrize(
    ("files", "check", "said"),
    [
        ({"host_json": "{"}, "host.json", "Restore textdrop's host.json"),
        ({"host_json": '{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}'}, "host.json", "routePrefix"),
        ({"function_app_py": "import nothing_of_this_name"}, "functions", "nothing_of_this_name"),
        ({"function_app_py": "import azure.functions as f\napp = f.FunctionApp()"}, "functions", "exactly"),
    ],
    ids=["no json", "prefix", "import", "none"],
)
def test_an_app_that_would_not_be_found(
    world: World, tmp_path: Path, files: dict[str, str], check: str, said: str
) -> None:
    found = examined(world, folder=app(tmp_path, **files))
    assert said in problems(found)[check]
    assert blocking_count(found)


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("import sys\nsys.exit(0)", "cannot be imported: no output"),
        ("import threading\nthreading.Event().wait()", "could not be imported within"),
        (
            "import os\nraise RuntimeError(os.environ['LANGUAGE_KEY'])",
            "cannot be imported: RuntimeError: %LANGUAGE_KEY%",
        ),
    ],
    ids=["ends", "hangs", "tells"],
)
def test_an_app_that_misbehaves_when_it_is_imported(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, added: str, said: str
) -> None:
    monkeypatch.setattr(function_names, "TIMEOUT", 3.0)
    assert said in problems(examined(world, folder=app(tmp_path, function_app_py=added)))["functions"]


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_a_short_value_is_no_secret_that_words_are_hidden_for(world: World, tmp_path: Path) -> None:
    folder = app(tmp_path, function_app_py="raise RuntimeError('key ring')")
    found = examined(world, folder=folder, LANGUAGE_KEY="key")
    assert "RuntimeError: key ring" in problems(found)["functions"]


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_what_the_app_prints_is_not_taken_for_its_functions(world: World, tmp_path: Path) -> None:
    text = (ROOT / "function_app.py").read_text()
    found = examined(world, folder=app(tmp_path, function_app_py=f"{text}\nprint('hello')\n"))
    assert "functions" not in problems(found)


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_what_a_check_stumbles_over_is_a_finding_and_the_others_have_their_turn(world: World, tmp_path: Path) -> None:
    found = examined(world, folder=app(tmp_path, host_json="[" * 100_000), A="half\x00")
    assert {"host.json", "functions"} <= problems(found).keys()
    assert "Language service" not in problems(found)
    assert found.keys() == CHECKS.keys()


# --- the command --------------------------------------------------------------------------------------------------


def command(folder: Path, values: dict[str, Any], columns: int = 200) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "doctor", "--app", str(folder)],
        cwd=ROOT,
        env={**values, "PATH": os.environ["PATH"], "COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_the_command_ends_with_1_if_anything_is_serious_and_tells_no_key(world: World, tmp_path: Path) -> None:
    folder = app(tmp_path)
    (folder / "local.settings.json").write_text(json.dumps({"Values": environ(world)}))
    well = command(folder, {})
    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.count("✓") >= len(CHECKS) - 2
    assert well.stdout.endswith("\nNothing to correct.\n")
    ill = command(folder, {"LANGUAGE_KEY": "another-key"})  # the environment comes first
    assert ill.returncode == 1
    assert "✗" in ill.stdout
    assert ill.stdout.endswith("\n1 thing to correct before a deployment.\n")
    for secret in ("another-key", world.language.key, world.storage.split("AccountKey=")[1].split(";")[0]):
        assert secret not in well.stdout + ill.stdout + ill.stderr


def test_it_is_read_in_a_narrow_terminal(tmp_path: Path) -> None:
    """Words stay whole, what is to be done stands beneath, and the last line counts. No settings at all here."""
    told = command(app(tmp_path), {}, columns=80)
    assert (told.returncode, told.stderr) == (1, "")
    lines = told.stdout.splitlines()
    assert lines[0] == f"! No local.settings.json in {tmp_path}: settings from the environment only"
    assert all(len(line) <= 80 for line in lines[1:])
    missing = lines.index("✗ settings: LANGUAGE_ENDPOINT is missing.")
    assert lines[missing + 1].startswith("  → Set LANGUAGE_ENDPOINT as docs/settings.md says.")
    assert lines[-1].endswith(" things to correct before a deployment.")
    assert set("\n".join(lines[1:]).split()) >= {"host's", "connection", "DOCUMENTS_STORAGE__blobServiceUri,"}


@pytest.mark.parametrize("text", ["[", "[" * 100_000], ids=["half", "deep"])
def test_settings_that_are_no_file_of_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.settings.json").write_text(text)
    with pytest.raises(SetupError):
        local_values(tmp_path)
    answer = command(tmp_path, {})
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
