"""Alerts, the workbook and the availability test: what they read is what a tick logs, and nothing of it is secret."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from shared.domain.documents import DocumentState
from shared.learning.tick_report import EVENT, FIELDS
from tests.infra.templates import PLANS, ROOT, Resource, resource_of, resources

PAGE = (ROOT / "docs" / "telemetry.md").read_text()
ALERTS = ("health", "oldest", "failures", "tick")
NESTED = {
    "ended": {str(state) for state in DocumentState if state.final},
    "requests": {"service", "table"},
    "sweep": {"began", "files", "found"},
}
FIELD = re.compile(r"\bline\.(\w+)(?:\.(\w+)|\[\"(\w+)\"\])?")


def alerts(name: str = "default") -> dict[str, Resource]:
    """By the last part of their names."""
    return {
        one["name"].rpartition("-")[2]: one["properties"]
        for one in resources(name, "Microsoft.Insights/scheduledQueryRules")
    }


def condition(alert: Resource) -> dict[str, Any]:
    [only] = alert["criteria"]["allOf"]
    return dict(only)


def workbook(name: str = "default") -> dict[str, Any]:
    return dict(json.loads(resource_of(name, "Microsoft.Insights/workbooks")["properties"]["serializedData"]))


def charts(name: str = "default") -> dict[str, str]:
    """The query of each chart and table."""
    return {item["name"]: item["content"]["query"] for item in workbook(name)["items"] if "query" in item["content"]}


def queries() -> dict[str, str]:
    return {**{name: condition(one)["query"] for name, one in alerts().items()}, **charts()}


def test_there_are_four_alerts_which_the_page_explains() -> None:
    table = PAGE.split("| alert | severity | fires if |\n|---|---|---|\n")[1].split("\n\n")[0]
    rows = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in table.splitlines()]
    assert tuple(alerts()) == ALERTS
    assert {name: one["severity"] for name, one in alerts().items()} == {row[0]: int(row[1]) for row in rows}


@pytest.mark.parametrize(
    ("name", "minutes", "bound"),
    [("health", 15, "red == ticks"), ("oldest", 5, "> 1800"), ("failures", 60, "> 0.05"), ("tick", 10, "ticks == 0")],
)
def test_each_alert_has_its_window_and_its_bound(name: str, minutes: int, bound: str) -> None:
    alert = alerts()[name]
    window = {"PT5M": 5, "PT10M": 10, "PT1H": 60}[alert["windowSize"]]
    periods = condition(alert)["failingPeriods"]
    assert periods["numberOfEvaluationPeriods"] == periods["minFailingPeriodsToAlert"]
    assert window * periods["numberOfEvaluationPeriods"] == minutes
    assert bound in condition(alert)["query"]
    assert (condition(alert)["timeAggregation"], condition(alert)["threshold"]) == ("Count", 0)


@pytest.mark.parametrize("name", sorted({*queries()} - {"availability"}))
def test_a_query_reads_the_lines_of_ticks_and_no_field_that_they_lack(name: str) -> None:
    query = queries()[name]
    assert f"""startswith '{{"event":"{EVENT}"'""" in query
    found = [(field, nested or quoted) for field, nested, quoted in FIELD.findall(query)]
    assert found or name == "tick"
    assert {field for field, _ in found} <= set(FIELDS)
    for field, nested in found:
        assert not nested or nested in NESTED[field]


def test_the_workbook_reads_what_it_is_for() -> None:
    read = {field for query in charts().values() for field, *_ in FIELD.findall(query)}
    assert read == set(FIELDS) - {"event"}
    assert "{workspace}" not in json.dumps(workbook())
    content = [item["content"] for item in workbook()["items"] if "query" in item["content"]]
    [workspace] = {one for item in content for one in item["crossComponentResources"]}
    assert workspace == resource_of("default", "Microsoft.OperationalInsights/workspaces")["id"]


def test_sums_are_weighted_because_traces_are_sampled() -> None:
    host = json.loads((ROOT / "host.json").read_text())["logging"]["applicationInsights"]["samplingSettings"]
    assert host["isEnabled"] is True
    for query in queries().values():
        summed = re.findall(r"sum\(tolong\([^)]*\)([^)]*)\)", query)
        assert all(weight == " * ItemCount" for weight in summed)


@pytest.mark.parametrize("name", PLANS)
def test_an_action_group_is_made_for_an_address_only(name: str) -> None:
    groups = resources(name, "Microsoft.Insights/actionGroups")
    addresses = [one["emailAddress"] for group in groups for one in group["properties"]["emailReceivers"]]
    assert addresses == (["films@example.org"] if name == "own_names" else [])
    for alert in alerts(name).values():
        assert alert["actions"]["actionGroups"] == [group["id"] for group in groups]


@pytest.mark.parametrize("name", PLANS)
def test_alerts_are_off_that_alerts_off_names(name: str) -> None:
    off = {"failures", "oldest"} if name == "no_events_no_console" else set()
    assert {alert for alert, one in alerts(name).items() if not one["enabled"]} == off


@pytest.mark.parametrize("name", PLANS)
def test_only_the_page_is_requested_and_only_where_it_is_on(name: str) -> None:
    tests = resources(name, "Microsoft.Insights/webtests")
    assert len(tests) == (name != "no_events_no_console")
    for test in tests:
        asked = test["properties"]["Request"]
        assert set(asked) == {
            "RequestUrl",
            "HttpVerb",
            "FollowRedirects",
            "ParseDependentRequests",
        }  # no header, no body
        assert re.fullmatch(
            r"\[format\('https://\{0\}/api/console/', .*\.outputs\.hostName\.value\)\]", asked["RequestUrl"]
        )
        assert test["properties"]["ValidationRules"]["ExpectedHttpStatusCode"] == 200
