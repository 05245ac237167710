"""`make bench`: every figure that the documentation quotes, measured anew in one run."""

from __future__ import annotations

from bench import api, burst, console, engine, host, imports, language, latency, pipeline, reviewing, training

PARTS = (imports, host, api, latency, engine, training, language, burst, pipeline, reviewing, console)

for part in PARTS:
    part.report()
