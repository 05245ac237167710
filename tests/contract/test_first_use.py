"""Types that several threads decode at once for the first time in a process, as those of a cold instance do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from shared.storage.row_keys import STORED

ROOT = Path(__file__).parents[2]
TIMES = 4  # processes: without `prepare`, three of ten end with a segmentation fault
# Threads that start one after the other find a type at every point of its first use.
DECODE = """
import sys, threading
sys.setswitchinterval(1e-6)
from shared.domain.documents import Document
from shared.storage.row_codec import readable, row_of
from tests.support.values import CLASSIFIER, NOW, document
from shared.language.types import ClassScore
full = document().submitted("j", NOW, NOW).succeeded((ClassScore("Drama", 0.75),), CLASSIFIER, NOW)
row = row_of(full)
found = []
def read(number):
    for _ in range(number * 300):
        pass
    found.append(readable(Document, row))
threads = [threading.Thread(target=read, args=(number,)) for number in range(60)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert found == [full] * len(threads)
"""


@pytest.mark.parametrize("_", range(TIMES))
def test_threads_that_decode_at_once_in_a_new_process_all_get_the_value(_: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DECODE], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_types_are_prepared_where_modules_are_imported() -> None:
    for module in ("shared/storage/row_codec.py", "shared/api/routes.py"):
        body = ast.parse((ROOT / module).read_text("utf-8")).body
        called = [ast.unparse(one) for one in body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
        assert [one.partition("(")[0] for one in called] == ["prepare"]


def test_a_value_of_every_stored_type_is_prepared() -> None:
    assert {kind.__name__ for kind in STORED} == {
        *("Document", "Job", "Operation", "Review", "OutboxEntry", "Statistics"),
        *("TokenBucket", "ActiveClassifier", "Gate", "OutboxError", "Pause", "Heartbeat", "SubmitLease", "Sweep"),
    }
