"""Our host against Microsoft's worker: one app in both, and what its functions saw and gave back, field by field.

Our host is asked over HTTP and finds its blobs in storage. The worker gets what the real host makes of the same
request, timer or blob; each scenario says what that is. Where both hosts make up a value (an invocation's id, its
trace), the worker gets the one that ours made.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import azure.functions
import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerClient, ContentSettings

from local.host.launch import Host, running
from local.host.storage.clients import write
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually
from tests.worker.worker_process import RealWorker, WorkerError, base64_of, working

APP = Path(__file__).parent / "compared"
SECONDS = 20.0  # for what takes less than one
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
NEW_IN_2 = {"to_dict", "to_json"}  # members that values have from azure-functions 2.0 on, which the worker comes with
OF_TRANSPORT = {"connection", "content-length", "date", "server", "set-cookie", "transfer-encoding"}


@dataclass(frozen=True)
class Both:
    """The app in both. `seen` is where functions of `host` that answer nobody leave what they saw."""

    host: Host
    worker: RealWorker
    blobs: ContainerClient
    seen: Path
    worker_seen: Path

    def invoke(self, function: str, ours: Mapping[str, Any], data: Mapping[str, Any], **more: Any) -> Any:
        """Runs it in the worker, as the invocation that ours was."""
        context = {"invocation_id": ours["invocation_id"], "trace_parent": ours["trace"]["trace_parent"]}
        return self.worker.invoke(function, data, **context, **more)

    def kept(self, folder: Path, function: str, attempt: int = 0) -> dict[str, Any]:
        """What a function that answers nobody saw."""
        file = folder / f"{function}-{attempt}.json"
        eventually(file.exists)
        seen: dict[str, Any] = json.loads(file.read_text())
        return seen


YEAR = datetime.now(UTC).year
MISSED = {  # what a host left that was down at New Year
    "Last": f"{YEAR - 1}-01-01T00:00:00+00:00",
    "Next": f"{YEAR}-01-01T00:00:00+00:00",
    "LastUpdated": f"{YEAR - 1}-01-01T00:00:00+00:00",
}


def miss(service: BlobServiceClient, host_id: str) -> None:
    write(service, f"timers/{host_id}/Host.Functions.yearly_due/status", json.dumps(MISSED))


@pytest.fixture(scope="module")
def both(worker_python: Path, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    container, seen, worker_seen = f"t{uuid.uuid4().hex[:12]}", *(tmp_path_factory.mktemp(name) for name in "ow")
    environ = {
        "AzureWebJobsStorage": azurite.connection_string,
        "DATA": azurite.connection_string,
        "CONTAINER": container,
        "AzureFunctionsWebHost__hostid": container,
    }
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        miss(service, container)
        blobs = service.create_container(container)
        with (
            running(APP, environ=environ | {"SEEN": str(seen)}) as host,
            working(worker_python, APP, environ | {"SEEN": str(worker_seen)}) as worker,
        ):
            yield Both(host, worker, blobs, seen, worker_seen)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """A value as {path: leaf}; an empty object is a leaf, too."""
    if not (isinstance(value, dict) and value):
        return {path: value}
    return {inner: leaf for name, one in value.items() for inner, leaf in flat(one, f"{path}/{name}").items()}


def assert_alike(ours: Any, theirs: Any) -> None:
    """Field by field, but for what a newer azure-functions adds."""
    our_fields, their_fields = flat(ours), flat(theirs)
    for path, leaf in their_fields.items():
        if path.endswith("members") and azure.functions.__version__.startswith("1."):
            their_fields[path] = [name for name in leaf if name not in NEW_IN_2]
    paths = our_fields.keys() | their_fields.keys()
    missing = "(not there)"
    fields = {path: (our_fields.get(path, missing), their_fields.get(path, missing)) for path in paths}
    assert {path: pair for path, pair in fields.items() if pair[0] != pair[1]} == {}


@dataclass(frozen=True)
class Asked:
    """A request, and what the real host makes of it for the worker: its own `route`, `query`, headers and body."""

    function: str
    path: str
    route: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    chunked: bool = False
    joined: Mapping[str, str] = field(default_factory=dict)

    def seen_headers(self) -> dict[str, str]:
        length = {"content-length": str(len(self.body))} if self.body is not None and not self.chunked else {}
        return {**{name.lower(): value for name, value in self.headers}, **length, **self.joined}


FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
MULTIPART = (("Content-Type", "multipart/form-data; boundary=b"),)
PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nfile\r\n'
    b"--b--\r\n"
)
REQUESTS = {
    "a word": Asked("see", "/api/see/word", {"word": "word"}),
    "no word": Asked("see", "/api/see"),
    "a slash at the end": Asked("see", "/api/see/word/", {"word": "word"}),
    "any case": Asked("see", "/API/See/Word", {"word": "Word"}),
    "encoded": Asked("see", "/api/see/h%C3%A9%20b%2B+", {"word": "hé b++"}),
    "a rest": Asked("see_rest", "/api/rest/kind/a/b%20c/d", {"kind": "kind", "path": "a/b c/d"}),
    "an empty rest": Asked("see_rest", "/api/rest/kind", {"kind": "kind"}),
    "a blueprint's": Asked("of_a_blueprint", "/api/of/a/blueprint", method="PUT"),
    "async": Asked("see_async", "/api/async"),
    "untyped": Asked("see_untyped", "/api/untyped"),
    "query": Asked(
        "see",
        "/api/see?a=1&empty=&a=2&c=x+y%26&%C3%A9=%C3%BC&bare&code=key",
        query={"a": "1,2", "c": "x y&", "é": "ü", "code": "key"},
    ),
    "headers": Asked(
        "see",
        "/api/see",
        headers=(("X-Twice", "1"), ("X-Mixed-Case", "V a l"), ("X-Twice", "2"), ("Cookie", "a=1; b=2")),
        joined={"x-twice": "1,2"},
    ),
    "bytes": Asked(
        "see", "/api/see", method="POST", body=b"\x00\xff", headers=(("Content-Type", "application/octet-stream"),)
    ),
    "json": Asked(
        "see", "/api/see", method="PUT", body=b'{"a": [1, null]}', headers=(("Content-Type", "application/json"),)
    ),
    "an empty body": Asked("see", "/api/see", method="POST", body=b""),
    "chunks": Asked(
        "see", "/api/see", method="POST", body=b"chunk", chunked=True, headers=(("Transfer-Encoding", "chunked"),)
    ),
    "a body to async": Asked("see_async", "/api/async", method="POST", body="ü".encode()),
    "a form": Asked("see", "/api/see", method="POST", body=b"a=1&b=%C3%A9", headers=FORM),
    "parts": Asked("see", "/api/see", method="POST", body=PARTS, headers=MULTIPART),
    "DELETE": Asked("see", "/api/see", method="DELETE"),
    "PATCH": Asked("see", "/api/see", method="PATCH", body=b"x"),
    "OPTIONS": Asked("see", "/api/see", method="OPTIONS"),
}


def ask(host: Host, asked: Asked) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=60)
    try:
        connection.putrequest(asked.method, asked.path, skip_accept_encoding=True)
        for name, value in (*asked.headers, ("traceparent", TRACE)):
            connection.putheader(name, value)
        if asked.body is not None and not asked.chunked:
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body and [asked.body], encode_chunked=asked.chunked)
        answer = connection.getresponse()
        return answer.status, answer.msg, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=list(REQUESTS))
def test_what_an_http_function_sees(both: Both, asked: Asked) -> None:
    status, _, content = ask(both.host, asked)
    assert status == 200, both.host.output
    ours = json.loads(content)
    headers = {"host": urlsplit(both.host.url).netloc, "traceparent": TRACE} | asked.seen_headers()
    spelled = asked.path.replace("%2B", "+")  # by the host
    sent = {"method": asked.method, "url": both.host.url + spelled, "headers": headers}
    sent |= {"params": asked.route, "query": asked.query}
    sent |= {"body": base64_of(asked.body)} if asked.body and not asked.chunked else {}
    answer = both.invoke(asked.function, ours["context"], {"http": sent})
    assert_alike(ours, json.loads(base64.b64decode(answer["http"]["body"])))


FORMS: dict[str, Any] = {
    "max-age": float,
    "samesite": str.lower,
    "secure": bool,
    "httponly": bool,
    "expires": lambda text: int(datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").timestamp()),  # noqa: DTZ007
}


def cookies_sent(headers: http.client.HTTPMessage) -> dict[str, dict[str, Any]]:
    jar: SimpleCookie = SimpleCookie()
    for cookie in headers.get_all("set-cookie") or ():
        jar.load(cookie)
    given = {name: {key: value for key, value in one.items() if value} for name, one in jar.items()}
    return {
        name: {"value": jar[name].value} | {key: FORMS.get(key, str)(value) for key, value in fields.items()}
        for name, fields in given.items()
    }


def cookies_meant(cookies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = {"max_age": "max-age", "http_only": "httponly", "same_site": "samesite"}
    return {one.pop("name"): {names.get(key, key): value for key, value in one.items()} for one in cookies}


WAYS = ("answer", "answer_async")
ANSWERS = [
    "empty",
    "text",
    "created",
    "json",
    "latin",
    "own type",
    "bytes",
    "nothing",
    "gone",
    "unknown status",
    "repeated",
    "str",
]
FAILURES = [
    "None",
    "dict",
    "list",
    "number",
    "returned bytes",
    "generator",
    "coroutine",
    "pair",
    "wrong body",
    "wrong date",
    "date of another form",
    "wrong age",
]
ERRORS = ["ValueError", "KeyError", "OwnError", "no words", "CookieError", "StopAsyncIteration"]


def of_worker(both: Both, function: str, kind: str) -> dict[str, Any]:
    sent = {"method": "GET", "url": both.host.url, "params": {"kind": kind}}
    returned: dict[str, Any] = both.worker.invoke(function, {"http": sent})
    return returned


@pytest.mark.parametrize("function", WAYS)
@pytest.mark.parametrize("kind", [*ANSWERS, "cookie", "cookies"])
def test_what_an_http_function_answers(both: Both, function: str, kind: str) -> None:
    status, headers, content = ask(both.host, Asked(function, f"/api/{function}/{kind}".replace(" ", "%20")))
    answer = of_worker(both, function, kind)
    if "string" in answer:  # the real host sends a text that is no JSON unchanged
        text = {"content-type": "text/plain; charset=utf-8"}
        body = base64_of(answer["string"].encode())
        answer = {"http": {"status": 200, "headers": text, "body": body, "cookies": []}}
    theirs = answer["http"]
    ours = {name.lower(): value for name, value in headers.items() if name.lower() not in OF_TRANSPORT}
    meant = {name.lower(): value for name, value in theirs["headers"].items()}
    assert_alike([status, base64_of(content)], [theirs[name] for name in ("status", "body")])
    assert_alike(ours, meant)
    assert_alike(cookies_sent(headers), cookies_meant(theirs["cookies"]))


def has_failed(output: str, function: str, said: str) -> bool:
    """Whether an invocation of the function failed, and said so with these words."""
    failed = rf"\[{function} \S+\] ERROR Failed after .*\n(?:[^\[\n].*\n)*?.*{re.escape(said)}"
    return bool(re.search(failed, output))


@pytest.mark.parametrize("function", WAYS)
@pytest.mark.parametrize("kind", [*FAILURES, *ERRORS])
def test_how_an_http_function_fails(both: Both, function: str, kind: str) -> None:
    status, _, content = ask(both.host, Asked(function, f"/api/{function}/{kind}".replace(" ", "%20")))
    with pytest.raises(WorkerError) as refused:
        of_worker(both, function, kind)
    assert (status, content) == (500, b"")
    said = str(refused.value).splitlines()[0].rstrip(": ")
    eventually(lambda: has_failed(both.host.output, function, said))


@pytest.mark.parametrize("function", ["yearly", "yearly_async", "yearly_text"])
def test_what_a_timer_function_sees(both: Both, function: str) -> None:
    asked = requests.post(f"{both.host.url}/admin/functions/{function}", json={}, timeout=60)
    assert asked.status_code == 202
    ours = both.kept(both.seen, function)
    tick = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}
    both.invoke(function, ours["context"], {"json": tick}, metadata={"TimerTrigger": {"json": tick}})
    assert_alike(ours, both.kept(both.worker_seen, function))


@pytest.mark.parametrize("attempt", [0, 1])
def test_what_a_timer_function_sees_of_a_missed_run_and_of_its_retry(both: Both, attempt: int) -> None:
    ours = both.kept(both.seen, "yearly_due", attempt)
    tick = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": MISSED, "IsPastDue": True}
    *_, failure = ours["context"]["retry"]
    sent = {name: value for name, value in failure.items() if value and name != "true"}  # nothing on the first attempt
    more = {"retry_count": attempt, "max_retry_count": 1, "exception": sent}
    with pytest.raises(WorkerError, match=r"^ValueError: again$") as again:
        both.invoke("yearly_due", ours["context"], {"json": tick}, metadata={"TimerTrigger": {"json": tick}}, **more)
    assert_alike(ours, both.kept(both.worker_seen, "yearly_due", attempt))
    assert failure["true"]
    message = failure.pop("message")
    assert failure == {"true": True, "source": "", "stack_trace": "", "type": "", "is_user_exception": False}
    if attempt:
        assert message.startswith(f"Result: Failure\nException: {again.value}\nStack:   File ")
        assert ", in yearly_due\n" in message
    else:
        assert message == ""


@pytest.mark.parametrize("function", ["yearly_value", "yearly_failure"])
def test_how_a_timer_function_fails(both: Both, function: str) -> None:
    requests.post(f"{both.host.url}/admin/functions/{function}", json={}, timeout=60)
    with pytest.raises(WorkerError) as refused:
        both.worker.timer(function)
    kind, _, words = str(refused.value).partition(": ")
    said = words if function == "yearly_failure" else f"{function} has no $return binding"  # in words of our own
    both.host.wait_for_line(f"{kind}: {said}", SECONDS)


CONTENT = "tëxt".encode()
BLOBS = [
    "landed",
    "landed_async",
    "landed_untyped",
    "landed_bytes",
    "landed_str",
    "landed_told",
]  # each with its folder


def put_blob(both: Both, name: str) -> Any:
    settings = ContentSettings("text/plain", "identity", "de", "attachment", "no-cache")
    blob = both.blobs.upload_blob(name, CONTENT, metadata={"by": "me"}, content_settings=settings, overwrite=True)
    return blob, blob.get_blob_properties()


def metadata_of(both: Both, blob: Any, properties: Any) -> dict[str, Any]:
    """As the real host sends it, but for properties that ours leaves out: see the table in local/host/README.md."""
    content = properties.content_settings
    sent = {
        "LastModified": properties.last_modified.isoformat(),
        "CreatedOn": properties.creation_time.isoformat(),
        "Metadata": {"by": "me"},
        "BlobType": 0,
        "ContentLength": len(CONTENT),
        "ContentType": "text/plain",
        "ETag": {},
        "ContentHash": base64_of(bytes(content.content_md5)),
        "ContentEncoding": "identity",
        "ContentDisposition": "attachment",
        "ContentLanguage": "de",
        "CacheControl": "no-cache",
    }
    return {
        "folder": {"string": "a b"},
        "name": {"string": "ü"},
        "BlobTrigger": {"string": f"{both.blobs.container_name}/{blob.blob_name}"},
        "Uri": {"json": f"{both.blobs.url}/{blob.blob_name.split('/')[0]}/a%20b/%C3%BC.txt"},
        "Properties": {"json": sent},
        "Metadata": {"json": {"by": "me"}},
    }


@pytest.mark.parametrize("function", BLOBS)
def test_what_a_blob_function_sees(both: Both, function: str) -> None:
    blob, properties = put_blob(both, f"{function}/a b/ü.txt")
    if function == "landed_told":
        event = {"data": {"api": "PutBlob", "url": blob.url, "eTag": "0x1", "blobType": "BlockBlob"}}
        requests.post(
            f"{both.host.url}/runtime/webhooks/blobs?functionName={function}",
            json=[event],
            headers={"aeg-event-type": "Notification"},
            timeout=60,
        ).raise_for_status()
    ours = both.kept(both.seen, function)
    data, metadata = {"bytes": base64_of(CONTENT)}, metadata_of(both, blob, properties)
    both.invoke(function, ours["context"], data, metadata=metadata)
    assert_alike(ours, both.kept(both.worker_seen, function))


def test_how_a_blob_function_fails(both: Both) -> None:
    blob, _ = put_blob(both, "landed_failing/x/y.txt")
    path = f"{both.blobs.container_name}/{blob.blob_name}"
    with pytest.raises(WorkerError) as refused:
        both.worker.blob("landed_failing", path, "x")
    both.host.wait_for_line(str(refused.value), SECONDS)


def test_functions_and_their_bindings(both: Both) -> None:
    listed = requests.get(f"{both.host.url}/admin/functions", timeout=60).json()
    ours = {one["name"]: one["config"]["bindings"] for one in listed}
    assert_alike(ours, both.worker.functions)


def test_what_both_make_up_has_the_real_form(both: Both) -> None:
    """An invocation's id is a GUID; a trace is that of the caller, or else a new one."""
    _, _, content = ask(both.host, REQUESTS["a word"])
    context = json.loads(content)["context"]
    assert str(uuid.UUID(context["invocation_id"])) == context["invocation_id"]
    assert context["trace"]["trace_parent"] == TRACE
    trace = requests.get(f"{both.host.url}/api/see", timeout=60).json()["context"]["trace"]["trace_parent"]
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", trace)
