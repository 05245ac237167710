"""Queue functions of a real host on real storage."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from local.errors import SetupError
from local.host.config import host_json
from local.host.config.queueing import QUEUEING
from local.host.config.settings import Settings
from local.host.launch import Host, running
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually, host_storage, write_app

CODE = """
import json

@app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="DATA")
def taken(message: func.QueueMessage) -> None:
    shown = {"id": message.id, "body": message.get_body().decode(), "count": message.dequeue_count,
             "receipt": message.pop_receipt, "later": message.time_next_visible > message.insertion_time,
             "expires": message.expiration_time is not None}
    logging.info("TAKEN %s", json.dumps(shown))
    if "bad" in shown["body"] or ("once" in shown["body"] and message.dequeue_count == 1):
        raise ValueError("a bad one")

@app.queue_trigger(arg_name="text", queue_name="%QUEUE%-text", connection="DATA")
async def raw(text: str) -> None:
    logging.info("RAW %s", text)

@app.queue_trigger(arg_name="text", queue_name="%QUEUE%-off", connection="DATA")
def off(text: str) -> None:
    logging.info("OFF")
"""


def queue(azurite: Azurite, name: str) -> QueueClient:
    return QueueClient.from_connection_string(azurite.connection_string, name)


def send(client: QueueClient, text: str) -> None:
    client.send_message(base64.b64encode(text.encode()).decode())


def stored(client: QueueClient) -> list[str]:
    """What the queue holds, hidden messages left out."""
    try:
        return [message.content for message in client.peek_messages(32)]
    except ResourceNotFoundError:
        return []


def is_empty(client: QueueClient) -> bool:
    return client.get_queue_properties().approximate_message_count == 0


@pytest.fixture
def environ(azurite: Azurite, container: str) -> dict[str, str]:
    own = {"DATA": azurite.connection_string, "QUEUE": container, "AzureWebJobs.off.Disabled": "true"}
    return {**host_storage(azurite, container), **own}


@pytest.fixture
def host(tmp_path: Path, environ: dict[str, str]) -> Iterator[Host]:
    with running(write_app(tmp_path, CODE), environ=environ) as started:
        yield started


def taken(host: Host) -> list[dict[str, Any]]:
    lines = [line.partition("TAKEN ")[2] for line in host.output.splitlines() if "TAKEN " in line]
    return [json.loads(line) for line in lines]


def test_each_message_runs_its_function_once_and_is_deleted(host: Host, azurite: Azurite, container: str) -> None:
    mine, off = queue(azurite, container), queue(azurite, f"{container}-off")
    off.create_queue()
    send(off, "nobody takes it")
    mine.create_queue()
    for number in range(40):
        send(mine, f"é {number}")
    eventually(lambda: len(taken(host)) == 40 and is_empty(mine))
    assert sorted(one["body"] for one in taken(host)) == sorted(f"é {number}" for number in range(40))
    assert all(one["count"] == 1 and one["later"] and one["expires"] and one["receipt"] for one in taken(host))
    assert len({one["id"] for one in taken(host)}) == 40
    text = queue(azurite, f"{container}-text")
    text.create_queue()
    send(text, "for a str")
    eventually(lambda: "RAW for a str" in host.output)
    assert len(stored(off)) == 1
    assert f"taken: queueTrigger {container} in DATA" in host.output


def test_a_message_that_fails_is_tried_again_and_after_five_times_poison(
    host: Host, azurite: Azurite, container: str
) -> None:
    mine, poison = queue(azurite, container), queue(azurite, f"{container}-poison")
    mine.create_queue()
    send(mine, "bad")
    send(mine, "once")
    mine.send_message("no base64!")
    bad = base64.b64encode(b"bad").decode()
    eventually(lambda: sorted(stored(poison)) == [bad, "no base64!"] and is_empty(mine))
    host.wait_for_line(f"was moved to {container}-poison: it failed 5 times")  # the host writes it last
    counts = {body: [one["count"] for one in taken(host) if one["body"] == body] for body in ("bad", "once")}
    assert counts == {"bad": [1, 2, 3, 4, 5], "once": [1, 2]}


def test_a_message_may_be_plain_text_and_attempts_are_a_setting(
    tmp_path: Path, environ: dict[str, str], azurite: Azurite, container: str
) -> None:
    queues = {"messageEncoding": "none", "maxDequeueCount": 2, "visibilityTimeout": "00:00:01"}
    mine, poison = queue(azurite, container), queue(azurite, f"{container}-poison")
    mine.create_queue()
    mine.send_message("bad {}")
    with running(write_app(tmp_path, CODE, extensions={"queues": queues}), environ=environ) as host:
        eventually(lambda: stored(poison) == ["bad {}"])
        host.wait_for_line("it failed 2 times")
        assert [one["count"] for one in taken(host)] == [1, 2]
        assert "ignores" not in host.output


def test_a_message_can_be_given_over_http(host: Host) -> None:
    answer = requests.post(f"{host.url}/admin/functions/raw", json={"input": "by hand"}, timeout=10)
    assert answer.status_code == 202
    eventually(lambda: "RAW by hand" in host.output)


WRONG = """
@app.queue_trigger(arg_name="text", connection="AzureWebJobsStorage", queue_name={given})
def wrong(text: str) -> None: ...
"""


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ('"a--b"', "'a--b' is no name of a queue"),
        ('"ab"', "'ab' is no name of a queue"),
        ('"events", data_type="binary"', "its trigger has a data_type"),
        ('"%MISSING%"', "'%MISSING%' does not resolve"),
    ],
)
def test_what_the_host_cannot_listen_to_is_in_error(
    given: str, why: str, tmp_path: Path, azurite: Azurite, container: str
) -> None:
    app = write_app(tmp_path, WRONG.format(given=given))
    with running(app, environ=host_storage(azurite, container)) as host:
        assert f"The 'wrong' function is in error: {why}" in host.output


@pytest.mark.parametrize(
    "queues",
    [{"batchSize": 33}, {"messageEncoding": "gzip"}, {"visibilityTimeout": "8.00:00:00"}, {"maxDequeueCount": 0}],
)
def test_a_setting_beyond_storages_limits_is_refused(queues: Any, tmp_path: Path) -> None:
    app = write_app(tmp_path, "", extensions={"queues": queues})
    with pytest.raises(SetupError, match=next(iter(queues))):
        host_json.read(app, Settings({}))


def test_without_settings_the_real_hosts_defaults_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert host_json.read(write_app(tmp_path, ""), Settings({})).queueing == QUEUEING
