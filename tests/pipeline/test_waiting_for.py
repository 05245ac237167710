"""Why a document waits: a closed gate, a pause, no classifier, the quota, its last error; and health says it too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.documents import Document
from shared.domain.rate_limiter import TokenBucket
from shared.domain.singletons import TRIED_AGAIN, Gate
from shared.errors import AccessDenied, QuotaSpent, Throttled, Unavailable
from shared.pipeline.waiting import waiting_for
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_submitted_file
from tests.support.values import NOW, document, seconds

KEY_REFUSED = "The service refuses the key or identity: check LANGUAGE_KEY, its role and LANGUAGE_ENDPOINT. 401"


def ready_app() -> tuple[Stage, Instance]:
    """With a classifier, and nothing to do."""
    stage = Stage()
    app = app_with_submitted_file(stage)
    stage.drain()
    return stage, app


def dropped(stage: Stage, app: Instance, *troubles: Exception) -> Any:
    """A file lands while analyze calls meet these troubles; its document, as a caller sees it."""
    stage.language.troubles = list(troubles)
    put("next.txt", SHIP)(stage)
    app.land("next.txt")
    return shown(stage, app)


def shown(stage: Stage, app: Instance) -> Any:
    [one] = [one for one in stage.known() if one.name == "next.txt"]
    answer = app.ask("GET", f"documents/{one.key}")
    [listed] = [one for one in app.ask("GET", "documents").body["value"] if one["name"] == "next.txt"]
    assert listed == answer.body
    return listed


def check_of(app: Instance, name: str = "gate") -> Any:
    [found] = [check for check in app.ask("GET", "health").body["checks"] if check["name"] == name]
    return found


def test_a_refused_key_shows_at_once_in_health_and_at_the_document() -> None:
    stage, app = ready_app()
    assert app.ask("GET", "health").body["status"] == "ok"
    found = dropped(stage, app, AccessDenied("401"))
    assert found["state"] == "waiting"
    assert KEY_REFUSED in found["waitingFor"]
    health = app.ask("GET", "health")
    assert (health.status, health.body["status"]) == (200, "waiting")
    assert (check_of(app)["ok"], check_of(app)["status"]) == (True, "waiting")
    assert KEY_REFUSED in check_of(app)["detail"]
    result = app.ask("GET", f"documents/{found['key']}/result")
    assert (result.status, result.body["waitingFor"]) == (202, found["waitingFor"])


def test_while_the_key_is_refused_it_shows_at_every_moment_and_is_red_in_the_end() -> None:
    stage, app = ready_app()
    dropped(stage, app, *[AccessDenied("401")] * 100)
    seen = []
    for _ in range(80):
        stage.wait(5)
        seen.append(check_of(app)["status"])
        app.tick()
    assert seen == ["waiting"] * 59 + ["red"] * 21
    assert app.ask("GET", "health").status == 503


def test_once_a_call_has_gone_well_nothing_is_said_any_more() -> None:
    stage, app = ready_app()
    dropped(stage, app, Throttled("429", 5))
    stage.drain()
    assert app.ask("GET", "health").body["status"] == "ok"
    assert "waitingFor" not in shown(stage, app)


def test_a_gate_that_opened_and_is_needed_by_nobody_is_forgotten_by_health() -> None:
    gate = Gate().closed("429", seconds(5), NOW)
    assert gate.is_troubled(NOW + seconds(6))
    assert not gate.is_troubled(NOW + seconds(5) + TRIED_AGAIN)


def test_all_that_stops_submissions_is_named() -> None:
    stage = Stage()
    app = stage.instance()
    assert dropped(stage, app)["waitingFor"] == "There is no classifier: publish a model, or PUT /api/classifier."
    app.ask("PUT", "submission", {"paused": True})
    assert shown(stage, app)["waitingFor"].startswith(
        f"Submissions are paused since {NOW.isoformat()}: PUT /api/submission resumes them. There is no classifier"
    )
    assert check_of(app, "submission")["status"] == "red"


def test_a_spent_quota_of_requests_is_named() -> None:
    stage, app = ready_app()
    app.services.ledger.change(TokenBucket, lambda before: replace(before, calls=0.0, at=stage.now))
    assert "quota of requests a minute" in dropped(stage, app)["waitingFor"]


@pytest.mark.parametrize("trouble", [QuotaSpent("403"), Unavailable("down")])
def test_a_job_under_way_waits_for_nothing(trouble: Exception) -> None:
    stage, app = ready_app()
    found = dropped(stage, app)
    assert found["state"] == "submitted"
    stage.language.troubles = [trouble]
    stage.wait(10)
    app.tick()
    assert "waitingFor" not in shown(stage, app)


def test_a_document_that_errors_hold_back_names_the_last_of_them() -> None:
    one: Document = document().set_back("an unforeseen KeyError", NOW + seconds(60), NOW)
    why = f"It is tried again at {(NOW + seconds(60)).isoformat()}: an unforeseen KeyError"
    assert waiting_for(one, "", NOW) == why
    assert waiting_for(one, "Submissions are paused.", NOW) == f"Submissions are paused. {why}"
    assert waiting_for(one, "", NOW + seconds(60)) == ""
