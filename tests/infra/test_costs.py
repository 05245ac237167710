"""The costs in docs/azure.md are what the page's own prices and counts come out at, and the counts are the app's."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import pytest

from shared.pipeline import sweep
from shared.services import Services
from shared.storage.ledger import Ledger
from tests.infra.templates import ROOT, app_settings, resource_of, resources
from tests.support.in_memory_app import SETTINGS, Instance, Stage

WHOLE_PAGE = (ROOT / "docs" / "azure.md").read_text()
PAGE = WHOLE_PAGE.split("\n## What it costs\n")[1].split("\n## ")[0]
FILES = (0, 1_000, 100_000, 1_000_000)
SCHEDULES = {"10 s": 10, "30 s": 30, "60 s": 60}
UNITS = {"1,000,000": 1_000_000, "10,000": 10_000, "1,000 records": 1_000}


def table(after: str) -> list[list[str]]:
    """The cells of the first table after a line that begins so."""
    text = PAGE.split(f"\n{after}", 1)[1].split("\n|---", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()[1:]]


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


PRICES = {
    what: (number(price) / UNITS.get(unit, 1), number(free)) for what, price, unit, free in table("The unit prices")
}
COUNTS = {what: number(value) for what, value, _ in table("What is counted")}
MONTH = COUNTS["hours a month"] * 3600  # seconds


def price(what: str, amount: float) -> float:
    """What an amount costs in a month, with what is free taken off."""
    unit, free = PRICES[what]
    return unit * max(0, amount - free)


def on_demand(plan: str, seconds: float, executions: float) -> float:
    return price(f"{plan}: time", seconds * COUNTS["GB of memory"]) + price(f"{plan}: executions", executions)


def flex(ticks: float, files: int) -> float:
    return on_demand("Flex Consumption", *work(ticks, files))


def flex_with_events(ticks: float, files: int) -> float:
    """Events run on the always-ready instance, ticks on demand."""
    waiting = price("always-ready instance: waiting", MONTH * COUNTS["GB of memory"])
    return flex(ticks, files) + waiting + on_demand("always-ready instance", *announced(files))


def consumption(ticks: float, files: int) -> float:
    (seconds, executions), (more, events) = work(ticks, files), announced(files)
    return on_demand("Consumption", seconds + more, executions + events)


def work(ticks: float, files: int) -> tuple[float, float]:
    """Seconds and executions of ticks."""
    return ticks * COUNTS["seconds of an idle tick"] + files * COUNTS["seconds of ticks for a file"], ticks


def announced(files: int) -> tuple[float, float]:
    """Seconds and executions of events."""
    return files * COUNTS["seconds for an event"], files


def premium(_ticks: float, _files: int) -> float:
    hours = COUNTS["hours a month"]
    return price("Premium EP1: core", hours) + price("Premium EP1: memory", hours * COUNTS["GiB of Premium EP1"])


def dedicated(_ticks: float, _files: int) -> float:
    return price("Dedicated P1v3, Linux", COUNTS["hours a month"])


PLANS = {
    "Flex Consumption": flex_with_events,
    "Flex Consumption, `FILE_EVENTS=false`": flex,
    "Consumption": consumption,
    "Premium EP1": premium,
    "Dedicated P1v3": dedicated,
}


def storage(ticks: float, files: int) -> float:
    minutes = MONTH / 60
    sweeps = minutes / COUNTS["minutes between two sweeps"]
    pages = max(1, math.ceil(files / COUNTS["files in a list"]))
    lists = min(sweeps * pages, ticks * COUNTS["lists a tick"])
    return (
        price("blobs: writes and lists", files * COUNTS["blob writes for a file"] + lists)
        + price(
            "blobs: reads and others", files * COUNTS["blob reads for a file"] + ticks * COUNTS["blob reads of a tick"]
        )
        + price(
            "tables", ticks * COUNTS["table requests of an idle tick"] + files * COUNTS["table requests for a file"]
        )
        + price("queues", files * COUNTS["queue requests for a file"] + minutes)
    )


def ticks_each(seconds: int) -> float:
    return MONTH / seconds


def parts(files: int) -> dict[str, float]:
    """The bill of the template's defaults."""
    ticks = ticks_each(30)
    found = {
        "function app": flex_with_events(ticks, files),
        "text records": price("custom text records", files * COUNTS["text records of a file"]),
        "one deployed model": price("a deployed model", 1),
        "storage requests": storage(ticks, files),
        "Event Grid": price("Event Grid", files * COUNTS["Event Grid operations for a file"]),
    }
    return {**found, "**together**": sum(found.values())}


def dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def test_every_plan_and_schedule_costs_what_the_table_says() -> None:
    expected = [
        [plan, schedule, *(dollars(cost(ticks_each(seconds), files)) for files in FILES)]
        for plan, cost in PLANS.items()
        for schedule, seconds in SCHEDULES.items()
        if cost not in (premium, dedicated)
    ]
    expected += [
        [plan, "any", *(dollars(cost(0, files)) for files in FILES)]
        for plan, cost in PLANS.items()
        if cost in (premium, dedicated)
    ]
    assert table("The function app") == expected


def test_the_whole_costs_what_the_table_says() -> None:
    bills = [parts(files) for files in FILES]
    expected = [[what, *(dollars(bill[what]) for bill in bills)] for what in bills[0]]
    assert table("All of it") == expected


def test_the_example_in_words_is_right() -> None:
    ticks, files, memory = ticks_each(30), 100_000, COUNTS["GB of memory"]
    seconds, _ = work(ticks, files)
    assert f"86,400 + 100,000 x 0.1 = {seconds:,.0f} s, x 0.5 GB = {seconds * memory:,.0f} GB-seconds" in PAGE
    waiting, events = price("always-ready instance: waiting", MONTH * memory), files * memory
    assert f"2,592,000 s x 0.5 GB x 0.000004 = {dollars(waiting)}" in PAGE
    assert f"100,000 s x 0.5 GB x 0.000016 = {dollars(price('always-ready instance: time', events))}" in PAGE
    assert f"together {dollars(flex_with_events(ticks, files))}" in PAGE


def test_what_other_sections_say_of_costs_is_what_this_one_does() -> None:
    assert f"{dollars(flex_with_events(ticks_each(30), 0))} dollars a month, or nothing" in WHOLE_PAGE
    assert flex(ticks_each(30), 0) == 0
    assert f"{dollars(PRICES['training'][0])} dollars for an hour of training" in WHOLE_PAGE
    assert f"then {dollars(PRICES['a deployed model'][0])} a month for a deployed model" in WHOLE_PAGE
    assert f"{PRICES['custom text records'][0]:g} dollars for each 1,000 characters" in WHOLE_PAGE
    endpoints = len(resources("private_network", "Microsoft.Network/privateEndpoints"))
    network = dollars(endpoints * price("private endpoint", COUNTS["hours a month"]))
    assert f"= {network} a month" in PAGE
    assert f"[{network} dollars a month](#what-it-costs)" in WHOLE_PAGE


def test_the_page_says_where_and_when_the_prices_were_read() -> None:
    assert re.search(r"East US, .* read\s+on \d{4}-\d\d-\d\d", PAGE, re.DOTALL)
    assert "change" in PAGE.split("\nThe unit prices", 1)[1].split("\n|")[0]


def test_what_is_counted_is_what_the_template_and_the_app_do() -> None:
    settings = app_settings("default")
    scale = resource_of("default", "Microsoft.Web/sites")["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    assert settings["TICK_SCHEDULE"] == "*/30 * * * * *"
    assert COUNTS["minutes between two sweeps"] == int(settings["SWEEP_MINUTES"])
    assert COUNTS["GB of memory"] == scale["instanceMemoryMB"] / 1024
    assert (COUNTS["files in a list"], COUNTS["lists a tick"]) == (sweep.PAGE, sweep.PAGES)


class Counting:
    """Counts the calls of what it stands for."""

    def __init__(self, inner: Any, counts: Counter[str]) -> None:
        self._inner, self._counts = inner, counts

    def __getattr__(self, name: str) -> Any:
        self._counts[name] += 1
        return getattr(self._inner, name)


def test_an_idle_tick_makes_no_more_table_requests_than_are_counted() -> None:
    stage, counts = Stage(), Counter[str]()
    ledger = Ledger(Counting(stage.rows, counts))
    documents: Any = stage.documents
    language: Any = stage.language
    events: Any = stage.events
    instance = Instance(stage, Services(SETTINGS, ledger, documents, language, events))
    instance.ticks(40)
    counts.clear()
    instance.ticks(100)
    assert 0 < sum(counts.values()) / 100 == pytest.approx(COUNTS["table requests of an idle tick"], abs=1)
