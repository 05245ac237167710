"""A process of the app that keeps a log of what it saw of the gate, and of the calls it began."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from shared.domain.singletons import Gate
from shared.language.types import Analysis, Classifier, Text
from shared.services import Seen, Services, build
from shared.settings import load


class Line(NamedTuple):
    """`until`: until when it was seen to be closed, for "closed"; `now`: the time of the app."""

    what: str
    thread: int
    now: datetime
    until: datetime | None = None


class Log:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.lines: list[Line] = []

    def add(self, what: str, until: datetime | None = None) -> None:
        self.lines.append(Line(what, threading.get_ident(), self._clock(), until))

    def closings(self) -> list[Line]:
        return [line for line in self.lines if line.what == "closed"]

    def calls(self) -> int:
        return sum(line.what == "began" for line in self.lines)

    def wrongly_begun(self) -> list[Line]:
        """Calls without their own look at the gate, or whose look came after this process saw it closed."""
        until: datetime | None = None
        looked: dict[int, bool] = {}
        wrong = []
        for line in self.lines:
            if line.what == "closed":
                until = max(filter(None, (until, line.until)), default=None)
            elif line.what == "opened":
                until = None
            elif line.what == "looked":
                looked[line.thread] = until is None or until <= line.now
            elif not looked.pop(line.thread, False):
                wrong.append(line)
        return wrong


class WatchedSeen(Seen):
    """A look is noted before it is made, and a closing after: then the order of the lines proves the order of both."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def saw(self, gate: Gate) -> None:
        if gate.reopenings > self._gate.reopenings:
            self._log.add("opened")
        super().saw(gate)
        if gate.until and gate.reopenings >= self._gate.reopenings:
            self._log.add("closed", gate.until)

    def is_closed(self, now: datetime, classifier: str = "") -> bool:
        self._log.add("looked")
        return super().is_closed(now, classifier)


class WatchedLanguage:
    """The Language service, with a line for each analyze call that begins."""

    def __init__(self, language: Any, log: Log) -> None:
        self._language, self._log = language, log

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        self._log.add("began")
        return str(self._language.begin_analyze(texts, classifier, name))

    def analysis(self, job: str) -> Analysis:
        self._log.add("began")
        found: Analysis = self._language.analysis(job)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._language, name)


def watched(environ: Mapping[str, str], clock: Callable[[], datetime], **parts: Any) -> tuple[Services, Log]:
    """The bundle of one process with these settings. `parts` stand in for its ledger and documents."""
    log = Log(clock)
    made = replace(build(load(environ)), **parts)
    return replace(made, language=WatchedLanguage(made.language, log), seen=WatchedSeen(log)), log
