"""Time spans in settings and schedules, read as .NET reads them. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

FORMS = [  # of .NET, in the order in which it tries them; the last field may have a fraction of a second
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
    """A length of time as .NET reads it: [days.]hours:minutes[:seconds[.fraction]], or days alone. Raises ValueError.

    Three fields whose first is above 23 are days, hours and minutes: 25:00:00 is 25 days.
    """
    matches = [match for form in FORMS if (match := form.fullmatch(text))]
    if not matches:
        raise ValueError(f"{text!r} has not the form hh:mm:ss")
    for match in matches:
        fields = {name: float(number or 0) for name, number in match.groupdict().items()}
        if all(number <= LIMITS[name] for name, number in fields.items()):
            return timedelta(**fields)
    raise ValueError("hours go to 23, minutes and seconds to 59; write days as d.hh:mm:ss")
