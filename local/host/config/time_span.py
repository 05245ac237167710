"""Parses time spans in settings and schedules as .NET does. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

FORMS = [  # .NET's, in the order in which it tries them
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?P<days>\d+)",
        r"(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d+)",
        r"(?:(?P<days>\d+)\.)?(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)",
        r"(?P<days>\d+):(?P<hours>\d+):(?P<minutes>\d+)",
        r"(?P<days>\d+):(?P<hours>\d+):(?P<minutes>\d+):(?P<seconds>\d+(?:\.\d+)?)",
    )
]
LIMITS = {"days": 10_675_199, "hours": 23, "minutes": 59, "seconds": 59.9999999}


def parse_span(text: str) -> timedelta:
    """Parses [days.]hours:minutes[:seconds[.fraction]], or days alone. Raises ValueError.

    Of three fields, a first above 23 counts days, as in .NET: 24:00:00 is 24 days. What is below a microsecond is cut.
    """
    matches = [match for form in FORMS if (match := form.fullmatch(text))]
    if not matches:
        raise ValueError(f"{text!r} does not have the form hh:mm:ss")
    for match in matches:
        fields = {name: number or "0" for name, number in match.groupdict().items()}
        if all(float(number) <= LIMITS[name] for name, number in fields.items()):
            return _span(**fields)
    raise ValueError("hours can be at most 23, minutes and seconds 59; write days as d.hh:mm:ss")


def _span(days: str = "0", hours: str = "0", minutes: str = "0", seconds: str = "0") -> timedelta:
    whole, _, fraction = seconds.partition(".")
    microseconds = int(fraction.ljust(6, "0")[:6])
    return timedelta(int(days), int(whole), microseconds, minutes=int(minutes), hours=int(hours))
