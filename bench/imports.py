"""How long `import function_app` takes, against the two libraries it cannot do without. A cold start pays for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
RUNS = 15
GOAL = 1.15
OURS, THEIRS = "import function_app", "import azure.functions, werkzeug.routing"


def report() -> None:
    """Print the ratio over alternating runs, each in a process of its own."""
    _seconds(OURS), _seconds(THEIRS)  # the first runs write bytecode
    pairs = [(_seconds(OURS), _seconds(THEIRS)) for _ in range(RUNS)]
    ratio = median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (1000 * median(side) for side in zip(*pairs, strict=True))
    print(f"import function_app: {ours:.0f} ms, the libraries alone {theirs:.0f} ms", end="; ")
    print(f"ratio {ratio:.2f} over {RUNS} pairs (goal: at most {GOAL})")


def _seconds(statement: str) -> float:
    measured = f"from time import perf_counter as clock; began = clock(); {statement}; print(clock() - began)"
    command = [sys.executable, "-c", measured]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
