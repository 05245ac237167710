"""`make bench`: every figure that the documentation quotes, measured anew in one run."""

from __future__ import annotations

from bench import burst, imports, latency, pipeline

PARTS = (imports, latency, burst, pipeline)

for part in PARTS:
    part.report()
