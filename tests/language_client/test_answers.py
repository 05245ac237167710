"""What an answer means: the error table, what the service said, how long to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import (
    AccessDenied,
    Busy,
    InvalidResponse,
    LanguageError,
    QuotaSpent,
    Rejected,
    ResourceNotFound,
    Throttled,
    Unavailable,
    Unexpected,
)
from shared.language.responses import BYTES_PER_TOKEN, MAX_BYTES, Response, brief, error_of, reason, retry_after

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
quick = settings(database=None, deadline=None)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "code", "innererror", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (413, Rejected),
        (415, Rejected),
        (422, Rejected),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, ResourceNotFound),
        (409, Busy),
        (408, Throttled),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (599, Unavailable),
        (302, Unexpected),
        (402, Unexpected),
        (405, Unexpected),
        (410, ResourceNotFound),
        (303, InvalidResponse),
        (418, Unexpected),
        (600, Unexpected),
    ],
)
def test_every_status_is_one_error(status: int, kind: type[LanguageError]) -> None:
    error = error_of(status, Response(b'{"error":{"code":"X","message":"So it is."}}', retry_after=3.0))
    assert type(error) is kind
    assert str(error) == f"The Language service answered {status}: So it is."
    assert error.retry_after == 3.0


def test_a_request_of_too_much_text_is_refused_in_the_words_of_the_service() -> None:
    """Recorded: the code is that of any refused request; the status and the inner error say more."""
    text = "Request Payload sent is too large to be processed. Limit request size to: 125000"
    inner = {"code": "InvalidDocumentBatch", "message": text}
    error = {"code": "InvalidRequest", "message": "Invalid Document in request.", "innererror": inner}
    found = error_of(413, Response(json.dumps({"error": error}).encode(), retry_after=None))
    assert type(found) is Rejected
    assert str(found) == f"The Language service answered 413: Invalid Document in request. {text}"


def test_a_spent_quota_is_told_from_a_refused_key_by_its_text() -> None:
    message = "Out of call volume quota for TextAnalytics F0 pricing tier. Please retry after 15 days."
    spent = json.dumps({"error": {"code": "403", "message": message}}).encode()
    assert type(error_of(403, Response(spent, retry_after=None))) is QuotaSpent
    assert type(error_of(401, Response(spent, retry_after=None))) is AccessDenied


@pytest.mark.parametrize(("status", "sent"), [(500, True), (502, True), (504, True), (503, False)])
def test_a_failed_request_may_have_been_taken_unless_the_service_says_it_was_not(status: int, sent: bool) -> None:
    error = error_of(status, Response(b"", retry_after=None))
    assert isinstance(error, Unavailable)
    assert error.sent is sent


@pytest.mark.parametrize(
    ("content", "said"),
    [
        # recorded from the service
        (
            (
                '{"error":{"code":"InvalidRequest","message":"Invalid Document in request.",'
                '"innererror":{"code":"InvalidDocumentBatch","message":"Document text is empty."}}}'
            ),
            ": Invalid Document in request. Document text is empty.",
        ),
        ('{"error":{"message":"a","innererror":{"message":"b","innererror":{"message":"c"}}}}', ": a b c"),
        ('{"error":{"message":"same","innererror":{"message":"same"}}}', ": same"),
        ('{"error":{"code":"ProjectNotFound"}}', ": ProjectNotFound"),
        ('{"statusCode":400,"message":"from a gateway"}', ": from a gateway"),
        ('{"error":"plain"}', "."),
        ('{"error":null}', "."),
        ('{"error":{"message":5}}', "."),
        ("[]", "."),
        ("null", "."),
        ("<html>no</html>", "."),
        ("", "."),
        ("\udcff", "."),
    ],
)
def test_the_message_is_the_services_own_where_it_has_one(content: str, said: str) -> None:
    assert (
        str(error_of(400, Response(content.encode("utf-8", "surrogateescape"), retry_after=None)))
        == f"The Language service answered 400{said}"
    )


def test_a_message_is_one_line_of_bounded_length_that_can_be_written_down() -> None:
    said = reason({"message": "a\r\nFORGED log line\x00 \ud800" + "x" * 10_000})
    assert said.startswith("a FORGED log line")
    assert len(said) == 500
    assert said.endswith("…")
    assert said.encode()


def test_a_short_text_stays_as_it_is() -> None:
    assert brief("x" * 500) == "x" * 500


def test_inner_errors_without_end_come_to_one() -> None:
    endless: dict[str, object] = {"message": "round"}
    endless["innererror"] = endless
    assert reason(endless) == "round"


@quick
@given(anything)
def test_a_reason_never_raises(error: object) -> None:
    assert isinstance(reason(error), str)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("1", 1.0),
        (" 2 ", 2.0),
        ("1.5", 1.5),
        ("1296000", 86_400.0),
        ("9" * 400, 86_400.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30.0),
        ("Sun, 22 Nov 2026 11:59:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
        ("Sun, 99 Nov 2026 99:99:99 GMT", None),
        ("Sun, 22 Nov 99999999999999999999 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_a_day(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOON) == seconds


@quick
@given(st.text(max_size=40))
def test_any_retry_after_is_a_wait_or_nothing(header: str) -> None:
    wait = retry_after(header, NOON)
    assert wait is None or 0 <= wait <= 86_400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"{",
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        b"9" * 5000,
        b"[1" + b",1" * (MAX_BYTES // BYTES_PER_TOKEN) + b"]",
    ],
)
def test_what_is_not_json_is_garbled(content: bytes) -> None:
    with pytest.raises(InvalidResponse):
        _ = Response(content).body


def test_json_is_parsed() -> None:
    assert Response('{"é":[1,null]}'.encode()).body == {"é": [1, None]}
