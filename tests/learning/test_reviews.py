"""Reviews: which documents get one, in what order, and what becomes of them, also when two act at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import Conflict, Unavailable
from shared.language.types import ClassScore, Kind
from shared.learning.reviews import Decision, Review, ReviewReason, ReviewState, reason_for
from shared.pipeline import reviewing
from shared.pipeline.collection import collect
from tests.support.full_day_script import DISH, SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import UNSURE, app_with_classifier
from tests.support.values import CLASSIFIER, NOW, document

SURE = "the harbour, the mast, the anchor, the rigging"
NOTHING = "no class at all"
# Of a request to contest a document, which reads the document, the review and the file's properties: each call is
# counted as it starts and as it ends, so the fifth is the start of the third.
CALLS_BEFORE_THE_COMMIT = 5


def classified(**files: str) -> tuple[Stage, Instance]:
    stage = Stage()
    app = app_with_classifier(stage)
    for name, text in files.items():
        put(f"{name}.txt", text)(stage)
        app.land(f"{name}.txt")
    app.ticks(5)
    return stage, app


def key_of(stage: Stage, name: str) -> str:
    [found] = [one.key for one in stage.known() if one.name == f"{name}.txt" and stage.is_current(one)]
    return found


def review_of(stage: Stage, name: str) -> Review:
    found = stage.instance().services.ledger.find(Review, key_of(stage, name))
    assert found is not None
    return found


def decide(app: Instance, key: str, *classes: str, reviewer: str = "") -> Any:
    return app.ask("PUT", f"reviews/{key}", {"classes": list(classes), "reviewer": reviewer})


# --- which documents --------------------------------------------------------------------------------------------


def test_doubtful_documents_are_reviewed_and_sure_ones_are_not() -> None:
    stage, _ = classified(unsure=UNSURE, sure=SURE, nothing=NOTHING)
    reviews = [one for one in stage.check().values() if isinstance(one, Review)]
    reasons = {one.name: one.reason for one in reviews if one.reason is not ReviewReason.AUDIT}
    assert reasons == {"unsure.txt": ReviewReason.LOW_CONFIDENCE, "nothing.txt": ReviewReason.NO_CLASS}


def test_audits_are_a_random_share_whatever_the_confidence_and_always_the_same() -> None:
    sure = document().succeeded((ClassScore("Drama", 1.0),), CLASSIFIER, NOW)
    documents = [replace(sure, key=f"{number:032x}") for number in range(20_000)]
    chosen = [one.key for one in documents if reason_for(one, 0.5, 2) is ReviewReason.AUDIT]
    assert 320 <= len(chosen) <= 480  # 2 % of 20,000 is 400; four standard deviations are 79
    assert chosen == [one.key for one in documents if reason_for(one, 0.9, 2) is ReviewReason.AUDIT]
    more = {one.key for one in documents if reason_for(one, 0.5, 4) is ReviewReason.AUDIT}
    assert set(chosen) < more


@pytest.mark.parametrize(("percent", "reason"), [(0.0, None), (100.0, ReviewReason.AUDIT)])
def test_none_or_all_can_be_audited(percent: float, reason: ReviewReason | None) -> None:
    assert reason_for(document().succeeded((ClassScore("Drama", 1.0),), CLASSIFIER, NOW), 0.5, percent) is reason


def test_a_document_without_a_result_is_not_reviewed() -> None:
    assert reason_for(document().gone(NOW), 1, 100) is None


def test_the_queue_has_audits_and_contested_ones_first_then_the_least_confident() -> None:
    stage, app = classified(a="the mast and the anchor" + " oven", b=UNSURE, c=NOTHING, d=SURE)
    assert app.ask("POST", f"documents/{key_of(stage, 'd')}/review").body["reason"] == "contested"
    value = app.ask("GET", "reviews").body["value"]
    first = [one for one in value if one["reason"] in ("audit", "contested")]
    assert value[: len(first)] == first
    assert "d.txt" in {one["name"] for one in first}
    rest = [one["prediction"][0]["confidence"] if one["prediction"] else 0 for one in value[len(first) :]]
    assert rest == sorted(rest)


def test_the_queue_is_read_in_pages_and_by_reason_and_project() -> None:
    stage, app = classified(a=UNSURE, b=UNSURE, c=NOTHING)
    names: list[str] = []
    query: dict[str, str] = {"top": "1"}
    while True:
        page = app.ask("GET", "reviews", query=query).body
        names += [one["name"] for one in page["value"]]
        if "continue" not in page:
            break
        query["continue"] = page["continue"]
    assert sorted(names) == ["a.txt", "b.txt", "c.txt"]
    assert {one["reason"] for one in app.ask("GET", "reviews", query={"reason": "no_class"}).body["value"]} <= {
        "no_class"
    }
    assert app.ask("GET", "reviews", query={"project": "Other"}).body["value"] == []
    assert app.ask("GET", "reviews", query={"reason": "whim"}).status == 400
    del stage


# --- the decision -----------------------------------------------------------------------------------------------


def test_a_decision_stands_beside_the_prediction_in_the_review_and_in_the_result() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    shown = app.ask("GET", f"reviews/{key}").body
    assert (shown["text"], shown["choices"]) == (UNSURE, ["Cooking", "Sailing"])
    answer = decide(app, key, "Cooking", reviewer="Ada")
    assert (answer.status, answer.body["state"], answer.body["decision"]["classes"]) == (200, "decided", ["Cooking"])
    assert [one["category"] for one in answer.body["prediction"]] == ["Sailing"]
    app.ticks(1)
    result = stage.documents.result("a.txt")
    assert (result["reviewed"]["classes"], result["reviewed"]["reviewer"]) == (["Cooking"], "Ada")
    assert [one["category"] for one in result["classes"]] == ["Sailing"]
    decided = app.ask("GET", "reviews", query={"state": "decided"}).body["value"]
    assert [one["key"] for one in decided] == [key]


def test_the_same_decision_twice_is_one_and_another_is_a_conflict() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    first = decide(app, key, "Sailing", reviewer="Ada")
    stage.wait(60)
    assert decide(app, key, "Sailing", reviewer="Bob").body == first.body
    other = decide(app, key, "Cooking", reviewer="Bob")
    assert (other.status, "by Ada" in other.body["error"]["message"]) == (409, True)


@pytest.mark.parametrize(("classes", "status"), [(("Sailing",), 200), (("Cooking",), 409)])
def test_of_two_reviewers_at_once_the_second_agrees_or_gets_a_conflict(classes: tuple[str, ...], status: int) -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    before = review_of(stage, "a")
    assert decide(app, key, "Sailing", reviewer="Ada").status == 200
    decision = Decision(classes, "Bob", "", stage.now)
    try:
        reviewing.decide(app.services, before, decision)
        seen = 200
    except Conflict:
        seen = 409
    assert seen == status
    assert review_of(stage, "a").decision == replace(decision, classes=("Sailing",), reviewer="Ada")


def test_an_undone_decision_opens_the_review_and_leaves_the_result() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    decide(app, key, "Cooking")
    app.ticks(1)
    assert app.ask("DELETE", f"reviews/{key}/decision").body["state"] == "open"
    app.ticks(1)
    assert "reviewed" not in stage.documents.result("a.txt")
    assert app.ask("DELETE", f"reviews/{key}/decision").status == 409


def test_a_decision_that_became_labels_cannot_be_undone() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    decide(app, key, "Cooking")
    decided = review_of(stage, "a")
    app.services.ledger.commit((decided, decided.used_by("operation1")))
    answer = app.ask("DELETE", f"reviews/{key}/decision")
    assert (answer.status, "operation1" in answer.body["error"]["message"]) == (409, True)


@pytest.mark.parametrize("classes", [["Cookery"], ["Sailing", ""], "Sailing", [1]])
def test_what_is_no_class_of_the_model_is_refused(classes: Any) -> None:
    stage, app = classified(a=UNSURE)
    answer = app.ask("PUT", f"reviews/{key_of(stage, 'a')}", {"classes": classes})
    assert answer.status == 400


def test_a_single_label_project_takes_one_class() -> None:
    stage, app = classified(a=UNSURE)
    known = review_of(stage, "a")
    single = replace(known, classifier=replace(known.classifier, kind=Kind.SINGLE))
    app.services.ledger.commit((known, single))
    assert decide(app, known.key, "Cooking", "Sailing").status == 400
    assert decide(app, known.key, "Cooking").status == 200


def test_a_document_may_have_no_class() -> None:
    stage, app = classified(a=UNSURE)
    assert decide(app, key_of(stage, "a")).body["decision"]["classes"] == []


# --- files that change, documents that are replayed -------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [lambda stage: stage.documents.put("a.txt", b"other"), lambda stage: stage.documents.delete("a.txt")]
)
def test_a_file_that_is_overwritten_or_deleted_withdraws_its_review(change: Callable[[Stage], object]) -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    change(stage)
    assert app.ask("GET", f"documents/{key}/text").status == 410
    assert "textGone" in app.ask("GET", f"reviews/{key}").body
    assert decide(app, key, "Sailing").status == 410
    assert app.ask("GET", f"reviews/{key}").body["state"] == "withdrawn"
    assert key not in {one["key"] for one in app.ask("GET", "reviews").body["value"]}


def test_who_reads_a_review_whose_file_is_gone_withdraws_it() -> None:
    stage, app = classified(a=UNSURE)
    stage.documents.delete("a.txt")
    key = next(one.key for one in stage.known() if one.name == "a.txt")
    assert app.ask("GET", f"reviews/{key}").body["state"] == "withdrawn"
    assert app.ask("GET", "reviews").body["value"] == []


def test_the_classes_of_a_model_are_read_once_and_reviews_do_not_need_them() -> None:
    stage, app = classified(a=UNSURE, b=UNSURE)
    asked: list[str] = []

    def down(project: str, model: str) -> Any:
        asked.append(f"{project}/{model}")
        raise Unavailable("503")

    stage.language.evaluation = down  # type: ignore[method-assign]  # the service has trouble
    for name in "ab":
        assert app.ask("GET", f"reviews/{key_of(stage, name)}").body["choices"] == []
        assert decide(app, key_of(stage, name), "Cooking").status == 200
    assert len(asked) == 1


def test_the_classes_of_a_model_are_read_again_soon_after_an_error_that_passes() -> None:
    stage, app = classified(a=UNSURE)
    path, evaluation = f"reviews/{key_of(stage, 'a')}", stage.language.evaluation

    def down(project: str, model: str) -> Any:
        raise Unavailable(f"503 for {project} and {model}")

    stage.language.evaluation = down  # type: ignore[method-assign]  # the service has trouble
    assert app.ask("GET", path).body["choices"] == []
    stage.language.evaluation = evaluation  # type: ignore[method-assign]  # it has none any more
    stage.wait(10)
    assert app.ask("GET", path).body["choices"] == ["Cooking", "Sailing"]
    stage.language.evaluation = down  # type: ignore[method-assign]  # the service has trouble
    stage.wait(300)
    assert app.ask("GET", path).body["choices"] == ["Cooking", "Sailing"]  # as they were known


def test_to_contest_what_was_deleted_withdraws_the_review_with_its_place_in_the_queue() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    stage.documents.delete("a.txt")
    assert app.ask("POST", f"documents/{key}/review").status == 410
    stage.check()
    assert app.ask("GET", f"reviews/{key}").body["state"] == "withdrawn"


def test_the_open_review_of_a_replayed_document_has_its_new_prediction() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    created = review_of(stage, "a").created
    replay_as(stage, app, key, "the onion and the mast")
    found = review_of(stage, "a")
    assert {one.category for one in found.prediction} == {"Cooking", "Sailing"}
    assert found.created == created


def test_a_replay_that_is_sure_withdraws_the_review_unless_it_is_contested() -> None:
    stage, app = classified(a=UNSURE, b=UNSURE)
    app.ask("POST", f"documents/{key_of(stage, 'b')}/review")
    for name in "ab":
        replay_as(stage, app, key_of(stage, name), SURE)
    expected = ReviewState.OPEN if review_of(stage, "a").reason is ReviewReason.AUDIT else ReviewState.WITHDRAWN
    assert (review_of(stage, "a").state, review_of(stage, "b").state) == (expected, ReviewState.OPEN)


def test_a_decision_outlives_a_replay_and_is_in_the_new_result() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    decide(app, key, "Cooking")
    app.ticks(1)
    replay_as(stage, app, key, SURE)
    result = stage.documents.result("a.txt")
    assert result["classes"][0]["confidence"] == 1
    assert result["reviewed"]["classes"] == ["Cooking"]
    assert review_of(stage, "a").state is ReviewState.DECIDED


def replay_as(stage: Stage, app: Instance, key: str, read_as: str) -> None:
    """Replay the document; this time a better model finds in it what it would find in another text."""
    better = stage.language.read_as
    better[key] = read_as
    assert app.ask("POST", "documents/replay", {"keys": [key]}).status == 200
    app.ticks(5)


def test_a_document_that_is_contested_before_it_was_counted_has_one_review() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("a.txt", DISH)(stage)
    app.land("a.txt")
    for _ in range(3):
        stage.wait(10)
        collect_only(app, stage)
    key = key_of(stage, "a")
    assert app.ask("POST", f"documents/{key}/review").status == 200
    app.ticks(1)
    assert review_of(stage, "a").reason is ReviewReason.CONTESTED
    stage.check()


def collect_only(app: Instance, stage: Stage) -> None:
    collect(app.services, stage.now, 10)


def test_to_contest_a_document_while_the_tick_puts_it_into_the_queue_succeeds() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("a.txt", UNSURE)(stage)
    app.land("a.txt")
    for _ in range(3):
        stage.wait(10)
        collect_only(app, stage)  # its end is in the outbox, and it has no review yet
    key = key_of(stage, "a")
    assert app.services.ledger.find(Review, key) is None
    calls: list[str] = []

    def meanwhile() -> None:
        calls.append("")
        if len(calls) == CALLS_BEFORE_THE_COMMIT:
            app.tick()

    answer = stage.instance(meanwhile).ask("POST", f"documents/{key}/review")
    assert answer.status == 200, answer.body
    assert review_of(stage, "a").reason is ReviewReason.CONTESTED


def test_only_a_document_with_a_result_can_be_contested() -> None:
    stage, app = classified(a="unfit")
    assert app.ask("POST", f"documents/{key_of(stage, 'a')}/review").status == 409
    stage, app = classified(a=SHIP)
    key = key_of(stage, "a")
    app.ask("POST", f"documents/{key}/review")
    decide(app, key, "Sailing")
    assert app.ask("POST", f"documents/{key}/review").status == 409


def test_the_result_of_a_newer_version_is_not_touched_by_a_decision_of_an_older_one() -> None:
    stage, app = classified(a=UNSURE)
    key = key_of(stage, "a")
    decide(app, key, "Cooking")
    put("a.txt", SURE)(stage)
    app.land("a.txt")
    app.ticks(5)
    assert "reviewed" not in stage.documents.result("a.txt")


@pytest.mark.parametrize("undone", [False, True])
def test_a_decision_is_in_the_exports(undone: bool) -> None:
    stage, app = classified(unsure=UNSURE, sure=SURE)
    decide(app, key := key_of(stage, "unsure"), "Cooking", reviewer="Ada")
    if undone:
        app.ask("DELETE", f"reviews/{key}/decision")
    started = app.ask("POST", "documents/export").body
    app.ticks(3)
    lines = app.ask("GET", f"operations/{started['key']}/content").body.splitlines()
    reviewed = {one["name"]: one["reviewed"] for one in map(json.loads, lines)}
    assert reviewed["sure.txt"] is None
    found = reviewed["unsure.txt"]
    assert found is None if undone else (found["classes"], found["reviewer"]) == (["Cooking"], "Ada")
