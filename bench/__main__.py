"""`make bench`: every figure that the documentation quotes, measured anew in one run."""

from __future__ import annotations

from bench import imports, latency

PARTS = (imports, latency)

for part in PARTS:
    part.report()
