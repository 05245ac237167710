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

    Of three fields, a first above 23 counts days, as in .NET: 25:00:00 is 25 days.
    """
    matches = [match for form in FORMS if (match := form.fullmatch(text))]
    if not matches:
        raise ValueError(f"{text!r} does not have the form hh:mm:ss")
    for match in matches:
        fields = {name: float(number or 0) for name, number in match.groupdict().items()}
        if all(number <= LIMITS[name] for name, number in fields.items()):
            return timedelta(**fields)
    raise ValueError("hours can be at most 23, minutes and seconds 59; write days as d.hh:mm:ss")
