"""samples/consumer in our host: each event that the app sends arrives there."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.launch import running
from shared import services
from shared.settings import TODAY_API
from tests.host.host_apps import eventually
from tests.support.app_on_azurite import World

SAMPLE = Path(__file__).parents[2] / "samples" / "consumer"


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_a_dropped_file_and_a_decision_arrive_as_events(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_QUEUE", queue := f"{world.container}-events")
    services.forget()
    world.publish()
    world.drop("soup.txt", "Simmer the onion in butter, add garlic and flour.")
    world.until(lambda: world.result("soup.txt"))
    key = world.documents("succeeded")["soup.txt"]["key"]
    world.ask("POST", f"documents/{key}/review")
    assert world.ask("PUT", f"reviews/{key}", {"classes": ["Sailing"]})[0] == 200
    world.tick()
    environ = {"EVENTS_QUEUE": queue, "DOCUMENTS_STORAGE": world.storage, "AzureWebJobsStorage": world.storage}
    with running(SAMPLE, environ=environ) as host:
        eventually(lambda: "textdrop.document.succeeded soup.txt ['Cooking']" in host.output)
        eventually(lambda: "textdrop.document.reviewed soup.txt" in host.output)
    assert "Failed" not in host.output
