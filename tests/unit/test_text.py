"""From bytes to text: what can be read is read unchanged, anything else ends in a reason for people."""

from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.text import MAX_FILE, MAX_TEXT, check_size, decode
from shared.errors import InvalidText

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
PLAIN = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\r\n\f\v\x1b\x85"), min_size=1
).filter(lambda text: text.strip() != "" and not text.startswith("\ufeff"))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text_or_unreadable(raw: bytes) -> None:
    with suppress(InvalidText):
        assert decode(raw).strip()


@given(PLAIN, st.sampled_from(sorted(ENCODINGS)))
def test_a_text_comes_back_as_it_was_written(text: str, encoding: str) -> None:
    assert decode(ENCODINGS[encoding] + text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (codecs.BOM_UTF8, "only white space"),
        (" \t\r\n\u00a0\u3000".encode(), "only white space"),
        (codecs.BOM_UTF16_LE, "only white space"),
        ("café".encode("latin-1"), r"byte 3 .* Save it as UTF-8"),
        ("text".encode("utf-16-le"), "control characters"),
        (codecs.BOM_UTF32_LE + "text".encode("utf-32-le"), "control characters"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a\x00", "byte .* cannot be read"),
        (codecs.BOM_UTF16_LE + b"odd", "byte .* cannot be read"),
        (b"\xed\xa0\x80", "byte 0 cannot be read"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "cannot be read"),
        (b"PK\x03\x04 an archive", "control characters"),
        (b"text\x00", "control characters"),
    ],
)
def test_what_cannot_be_classified_has_a_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidText, match=reason):
        decode(raw)


@pytest.mark.parametrize("character", ["x", "é", "漢", "😀"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_the_longest_text_is_taken_in_every_encoding_and_not_one_more(character: str, encoding: str) -> None:
    longest = (character * MAX_TEXT).encode(encoding)
    check_size(len(longest))
    assert len(decode(longest)) == MAX_TEXT
    with pytest.raises(InvalidText, match=f"{MAX_TEXT + 1:,} characters"):
        decode((character * (MAX_TEXT + 1)).encode(encoding))


def test_a_file_that_cannot_hold_so_short_a_text_is_refused_unread() -> None:
    check_size(MAX_FILE)
    with pytest.raises(InvalidText, match=f"{MAX_FILE + 1:,} bytes"):
        check_size(MAX_FILE + 1)
