"""What a timer makes of the status that a host left, and the blob it is kept in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import BlobServiceClient

from local.host.errors import HostInError
from local.host.storage.clients import PATIENCE
from local.host.timers.schedule_monitor import NEVER, Monitor, ScheduleStart, Status, after_run, parse, schedule_start
from local.host.triggers import ncrontab
from local.stack.azurite import Azurite

HOURLY = ncrontab.parse("0 0 * * * *")
TWELVE = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    return TWELVE + timedelta(hours=hours)


def test_without_a_status_there_is_a_first_one() -> None:
    first = Status(NEVER, at(1), NEVER)
    assert schedule_start(HOURLY, None, at(0.5)) == ScheduleStart(first, to_write=Status(NEVER, at(1), at(0.5)))


@pytest.mark.parametrize(
    ("stored", "now", "past_due"),
    [
        (Status(at(0), at(1), at(0)), at(0.9), False),
        (Status(at(0), at(1), at(0)), at(1), False),
        (Status(at(0), at(1), at(0)), at(1.001), True),
        (Status(at(0), at(1), at(0)), at(40), True),
        (Status(NEVER, at(1), at(0.5)), at(0.9), False),  # it never ran: reckoned from when the status was written
        (Status(NEVER, at(1), at(0.5)), at(2), True),
    ],
)
def test_a_status_of_this_schedule_is_gone_on_with(stored: Status, now: datetime, past_due: bool) -> None:
    assert schedule_start(HOURLY, stored, now) == ScheduleStart(stored, past_due)


@pytest.mark.fact("timer-changed-schedule")
@pytest.mark.parametrize(
    ("stored", "now", "made"),
    [
        (Status(at(0), at(6), at(0)), at(0.5), Status(NEVER, at(1), at(0))),  # still to come: from the last run
        (Status(at(0), at(6), at(0)), at(3.5), Status(NEVER, at(4), at(3.5))),  # over by now: from now
        (Status(NEVER, at(6), NEVER), at(3.5), Status(NEVER, at(4), at(3.5))),
    ],
)
def test_a_status_of_another_schedule_is_made_anew_and_nothing_is_past_due(
    stored: Status, now: datetime, made: Status
) -> None:
    assert schedule_start(HOURLY, stored, now) == ScheduleStart(made, to_write=made)


def test_a_span_is_compared_to_the_microsecond() -> None:
    span = ncrontab.parse("00:05:00")
    ran = at(0) + timedelta(microseconds=123456)
    assert schedule_start(span, after_run(span, ran), at(1)).past_due


@pytest.mark.fact("timer-monitored")
@pytest.mark.parametrize(
    ("expression", "is_rapid"),
    [
        ("*/10 * * * * *", True),
        ("0,1 * * * * *", True),
        ("0 * * * * *", False),
        ("* * * * *", False),
        ("*/10 0-58 * * * *", False),  # an hour may pass in which it is not due for a minute
        ("*/10 0-59 * * 1-12 0-6", True),
        ("00:00:59", True),
        ("00:01:00", False),
        ("*/3 * * * * *", True),
        ("0,30 * * * * *", True),
        ("00:00:04", True),
        ("*/20 */2 * * * *", False),
        ("00:02:00", False),
    ],
)
def test_which_schedules_are_too_rapid_to_be_monitored(expression: str, is_rapid: bool) -> None:
    assert ncrontab.parse(expression).is_rapid is is_rapid


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T12:00:00+00:00", TWELVE),
        ("2026-01-01T12:00:00.0010009+00:00", TWELVE + timedelta(microseconds=1000)),  # .NET counts tenths of them
        ("2026-01-01T13:00:00+01:00", TWELVE),
        ("2026-01-01T12:00:00Z", TWELVE),
        ("2026-01-01T12:00:00", TWELVE),
        ("0001-01-01T00:00:00", NEVER),
        ("0001-01-01T00:00:00+02:00", NEVER),
    ],
)
def test_times_as_hosts_write_them(text: str, moment: datetime) -> None:
    assert parse(json.dumps({"Last": text, "Next": text, "LastUpdated": text})) == Status(moment, moment, moment)


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"Last": 1, "Next": 2, "LastUpdated": 3}', '"soon"'])
def test_what_is_no_status_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.fact("timer-unreadable-status")
@pytest.mark.parametrize("text", ["", "not JSON", "{", "[" * 100_000])
def test_what_is_no_json_stops_the_host(text: str) -> None:
    with pytest.raises(HostInError, match="it is no JSON"):
        parse(text)


def test_times_as_this_host_writes_them() -> None:
    moment = datetime(2026, 1, 1, 14, 0, 0, 250_000, UTC)
    assert list(Status(NEVER, TWELVE, moment).to_dict().items()) == [
        ("Last", "0001-01-01T00:00:00+00:00"),
        ("Next", "2026-01-01T12:00:00+00:00"),
        ("LastUpdated", "2026-01-01T14:00:00.25+00:00"),
    ]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def service(azurite: Azurite) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        yield client


@pytest.mark.fact("timer-status", "timer-unreadable-status")
def test_the_blob(service: BlobServiceClient, container: str, threads: ThreadPoolExecutor) -> None:
    blob = service.get_blob_client("azure-webjobs-hosts", f"timers/{container}/Host.Functions.tick/status")

    async def play() -> None:
        monitor = Monitor(service, container, "Host.Functions.tick", threads)
        assert (await monitor.begin(HOURLY, at(0.5))).to_write
        assert blob.download_blob().readall() == (
            b'{"Last":"0001-01-01T00:00:00+00:00","Next":"2026-01-01T13:00:00+00:00",'
            b'"LastUpdated":"2026-01-01T12:30:00+00:00"}'
        )
        await monitor.write(after_run(HOURLY, at(1)))
        assert await monitor.begin(HOURLY, at(5)) == ScheduleStart(after_run(HOURLY, at(1)), past_due=True)
        for replaced in ("", "{}"):
            blob.upload_blob(replaced, overwrite=True)
            assert not (await monitor.begin(HOURLY, at(5))).past_due
            assert parse(blob.download_blob().readall().decode()).next == at(6)
        blob.upload_blob("not JSON", overwrite=True)
        with pytest.raises(
            HostInError, match=r"Host\.Functions\.tick/status keeps the host from starting.* Delete this blob"
        ):
            await monitor.begin(HOURLY, at(5))

    asyncio.run(play())


def test_storage_that_is_away_holds_nothing_up_and_is_told_of_once(
    threads: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a"

    async def play() -> ScheduleStart:
        monitor = Monitor(away, "host", "Host.Functions.tick", threads)
        started = await monitor.begin(HOURLY, at(0.5))
        await monitor.write(after_run(HOURLY, at(1)))
        return started

    with BlobServiceClient.from_connection_string(nowhere, **PATIENCE | {"retry_total": 0}) as away:
        assert asyncio.run(play()) == ScheduleStart(Status(NEVER, at(1), NEVER))
    told = [record.getMessage() for record in caplog.records if "unreachable" in record.getMessage()]
    assert len(told) == 1
    assert "timers/host/Host.Functions.tick/status" in told[0]
