"""`make bench`: every figure that the documentation quotes, measured anew in one run."""

from __future__ import annotations

from bench import imports, language, latency

PARTS = (imports, language, latency)

for part in PARTS:
    part.report()
