"""The table of local/host/README.md against the host: addresses, settings, and what it says is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.host.blobs.listener import BlobListeners
from local.host.config.host_json import HostJson
from local.host.config.settings import Settings
from local.host.functions.invoker import Invoker
from local.host.http.admin_routes import ANY, Admin
from local.host.launch import Host, running
from local.host.loading.load_app import App
from tests.host.host_apps import write_app
from tests.host.recorded import recordings

HOST = Path(__file__).parents[2] / "local" / "host"
README = HOST.joinpath("README.md").read_text(encoding="utf-8")
ADDRESS = re.compile(r"`(?:(GET)` and `)?([A-Z]{3,}) (/[^`?]*)(\?[^`]*)?`")
SETTING = re.compile(r'"((?!AZURE_FUNCTIONS_ENV)[A-Z]{3,}(?:_[A-Z]+)+|AzureWebJobs[A-Za-z]+|AzureFunctions\w+)"')

CODE = """
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def timed(timer: func.TimerRequest) -> None: ...

@app.blob_trigger(arg_name="blob", path="told/{name}", connection="AzureWebJobsStorage", source="EventGrid")
def told(blob: func.InputStream) -> None: ...

@app.route(route="{id:datetime}")
def constrained(req: func.HttpRequest) -> func.HttpResponse: ...

@app.blob_trigger(arg_name="blob", path="in/{name}", connection="AzureWebJobsStorage", data_type="string")
def texts(blob: str) -> None: ...

@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="AzureWebJobsStorage")
def queued(message: func.ServiceBusMessage) -> None: ...

@app.route(route="out")
@app.queue_output(arg_name="out", queue_name="q", connection="AzureWebJobsStorage")
def outward(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse: ...
"""
REFUSED = {  # the table's words, and the function above that they are about
    "the constraints `datetime` and `regex()`": "constrained",
    "`data_type` other than binary": "texts",
    "every other trigger": "queued",
    "input or output": "outward",
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    storage = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}  # which nothing here opens
    with running(write_app(tmp_path_factory.mktemp("app"), CODE), environ=storage) as started:
        yield started


def addresses() -> list[tuple[str, str]]:
    found = [(method, path + query) for first, last, path, query in ADDRESS.findall(README) for method in (first, last)]
    return [(method, address) for method, address in found if method]


def test_the_table_names_addresses() -> None:
    assert len(addresses()) >= 6


@pytest.mark.parametrize(("method", "address"), addresses())
def test_every_address_in_the_table_is_served(host: Host, method: str, address: str) -> None:
    address = address.replace("functionName=NAME", "functionName=told").replace("NAME", "timed")
    events = {"aeg-event-type": "Unsubscribe", "WebHook-Request-Origin": "eventgrid.azure.net"}
    answer = requests.request(method, host.url + address, json={}, headers=events, timeout=60)
    needs_a_key = "keys/" in address  # there is none of this name
    assert answer.status_code in ((404,) if needs_a_key else (200, 202))


def test_every_address_that_is_served_is_in_the_table(tmp_path: Path) -> None:
    app = App(tmp_path, Settings({}), HostJson(), (), {}, ())
    invoker = Invoker()
    named = {(method, address.partition("?")[0]) for method, address in addresses()}
    served = Admin(app, "", invoker, BlobListeners(app, invoker)).addresses
    assert {(method, f"/{path.replace(ANY, 'NAME')}") for method, path in served} - named == set()


@pytest.mark.parametrize("module", sorted(HOST.rglob("*.py")), ids=lambda module: str(module.relative_to(HOST)))
def test_every_setting_that_the_host_reads_is_named(module: Path) -> None:
    read = set(SETTING.findall(module.read_text(encoding="utf-8")))
    assert {name for name in read if name not in README} == set()


@pytest.mark.parametrize(("words", "function"), REFUSED.items())
def test_what_the_table_says_is_refused_is_refused(host: Host, words: str, function: str) -> None:
    assert words in README
    assert f"The '{function}' function is in error: " in host.output


def test_the_readme_counts_the_rows_that_differ() -> None:
    cron, routes, http = (len(recordings.on_purpose(name)) for name in recordings.COMPARED)
    schedules, routed, requested = (len(recordings.rows(name)) for name in recordings.COMPARED)
    left_out = sum(row["title"] in recordings.NOT_REPLAYED for row in recordings.rows("http").values())
    of_routes = f"{cron} of {schedules} schedules, {routes} of {routed} requests to routes"
    of_a_host = f"{http} of the {requested - left_out:,} requests to a host that can be replayed ({left_out} cannot"
    assert f"{of_routes}, and {of_a_host}" in " ".join(README.split())


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("### Kinder than the real host", recordings.KINDER),
        ("### Stricter than the real host", recordings.STRICTER),
        ("### Other differences", recordings.OTHER),
    ],
)
def test_the_tables_have_every_kind_of_difference_from_the_recordings_and_no_other(heading: str, table: str) -> None:
    section = README.partition(f"{heading}\n")[2].partition("\n#")[0]
    named = re.findall(r"^\| (?!what \|)(.+?) \|", section, re.MULTILINE)
    assert sorted(named) == sorted({found.kind for found in recordings.differences() if found.table == table})
