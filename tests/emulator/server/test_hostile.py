"""Whatever is sent, the answer is the service's: fuzzed over every route and every field of the bodies it takes."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from local.development_storage import KEY
from local.language.protocol.dialect import MEGABYTE
from local.language.protocol.request_log import RequestLog
from local.language.server import control_routes
from local.language.server.dialects import DIALECTS
from local.language.server.server import running
from local.stack.azurite import Azurite
from tests.emulator.runtime.analyzing import JOBS
from tests.support.language_caller import (
    CURRENT,
    PREVIEW,
    VERSION,
    Caller,
    create_preview,
    current_labels,
    input_document,
    preview_labels,
    train,
)

ANALYZE = "/text/analytics/v3.1-preview.ct.1/analyze"
ROUTES = [
    (route.method, dialect.prefix + route.path)
    for dialect in [*DIALECTS, control_routes.dialect(RequestLog())]
    for route in dialect.routes
]
QUERY = f"?api-version={VERSION}"
DRAFT = {"projectKind": "CustomMultiLabelClassification", "storageInputContainerName": "texts", "language": "en"}
FUZZED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -(10**400), 1e308, 5e-324]),
    st.floats(),  # NaN and the infinities too
    st.text(st.characters(), max_size=20),  # half surrogate pairs too
    st.sampled_from(["", "..", "../x", "a/b", "\x00", "\ud83d", "%2e%2e", "http://localhost/x", "P" * 2000, "$root"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
SEGMENTS = st.one_of(
    st.sampled_from(
        ["P", "M", "D", "global", "swap", "jobs", "..", ".", "", " ", "%", "\x00", "a/b", ":import", "x" * 3000]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


@dataclass(frozen=True)
class Sample:
    """An operation with a body that it takes."""

    method: str
    path: str
    body: Mapping[str, Any]


def samples(container: str) -> list[Sample]:
    task = {"kind": "CustomMultiLabelClassification", "taskName": "t"}
    parameters = {"projectName": "Hostile", "deploymentName": "D", "loggingOptOut": True}
    inputs = {"displayName": "d", "analysisInput": {"documents": [input_document(1, "Space"), input_document(2)]}}
    quickstart = {"parameters": {"modelId": "m", "stringIndexType": "TextElements_v8"}}
    metadata = {"settings": {"confidenceThreshold": 0.5, "x": {"y": []}}, "description": "d", "multilingual": True}
    labels = current_labels(container)
    labels["assets"]["documents"] = labels["assets"]["documents"][:2]
    split = {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20}
    fault = {"kind": "status", "status": 500, "share": 0.0, "seconds": 0, "retryAfter": 1, "count": 0, "seed": 1}
    created = {"name": "Hostile2", "modelType": "MultiClassification", "storageInputContainerName": container}
    return [
        Sample("POST", JOBS, {**inputs, "tasks": [{**task, "parameters": parameters}]}),
        Sample("POST", ANALYZE, {**inputs, "tasks": {"customMultiClassificationTasks": [quickstart]}}),
        Sample("PATCH", f"{CURRENT}/Hostile", {**labels["metadata"], **metadata, "projectName": "Hostile"}),
        Sample("POST", f"{CURRENT}/Hostile/:import", {**labels, "metadata": {**labels["metadata"], **metadata}}),
        Sample(
            "POST",
            f"{CURRENT}/Hostile/:train",
            {"modelLabel": "M", "trainingConfigVersion": "latest", "evaluationOptions": split},
        ),
        Sample("PUT", f"{CURRENT}/Hostile/deployments/D", {"trainedModelLabel": "M"}),
        Sample(
            "POST", f"{CURRENT}/Hostile/deployments/:swap", {"firstDeploymentName": "D", "secondDeploymentName": "E"}
        ),
        Sample("POST", PREVIEW, {**created, "culture": "en", "multiLingual": False, "labelsLocation": "none.json"}),
        Sample("POST", f"{PREVIEW}/Hostile/train", {"tasks": [{"trainingModelName": "M"}]}),
        Sample("POST", f"{PREVIEW}/Hostile/publish", {"tasks": [{"trainingModelName": "M"}]}),
        Sample("POST", "/_local/faults", {**fault, "match": {"method": "PUT", "path": "none", "body": "none"}}),
        Sample("POST", "/_local/clock", {"advance": 0.0}),
    ]


class Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def fuzzed(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory, texts: str) -> Iterator[Caller]:
    """A service of this module's own: what is sent to it may change anything."""
    told = Told()
    logging.getLogger("local.language").addHandler(told)
    try:
        with running(azurite.connection_string, state=tmp_path_factory.mktemp("hostile")) as service:
            call = Caller(service)
            assert create_preview(call, "Hostile", texts).status_code == 201
            yield call
        assert told.records == []  # what broke in a job is in no answer
    finally:
        logging.getLogger("local.language").removeHandler(told)


def sent(call: Caller, method: str, path: str, content: bytes = b"", query: str = "") -> requests.Response:
    """What comes back, held to what every answer must be like."""
    address = f"{call.service.endpoint}{path}{query}"
    headers = {"Ocp-Apim-Subscription-Key": call.service.key, "Content-Type": "application/json"}
    prepared = requests.Request(method, "http://x", data=content, headers=headers).prepare()
    prepared.url = address  # unchanged, with its dots
    with requests.Session() as session:
        answer = session.send(prepared, timeout=30)
    assert answer.status_code < 500, (method, path, content, answer.text)
    if answer.status_code >= 400:
        error = json.loads(answer.content, parse_constant=pytest.fail)["error"]
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
    elif answer.content:
        json.loads(answer.content, parse_constant=pytest.fail)
    return answer


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where anything stands in a body: every field, every item, and the whole."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, item in items for place in places(item, (*at, name)))]


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(value[place[0]], place[1:], new)
    return copy


@pytest.mark.parametrize("index", range(len(samples(""))), ids=[f"{it.method} {it.path}" for it in samples("")])
def test_the_bodies_that_are_mutated_are_taken_as_they_are(fuzzed: Caller, index: int, texts: str) -> None:
    """Else the fuzzing would end at the first field."""
    sample = samples(texts)[index]
    answer = sent(fuzzed, sample.method, sample.path, json.dumps(sample.body).encode(), f"?api-version={VERSION}")
    code = answer.json()["error"].get("innererror", {}).get("code") if answer.status_code >= 400 else None
    assert code != "InvalidRequestBodyFormat", answer.text


@pytest.mark.parametrize("index", range(len(samples(""))), ids=[f"{it.method} {it.path}" for it in samples("")])
@FUZZED
@given(data=st.data())
def test_anything_may_stand_in_any_field(fuzzed: Caller, index: int, texts: str, data: st.DataObject) -> None:
    sample = samples(texts)[index]
    place = data.draw(st.sampled_from(places(dict(sample.body))))
    body = replaced(dict(sample.body), place, data.draw(VALUES))
    if isinstance(body, dict) and data.draw(st.booleans()):
        body |= data.draw(st.dictionaries(st.text(max_size=8), VALUES, max_size=2))
    content = json.dumps(body).encode()
    sent(fuzzed, sample.method, sample.path, content, f"?api-version={VERSION}")


@pytest.mark.parametrize("index", range(len(samples(""))), ids=[f"{it.method} {it.path}" for it in samples("")])
@settings(FUZZED, max_examples=40)
@given(data=st.data())
def test_any_bytes_may_stand_for_a_body(fuzzed: Caller, index: int, texts: str, data: st.DataObject) -> None:
    sample = samples(texts)[index]
    content = json.dumps(sample.body).encode()
    start, length = data.draw(st.tuples(st.integers(0, len(content)), st.integers(0, 20)))
    content = content[:start] + data.draw(st.binary(max_size=10)) + content[start + length :]
    sent(fuzzed, sample.method, sample.path, content, f"?api-version={VERSION}")


@pytest.mark.parametrize(("method", "path"), ROUTES)
@settings(FUZZED, max_examples=40)
@given(data=st.data())
def test_anything_may_stand_in_any_address(fuzzed: Caller, method: str, path: str, data: st.DataObject) -> None:
    names = Rule(path).arguments
    for name in sorted(names):
        path = path.replace(f"<{name}>", quote(data.draw(SEGMENTS), safe=data.draw(st.sampled_from(["", "/.:"]))))
    words = {name: data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8)) for name in ("top", "$top")}
    words |= {
        name: data.draw(st.sampled_from(["0", "1", "-1", "9" * 400, "\uff11", "x"])) for name in ("skip", "$skip")
    }
    words |= {"showStats": data.draw(st.sampled_from(["true", "", "\x00"])), "trainingModelName": data.draw(SEGMENTS)}
    words |= {"stringIndexType": data.draw(st.sampled_from(["Utf16CodeUnit", "x"])), "projectKind": "x"}
    query = "&".join(f"{name}={quote(word)}" for name, word in words.items())
    sent(fuzzed, method, path, data.draw(st.sampled_from([b"", b"{}", b"[]"])), f"?api-version={VERSION}&{query}")


@settings(FUZZED, max_examples=40)
@given(host=st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc", "Zs"]), max_size=20))
def test_any_host_may_be_named(fuzzed: Caller, host: str) -> None:
    headers: dict[str, str | bytes] = {"Ocp-Apim-Subscription-Key": fuzzed.service.key, "Host": host.encode("latin-1")}
    answer = requests.get(
        f"{fuzzed.service.endpoint}{CURRENT}?api-version={VERSION}&top=0", headers=headers, timeout=30
    )
    assert answer.status_code in (200, 400)
    answer.json()


@pytest.mark.parametrize(
    "content", [b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"no http\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_http_gets_the_envelope_too(fuzzed: Caller, content: bytes) -> None:
    port = int(fuzzed.service.endpoint.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(content)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert set(json.loads(body)["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    ("path", "size"),
    [(JOBS, MEGABYTE + 1), (ANALYZE, MEGABYTE + 1), (PREVIEW, MEGABYTE + 1), (f"{CURRENT}/P/:import", 65 * MEGABYTE)],
)
def test_a_huge_body_is_refused(fuzzed: Caller, path: str, size: int) -> None:
    content = b'{"x": "' + b"x" * size + b'"}'
    answer = sent(fuzzed, "POST", path, content, f"?api-version={VERSION}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "InvalidRequest")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "[" * 65 + "]" * 65, "{}" + "}" * 9])
def test_what_python_takes_for_json_and_others_do_not_is_refused(fuzzed: Caller, value: str) -> None:
    content = f'{{"displayName": "d", "x": {value}}}'.encode()
    answer = sent(fuzzed, "POST", JOBS, content, f"?api-version={VERSION}")
    assert answer.json()["error"]["innererror"]["code"] == "InvalidRequestBodyFormat"


@pytest.mark.parametrize(
    "location", ["../other/secret.json", "a/../../other/secret.json", "./secret.json", "a//b.json"]
)
@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1/devstoreaccount1/{container}/"])
def test_no_file_is_read_but_in_the_projects_container(
    fuzzed: Caller, blobs: Any, texts: str, location: str, address: str
) -> None:
    other = blobs.get_container_client("other")
    if not other.exists():
        other.create_container()
        other.upload_blob("secret.json", b'{"classifiers": [{"name": "A"}, {"name": "B"}], "documents": []}')
    answer = create_preview(fuzzed, "Thief", texts, labelsLocation=address.format(container=texts) + location)
    assert answer.status_code == 400
    assert "There is no file" in answer.json()["error"]["innererror"]["message"]


def test_an_address_of_labels_is_read_as_one_and_its_signature_told_to_nobody(
    fuzzed: Caller, blobs: Any, texts: str
) -> None:
    blobs.get_blob_client(texts, "all labels.json").upload_blob(json.dumps(preview_labels()), overwrite=True)
    address = f"https://account.blob.example/{texts}/all%20labels.json?sv=2024&sig=secret"
    assert create_preview(fuzzed, "Signed", texts, labelsLocation=address).status_code == 201
    for changed in (address.replace("all", "no"), address.replace(texts, "elsewhere")):
        refused = create_preview(fuzzed, "Unsigned", texts, labelsLocation=changed)
        assert (refused.status_code, "secret" in refused.text) == (400, False)


@pytest.mark.parametrize("location", ["\ud83d.txt", "x" * 1025, "", "..", "a\x00b", "?a=b#c", "http://localhost:1/x"])
def test_a_text_may_be_called_anything_and_is_only_missing(fuzzed: Caller, texts: str, location: str) -> None:
    labels = current_labels(texts)
    labels["assets"]["documents"].append({"location": location, "classes": [{"category": "Space"}]})
    fuzzed.done(fuzzed("POST", f"{CURRENT}/Odd/:import", labels))
    (warning,) = train(fuzzed, "Odd")["warnings"]
    assert warning["message"].startswith(f"{location} was skipped")


def test_texts_that_are_all_missing_are_told(fuzzed: Caller, texts: str) -> None:
    labels = current_labels(texts)
    for number, labelled in enumerate(labels["assets"]["documents"]):
        labelled["location"] = f"gone_{number}.txt"
    fuzzed.done(fuzzed("POST", f"{CURRENT}/Gone/:import", labels))
    body = {"modelLabel": "M", "trainingConfigVersion": "latest"}
    (error,) = fuzzed.ended(fuzzed("POST", f"{CURRENT}/Gone/:train", body))["errors"]
    message = "None of the 24 labelled documents can be used for training. gone_0.txt was skipped: it does not exist"
    assert error["innererror"]["message"].startswith(message)


@pytest.mark.parametrize("key", ["eA==", "notbase64"])
def test_a_key_that_the_storage_does_not_take_is_told(azurite: Azurite, tmp_path: Path, texts: str, key: str) -> None:
    with running(azurite.connection_string.replace(KEY, key), state=tmp_path) as service:
        answer = create_preview(Caller(service), "P", texts)
    reason = {"eA==": "the storage account returned 403", "notbase64": "the account key is not valid"}[key]
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["innererror"]["message"]
    assert key not in answer.text


def test_what_addresses_cannot_hold_is_no_name(fuzzed: Caller, texts: str) -> None:
    refused = sent(fuzzed, "PATCH", f"{CURRENT}/...", json.dumps({**DRAFT, "projectName": "..."}).encode(), QUERY)
    assert refused.json()["error"]["innererror"]["target"] == "projectName"
    assert create_preview(fuzzed, "..", texts).status_code == 400
    body = json.dumps({"modelLabel": "..", "trainingConfigVersion": "latest"}).encode()
    assert sent(fuzzed, "POST", f"{CURRENT}/Hostile/:train", body, QUERY).status_code == 400


@pytest.mark.parametrize("container", ["../other", "other/x", "OTHER", "o", "other?x=1", "", "x" * 64])
def test_no_container_is_read_but_by_its_name(fuzzed: Caller, container: str) -> None:
    answer = create_preview(fuzzed, "Thief", container, labelsLocation="secret.json")
    assert answer.status_code == 400
    assert "cannot be the name of a container" in answer.json()["error"]["innererror"]["message"]
