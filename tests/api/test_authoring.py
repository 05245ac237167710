"""Authoring over HTTP beyond the quickstart's steps, in both protocols; and what the quickstart's cannot do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local.language.server import server
from local.language.server.server import LanguageService
from local.stack.azurite import Azurite
from shared.labels import validation
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import TEXTS, World, running_world

TODAY = pytest.mark.parametrize("world", [TODAY_API], indirect=True)
QUICKSTART = pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)


def created(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    assert world.ended(world.create()[1])["state"] == "succeeded"


def body(model: str, **more: Any) -> dict[str, Any]:
    return {"tasks": [{"trainingModelName": model}], **more}


def train_model(world: World, model: str = "MyModel", **more: Any) -> Any:
    status, operation, headers = world.ask("POST", f"projects/{world.project}/train", body(model, **more))
    assert status == 202, operation
    assert headers["Location"] == f"/api/projects/{world.project}/train/jobs/{operation['key']}"
    return world.ended(operation)


def publish_model(world: World, model: str = "MyModel", deployment: str = "production", **more: Any) -> Any:
    asked = {"tasks": [{"trainingModelName": model, "deploymentName": deployment}], **more}
    status, operation, _ = world.ask("POST", f"projects/{world.project}/publish", asked)
    assert status == 202, operation
    return world.ended(operation)


def done(world: World, method: str, path: str, asked: Any = None) -> Any:
    """What the operation that this begins has come to."""
    status, operation, headers = world.ask(method, f"projects/{world.project}{path}", asked)
    assert status == 202, operation
    assert headers["Location"] == f"/api/operations/{operation['key']}"
    assert headers["Retry-After"] == "2"
    ended = world.ended(operation)
    assert ended["state"] == "succeeded", ended
    return ended.get("result")


def error(answer: tuple[int, Any, Any]) -> tuple[int, str]:
    status, found, _ = answer
    return status, found["error"]["message"]


# --- projects and labels ----------------------------------------------------------------------------------------


@TODAY
def test_a_project_changes_in_what_may_change(world: World) -> None:
    created(world)
    path = f"projects/{world.project}"
    status, changed, _ = world.ask("PATCH", path, {"description": "Recipes", "multiLingual": True})
    assert (status, changed["description"], changed["multiLingual"]) == (200, "Recipes", True)
    found = world.get(path)
    assert (found["description"], found["culture"].casefold()) == ("Recipes", "en-us")
    for wrong in ({}, {"modelType": "SingleClassification"}, {"multiLingual": "yes"}, {"culture": ""}):
        assert world.ask("PATCH", path, wrong)[0] == 400
    assert world.ask("PATCH", "projects/Nobody", {"description": ""})[0] == 404


@TODAY
@pytest.mark.parametrize(("format_", "top"), [("today", "assets"), ("quickstart", "classifiers")])
def test_labels_are_exported_and_what_was_exported_can_be_imported(world: World, format_: str, top: str) -> None:
    created(world)
    container = f"{world.container}-training"
    result = done(world, "POST", "/export", {"format": format_})
    assert result == {"container": container, "labelsLocation": f"{world.project}-labels.json", "documents": 20}
    blob = world.blobs.get_blob_client(container, f"{world.project}-labels.json")
    assert top in json.loads(blob.download_blob().readall())
    assert done(world, "POST", "/import", {"labelsLocation": f"{world.project}-labels.json"}) is None
    assert done(world, "POST", "/export", {"labelsLocation": "again.json", "format": format_})["documents"] == 20
    again = world.blobs.get_blob_client(container, "again.json").download_blob().readall()
    assert again == blob.download_blob().readall()


@TODAY
def test_an_export_never_takes_the_place_of_a_text(world: World) -> None:
    created(world)
    status, message = error(world.ask("POST", f"projects/{world.project}/export", {"labelsLocation": "Cooking0.txt"}))
    assert (status, ".json" in message) == (400, True)
    assert world.ask("POST", f"projects/{world.project}/export", {"format": "xml"})[0] == 400


@TODAY
def test_labels_with_an_error_are_not_imported(world: World) -> None:
    created(world)
    labels = {"classifiers": [{"name": "A"}], "documents": [{"location": "Cooking0.txt", "classifiers": [
        {"classifierName": "B"}]}]}  # fmt: skip
    world.put("wrong.json", json.dumps(labels), f"{world.container}-training")
    before = len(world.wire("POST", ":import"))
    status, message = error(world.ask("POST", f"projects/{world.project}/import", {"labelsLocation": "wrong.json"}))
    assert (status, "'B'" in message) == (400, True)
    assert len(world.wire("POST", ":import")) == before


def test_a_missing_text_keeps_a_project_from_being_created(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    world.blobs.get_blob_client(f"{world.container}-training", "Cooking3.txt").delete_blob()
    status, message = error(world.create())
    assert status == 400
    assert "Cooking3.txt is not in the container" in message


@TODAY
def test_languages_are_listed(world: World) -> None:
    listed = world.get("languages")["value"]
    assert {"name": "English", "code": "en"} in listed


# --- a check of labels ------------------------------------------------------------------------------------------


def check(world: World, labels: Any, **more: Any) -> Any:
    container = f"{world.container}-training"
    raw = labels if isinstance(labels, bytes) else json.dumps(labels).encode()
    world.put("labels.json", raw, container)
    asked = {"storageInputContainerName": container, "labelsLocation": "labels.json", **more}
    status, found, _ = world.ask("POST", f"projects/{world.project}/labels/check", asked)
    assert status == 200, found
    assert found["ok"] == (not found["errors"])
    return found


def findings(found: Any, which: str) -> str:
    return "\n".join(f"{one['where']} {one['what']}" for one in found[which])


def labelled_document(location: str, *names: str) -> dict[str, Any]:
    return {"location": location, "classifiers": [{"classifierName": name} for name in names]}


def test_sound_labels_are_said_to_be_so(world: World) -> None:
    created(world)
    asked = {"storageInputContainerName": f"{world.container}-training", "labelsLocation": "labels.json"}
    found = world.ask("POST", f"projects/{world.project}/labels/check", asked)[1]
    assert found == {
        "ok": True,
        "errorCount": 0,
        "errors": [],
        "warningCount": 0,
        "warnings": [],
        "documents": 20,
        "classes": dict.fromkeys(TEXTS, 10),
        "format": "quickstart",
    }


def test_all_that_is_wrong_is_said_at_once_with_what_to_do(world: World) -> None:
    container = f"{world.container}-training"
    world.blobs.create_container(container)
    files: dict[str, str | bytes] = {
        "good.txt": "butter", "empty.txt": b"", "latin.txt": "Señor".encode("latin-1"), "long.txt": "w" * 128_001,
        "huge.txt": "w" * 600_000, "unlabelled.txt": b"", "folder/in.txt": "butter",
    }  # fmt: skip
    for name, content in files.items():
        world.put(name, content, container)
    names = ["good", "empty", "latin", "long", "huge", "missing", "folder/in"]
    documents = [labelled_document(f"{name}.txt", "Cooking") for name in names]
    documents += [
        labelled_document("good.txt", "Cooking"),
        labelled_document("unlabelled.txt"),
        labelled_document("good2.txt", "cooking"),
    ]
    found = check(world, {"classifiers": [{"name": "Cooking"}, {"name": "a/b"}], "documents": documents})
    errors = findings(found, "errors")
    for expected in (
        "'good.txt' is listed twice",
        "(good2.txt) has class 'cooking', which is not among",
        "class 'a/b' has one of",
        "missing.txt is not in the container",
        "empty.txt is empty",
        "latin.txt cannot be read",
        "long.txt has 128,001 characters",
        "huge.txt has 600,000 bytes",
    ):
        assert expected in errors
    assert found["errorCount"] == 8
    assert "unlabelled.txt is empty" in findings(found, "warnings")
    assert "folder/in.txt is not a .txt file in the root" in findings(found, "warnings")
    assert "class 'Cooking' has 9 documents" not in findings(found, "errors")
    assert all(one["do"].endswith(".") for one in found["errors"] + found["warnings"])


def test_a_file_that_is_no_labels_file_and_one_that_is_not_there(world: World) -> None:
    container = f"{world.container}-training"
    world.blobs.create_container(container)
    assert "labels.json is not JSON: line 1" in findings(check(world, b"{ not json"), "errors")
    assert "neither UTF-8 nor UTF-16" in findings(check(world, b'{"a": "\xe9"}'), "errors")
    for where in ({"labelsLocation": "other.json"}, {"storageInputContainerName": "nowhere"}):
        assert "is not in container" in findings(check(world, {}, **where), "errors")


@TODAY
def test_a_check_of_a_part_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.upload_training(f"{world.container}-training")
    world.put("Sailing9.txt", b"", f"{world.container}-training")
    asked = {"storageInputContainerName": f"{world.container}-training", "labelsLocation": "labels.json"}
    path = f"projects/{world.project}/labels/check"
    monkeypatch.setattr(validation, "MAX_TEXTS_READ", 3)
    found = world.ask("POST", path, asked)[1]
    assert findings(found, "errors") == "Sailing9.txt is empty"
    assert "this check is partial: 3 texts were read" in findings(found, "warnings")
    monkeypatch.setattr(validation, "PAGE", 2)
    monkeypatch.setattr(validation, "PAGES", 2)
    found = world.ask("POST", path, asked)[1]
    assert found["errors"] == []  # what was not listed may be there
    assert "the first 4 files of the container listed" in findings(found, "warnings")


def test_a_single_label_project_allows_one_class_a_document(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    labels = {"classifiers": [{"name": "A"}, {"name": "B"}], "documents": [labelled_document("Cooking0.txt", "A", "B")]}
    assert check(world, labels)["ok"]
    assert "has 2 classes" in findings(check(world, labels, modelType="SingleClassification"), "errors")


def test_a_check_needs_to_know_where_the_labels_are(world: World) -> None:
    """Today's protocol can be asked for the project's container; the quickstart's cannot."""
    created(world)
    answer = world.ask("POST", f"projects/{world.project}/labels/check", {"labelsLocation": "labels.json"})
    assert answer[0] == (400 if world.api == PREVIEW_API else 200)


def test_labels_are_converted_to_the_other_format_and_back(world: World) -> None:
    container = f"{world.container}-training"
    created(world)
    asked = {"storageInputContainerName": container, "modelType": "MultiClassification"}
    for source, target, format_ in (("labels.json", "today.json", "today"), ("today.json", "back.json", "quickstart")):
        status, found, _ = world.ask(
            "POST",
            f"projects/{world.project}/labels/convert",
            {**asked, "labelsLocation": source, "target": target, "format": format_},
        )
        assert (status, found["labelsLocation"]) == (200, target)
    read = [
        json.loads(world.blobs.get_blob_client(container, name).download_blob().readall())
        for name in ("labels.json", "today.json", "back.json")
    ]
    assert read[0] == read[2]
    assert read[1]["assets"]["classes"] == [{"category": name} for name in TEXTS]
    assert world.ask("POST", f"projects/{world.project}/labels/convert", {**asked, "labelsLocation": "labels.json",
        "target": "Cooking0.txt"})[0] == 400  # fmt: skip


def test_labels_are_written_to_the_projects_own_container_only(world: World) -> None:
    """Nobody's results, secrets or other files are replaced by a labels file, however it is asked for."""
    created(world)
    path, elsewhere = f"projects/{world.project}/labels/convert", f"{world.container}-elsewhere"
    world.upload_training(elsewhere)
    for container in (
        world.container,
        f"{world.container}-results",
        "azure-webjobs-secrets",
        "$logs",
        "No!",
        elsewhere,
    ):
        asked = {"storageInputContainerName": container, "labelsLocation": "labels.json", "target": "new.json"}
        if container == elsewhere and world.api == PREVIEW_API:
            continue  # its protocol cannot say which is the project's: this one has labels and their texts
        assert error(world.ask("POST", path, asked))[0] == 400
    asked = {"storageInputContainerName": elsewhere, "labelsLocation": "labels.json", "target": "new.json"}
    if world.api != PREVIEW_API:
        assert error(world.ask("POST", "projects/Nobody/labels/convert", asked))[0] == 404
    world.blobs.create_container(f"{world.container}-other")
    assert error(world.ask("POST", path, {**asked, "storageInputContainerName": f"{world.container}-other"}))[0] == 400
    names = {one.name for one in world.blobs.get_container_client(elsewhere).list_blobs()}
    assert "new.json" not in names


NO_LABELS = (
    b"",
    b"{}",
    b"[]",
    b"[" * 10_000,
    b"\xff",
    b'{"classes": [{"category": "A", "confidence": 1}]}',
    b'{"keys": []}',
)


@pytest.mark.parametrize("content", NO_LABELS, ids=lambda content: repr(content[:12]))
def test_labels_take_the_place_of_labels_only(world: World, content: bytes) -> None:
    created(world)
    container = f"{world.container}-training"
    world.put("settings.json", content, container)
    asked = {"storageInputContainerName": container, "labelsLocation": "labels.json", "target": "settings.json"}
    status, message = error(world.ask("POST", f"projects/{world.project}/labels/convert", asked))
    assert (status, "choose another name" in message) == (409, True)
    if world.api != PREVIEW_API:
        path, body = f"projects/{world.project}/export", {"labelsLocation": "settings.json"}
        ended = world.ended(world.ask("POST", path, body)[1])
        assert (ended["state"], "choose another name" in ended["detail"]) == ("failed", True)
    assert world.blobs.get_blob_client(container, "settings.json").download_blob().readall() == content
    flawed = b'{"classifiers": [{"name": "A"}], "documents": [{"location": "a.txt", "classifiers": [{}]}]}'
    world.put("settings.json", flawed, container)
    assert world.ask("POST", f"projects/{world.project}/labels/convert", asked)[0] == 200


@pytest.mark.parametrize(
    "target", ["a\x00.json", "a\nb.json", "../x.json", "a//b.json", "\ufffe.json", "x" * 1100 + ".json"]
)
@TODAY
def test_no_file_is_written_that_would_keep_its_container_from_being_listed(world: World, target: str) -> None:
    container = f"{world.container}-training"
    world.upload_training(container)
    asked = {"storageInputContainerName": container, "labelsLocation": "labels.json", "target": target}
    assert world.ask("POST", f"projects/{world.project}/labels/convert", asked)[0] == 400
    assert world.ask("POST", f"projects/{world.project}/export", {"labelsLocation": target})[0] == 400
    del asked["target"]
    assert world.ask("POST", f"projects/{world.project}/labels/check", asked)[0] == 200


# --- training, evaluation ---------------------------------------------------------------------------------------


def test_an_evaluation_is_read_in_sentences_with_the_documents_it_is_of(world: World) -> None:
    created(world)
    train_model(world)
    path = f"projects/{world.project}/models/MyModel/evaluation"
    found = world.get(path)
    assert found["reading"][0].split(":")[0] in ("Good", "Fair", "Weak")
    assert f"macro F1 is {found['macroF1']:.2f}" in found["reading"][0]
    documents = world.get(f"{path}/documents")["value"]
    assert found["wrong"]["of"] == len(documents) > 0
    mistakes = [one for one in documents if set(one["expected"]) != set(one["predicted"])]
    assert found["wrong"] == {"count": len(mistakes), "of": len(documents), "documents": mistakes}
    assert documents[0]["expected"] == [documents[0]["name"].removesuffix(".txt").rstrip("0123456789")]


def test_the_documents_of_an_evaluation_come_in_pages(world: World) -> None:
    created(world)
    train_model(world)
    path = f"projects/{world.project}/models/MyModel/evaluation/documents"
    everything, found, more = world.get(path)["value"], [], ""
    while True:
        page = world.get(f"{path}?top=1{more}")
        found += page["value"]
        if "continue" not in page:
            break
        more = f"&continue={page['continue']}"
    assert found == everything
    assert world.ask("GET", f"{path}?continue=a")[0] == 400


def test_a_good_model_is_published_and_the_next_only_if_it_is_not_worse(world: World) -> None:
    created(world)
    first = train_model(world, publish={"ifMacroF1AtLeast": 0.1})
    assert first["state"] == "succeeded", first
    assert (first["result"]["published"], first["result"]["deployment"]) == (True, "production")
    assert first["result"]["macroF1"] >= 0.1
    assert world.get("classifier")["model"] == "MyModel"
    second = train_model(world, "Second", publish={"deployment": "production"})
    assert second["result"]["deployedModel"] == "MyModel"
    assert second["result"]["deployedMacroF1"] == first["result"]["macroF1"]
    assert (second["result"]["published"], second["result"]["replaced"]) == (True, "MyModel")  # as good, not worse
    assert world.get("classifier")["model"] == "Second"
    # One line of its life says that the one part led to the other.
    assert "train succeeded, publish follows" in [event["what"] for event in second["timeline"]]


def spoilt(world: World) -> None:
    """Labels that contradict the texts: every second one has the other class, so nothing can be learned of them."""
    one, other = TEXTS
    kept = [labelled_document(f"{category}{number}.txt", category) for category in TEXTS for number in range(0, 10, 2)]
    turned = [labelled_document(f"{one}{number}.txt", other) for number in range(1, 10, 2)]
    turned += [labelled_document(f"{other}{number}.txt", one) for number in range(1, 10, 2)]
    documents = kept + turned
    labels = {"classifiers": [{"name": name} for name in TEXTS], "documents": documents}
    world.put("labels.json", json.dumps(labels), f"{world.container}-training")


def test_a_model_that_is_not_good_enough_is_not_published_and_says_why(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    spoilt(world)
    assert world.ended(world.create()[1])["state"] == "succeeded"
    before = len(world.wire("POST", "/publish")) + len(world.wire("PUT", "/production"))
    ended = train_model(world, publish={"ifMacroF1AtLeast": 1.0})
    assert (ended["state"], ended["result"]["published"]) == ("succeeded", False)
    assert "the requested minimum is 1.000" in ended["result"]["why"]
    assert len(world.wire("POST", "/publish")) + len(world.wire("PUT", "/production")) == before
    assert world.ask("GET", "classifier")[0] == 404


@TODAY
def test_a_model_worse_than_the_deployed_one_is_not_published(world: World) -> None:
    created(world)
    assert train_model(world, "First", publish={})["result"]["published"]
    spoilt(world)
    done(world, "POST", "/import", {"labelsLocation": "labels.json"})
    ended = train_model(world, "Second", publish={})
    assert ended["result"]["published"] is False
    assert "the deployed model First has" in ended["result"]["why"]
    assert world.get("classifier")["model"] == "First"


@TODAY
def test_training_over_the_deployed_model_itself_is_held_against_what_it_was(world: World) -> None:
    created(world)
    first = train_model(world, "Same", publish={})["result"]
    spoilt(world)
    done(world, "POST", "/import", {"labelsLocation": "labels.json"})
    ended = train_model(world, "Same", publish={})["result"]
    assert (ended["published"], ended["deployedMacroF1"]) == (False, first["macroF1"])


def test_a_model_without_an_evaluation_cannot_be_held_to_a_figure(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    documents = [labelled_document(f"{category}{number}.txt", category) for category in TEXTS for number in range(3)]
    labels = {"classifiers": [{"name": name} for name in TEXTS], "documents": documents}
    world.put("labels.json", json.dumps(labels), f"{world.container}-training")
    assert world.ended(world.create()[1])["state"] == "succeeded"
    assert "no evaluation" in train_model(world, publish={"ifMacroF1AtLeast": 0.5})["result"]["why"]
    assert train_model(world, publish={})["result"]["published"] is True


@pytest.mark.parametrize(
    "publishing",
    [
        "production",
        {"ifMacroF1AtLeast": 2},
        {"ifMacroF1AtLeast": True},
        {"deployment": "no/slash"},
        {"asClassifier": 1},
    ],
)
def test_what_cannot_be_published_is_refused_before_the_training(world: World, publishing: Any) -> None:
    assert world.ask("POST", "projects/P/train", body("M", publish=publishing))[0] == 400


def test_a_published_model_need_not_become_the_classifier(world: World) -> None:
    created(world)
    train_model(world)
    published = publish_model(world, asClassifier=False)
    assert published["result"]["classifier"] == "left as it was"
    assert world.ask("GET", "classifier")[0] == 404
    assert "modelId" in published["result"] or world.api == TODAY_API


@QUICKSTART
def test_the_only_published_model_cannot_be_replaced_behind_the_files_backs(world: World) -> None:
    created(world)
    assert train_model(world, publish={})["result"]["published"]
    status, message = error(world.ask("POST", f"projects/{world.project}/publish", body("MyModel", asClassifier=False)))
    assert (status, "asClassifier" in message) == (409, True)


# --- deployments ------------------------------------------------------------------------------------------------


@TODAY
def test_deployments_are_swapped_and_swapped_back_and_the_classifier_knows_its_model(world: World) -> None:
    created(world)
    for model, deployment in (("Blue", "production"), ("Green", "staging")):
        train_model(world, model)
        publish_model(world, model, deployment, asClassifier=deployment == "production")
    path = f"projects/{world.project}/deployments"
    assert world.get(f"{path}/staging")["model"] == "Green"
    assert world.get("classifier")["model"] == "Blue"
    pair = {"firstDeploymentName": "production", "secondDeploymentName": "staging"}
    result = done(world, "POST", "/deployments/swap", pair)
    assert result["deployments"] == {"production": "Green", "staging": "Blue"}
    assert world.get(f"{path}/production")["model"] == "Green"
    assert (world.get("classifier")["model"], world.get("classifier")["deployment"]) == ("Green", "production")
    done(world, "POST", "/deployments/swap", pair)
    assert world.get("classifier")["model"] == "Blue"
    for wrong, status in (({**pair, "secondDeploymentName": "none"}, 404), ({**pair, "secondDeploymentName":
            "production"}, 400), ({}, 400)):  # fmt: skip
        assert world.ask("POST", f"{path}/swap", wrong)[0] == status


@TODAY
def test_deleting_the_deployment_that_files_go_to_clears_the_classifier(world: World) -> None:
    created(world)
    train_model(world)
    publish_model(world)
    publish_model(world, deployment="spare", asClassifier=False)
    assert done(world, "DELETE", "/deployments/spare") is None
    assert world.get("classifier")["deployment"] == "production"
    assert "cleared" in done(world, "DELETE", "/deployments/production")["classifier"]
    assert world.ask("GET", "classifier")[0] == 404
    assert world.ask("GET", f"projects/{world.project}/deployments/production")[0] == 404


def test_a_rollback_is_publishing_what_was_replaced(world: World) -> None:
    created(world)
    train_model(world, "Old", publish={})
    train_model(world, "New")
    replaced = publish_model(world, "New")["result"]["replaced"]
    assert publish_model(world, replaced)["result"]["model"] == "Old"
    assert world.get("classifier")["model"] == "Old"


# --- under way --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow_service(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageService]:
    """A service whose work is seen to take as long as the real one's, by a clock that tests move."""
    state = tmp_path_factory.mktemp("slow")
    with server.running(azurite.connection_string, key=uuid.uuid4().hex, state=state, pace="realistic") as started:
        yield started


@pytest.fixture(params=[TODAY_API, PREVIEW_API])
def slow(
    request: pytest.FixtureRequest,
    azurite: Azurite,
    slow_service: LanguageService,
    container: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    with running_world(azurite, slow_service, container, request.param, monkeypatch) as made:
        yield made


def passing(world: World, operation: Any) -> Any:
    """The operation's end, while time passes at the service too."""

    def look() -> Any:
        world.language.clock.advance(30)
        found = world.get(f"operations/{operation['key']}")
        return found if found["state"] in ("succeeded", "failed") else None

    return world.until(look)


def test_a_repeated_request_answers_with_the_operation_under_way_and_another_is_a_conflict(slow: World) -> None:
    slow.upload_training(f"{slow.container}-training")
    assert passing(slow, slow.create()[1])["state"] == "succeeded"
    path = f"projects/{slow.project}"
    for what, asked in (("train", body("M", publish={"deployment": "other"})), ("publish", body("M"))):
        started, again = slow.ask("POST", f"{path}/{what}", asked), slow.ask("POST", f"{path}/{what}", asked)
        assert (again[0], again[1]["key"]) == (202, started[1]["key"])
        assert again[2]["Location"] == started[2]["Location"]
        status, message = error(slow.ask("POST", f"{path}/{what}", body("Another")))
        assert (status, started[1]["key"] in message) == (409, True)
        assert passing(slow, started[1])["state"] == "succeeded"
        later = slow.ask("POST", f"{path}/{what}", asked)
        assert (later[0], later[1]["key"] != started[1]["key"]) == (202, True)
        assert passing(slow, later[1])["state"] == "succeeded"


@pytest.mark.parametrize("slow", [TODAY_API], indirect=True)
def test_a_training_is_listed_and_cancelled(slow: World) -> None:
    slow.upload_training(f"{slow.container}-training")
    passing(slow, slow.create()[1])
    path = f"projects/{slow.project}/train"
    _, training, _ = slow.ask("POST", path, body("M"))
    [listed] = slow.get(f"{path}/jobs")["value"]
    assert (listed["model"], listed["state"]) == ("M", "running")
    assert slow.get(f"{path}/jobs/{listed['job']}")["state"] == "running"
    status, cancelled, headers = slow.ask("POST", f"{path}/jobs/{training['key']}/cancel")
    assert (status, cancelled["key"]) == (202, training["key"])
    assert headers["Location"] == f"/api/{path}/jobs/{training['key']}"
    ended = passing(slow, training)
    assert (ended["state"], ended["detail"]) == ("failed", "It was cancelled.")
    assert slow.get(f"{path}/jobs/{listed['job']}")["state"] == "cancelled"
    assert slow.ask("POST", f"{path}/jobs/{training['key']}/cancel")[0] == 409
    assert slow.ask("POST", f"{path}/jobs/unknown/cancel")[0] == 404


@pytest.mark.parametrize("slow", [TODAY_API], indirect=True)
def test_a_training_begun_elsewhere_is_cancelled_by_the_services_id(slow: World) -> None:
    slow.upload_training(f"{slow.container}-training")
    passing(slow, slow.create()[1])
    path = f"projects/{slow.project}/train"
    slow.ask("POST", path, body("M"))
    [listed] = slow.get(f"{path}/jobs")["value"]
    status, found, _ = slow.ask("POST", f"{path}/jobs/{listed['job']}/cancel")
    assert (status, found["job"]) == (202, listed["job"])
    slow.language.clock.advance(30)  # the service is cancelling for a while
    assert slow.get(f"{path}/jobs/{listed['job']}")["state"] == "cancelled"


def test_between_training_and_publishing_any_instance_goes_on(slow: World) -> None:
    """The process dies after each step: whatever was not written is done again, and does no harm."""
    slow.upload_training(f"{slow.container}-training")
    passing(slow, slow.create()[1])
    _, training, _ = slow.ask("POST", f"projects/{slow.project}/train", body("M", publish={}))

    def part() -> Any:
        slow.language.clock.advance(30)
        found = slow.get(f"operations/{training['key']}")
        return found if found.get("part") == "publish" else None

    between = slow.until(part)
    assert between["state"] in ("starting", "running")
    assert between["result"]["model"] == "M"
    slow.tick(timedelta(minutes=5))
    ended = passing(slow, training)
    assert (ended["state"], ended["result"]["published"]) == ("succeeded", True)


# --- what the quickstart's protocol cannot do -------------------------------------------------------------------


@QUICKSTART
@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("PATCH", "", {"description": "x"}),
        ("POST", "/import", {"labelsLocation": "labels.json"}),
        ("POST", "/export", {}),
        ("GET", "/train/jobs", None),
        ("POST", "/train/jobs/J/cancel", None),
        ("GET", "/models/M", None),
        ("GET", "/deployments/D", None),
        ("DELETE", "/deployments/D", None),
        ("POST", "/deployments/swap", {"firstDeploymentName": "a", "secondDeploymentName": "b"}),
    ],
)
def test_what_the_quickstarts_protocol_cannot_do_is_501_and_says_what_to_do_instead(
    world: World, method: str, path: str, asked: Any
) -> None:
    status, message = error(world.ask(method, f"projects/{world.project}{path}", asked))
    assert (status, "2023-04-01" in message) == (501, True)


@QUICKSTART
def test_the_quickstarts_protocol_knows_no_languages(world: World) -> None:
    assert error(world.ask("GET", "languages"))[0] == 501
