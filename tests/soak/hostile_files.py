"""Kinds of files that nobody wishes for in a drop folder, as a table; and how the documents of each may end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.text import MAX_FILE, MAX_TEXT

WORDS = "The helm and the anchor of the harbour. "
LARGE = MAX_TEXT - 25_000  # characters; of four bytes each they make a file of 4.9 MB
BOMB = 3_000_000_000  # bytes that a few megabytes claim to hold
MEMBER = 50_000_000
DELETED, OVERWRITTEN = "deleted", "overwritten"
SUCCEEDED, BAD_INPUT, REJECTED, EXHAUSTED = "succeeded", "bad_input", "rejected", "exhausted"
GONE, SUPERSEDED = "gone", "superseded"


@dataclass(frozen=True)
class Kind:
    """`ends`: states or reasons that its documents may end with; none: the file is never claimed.

    `name` holds one "{}" for a number. `befalls`: what happens to the file while it waits or is in a job. `raw`: only a
    client of its own can ask storage for such a name.
    """

    content: bytes | Callable[[], bytes]
    ends: tuple[str, ...] = (SUCCEEDED,)
    name: str = "{}.txt"
    language: str | None = None
    encoding: str = ""
    befalls: str = ""
    raw: bool = False

    @property
    def bytes(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content()


@dataclass(frozen=True)
class HostileFile:
    name: str
    kind: Kind


@cache
def gzip_bomb() -> bytes:
    """Members one after the other are one gzip file."""
    return gzip.compress(b"a" * MEMBER) * (BOMB // MEMBER)


@cache
def deflate_bomb() -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b"a" * MEMBER) for _ in range(4)) + packer.flush()


@cache
def large_text() -> bytes:
    """Sent in ten parts."""
    return "\U0001d4b6".encode() * LARGE


FILES: Mapping[str, Kind] = {
    # --- what a text is made of
    "marks after sentence ends": Kind(". \u0301".encode() * 42_001),
    "only joiners": Kind("\U0001f469\u200d".encode() * 70_000),
    "one long line of marks": Kind(b"a" + "\u0301".encode() * 130_000),
    "line ends": Kind(b"a" + b"\r\n" * 65_000),
    "half of what is written right to left": Kind("\u202e\u2066\ufeff harbour anchor".encode()),
    "a formula": Kind("\uff1dHYPERLINK(harbour)\n=1+1".encode()),
    "deep JSON": Kind(b"[" * 100_000),
    # --- what a file holds
    "empty": Kind(b"", (BAD_INPUT,)),
    "blanks": Kind(b" \n\t" * 99, (BAD_INPUT,)),
    "NULs": Kind(b"harbour\x00anchor", (BAD_INPUT,)),
    "invalid UTF-8": Kind(b"harbour \xff\xfe\xfd", (BAD_INPUT,)),
    "half characters": Kind(b"harbour \xed\xa0\x80", (BAD_INPUT,)),
    "a byte order mark": Kind(b"\xef\xbb\xbf" + WORDS.encode()),
    "a byte order mark alone": Kind(b"\xef\xbb\xbf", (BAD_INPUT,)),
    "UTF-16": Kind(WORDS.encode("utf-16")),
    "UTF-16 without its mark": Kind(WORDS.encode("utf-16-le"), (BAD_INPUT,)),
    "half characters in UTF-16": Kind(b"\xff\xfe\x00\xd8h\x00", (BAD_INPUT,)),
    "UTF-16 of odd length": Kind(b"\xff\xfeh\x00i", (BAD_INPUT,)),
    "10 MB": Kind(b"harbour " * 1_250_000, (BAD_INPUT,)),
    "one byte too many": Kind(b"a" * (MAX_FILE + 1), (BAD_INPUT,)),
    "4.9 MB": Kind(large_text),
    "4.9 MB of too many characters": Kind(b"harbour " * 610_000, (BAD_INPUT,)),
    # --- how it is labelled
    "a gzip bomb": Kind(gzip_bomb, (BAD_INPUT,), encoding="gzip"),
    "a deflate bomb": Kind(deflate_bomb, (BAD_INPUT,), encoding="deflate"),
    "gzip": Kind(gzip.compress(WORDS.encode()), encoding="gzip"),
    "plain text labelled gzip": Kind(WORDS.encode(), (BAD_INPUT,), encoding="gzip"),
    "half a gzip": Kind(gzip.compress(WORDS.encode() * 99)[:60], (BAD_INPUT,), encoding="GZIP"),
    "an unknown encoding": Kind(WORDS.encode(), (BAD_INPUT,), encoding="br, gzip"),
    "an empty language": Kind(WORDS.encode(), language=""),
    "no language": Kind(WORDS.encode(), (BAD_INPUT,), language="<script>" * 20),
    "an unknown language": Kind(WORDS.encode(), (SUCCEEDED, REJECTED), language="xx"),
    # --- what it is called
    "a backslash": Kind(WORDS.encode(), name="back\\{}.txt"),
    "a part ..": Kind(WORDS.encode(), (BAD_INPUT,), name="up/../{}.txt", raw=True),
    "a part .": Kind(WORDS.encode(), (BAD_INPUT,), name="here/./{}.txt", raw=True),
    "a line feed": Kind(WORDS.encode(), name="line\n{}.txt"),
    "percents": Kind(WORDS.encode(), name="100%2F{}%00?#&+.txt"),
    "a name too long for a result": Kind(WORDS.encode(), (BAD_INPUT,), name="n" * MAX_FILE_NAME + "{}"),
    "a formula as its name": Kind(WORDS.encode(), name="\uff1dcmd|{}.txt"),
    # --- what becomes of it
    "deleted": Kind(WORDS.encode(), (GONE, SUCCEEDED), befalls=DELETED),
    "overwritten": Kind(WORDS.encode(), (SUPERSEDED, SUCCEEDED), befalls=OVERWRITTEN),
    "a large one that is deleted": Kind(large_text, (GONE, SUCCEEDED), befalls=DELETED),
    "a bomb that is overwritten": Kind(
        gzip_bomb, (BAD_INPUT, SUPERSEDED, SUCCEEDED), encoding="gzip", befalls=OVERWRITTEN
    ),
}


def drawn(kinds: Mapping[str, Kind], count: int) -> Iterator[HostileFile]:
    """So many files, of each kind in turn."""
    table = list(kinds.values())
    for number in range(count):
        kind = table[number % len(table)]
        yield HostileFile(kind.name.format(f"hostile{number:03}"), kind)
