"""The credential is found nowhere: whatever the service repeats of it, wherever, and however it is spelt."""

from __future__ import annotations

import json
import logging
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from http.client import BadStatusLine
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate
from shared.errors import StorageUnavailable
from shared.language.current import CurrentLanguage
from shared.language.redaction import MASK, SHORTEST, redaction
from shared.language.transport import Transport
from shared.language.types import Classifier
from shared.services import build
from shared.settings import load
from tests.fakes.language import DEPLOYMENT, PROJECT
from tests.fakes.services import ENVIRON
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Stage
from tests.support.wire import Reply, Seen, Wire, accepted, refused, said

SECRET = "aBcDeF0123456789-_/+secret"
SPELT: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "in a sentence": lambda secret: f"Your key {secret}, was it?",
    "in capitals": str.upper,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "all of it percent-encoded": lambda secret: "".join(f"%{ord(one):02x}" for one in secret),
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
}
WRITTEN: dict[str, str] = {
    "plain": json.dumps(f"Your key {SECRET}, was it?"),
    "escaped": '"' + "".join(f"\\u{ord(one):04x}" for one in SECRET) + '"',
    "percent-encoded": json.dumps(SPELT["all of it percent-encoded"](SECRET)),
}
IN_A_HEADER = [SPELT[name](SECRET) for name in ("percent-encoded", "all of it percent-encoded", "in base64")]
HERE = "<secret>"
ERROR = {"error": {"code": HERE, "message": HERE, "innererror": {"code": HERE, "message": HERE}}}


def _body(body: Any, status: int = 200) -> Callable[[str], Reply]:
    """`body` with the secret, as it is written in JSON, wherever HERE stands."""
    raw = json.dumps(body)
    return lambda spelt: Reply(status, raw.replace(json.dumps(HERE), spelt).encode())


def _results(**results: Any) -> Callable[[str], Reply]:
    whole = {"documents": [], "errors": [], **results}
    return _body({"status": "succeeded", "tasks": {"items": [{"status": "succeeded", "results": whole}]}})


def _scored(document: str) -> dict[str, Any]:
    return {"id": document, "class": [{"category": HERE, "confidenceScore": 1.0}], "warnings": [{"message": HERE}]}


DOCUMENT = "<document>"
POLLS: dict[str, Callable[[str], Reply]] = {
    "a class": _results(documents=[_scored(DOCUMENT)]),
    "another document": _results(documents=[_scored(HERE)]),
    "a document's error": _results(errors=[{"id": DOCUMENT, "error": ERROR["error"]}]),
    "a failed job": _body({"status": "failed", "errors": [ERROR["error"]]}),
    "a status": _body({"status": HERE}),
    "a next page": _body({"status": "succeeded", "nextLink": HERE}),
    "names of fields": _body({"status": "running", HERE: {HERE: HERE}}),
    **{f"a {status}": _body(ERROR, status) for status in (400, 401, 403, 404, 409, 418, 429, 500)},
}
SUBMISSIONS: dict[str, Callable[[str], Reply]] = {
    **{f"a {status}": _body(ERROR, status) for status in (200, 303, 400, 401, 403, 404, 409, 413, 418, 429, 500, 503)},
    "a plain text": lambda spelt: Reply(401, spelt.encode()),
}
HEADERS = ["operation-location", "location", "Retry-After", "apim-request-id"]


@pytest.fixture(params=["key", "token"])
def stage(request: pytest.FixtureRequest, wire: Wire) -> Iterator[Stage]:
    secret: dict[str, Any] = {"key": SECRET, "token": None}
    if request.param == "token":
        secret = {"key": None, "token": lambda: SECRET}
    transport = Transport(wire.url, **secret)
    stage = Stage()
    stage.language = CurrentLanguage(transport, "2023-04-01")  # type: ignore[assignment]  # instead of the twin
    stage.instance().services.ledger.write(ActiveClassifier(Classifier("current", PROJECT, DEPLOYMENT), stage.now))
    put("a.txt", SHIP)(stage)
    yield stage
    transport.close()


def seen(stage: Stage, caplog: pytest.LogCaptureFixture) -> str:
    """A file is classified, as far as it may be; then, all that anybody can see."""
    app = stage.instance()
    with caplog.at_level(logging.DEBUG, "shared"):
        for _ in range(4):
            app.tick()
            stage.wait(20)
    rows = [(row.key, dict(row.columns)) for row in stage.rows.query_range("", "~", 1000)]
    asked = ["documents", "jobs", "health", "operations", "documents?state=failed", "projects", "projects/P"]
    answers = [app.ask("GET", path).body for path in asked]
    return f"{caplog.text}{rows}{answers}{stage.documents.result('a.txt')}"


def check(text: str) -> None:
    lowered = text.lower()
    for name, spell in SPELT.items():
        assert spell(SECRET).lower() not in lowered, name


@pytest.mark.parametrize("secret", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("poll", POLLS.values(), ids=POLLS)
def test_repeated_in_the_answer_to_a_poll(
    stage: Stage, wire: Wire, caplog: pytest.LogCaptureFixture, poll: Callable[[str], Reply], secret: str
) -> None:
    def answer(asked: Seen) -> Reply:
        if asked.method == "POST":
            return accepted("/jobs/J-1")
        [document] = stage.known()
        reply = poll(secret)
        return Reply(reply.status, reply.content.replace(DOCUMENT.encode(), document.key.encode()))

    wire.otherwise = answer
    check(seen(stage, caplog))


@pytest.mark.parametrize("secret", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("submission", SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_repeated_in_the_answer_to_a_submission(
    stage: Stage, wire: Wire, caplog: pytest.LogCaptureFixture, submission: Callable[[str], Reply], secret: str
) -> None:
    wire.otherwise = lambda _: submission(secret)
    check(seen(stage, caplog))


@pytest.mark.parametrize("link", [{header: f"/jobs/{spelt}"} for header in HEADERS for spelt in IN_A_HEADER])
@pytest.mark.parametrize("status", [202, 429])
def test_repeated_in_a_header(
    stage: Stage, wire: Wire, caplog: pytest.LogCaptureFixture, status: int, link: dict[str, str]
) -> None:
    wire.otherwise = lambda _: Reply(status, headers=link)
    check(seen(stage, caplog))


def test_an_id_that_is_the_secret_is_not_taken(wire: Wire) -> None:
    secret = "0123456789abcdef"
    transport = Transport(wire.url, key=secret, token=None)
    wire.otherwise = lambda _: Reply(
        202, headers={"operation-location": "/jobs/" + SPELT["all of it percent-encoded"](secret)}
    )
    answer = transport.call("POST", "/")
    with pytest.raises(Exception, match="Language service") as caught:
        transport.job_id(answer)
    assert secret not in str(caught.value)
    transport.close()


def test_repeated_in_place_of_a_status_line(stage: Stage, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.otherwise = lambda _: refused(401)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("http.client.HTTPResponse._read_status", _bad_status)
        check(seen(stage, caplog))


def _bad_status(_: Any) -> Any:
    raise BadStatusLine(SECRET)


def test_repeated_in_what_a_caller_is_answered(stage: Stage, wire: Wire) -> None:
    project = {"projectKind": "CustomMultiLabelClassification", "storageInputContainerName": SECRET}
    wire.otherwise = lambda _: said({**project, "projectName": "P", "description": SECRET, "value": [project]})
    app = stage.instance()
    found = app.ask("GET", "projects/P")
    assert (found.status, found.body["description"]) == (200, MASK)
    check(str(found.body))


@pytest.mark.parametrize("spell", SPELT.values(), ids=SPELT)
def test_however_it_is_spelt(spell: Callable[[str], str]) -> None:
    assert MASK in redaction(SECRET).text(spell(SECRET))
    check(str(redaction(SECRET).value([{spell(SECRET): {"x": [spell(SECRET)]}}])))


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "KEY="])
@pytest.mark.parametrize("after", ["", "z", "zz", "zzz"])
@pytest.mark.parametrize("secret", [SECRET, SECRET + "1", SECRET + "12"])
def test_within_a_longer_text_in_base64(encode: Callable[[bytes], bytes], before: str, after: str, secret: str) -> None:
    cleaned = redaction(secret).text(encode(f"{before}{secret}{after}".encode()).decode())
    kept = cleaned.replace(MASK, "")
    assert MASK in cleaned
    assert len(kept) * 6 <= (len(before) + len(after)) * 8 + 24  # at most two characters at each end, and padding


def test_in_an_exported_file(wire: Wire) -> None:
    transport = Transport(wire.url, key=SECRET, token=None)
    for spelt in WRITTEN.values():
        wire.script(Reply(200, b'{"assets": {"twice": %s, "twice": "", "\\ud800": %s}}' % ((spelt.encode(),) * 2)))
        file = CurrentLanguage(transport, "2023-04-01").exported("P", "J")
        assert MASK in file.decode()
        check(file.decode())
        check(str(json.loads(file)))
    transport.close()


@given(st.recursive(st.text() | st.just(SECRET) | st.integers() | st.none(), st.lists, max_leaves=5))
def test_what_holds_no_secret_stays_as_it_is(value: Any) -> None:
    cleaned = redaction(SECRET).value(value)
    assert SECRET not in str(cleaned)
    if SECRET not in str(value):
        assert cleaned == value


def test_what_is_too_short_for_a_key_is_not_looked_for() -> None:
    assert redaction("k" * (SHORTEST - 1)).text("k" * SHORTEST) == "k" * SHORTEST


SIGNED = "BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sv=1&sig=SECRETSIGNATURE"


def test_the_signature_of_a_storage_address_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = build(load({**ENVIRON, "DOCUMENTS_STORAGE": SIGNED}))
    with caplog.at_level(logging.WARNING):
        for act in (lambda: app.documents.get_properties("a.txt"), lambda: app.ledger.read(Gate)):
            try:
                act()
            except StorageUnavailable:
                logging.getLogger("shared").exception("Not done.")
    assert "Not done." in caplog.text
    assert "SECRETSIGNATURE" not in caplog.text
