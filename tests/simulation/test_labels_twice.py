"""Labels from reviews: the process ends before and after each call it makes outside, and a fresh one finishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.operations import Operation
from shared.operations import review_labels
from tests.support.in_memory_app import Instance, Killed, Lifetime, Stage, one_thread
from tests.support.prepared_apps import LABEL, ended_operation, new_labels, reviewed, used

BODY = {"train": {"trainingModelName": "Second"}, "publish": {"ifMacroF1AtLeast": 0.5}}
DECISIONS = {"a": ["Cooking"], "b": ["Cooking", "Sailing"], "c": []}


def asked(stage: Stage, app: Instance) -> str:
    """The key of the operation. Who got no answer asks again, unless it has ended."""
    known = [one for one in stage.check().values() if isinstance(one, Operation) and one.kind == "label_reviews"]
    if known:
        return known[0].key
    key: str = app.ask("POST", LABEL, BODY).body["key"]
    return key


def lived(last: int = 0) -> tuple[Stage, Lifetime, Any]:
    """The stage, and the operation once it has ended. The first process ends at the moment `last`."""
    stage, _ = reviewed(DECISIONS)
    life = Lifetime(last)
    app = stage.instance(life)
    try:
        return stage, life, ended_operation(stage, app, asked(stage, app))
    except Killed:
        stage.check()
    stage.wait(121)  # a start whose process died is repeated after this time
    app = stage.instance()
    return stage, life, ended_operation(stage, app, asked(stage, app))


def judge_labels(stage: Stage, found: Any) -> None:
    assert found["state"] == "succeeded", found
    counts = {name: found["result"][name] for name in ("labels", "skipped", "dropped", "changed", "published")}
    assert counts == {"labels": 3, "skipped": {}, "dropped": 0, "changed": 0, "published": True}
    classes = {name: one.classes for name, one in new_labels(stage).items()}
    assert classes == {name: tuple(given) for name, given in DECISIONS.items()}
    assert len(stage.language.labels.documents) == 20 + len(DECISIONS)
    assert set(used(stage).values()) == {found["key"]}
    assert stage.language.model == "Second"
    assert 1 <= stage.language.imports <= 2
    assert 1 <= len(stage.language.trainings) <= 2


def test_every_crash_point(record_property: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_labels, "PAGE", 2)  # two steps for the texts, and two for the reviews
    monkeypatch.setattr(review_labels, "PAGES", 1)
    with one_thread():
        stage, life, found = lived()
        judge_labels(stage, found)
        assert (stage.language.imports, len(stage.language.trainings)) == (1, 1)
        for point in range(1, life.moments + 1):
            crashed, _, found = lived(point)
            try:
                judge_labels(crashed, found)
            except AssertionError as error:
                error.add_note(f"The process ended at moment {point} of {life.moments}.")
                raise
    record_property("crash points of labels", life.moments)
