from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.host.config.time_span import parse_span
from local.host.triggers.ncrontab import NEVER, Cron, ScheduleError, days_in_hours_place, next_occurrence, parse

START = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("*/10 * * * * *", "2026-01-01T00:00:00", "2026-01-01T00:00:10"),
        ("*/10 * * * * *", "2026-01-01T00:00:09.900", "2026-01-01T00:00:10"),
        ("0 */5 * * * *", "2026-01-01T00:04:59", "2026-01-01T00:05:00"),
        ("*/5 * * * *", "2026-01-01T00:05:00", "2026-01-01T00:10:00"),
        ("0 0 0 * * *", "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("0 30 9 * * mon-fri", "2026-11-20T10:00:00", "2026-11-23T09:30:00"),
        ("0 30 9 * * 1-5", "2026-11-20T10:00:00", "2026-11-23T09:30:00"),
        ("0 0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 12 13 * fri", "2026-01-01T00:00:00", "2026-02-13T12:00:00"),  # both must fit
        ("0 0 0 1 j *", "2026-02-01T00:00:00", "2027-01-01T00:00:00"),  # any start of a name, the first that fits
        ("0 0 0 1 JUNE *", "2026-01-01T00:00:00", "2026-06-01T00:00:00"),
        ("30/20 * * * * *", "2026-01-01T00:00:31", "2026-01-01T00:00:50"),  # from 30 to the end
        ("30/20 * * * * *", "2026-01-01T00:00:50", "2026-01-01T00:01:30"),
        ("10-20/5 * * * * *", "2026-01-01T00:00:15", "2026-01-01T00:00:20"),
        ("20-10/5 * * * * *", "2026-01-01T00:00:15", "2026-01-01T00:00:20"),  # a range may run backwards
        ("1,3,5 * * * * *", "2026-01-01T00:00:03", "2026-01-01T00:00:05"),
        ("0 0 23 31 12 *", "2026-12-31T23:00:00", "2027-12-31T23:00:00"),
        ("00:05:00", "2026-01-01T00:00:01", "2026-01-01T00:05:01"),
        ("01:30", "2026-01-01T00:00:00", "2026-01-01T01:30:00"),
        ("1.00:00:00", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
    ],
)
def test_next_occurrence(expression: str, after: str, expected: str) -> None:
    assert next_occurrence(expression, utc(after)) == utc(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "soon",
        "* * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* 60 * * * *",
        "* * 24 * * *",
        "* * * 0 * *",
        "* * * 32 * *",
        "* * * * 13 *",
        "* * * * * 7",
        "* * * * * someday",
        "a * * * * *",
        "*/x * * * * *",
        "*/ * * * * *",
        "1,,2 * * * * *",
        "-1 * * * * *",
        "? * * * * *",
        "0 0 0 L * *",
        "0 0 0 30 2 *",
        "00:00:00",
        "00:60:00",
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError, match="was not recognized as a valid cron expression or timespan string"):
        parse(expression)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:59:59", timedelta(hours=23, minutes=59, seconds=59)),
        ("24:00:00", timedelta(days=24)),
        ("25:00:00", timedelta(days=25)),
        ("99:23:59", timedelta(days=99, hours=23, minutes=59)),
        ("1", timedelta(days=1)),
        ("00:05", timedelta(minutes=5)),
        ("1.02:03", timedelta(days=1, hours=2, minutes=3)),
        ("1:02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("1.02:03:04.5", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("81:02:29:14.214", timedelta(days=81, hours=2, minutes=29, seconds=14.214)),
        ("00:00:30.5", timedelta(seconds=30.5)),
        ("00:00:59.9999999", timedelta(seconds=59.999999)),  # cut to a microsecond
        ("00:000000005:00", timedelta(minutes=5)),
        ("100000.0:0", timedelta(days=100_000)),
    ],
)
def test_a_span_is_read_as_dotnet_reads_it(text: str, expected: timedelta) -> None:
    assert parse_span(text) == expected
    assert parse(f" {text}\n").next(START) == START + expected


@pytest.mark.parametrize(
    "text",
    ["24:24:00", "24:00:60", "24:00", "00:00:60", "00:05:00.", "5:", ":05:00", "23:09.5", "0:५", "1.00:2147483648:00",
     "10675200", "+00:05:00", "-00:05:00", "00:00:00.0"],
)  # fmt: skip
def test_what_is_no_span_is_no_schedule(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse(text)


def test_a_moment_after_the_last_year_never_comes() -> None:
    assert parse("600000").next(utc("8596-12-23T00:00:00")) == NEVER


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("0 */5\t* * * *", "with spaces, without tabs, line ends or no-break spaces"),
        ("0 */5 * *\xa0* *", "with spaces, without tabs, line ends or no-break spaces"),
        ("0 */5 * * * *\n", "with spaces, without tabs, line ends or no-break spaces"),
        ("*/2147483648 * * * *", "the step 2147483648 is too large"),
        ("1/2147483647 * * * *", "the step 2147483647 is too large"),
        ("\x1f0:1", "nor the form hh:mm:ss"),
        ("-00:05:00", "it is negative"),
        ("10675199.02:48:05", "it leads past the year 9999"),
    ],
)
def test_what_fails_in_azure_fails_here_and_says_why(expression: str, reason: str) -> None:
    with pytest.raises(ScheduleError, match=reason):
        parse(expression)


@pytest.mark.parametrize(
    ("expression", "days"),
    [("24:00:00", 24), ("99:23:59", 99), ("23:59:59", None), ("1.00:00:00", None), ("1", None), ("0 0 24 * * *", None)],
)
def test_a_span_in_hours_that_is_in_days_is_told(expression: str, days: int | None) -> None:
    assert days_in_hours_place(expression) == days


FIELD = st.sampled_from(["*", "0", "*/7", "3-9", "5/11", "1,2,20"])
SPANS = st.integers(0, 10 * 366 * 86_400 * 1_000).map(lambda thousandths: timedelta(milliseconds=thousandths))
moments = SPANS.map(lambda later: datetime(2020, 1, 1, tzinfo=UTC) + later)


def cron(expression: str) -> Cron:
    schedule = parse(expression)
    assert isinstance(schedule, Cron)
    return schedule


@settings(deadline=None)
@given(FIELD, FIELD, moments)
def test_the_next_is_the_first_second_that_fits(seconds: str, minutes: str, after: datetime) -> None:
    schedule = cron(f"{seconds} {minutes} * * * *")
    found = schedule.next(after)
    moment = after.replace(microsecond=0) + timedelta(seconds=1)
    while not (moment.second in schedule.seconds and moment.minute in schedule.minutes):
        moment += timedelta(seconds=1)
    assert found == moment


@settings(deadline=None)
@given(st.sampled_from(["*", "1", "29-31", "13", "*/10"]), st.sampled_from(["*", "0", "1-5", "sat"]), moments)
def test_the_next_day_fits_both_day_fields(days: str, weekdays: str, after: datetime) -> None:
    schedule = cron(f"0 0 0 {days} * {weekdays}")
    found = schedule.next(after)
    day = after.date() + timedelta(days=1)
    while not (day.day in schedule.days and day.isoweekday() % 7 in schedule.weekdays):
        day += timedelta(days=1)
    assert found.date() == day
    assert found > after
