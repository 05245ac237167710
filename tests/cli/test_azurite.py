"""Azurite as tests and the demo start it: on free ports, answering at once, and never left behind."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.errors import SetupError
from local.stack.azurite import Azurite, running

ROOT = Path(__file__).parents[2]


def answers(port: int) -> bool:
    try:
        requests.get(f"http://127.0.0.1:{port}/", timeout=5)
    except requests.ConnectionError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {seconds} seconds"
        time.sleep(0.05)


def drop(azurite: Azurite, container: str) -> None:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        blobs.create_container(container).upload_blob("a.txt", b"text")


def pick_up(azurite: Azurite, container: str) -> bytes:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        return blobs.get_blob_client(container, "a.txt").download_blob().readall()


def test_blobs_queues_and_tables_answer(azurite: Azurite, container: str) -> None:
    drop(azurite, container)
    assert pick_up(azurite, container) == b"text"
    with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
        queue = queues.create_queue(container)
        queue.send_message("word")
        assert [message.content for message in queue.receive_messages()] == ["word"]
        queue.close()
    with TableServiceClient.from_connection_string(azurite.connection_string) as tables:
        table = tables.create_table(container)
        table.create_entity({"PartitionKey": "p", "RowKey": "r", "figure": 7})
        assert table.get_entity("p", "r")["figure"] == 7


def test_its_ports_are_those_of_its_connection_string(azurite: Azurite) -> None:
    services = {"Blob": azurite.blob_port, "Queue": azurite.queue_port, "Table": azurite.table_port}
    assert len(set(services.values())) == 3
    for service, port in services.items():
        assert f"{service}Endpoint=http://127.0.0.1:{port}/devstoreaccount1;" in azurite.connection_string


def test_two_at_a_time_share_nothing(azurite: Azurite, container: str) -> None:
    drop(azurite, container)
    with running() as other:
        drop(other, container)  # a shared one would answer that the container exists
        assert not {azurite.blob_port, azurite.queue_port, azurite.table_port} & {other.blob_port, other.table_port}


def test_files_in_a_location_are_there_again_after_a_restart(tmp_path: Path, container: str) -> None:
    with running(tmp_path) as first:
        drop(first, container)
    with running(tmp_path) as second:
        assert pick_up(second, container) == b"text"


def test_it_ends_also_when_the_block_fails() -> None:
    with contextlib.suppress(ZeroDivisionError), running() as azurite:
        ports = (azurite.blob_port, azurite.queue_port, azurite.table_port)
        assert all(answers(port) for port in ports)
        _ = 1 / 0
    assert not any(answers(port) for port in ports)


def test_it_ends_when_its_parent_is_killed() -> None:
    script = (
        "from local.stack.azurite import running\n"
        "with running() as azurite: print(azurite.blob_port, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=-1, stdout=-1, text=True) as parent:
        assert parent.stdout
        port = int(parent.stdout.readline())
        assert answers(port)
        parent.kill()
    wait_until(lambda: not answers(port))


def test_what_azurite_says_reaches_whoever_starts_it(tmp_path: Path) -> None:
    occupied = tmp_path / "a file where a folder should be"
    occupied.touch()
    with pytest.raises(SetupError, match=r"exit code 1:\n.*EEXIST"), running(occupied):
        pass
