"""Schedules: this host against what Microsoft's timer trigger made of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from local.host.triggers import ncrontab
from tests.host.recorded import recordings

NEVER = "9999-12-31T23:59:59.9999999"


def read_here(row: dict[str, Any]) -> dict[str, Any]:
    try:
        schedule = ncrontab.parse(row["expression"])
    except ncrontab.ScheduleError:
        return {"accepted": False}
    kind = "cron" if isinstance(schedule, ncrontab.Cron) else "constant"
    moment, found = datetime.fromisoformat(row["base"]).replace(tzinfo=UTC), []
    for _ in range(5):
        moment = schedule.next(moment)
        found.append(text(moment))
    return {"accepted": True, "read_as": kind, "next": found, "monitored": not schedule.is_rapid}


def text(moment: datetime) -> str:
    """As in the recording: without an offset, and without zeros at the end of a fraction."""
    if moment == ncrontab.NEVER:
        return NEVER
    return re.sub(r"(\.\d*?)0+$", r"\1", moment.replace(tzinfo=None).isoformat())


def recorded(row: dict[str, Any]) -> dict[str, Any]:
    """A schedule whose first moment could not be worked out has failed as well as one that was refused."""
    if not row["accepted"] or not row["next"]:
        return {"accepted": False}
    return {key: row[key] for key in ("accepted", "read_as", "next", "monitored")}


def test_every_schedule_is_read_as_recorded_but_for_those_that_differ_on_purpose() -> None:
    differing = {name for name, row in recordings.rows("cron").items() if read_here(row) != recorded(row)}
    assert differing == set(recordings.on_purpose("cron"))


def test_a_refused_schedule_says_why_in_one_line() -> None:
    messages = set()
    for row in recordings.rows("cron").values():
        try:
            ncrontab.parse(row["expression"])
        except ncrontab.ScheduleError as error:
            messages.add(str(error))
    assert len(messages) > 100
    assert all(message.isprintable() for message in messages)
