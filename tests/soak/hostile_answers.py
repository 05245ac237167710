"""A Language service that answers as nobody should, about documents whose text asks for it; all else is the real one's.

What is wrong is wrong each time: with each job that holds such a document, however it got there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.soak.hostile_files import EXHAUSTED, REJECTED, SUCCEEDED
from tests.support.wire import Reply, Seen, accepted, recording, said

ASKS = re.compile(r"answers: ([^.]+)\.")
JOBS = "/language/analyze-text/jobs"
KEPT_HEADERS = ("content-type", "operation-location", "retry-after")
ERROR = "error"
ANY = (ERROR, EXHAUSTED, REJECTED)  # of a whole job: its documents never get an answer
SECONDS = 120.0  # real ones, before a wait is given up
STRANGER = {"id": "stranger", "class": [{"category": "Cooking", "confidenceScore": 1.0}], "warnings": []}

Submission = Callable[[Reply], Reply]
Poll = Callable[[Reply, str], Reply]


def _as_it_is(reply: Reply) -> Reply:
    return reply


def _poll_as_it_is(reply: Reply, document: str) -> Reply:
    del document
    return reply


@dataclass(frozen=True)
class AnswerKind:
    """`ends`: states or reasons that its documents may end with.

    `refusal`: what a submission is answered with instead of being taken. `submission`, `poll`: what becomes of the
    service's answer to one that was taken, and to a poll, which is told the document's id.
    """

    ends: tuple[str, ...] = (SUCCEEDED,)
    submission: Submission = _as_it_is
    poll: Poll = _poll_as_it_is
    refusal: Reply | None = None


def _of_document(change: Callable[[dict[str, Any], list[Any]], dict[str, Any] | None]) -> Poll:
    """Changes the entry of one document: `change` is given it and the list of errors, and gives it back or None."""

    def poll(reply: Reply, document: str) -> Reply:
        body = json.loads(reply.content)
        for item in body.get("tasks", {}).get("items", []):
            results = item.get("results", {})
            changed = [
                change(entry, results["errors"]) if entry.get("id") == document else entry
                for entry in results.get("documents", [])
            ]
            results["documents"] = [entry for entry in changed if entry is not None]
        return replace(reply, content=json.dumps(body).encode())

    return poll


def _with(**fields: Any) -> Poll:
    return _of_document(lambda entry, _: {**entry, **fields})


def _more(*entries: dict[str, Any]) -> Poll:
    def poll(reply: Reply, _: str) -> Reply:
        body = json.loads(reply.content)
        for item in body.get("tasks", {}).get("items", []):
            item.get("results", {"documents": []})["documents"] += entries
        return replace(reply, content=json.dumps(body).encode())

    return poll


def _error(error: Any) -> Poll:
    return _of_document(lambda entry, errors: errors.append({"id": entry["id"], "error": error}))


def _class(name: Any, confidence: Any = 1.0, times: int = 1) -> Poll:
    return _with(**{"class": [{"category": name, "confidenceScore": confidence}] * times})


def _always(reply: Reply) -> Poll:
    return lambda _, __: reply


def _headers(**headers: str) -> Poll:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply, _: replace(reply, headers={**reply.headers, **named})


def _elsewhere(reply: Reply) -> Reply:
    """As behind a gateway that does not change links."""
    path = urlsplit(reply.headers.get("operation-location", "")).path
    return accepted("https://elsewhere.example" + path) if path else reply


def _endless(reply: Reply, _: str) -> Reply:
    return said({**json.loads(reply.content), "nextLink": JOBS + "?skip=1"})


def _huge(reply: Reply, _: str) -> Reply:
    return said({**json.loads(reply.content), "filler": "x" * 3_000_000})


def _status(status: str) -> Poll:
    return lambda reply, _: said({**json.loads(reply.content), "status": status, "tasks": {"items": []}})


CUT = Reply(200, b'{"half":', {"Content-Length": "5000"}, cut=8)
DAYS = "Fri, 31 Dec 2066 23:59:59 GMT"  # by a clock that is decades ahead

ABOUT_ONE: Mapping[str, AnswerKind] = {
    "the id of a stranger": AnswerKind((EXHAUSTED,), poll=_with(id="stranger")),
    "an id that is no text": AnswerKind((EXHAUSTED,), poll=_with(id=7)),
    "strangers besides": AnswerKind(poll=_more(*[STRANGER] * 500)),
    "entries of no form": AnswerKind(poll=_more({}, {"id": None}, {"id": "x", "class": 7})),
    "left out": AnswerKind((EXHAUSTED,), poll=_of_document(lambda _, __: None)),
    "a class of no form": AnswerKind((EXHAUSTED,), poll=_class(7)),
    "a confidence above all": AnswerKind((EXHAUSTED,), poll=_class("Sailing", 1e308)),
    "no number as confidence": AnswerKind((EXHAUSTED,), poll=_class("Sailing", float("nan"))),
    "a class with half a character": AnswerKind(poll=_class("half \ud800")),
    "a class with a NUL": AnswerKind((SUCCEEDED, ERROR), poll=_class("nul \x00")),
    "a class of 300 KB": AnswerKind((SUCCEEDED, ERROR, EXHAUSTED), poll=_class("x" * 300_000)),
    "thousands of classes": AnswerKind((SUCCEEDED, ERROR, EXHAUSTED), poll=_class("Sailing", 0.5, 3_000)),
    "an error": AnswerKind((REJECTED,), poll=_error({"code": "InvalidArgument", "message": "No."})),
    "an error of no form": AnswerKind((REJECTED,), poll=_error([[]])),
    "a long error": AnswerKind((REJECTED,), poll=_error({"message": "no " * 100_000})),
    "another host": AnswerKind(submission=_elsewhere),
    "the key": AnswerKind(poll=_class("THEKEY")),
    "the key in escapes": AnswerKind(poll=_class("ESCAPEDKEY")),
    "the key in an error": AnswerKind((REJECTED,), poll=_error({"message": "ESCAPEDKEY THEKEY"})),
    "a clock far ahead": AnswerKind(poll=_headers(Date=DAYS)),
    "expired long ago": AnswerKind(
        poll=lambda reply, _: said({**json.loads(reply.content), "expirationDateTime": "1970-01-01T00:00:00Z"})
    ),
    "expires in the year 9999": AnswerKind(
        poll=lambda reply, _: said({**json.loads(reply.content), "expirationDateTime": "9999-12-31T23:59:59Z"})
    ),
}

STATUSES = (301, 307, 403, 405, 409, 410, 418, 429, 500, 503)
POLL_STATUSES = (403, 404, 409, 410, 418, 429, 500)  # one for each error that the app makes of them
NO_JSON = Reply(200, b"<html>Welcome</html>")
ECHO = Reply(401, b'{"error": {"code": "401", "message": "No ESCAPEDKEY, THEKEY."}}')

OF_WHOLE_JOBS: Mapping[str, AnswerKind] = {
    **{f"a submission answered {one}": AnswerKind(ANY, refusal=Reply(one)) for one in STATUSES},
    "a submission refused with the key": AnswerKind(ANY, refusal=ECHO),
    "a submission asked to wait for decades": AnswerKind(ANY, refusal=Reply(429, headers={"Retry-After": DAYS})),
    "a submission without a link": AnswerKind(ANY, submission=lambda _: Reply(202)),
    "a submission answered with nonsense": AnswerKind(ANY, submission=lambda _: NO_JSON),
    "a submission that is cut": AnswerKind(ANY, submission=lambda _: CUT),
    "a submission that is reset": AnswerKind(ANY, submission=lambda _: Reply(cut=0)),
    **{f"a poll answered {one}": AnswerKind(ANY, poll=_always(Reply(one))) for one in POLL_STATUSES},
    "a poll refused with the key": AnswerKind(ANY, poll=_always(ECHO)),
    "a poll that is cut": AnswerKind(ANY, poll=_always(CUT)),
    "a poll answered with nonsense": AnswerKind(ANY, poll=_always(NO_JSON)),
    "a poll answered with deep JSON": AnswerKind(ANY, poll=_always(Reply(200, b"[" * 100_000))),
    "pages without end": AnswerKind(ANY, poll=_endless),
    "a huge page": AnswerKind(ANY, poll=_huge),
    "a failed job": AnswerKind(ANY, poll=_status("failed")),
    "a cancelled job": AnswerKind(ANY, poll=_status("cancelled")),
    "a job without results": AnswerKind(ANY, poll=_status("succeeded")),
}


@dataclass
class HostileService:
    """`billed`: in how many jobs each document reached the service, which may bill each; `refused` ones it does not."""

    endpoint: str
    key: str
    kinds: Mapping[str, AnswerKind]
    url: str = ""
    billed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    _jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    _links: list[str] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    session: requests.Session = field(default_factory=requests.Session)

    def answer(self, seen: Seen) -> Reply:
        path = urlsplit(seen.target).path
        if (seen.method, path) == ("POST", JOBS):
            return self._submission(seen)
        reply = self._passed_on(seen)
        if not path.startswith(JOBS + "/"):
            return reply
        for document, name in self._jobs.get(path.rpartition("/")[2], {}).items():
            self.struck[name] += 1
            reply = self._with_key(self.kinds[name].poll(reply, document))
            if self.kinds[name] in OF_WHOLE_JOBS.values():
                break
        return reply

    def wait_for_jobs(self) -> None:
        """Until the real service has ended all jobs: its work takes time of the machine, and none of the app's."""
        end = monotonic() + SECONDS
        for link in self._links:
            while self._is_running(link):
                assert monotonic() < end, "a job never ended"
        self._links.clear()

    def _is_running(self, link: str) -> bool:
        found = self.session.get(link, headers={"Ocp-Apim-Subscription-Key": self.key})
        return bool(found.ok and found.json()["status"] in ("notStarted", "running"))

    def _submission(self, seen: Seen) -> Reply:
        body = seen.body
        documents = body["analysisInput"]["documents"]
        asking = {one["id"]: found[1] for one in documents if (found := ASKS.search(one["text"]))}
        for name in asking.values():
            if refusal := self.kinds[name].refusal:
                self.struck[name] += 1
                self.refused.update(one["id"] for one in documents)
                return self._with_key(refusal)
        sent = {(body["displayName"], one["id"]) for one in documents} - self._seen  # a text in parts counts once
        self._seen |= sent
        self.billed.update(document for _, document in sent)
        reply = self._passed_on(seen)
        if link := reply.headers.get("operation-location", ""):
            self._links.append(link)
            self._jobs[urlsplit(link).path.rpartition("/")[2]] = asking
        for name in asking.values():
            reply = self.kinds[name].submission(reply)
            if reply.cut is not None:
                break
        return reply

    def _passed_on(self, seen: Seen) -> Reply:
        headers = {name: value for name, value in seen.headers.items() if name not in ("host", "content-length")}
        found = self.session.request(
            seen.method, self.endpoint + seen.target, headers=headers, data=seen.content, allow_redirects=False
        )
        kept = {name: value for name, value in found.headers.items() if name.lower() in KEPT_HEADERS}
        return Reply(found.status_code, found.content, {name.lower(): value for name, value in kept.items()})

    def _with_key(self, reply: Reply) -> Reply:
        escaped = "".join(f"\\u{ord(character):04x}" for character in self.key).encode()
        content = reply.content.replace(b"THEKEY", self.key.encode()) if b"THEKEY" in reply.content else reply.content
        return replace(reply, content=content.replace(b"ESCAPEDKEY", escaped))


@contextmanager
def answering(endpoint: str, key: str, kinds: Mapping[str, AnswerKind]) -> Iterator[HostileService]:
    """Stands in front of the service at `endpoint`, at its own `url`."""
    made = HostileService(endpoint, key, kinds)
    with recording() as wire:

        def answer(seen: Seen) -> Reply:
            wire.requests.clear()  # they hold whole texts
            return made.answer(seen)

        wire.otherwise = answer
        made.url = wire.url
        with made.session:
            yield made


def asking_for(name: str) -> bytes:
    return f"The helm and the anchor of the harbour; answers: {name}.".encode()
