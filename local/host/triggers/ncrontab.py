"""Schedules of timers: NCRONTAB expressions and time spans, parsed as in the real host. Pure; times are UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from local.host.config.time_span import FORMS, parse_span

MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
WEEKDAYS = "sunday monday tuesday wednesday thursday friday saturday".split()  # noqa: SIM905
FIELDS: tuple[tuple[str, int, int, Sequence[str]], ...] = (  # name, lowest, highest, names of the values
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 0, 6, WEEKDAYS),
)
WITHOUT_SECONDS = 5
THREE_PARTS, MAX_HOUR = 3, 23
MAX_INT = 2**31 - 1
BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace() and char not in "\x1c\x1d\x1e\x1f")
"""What .NET trims; Python's strip() also trims four control characters."""
FIELD_COUNTS = (WITHOUT_SECONDS, len(FIELDS))
NEVER = datetime.max.replace(tzinfo=UTC)
MAX_SPAN = NEVER - datetime(2000, 1, 1, tzinfo=UTC)
DAYS_AHEAD = 366 * 41  # the longest wait for any combination of day, month and day of week


class ScheduleError(ValueError):
    """The expression is not a schedule, or never occurs."""


@dataclass(frozen=True)
class Cron:
    """The allowed values of each field, ascending. Day of month and day of week must both match, unlike in cron."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @property
    def is_rapid(self) -> bool:
        """Whether it occurs more than once in every minute."""
        fields = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        spans = [highest - lowest + 1 for _, lowest, highest, _ in FIELDS[1:]]
        return len(self.seconds) > 1 and [len(values) for values in fields] == spans

    def next(self, after: datetime) -> datetime:
        start = after.replace(microsecond=0) + timedelta(seconds=1)
        for day in self._days_from(start.date()):
            if moment := self._first_time(start.time() if day == start.date() else time.min):
                return datetime.combine(day, moment, after.tzinfo)
        raise ScheduleError("no date matches its day, month and day of week")

    def _days_from(self, first: date) -> Iterator[date]:
        for ahead in range(DAYS_AHEAD):
            day = first + timedelta(days=ahead)
            if day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays:
                yield day

    def _first_time(self, earliest: time) -> time | None:
        moments = (
            time(hour, minute, second)
            for hour in self.hours
            if hour >= earliest.hour
            for minute in self.minutes
            if (hour, minute) >= (earliest.hour, earliest.minute)
            for second in self.seconds
        )
        return next((moment for moment in moments if moment >= earliest), None)


@dataclass(frozen=True)
class Interval:
    """The same span after every run."""

    span: timedelta

    @property
    def is_rapid(self) -> bool:
        """Whether it occurs more than once a minute."""
        return self.span < timedelta(minutes=1)

    def next(self, after: datetime) -> datetime:
        """NEVER if the time is out of range."""
        try:
            return after + self.span
        except OverflowError:
            return NEVER


Schedule = Cron | Interval


@lru_cache
def parse(expression: str) -> Schedule:
    """Parses six NCRONTAB fields, five (second 0), or a span such as 00:05:00.

    Raises ScheduleError.
    """
    words = [word for word in expression.split(" ") if word]
    try:
        if len(words) in FIELD_COUNTS:
            return _cron(words)
        return _interval(expression.strip(BLANKS))
    except ValueError as error:
        raise ScheduleError(
            f"The schedule expression {_quoted(expression)} was not recognized as a valid cron expression or timespan "
            f"string: {error}{_hint(words, expression)}."
        ) from error


def _quoted(expression: str) -> str:
    return f"'{expression}'" if expression.isprintable() else ascii(expression)


def _hint(words: Sequence[str], expression: str) -> str:
    """What to do about fields that are separated by anything but spaces, or have it at their ends."""
    has_others = len(expression.split()) in FIELD_COUNTS and words != expression.split()
    return "; separate its fields with spaces, without tabs, line ends or no-break spaces" if has_others else ""


def days_in_hours_place(expression: str) -> int | None:
    """The days of a span that looks like hours, such as 24:00:00; None for every other expression."""
    parts = expression.strip(BLANKS).split(":")
    if len(parts) == THREE_PARTS and parts[0].isdecimal() and int(parts[0]) > MAX_HOUR:
        return int(parts[0])
    return None


def next_occurrence(expression: str, after: datetime) -> datetime:
    """The first occurrence after `after` (an aware UTC time). Raises ScheduleError."""
    return parse(expression).next(after)


def _cron(words: Sequence[str]) -> Cron:
    padded = words if len(words) == len(FIELDS) else ["0", *words]
    cron = Cron(*(_values(word, *field) for word, field in zip(padded, FIELDS, strict=True)))
    cron.next(datetime(2000, 1, 1, tzinfo=UTC))  # refuses a date that never occurs
    return cron


def _values(word: str, name: str, lowest: int, highest: int, names: Sequence[str]) -> tuple[int, ...]:
    found: set[int] = set()
    for part in word.split(","):
        base, slash, step = part.partition("/")
        first, last = _range(base, open_ended=bool(slash), field=(name, lowest, highest, names))
        found.update(range(first, last + 1, _step(step, first) if slash else 1))
    return tuple(sorted(found))


def _step(word: str, first: int) -> int:
    """The real host adds it to the first value, in 32 bits."""
    if (step := _digits(word)) > MAX_INT - first:
        raise ValueError(f"the step {word} is too large")
    return max(step, 1)


def _range(base: str, *, open_ended: bool, field: tuple[str, int, int, Sequence[str]]) -> tuple[int, int]:
    _, lowest, highest, _ = field
    if base == "*":
        return lowest, highest
    start, dash, end = base.partition("-")
    first = _value(start, *field)
    if dash:  # NCrontab swaps the ends of a range that runs backwards
        first, last = sorted((first, _value(end, *field)))
        return first, last
    return first, highest if open_ended else first


def _value(word: str, name: str, lowest: int, highest: int, names: Sequence[str]) -> int:
    if word and not word[0].isdigit():  # names can be abbreviated: "mon", and even "j" for January
        named = (index for index, full in enumerate(names, lowest) if full.startswith(word.lower()))
        value = next(named, highest + 1)
    else:
        value = _digits(word)
    if not lowest <= value <= highest:
        raise ValueError(f"{word!r} is not a valid {name}")
    return value


def _digits(word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise ValueError(f"{word!r} is not a number")
    return int(word)


def _interval(expression: str) -> Interval:
    if not any(form.fullmatch(expression.removeprefix("-")) for form in FORMS):
        raise ValueError("it has neither five or six fields nor the form hh:mm:ss")
    if expression.startswith("-"):
        raise ValueError("it is negative")
    if not (length := parse_span(expression)):
        raise ValueError("it is zero")
    if length > MAX_SPAN:
        raise ValueError("it leads past the year 9999")
    return Interval(length)
