"""Simulates Event Grid: notifies a Functions host of new blobs, like an event subscription of a storage account.

The receiver is the local host, or any host with the same webhook. Every event is sent twice, because Event Grid
delivers at least once. A failed delivery is retried.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from local.errors import SetupError

FUNCTION = "document_landed"
TIMES = 2
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before each retry; Event Grid itself retries for a day
SECONDS = 30
ORIGIN = "eventgrid.azure.net"
BLOB_CREATED = "Microsoft.Storage.BlobCreated"
TOPIC = "/subscriptions/local/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/devstoreaccount1"
RESTART = "restart it: BLOB_TRIGGER_SOURCE=EventGrid make run"
FINAL: Mapping[int, str] = {  # statuses that a retry does not change, and what to do
    HTTPStatus.BAD_REQUEST: "it cannot read the event; see its log",
    HTTPStatus.UNAUTHORIZED: "it expects another blobs_extension key: does it run with this file of keys?",
    HTTPStatus.NOT_FOUND: f"its function {FUNCTION} scans for files itself: {RESTART}",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the event is too large",
}


@dataclass(frozen=True)
class Created:
    """A new blob; `etag` without quotes, `size` in bytes."""

    url: str
    etag: str
    size: int
    content_type: str


class EventGrid:
    """One subscription. `host` is the root URL of a Functions host, `key` its system key, if it has one."""

    def __init__(
        self, host: str, key: str = "", *, cloud_events: bool = False, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._webhook = f"{host}/runtime/webhooks/blobs"
        self._query = {"functionName": f"Host.Functions.{FUNCTION}"} | ({"code": key} if key else {})
        self._cloud_events, self._pauses = cloud_events, pauses
        self._session = requests.Session()

    def subscribe(self) -> None:
        """The handshake that precedes all events. Raises SetupError."""
        if self._cloud_events:
            answer = self._deliver("OPTIONS", {"WebHook-Request-Origin": ORIGIN})
            agreed = answer.headers.get("WebHook-Allowed-Origin") in (ORIGIN, "*")
        else:
            code = str(uuid.uuid4())
            event = _event("Microsoft.EventGrid.SubscriptionValidationEvent", "", {"validationCode": code})
            answer = self._deliver("POST", {"aeg-event-type": "SubscriptionValidation"}, [event])
            agreed = code in answer.text
        if not agreed:
            raise SetupError("The Functions host did not agree to Event Grid's handshake.")

    def notify(self, created: Created) -> None:
        """Sends the event of a new blob, TIMES times. Raises SetupError if it cannot be delivered."""
        event = (
            _cloud_event(created) if self._cloud_events else [_event(BLOB_CREATED, _subject(created), _data(created))]
        )
        for _ in range(TIMES):
            self._deliver("POST", {"aeg-event-type": "Notification"}, event)

    def _deliver(self, method: str, headers: Mapping[str, str], body: Any = None) -> requests.Response:
        for pause in (*self._pauses, None):
            answer, why = self._attempt(method, headers, body)
            if answer is not None:
                return answer
            if pause is None:
                break
            time.sleep(pause)
        raise SetupError(f"Event Grid's event could not be delivered: {why}. Is `make run` still running?")

    def _attempt(self, method: str, headers: Mapping[str, str], body: Any) -> tuple[requests.Response | None, str]:
        """The response of a host that accepted it, or else why to retry. Raises SetupError if a retry is useless."""
        kind = "application/cloudevents+json" if self._cloud_events else "application/json"
        content = json.dumps(body) if body else None
        named = {"Content-Type": f"{kind}; charset=utf-8", **headers}
        try:
            answer = self._session.request(
                method, self._webhook, params=self._query, data=content, headers=named, timeout=SECONDS
            )
        except requests.RequestException as error:  # its message would show the key
            return None, f"the Functions host does not answer ({type(error).__name__})"
        if answer.ok:
            return answer, ""
        if advice := FINAL.get(answer.status_code):
            raise SetupError(f"The Functions host refused Event Grid's event ({answer.status_code}): {advice}.")
        return None, f"the Functions host returned {answer.status_code}"


def _event(kind: str, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """An event in Event Grid's own schema."""
    return {
        "id": str(uuid.uuid4()),
        "topic": TOPIC,
        "subject": subject,
        "eventType": kind,
        "eventTime": datetime.now(UTC).isoformat(),
        "data": data,
        "dataVersion": "",
        "metadataVersion": "1",
    }


def _cloud_event(created: Created) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": TOPIC,
        "subject": _subject(created),
        "type": BLOB_CREATED,
        "time": datetime.now(UTC).isoformat(),
        "data": _data(created),
    }


def _subject(created: Created) -> str:
    container, _, blob = urlsplit(created.url).path.lstrip("/").partition("/")[2].partition("/")
    return f"/blobServices/default/containers/{unquote(container)}/blobs/{unquote(blob)}"


def _data(created: Created) -> dict[str, Any]:
    return {
        "api": "PutBlob",
        "requestId": str(uuid.uuid4()),
        "eTag": created.etag,
        "contentType": created.content_type,
        "contentLength": created.size,
        "blobType": "BlockBlob",
        "url": created.url,
        "sequencer": f"{time.time_ns():032X}",
    }
