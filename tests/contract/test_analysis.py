"""Analysis: one contract for today's protocol (over the local Language service) and its twin in memory."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.language.server.server import LanguageService
from local.stack.azurite import Azurite
from shared.domain.documents import SERVICE_PACK
from shared.domain.text import REQUEST_TEXT
from shared.errors import Rejected, ResourceNotFound
from shared.labels.formats import parse_labels
from shared.language.current import CurrentLanguage
from shared.language.transport import Transport
from shared.language.types import Analysis, Classifier, Kind, LabelledDocument, Labels, Progress, Project, State, Text
from tests.fakes.language import DEPLOYMENT, PROJECT, WORDS, MemoryLanguage

SECONDS = 60.0
LOCATIONS = {f"{category}{number}.txt": category for category in WORDS for number in range(10)}
LABELS = Labels(tuple(WORDS), tuple(LabelledDocument(name, (category,)) for name, category in LOCATIONS.items()))
DISHES = "Simmer the onion by the recipe, then let the oven do the rest: simmer, onion, oven, recipe."
SHIPS = "The mast fell, the anchor held in the harbour, the rigging was lost: mast, anchor, harbour, rigging."


@dataclass(frozen=True)
class Side:
    """One of the two, with its project's name."""

    language: Any
    project: str

    @property
    def classifier(self) -> Classifier:
        return Classifier(self.language.dialect, self.project, DEPLOYMENT, kind=Kind.MULTI)

    def begin(self, *texts: str) -> str:
        return self.begin_texts([Text(f"d{number}", text, "en") for number, text in enumerate(texts)])

    def begin_texts(self, texts: list[Text]) -> str:
        return str(self.language.begin_analyze(texts, self.classifier, "name"))

    def ended(self, job: str) -> Analysis:
        found: Analysis = until_final(lambda: self.language.analysis(job))
        return found


def until_final(look: Any) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := look()).state.final:
        assert time.monotonic() < deadline, found
    return found


@pytest.fixture(scope="module")
def published(azurite: Azurite, language_service: LanguageService) -> Side:
    """A project at the local Language service that has learnt the twin's words."""
    project = f"P{uuid.uuid4().hex[:10]}"
    container = project.lower()
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        folder = blobs.create_container(container)
        for number, (name, category) in enumerate(LOCATIONS.items()):
            folder.upload_blob(name, f"{' '.join(WORDS[category]).lower()} number {number}. " * 3)
    language = CurrentLanguage(Transport(language_service.endpoint, key=language_service.key, token=None), "2023-04-01")
    wanted = Project(project, Kind.MULTI, container, labels_location="labels.json")
    creation = language.begin_create_project(wanted, LABELS)
    succeeds(lambda: language.creation(project, creation))
    training = language.begin_train(project, "M")
    succeeds(lambda: language.training(project, training))
    publishing = language.begin_publish(project, "M", DEPLOYMENT)
    succeeds(lambda: language.publishing(project, DEPLOYMENT, publishing))
    return Side(language, project)


def succeeds(look: Any) -> None:
    found: Progress = until_final(look)
    assert found.state is State.SUCCEEDED, found.error


@pytest.fixture(params=["memory", "service"])
def side(request: pytest.FixtureRequest) -> Side:
    if request.param == "memory":
        return Side(MemoryLanguage(), PROJECT)
    found: Side = request.getfixturevalue("published")
    return found


def test_each_text_gets_its_classes_best_first_under_its_id(side: Side) -> None:
    found = side.ended(side.begin(DISHES.lower(), SHIPS.lower()))
    assert (found.state, found.errors, found.error) == (State.SUCCEEDED, {}, "")
    assert {key: scores[0].category for key, scores in found.classes.items()} == {"d0": "Cooking", "d1": "Sailing"}
    confidences = [[score.confidence for score in scores] for scores in found.classes.values()]
    assert all(given == sorted(given, reverse=True) and 0 <= min(given) <= max(given) <= 1 for given in confidences)


def test_what_a_job_found_can_be_asked_again(side: Side) -> None:
    job = side.begin(DISHES)
    assert side.ended(job) == side.ended(job)


def test_a_request_sent_twice_is_two_jobs(side: Side) -> None:
    assert side.begin(DISHES) != side.begin(DISHES)


def test_a_full_request_is_answered_in_full(side: Side) -> None:
    found = side.ended(side.begin(*[DISHES] * SERVICE_PACK))
    assert found.classes.keys() == {f"d{number}" for number in range(SERVICE_PACK)}


def test_a_blank_document_is_in_error_and_its_job_is_not(side: Side) -> None:
    found = side.ended(side.begin(DISHES, " \n"))
    assert found.state is State.SUCCEEDED
    assert (set(found.classes), set(found.errors)) == ({"d0"}, {"d1"})
    assert found.errors["d1"]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [Text(f"{number}", DISHES) for number in range(SERVICE_PACK + 1)],
        [Text("same", DISHES), Text("same", SHIPS)],
        [Text("a", " "), Text("b", "\n")],
        [Text("a", "x" * (REQUEST_TEXT + 1))],
    ],
    ids=["nothing", "too many", "an id twice", "all blank", "too long"],
)
def test_what_is_refused_as_a_whole(side: Side, texts: list[Text]) -> None:
    with pytest.raises(Rejected):
        side.begin_texts(texts)


def test_the_longest_text_is_taken(side: Side) -> None:
    assert side.begin("onion " * (REQUEST_TEXT // 6))


def test_a_job_that_is_not_known(side: Side) -> None:
    with pytest.raises(ResourceNotFound):
        side.language.analysis("00000000-0000-0000-0000-000000000000")


def test_labels_are_exported_as_they_were_imported_and_a_training_uses_them(side: Side) -> None:
    language, project = side.language, side.project
    before = exported(side)
    assert {one.location: one.classes for one in before.documents}.items() >= {"Cooking1.txt": ("Cooking",)}.items()
    first, *others = before.documents
    after = Labels(before.classes, (replace(first, dataset="Test"), *(replace(one, dataset="Train") for one in others)))
    job = language.begin_import(language.project(project), after)
    succeeds(lambda: language.creation(project, job))
    assert exported(side) == after
    training = language.begin_train(project, "Another", manual_split=True)
    succeeds(lambda: language.training(project, training))
    assert language.evaluation(project, "Another").macro_f1 >= 0


def exported(side: Side) -> Labels:
    job = side.language.begin_export(side.project)
    succeeds(lambda: side.language.exporting(side.project, job))
    return parse_labels(side.language.exported(side.project, job))


@pytest.mark.parametrize("names", [{"project": "Nobody"}, {"deployment": "nowhere"}])
def test_a_classifier_that_is_not_known(side: Side, names: dict[str, str]) -> None:
    named: dict[str, Any] = {"project": side.project, "deployment": DEPLOYMENT, **names}
    with pytest.raises(ResourceNotFound):
        side.language.begin_analyze([Text("a", DISHES)], Classifier(side.language.dialect, **named), "name")


def test_a_classifier_by_its_name_knows_its_kind(side: Side) -> None:
    assert side.language.classifier(side.project, DEPLOYMENT, "") == side.classifier
    with pytest.raises(ResourceNotFound):
        side.language.classifier("Nobody", DEPLOYMENT, "")


def test_a_publishing_is_followed_to_its_end(side: Side) -> None:
    job = side.language.begin_publish(side.project, "M", DEPLOYMENT)
    succeeds(lambda: side.language.publishing(side.project, DEPLOYMENT, job))
    assert side.ended(side.begin(DISHES)).state is State.SUCCEEDED


def test_a_deployment_has_the_model_that_was_published_to_it(side: Side) -> None:
    job = side.language.begin_publish(side.project, "M", DEPLOYMENT)
    succeeds(lambda: side.language.publishing(side.project, DEPLOYMENT, job))
    assert side.language.deployment(side.project, DEPLOYMENT).model == "M"
    for names in (("Nobody", DEPLOYMENT), (side.project, "nowhere")):
        with pytest.raises(ResourceNotFound):
            side.language.deployment(*names)


def test_a_publishing_that_is_not_known(side: Side) -> None:
    with pytest.raises(ResourceNotFound):
        side.language.begin_publish("Nobody", "M", DEPLOYMENT)
    with pytest.raises(ResourceNotFound):
        side.language.publishing(side.project, DEPLOYMENT, "00000000-0000-0000-0000-000000000000")
