"""A command that takes long shows that it is alive."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from local.stack import elapsed

UNTIL_SEEN = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.01)\nsys.exit(int(sys.argv[2]))"


class Reader(io.StringIO):
    """Lets the command end once a number of seconds has been shown."""

    def __init__(self, seen: Path, *, terminal: bool) -> None:
        super().__init__()
        self._seen, self._terminal = seen, terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        if re.search(r"\d s", text):
            self._seen.touch()
        return super().write(text)


@pytest.mark.parametrize(("code", "last"), [(0, ""), (3, " (failed)")])
@pytest.mark.parametrize(("terminal", "between"), [(True, "\r"), (False, "\n")])
def test_seconds_are_shown_until_the_end(tmp_path: Path, terminal: bool, between: str, code: int, last: str) -> None:
    seen = tmp_path / "seen"
    out = Reader(seen, terminal=terminal)
    command = [sys.executable, "-c", UNTIL_SEEN, str(seen), str(code)]
    assert elapsed.run(command, "Installing", out=out, every=0.01) == code
    first, *signs = out.getvalue().rstrip("\n").split(between)
    assert first == "Installing …"
    assert len(signs) >= 2
    assert all(re.fullmatch(r"Installing … \d+ s", sign.removesuffix(last)) for sign in signs)
    assert signs[-1].endswith(f"s{last}")
