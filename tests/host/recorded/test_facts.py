"""What was recorded of the blob and timer listeners in words: a test names each fact, or there is a reason for none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.host.recorded import recordings

HOST = Path(__file__).parents[1]
WITHOUT = {
    "scan-named": "every container is listed in full",
    "latency": "a time",
    "missed-in-the-same-second": "this host misses none",
    "queue-polling": "an idle queue is polled at other times",
    "killed": "it takes ten minutes",
    "kept-hidden": "it takes five minutes",
    "timer-early": "this host waits until the time has come",
    "timer-zone": "schedules are in UTC",
    "ncrontab-3.3": "newer versions, and this host, do not do so",
}


def named() -> Iterator[str]:
    """The ids in the mark `fact` of every test of the host."""
    for module in HOST.rglob("test_*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield from _of_a_test(node)


def _of_a_test(test: ast.FunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fact":
            assert test.name.startswith("test_")
            yield from (ast.literal_eval(fact) for fact in mark.args)


def test_every_fact_is_named_by_a_test_or_has_none_for_a_reason() -> None:
    facts = {row["id"] for row in recordings.read("facts")["rows"]}
    assert set(named()) == facts - WITHOUT.keys()
    assert WITHOUT.keys() <= facts
