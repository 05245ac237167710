"""Decisions become labels: which ones do, what the project gains, and the training that may follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import NotFound
from shared.labels import rules
from shared.language.types import Kind, Labels
from shared.learning.reviews import Review, ReviewReason, ReviewState
from shared.operations import review_labels
from shared.settings import PREVIEW_API
from shared.storage.tables import TRANSACTION_LIMIT
from tests.fakes.language import LABELS, TRAINING
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import (
    LABEL,
    decide_review,
    ended_operation,
    label,
    new_labels,
    review_key,
    reviewed,
    reviews,
    used,
)

TRAIN = {"train": {"trainingModelName": "Second"}}


def change(stage: Stage, app: Instance, name: str, by: Callable[[Review], Review]) -> None:
    """Change a stored review."""
    before = app.services.ledger.find(Review, review_key(stage, name))
    assert before
    app.services.ledger.commit((before, by(before)))


def test_decisions_become_labels_with_their_texts_and_are_used() -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking", "Sailing"]})
    found = label(stage, app)
    assert found["state"] == "succeeded", found
    assert (found["result"]["labels"], found["result"]["changed"], found["result"]["split"]) == (2, 0, "percentage")
    labels = new_labels(stage)
    assert {name: (one.classes, one.language) for name, one in labels.items()} == {
        "a": (("Cooking",), "es"),
        "b": (("Cooking", "Sailing"), "es"),
    }
    assert stage.documents.read_any(TRAINING, labels["a"].location) == b"the mast alone a"
    assert set(stage.language.labels.documents) > set(LABELS.documents)
    assert set(used(stage).values()) == {found["key"]}
    assert stage.language.trainings == []


def test_used_decisions_are_not_used_again_and_cannot_be_undone() -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    label(stage, app)
    assert app.ask("DELETE", f"reviews/{review_key(stage, 'a')}/decision").status == 409
    again = label(stage, app, TRAIN)
    assert (again["state"], again["result"]["labels"], again["result"]["trained"]) == ("succeeded", 0, False)
    assert (stage.language.imports, stage.language.trainings) == (1, [])


def test_audits_are_for_testing_and_all_others_for_training() -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    change(stage, app, "a", lambda one: replace(one, reason=ReviewReason.AUDIT))
    change(stage, app, "b", lambda one: replace(one, reason=ReviewReason.NO_CLASS))
    label(stage, app)
    assert {name: one.dataset for name, one in new_labels(stage).items()} == {"a": "Test", "b": "Train"}


@pytest.mark.parametrize(("datasets", "manual"), [(("Train", "Test"), True), (("", ""), False)])
def test_a_training_uses_the_manual_split_if_the_project_has_one(datasets: tuple[str, str], *, manual: bool) -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    documents = LABELS.documents
    kept = tuple(replace(one, dataset=datasets[number % 2]) for number, one in enumerate(documents))
    stage.language.labels = Labels(LABELS.classes, kept)
    found = label(stage, app, TRAIN)
    assert found["result"]["model"] == "Second"
    assert stage.language.trainings == [("Second", manual)]
    assert stage.language.model == "First"  # not published


def test_a_training_is_published_if_it_is_good_enough() -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    found = label(stage, app, {**TRAIN, "publish": {"ifMacroF1AtLeast": 0.5}})
    assert (found["result"]["published"], found["result"]["replaced"]) == (True, "First")
    assert (stage.language.model, app.ask("GET", "classifier").body["model"]) == ("Second", "Second")
    assert found["result"]["labels"] == 1


def test_the_same_request_while_it_is_under_way_is_the_same_operation() -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    first = app.ask("POST", LABEL, TRAIN)
    assert app.ask("POST", LABEL, TRAIN).body["key"] == first.body["key"]
    assert app.ask("POST", LABEL).status == 409
    ended_operation(stage, app, first.body["key"])


def test_a_publishing_needs_a_training() -> None:
    _, app = reviewed({})
    assert app.ask("POST", LABEL, {"publish": {}}).status == 400


# --- decisions that become no label -----------------------------------------------------------------------------


def test_in_a_single_label_project_a_decision_for_no_class_or_for_several_is_skipped() -> None:
    stage, app = reviewed({"a": [], "b": ["Cooking", "Sailing"], "c": ["Cooking"]})
    stage.language.kind = Kind.SINGLE
    found = label(stage, app)
    assert (found["result"]["labels"], found["result"]["skipped"]) == (1, {"noClass": 1, "severalClasses": 1})
    assert used(stage) == {"a": "", "b": "", "c": found["key"]}


def test_in_a_multi_label_project_a_decision_for_no_class_is_a_label_without_one() -> None:
    stage, app = reviewed({"a": []})
    assert label(stage, app)["result"]["labels"] == 1
    assert new_labels(stage)["a"].classes == ()


def test_a_class_that_the_labels_do_not_have_is_added_unless_the_service_refuses_its_name() -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    change(stage, app, "a", with_classes("Gardening", "Cooking"))
    change(stage, app, "b", with_classes("a/b"))
    found = label(stage, app)
    assert stage.language.labels.classes == ("Cooking", "Sailing", "Gardening")
    assert found["result"]["skipped"] == {"refusedClass": 1}
    assert used(stage)["b"] == ""


def with_classes(*classes: str) -> Callable[[Review], Review]:
    def changed(review: Review) -> Review:
        assert review.decision
        return replace(review, decision=replace(review.decision, classes=classes))

    return changed


@pytest.mark.parametrize(
    "change_file", [lambda files: files.put("a.txt", b"other"), lambda files: files.delete("a.txt")]
)
def test_a_decision_whose_file_is_gone_is_skipped_and_stays_decided(change_file: Callable[[Any], object]) -> None:
    """An audit still says how good the classifier was."""
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    key = review_key(stage, "a")
    change_file(stage.documents)
    found = label(stage, app)
    assert (found["result"]["labels"], found["result"]["skipped"]) == (1, {"textGone": 1})
    assert "a" not in new_labels(stage)
    assert app.ask("GET", f"reviews/{key}").body["state"] == "decided"
    assert used(stage)["a"] == ""


def test_a_text_that_was_copied_before_its_file_was_deleted_is_used() -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    stage.documents.put(f"review-{review_key(stage, 'a')}.txt", b"the mast alone a", container=TRAINING)
    stage.documents.delete("a.txt")
    assert label(stage, app)["result"]["labels"] == 1


def test_a_text_that_is_too_long_to_train_with_is_skipped() -> None:
    stage, app = reviewed({"a": ["Cooking"]}, {"a": "mast " + "x" * rules.MAX_TEXT})
    found = label(stage, app, TRAIN)
    assert (found["result"]["labels"], found["result"]["skipped"]) == (0, {"textTooLong": 1})
    assert "labelsLocation" not in found["result"]


def test_reviews_of_other_projects_and_open_ones_are_left_alone() -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    change(stage, app, "a", lambda one: replace(one, classifier=replace(one.classifier, project="Other")))
    assert app.ask("DELETE", f"reviews/{review_key(stage, 'b')}/decision").status == 200
    assert label(stage, app)["result"]["labels"] == 0
    assert set(used(stage).values()) == {""}


# --- limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "why"),
    [("MAX_CLASSES", "classes are 3; the maximum is 2"), ("MAX_DOCUMENTS", "documents are 21; the maximum is 20")],
)
def test_more_than_the_service_takes_fails_with_the_reason_and_uses_nothing(
    limit: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    change(stage, app, "a", with_classes("Gardening"))
    monkeypatch.setattr(rules, limit, {"MAX_CLASSES": 2, "MAX_DOCUMENTS": 20}[limit])
    found = label(stage, app)
    assert (found["state"], why in found["detail"]) == ("failed", True)
    assert (stage.language.imports, used(stage)) == (0, {"a": ""})


def test_an_import_that_fails_uses_nothing_and_the_next_one_uses_all() -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    stage.language.bad_imports = 1
    found = label(stage, app, TRAIN)
    assert (found["state"], found["detail"]) == ("failed", "The import went wrong.")
    assert (used(stage), stage.language.trainings) == ({"a": ""}, [])
    again = label(stage, app, TRAIN)
    assert (again["result"]["labels"], used(stage)) == (1, {"a": again["key"]})


def test_many_decisions_take_several_steps_and_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, app = reviewed({f"n{number}": ["Cooking"] for number in range(7)})
    monkeypatch.setattr(review_labels, "PAGE", 2)
    monkeypatch.setattr(review_labels, "PAGES", 1)
    monkeypatch.setattr(app.services.ledger, "TRANSACTION_LIMIT", 2)
    found = label(stage, app)
    assert (found["result"]["labels"], found["result"]["changed"]) == (7, 0)
    assert set(used(stage).values()) == {found["key"]}


def test_a_transaction_has_at_most_a_hundred_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, app = reviewed({f"n{number}": ["Cooking"] for number in range(120)})
    sizes: list[int] = []
    apply = stage.rows.apply

    def watched(changes: Any) -> list[str]:
        sizes.append(len(changes))
        return apply(changes)

    monkeypatch.setattr(stage.rows, "apply", watched)
    assert label(stage, app)["result"]["labels"] == 120
    assert 50 <= max(sizes) <= TRANSACTION_LIMIT


def test_nothing_is_written_to_the_container_of_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    project = stage.language.project
    monkeypatch.setattr(stage.language, "project", lambda name: replace(project(name), container="documents"))
    assert app.ask("POST", LABEL).status == 400
    assert used(stage) == {"a": ""}


# --- decisions that change meanwhile ----------------------------------------------------------------------------


def until_imported(stage: Stage, app: Instance, key: str) -> None:
    """Tick until the import has been requested."""
    before = stage.language.imports
    while stage.language.imports == before:
        stage.wait(10)
        app.tick()
    assert app.ask("GET", f"operations/{key}").body["state"] == "running"


@pytest.mark.parametrize("classes", [None, ["Sailing"]])
def test_a_decision_that_changes_during_the_import_is_not_used_and_the_next_labels_have_it(
    classes: list[str] | None,
) -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    started = app.ask("POST", LABEL).body
    until_imported(stage, app, started["key"])
    key = review_key(stage, "a")
    assert app.ask("DELETE", f"reviews/{key}/decision").status == 200
    if classes:
        decide_review(app, key, *classes)
    found = ended_operation(stage, app, started["key"])
    assert (found["result"]["labels"], found["result"]["changed"]) == (2, 1)
    assert used(stage) == {"a": "", "b": found["key"]}
    assert new_labels(stage)["a"].classes == ("Cooking",)
    again = label(stage, app)
    assert {name: one.classes for name, one in new_labels(stage).items()} == {
        **({"a": tuple(classes)} if classes else {}),
        "b": ("Cooking",),
    }
    assert again["result"]["labels"] == (1 if classes else 0)


@pytest.mark.parametrize("classes", [[], ["Cooking", "Sailing"]])
def test_a_decision_that_changes_during_the_import_to_one_that_becomes_no_label_has_none_afterwards(
    classes: list[str],
) -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    stage.language.kind = Kind.SINGLE
    started = app.ask("POST", LABEL).body
    until_imported(stage, app, started["key"])
    key = review_key(stage, "a")
    assert app.ask("DELETE", f"reviews/{key}/decision").status == 200
    decide_review(app, key, *classes)
    ended_operation(stage, app, started["key"])
    assert set(new_labels(stage)) == {"a", "b"}
    again = label(stage, app)
    assert (again["result"]["dropped"], sum(again["result"]["skipped"].values())) == (1, 1)
    assert set(new_labels(stage)) == {"b"}


def test_a_decision_undone_during_the_import_and_made_for_another_project_leaves_no_label() -> None:
    """Its folder has got a classifier of another project, which has classified it again."""
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    started = app.ask("POST", LABEL).body
    until_imported(stage, app, started["key"])
    key = review_key(stage, "a")
    assert app.ask("DELETE", f"reviews/{key}/decision").status == 200
    change(stage, app, "a", lambda one: replace(one, classifier=replace(one.classifier, project="Other")))
    decide_review(app, key, "Cooking")
    ended_operation(stage, app, started["key"])
    again = label(stage, app)
    assert (again["result"]["dropped"], set(new_labels(stage))) == (1, {"b"})


def test_a_decision_made_after_the_start_waits_for_the_next_operation() -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking"]})
    assert app.ask("DELETE", f"reviews/{review_key(stage, 'b')}/decision").status == 200
    started = app.ask("POST", LABEL).body
    stage.wait(1)
    decide_review(app, review_key(stage, "b"), "Sailing")
    assert ended_operation(stage, app, started["key"])["result"]["labels"] == 1
    assert used(stage)["b"] == ""
    assert label(stage, app)["result"]["labels"] == 1


# --- only count -------------------------------------------------------------------------------------------------


def test_a_dry_run_only_counts_by_class_and_reason() -> None:
    stage, app = reviewed({"a": ["Cooking"], "b": ["Cooking", "Sailing"], "c": []})
    change(stage, app, "a", lambda one: replace(one, reason=ReviewReason.AUDIT))
    change(stage, app, "b", lambda one: replace(one, reason=ReviewReason.LOW_CONFIDENCE))
    change(stage, app, "c", lambda one: replace(one, classifier=replace(one.classifier, kind=Kind.SINGLE)))
    answer = app.ask("POST", LABEL, {"dryRun": True, **TRAIN})
    assert (answer.status, answer.body) == (
        200,
        {
            "dryRun": True,
            "count": 2,
            "classes": {"Cooking": 2, "Sailing": 1},
            "reasons": {"audit": 1, "low_confidence": 1},
            "skipped": {"noClass": 1},
            "complete": True,
        },
    )
    assert set(used(stage).values()) == {""}
    assert stage.language.imports == 0
    label(stage, app)
    assert app.ask("POST", LABEL, {"dryRun": True}).body["count"] == 0


def test_the_quickstarts_protocol_counts_and_names_the_alternative() -> None:
    stage, app = reviewed({"a": ["Cooking"]})
    settings = replace(app.services.settings, language_api=PREVIEW_API)
    preview = Instance(stage, replace(app.services, settings=settings))
    answer = preview.ask("POST", LABEL)
    assert (answer.status, "set LANGUAGE_API to 2023-04-01" in answer.body["error"]["message"]) == (501, True)
    assert preview.ask("POST", LABEL, {"dryRun": True}).body["count"] == 1
    assert [one.state for one in reviews(stage)] == [ReviewState.DECIDED]


def test_a_text_that_is_not_there_is_not_read_by_a_dry_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, app = reviewed({"a": ["Cooking"]})

    def missing(*_: Any) -> bytes:
        raise NotFound("There is no such blob.")

    monkeypatch.setattr(stage.documents, "read", missing)
    assert app.ask("POST", LABEL, {"dryRun": True}).body["count"] == 1
