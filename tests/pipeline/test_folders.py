"""A classifier for each folder: which one a file goes to, jobs of one classifier each, and one that is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.documents import POSTPONED_FIRST, POSTPONED_MAX, Document, DocumentState
from shared.domain.jobs import Job
from shared.domain.operations import OperationKind
from shared.domain.routing import MODEL_ASKED_AGAIN, MODEL_KNOWN_FOR, ActiveClassifier, FolderClassifier, Routing
from shared.domain.singletons import ClassifierGate, Gate
from shared.errors import AccessDenied, LanguageError, ResourceNotFound, Throttled, Unavailable
from shared.language.types import Classifier, Deployment, Progress, State, Text
from shared.learning.reviews import Review
from shared.learning.statistics import Source, Statistics
from shared.operations.handlers import HANDLERS
from shared.pipeline import gate
from shared.pipeline.classifier import MODELS_AT_ONCE, routing
from shared.services import Services
from shared.settings import PREVIEW_API, TODAY_API
from tests.fakes.language import DEPLOYMENT, PROJECT, MemoryLanguage
from tests.support.app_on_azurite import World
from tests.support.full_day_script import SECOND, SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import CLASSIFIER, NOW, document, operation, seconds

ENGLISH = Classifier("current", PROJECT, SECOND, model="Other")
FOLDER = "reviews/en/"
UNKNOWN = f"{PROJECT}/{SECOND}"


class Counting(MemoryLanguage):
    """Counts the submissions to each deployment, those that fail too."""

    def __init__(self) -> None:
        super().__init__()
        self.others = {SECOND: "Other"}
        self.submissions: list[str] = []

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        self.submissions.append(classifier.deployment)
        return super().begin_analyze(texts, classifier, name)


def ready(folders: Mapping[str, str] = {FOLDER: SECOND}, *, default: bool = True) -> tuple[Stage, Instance]:
    """An app whose default is the production deployment, and with these deployments for prefixes."""
    stage = Stage(language=Counting())
    app = app_with_classifier(stage) if default else stage.instance()
    for prefix, deployment in folders.items():
        assert app.ask("PUT", f"classifiers/{prefix}", {"project": PROJECT, "deployment": deployment}).status == 200
    return stage, app


def submissions(stage: Stage) -> list[str]:
    assert isinstance(stage.language, Counting)
    return stage.language.submissions


def arrive(stage: Stage, app: Instance, *names: str) -> None:
    """One tick claims them all, and the next one submits them."""
    for name in names:
        put(name, SHIP)(stage)
    app.ask("POST", "sweep")
    ticks(stage, app, 2)


def ticks(stage: Stage, app: Instance, number: int, wait: float = 10) -> None:
    for _ in range(number):
        stage.wait(wait)
        app.tick()


def known(stage: Stage, name: str) -> Document:
    [found] = [one for one in stage.known() if one.name == name]
    return found


def jobs(stage: Stage) -> list[Job]:
    return [one for one in stage.check().values() if isinstance(one, Job)]


def check_of(app: Instance, name: str) -> Any:
    [found] = [check for check in app.ask("GET", "health").body["checks"] if check["name"] == name]
    return found


def active(stage: Stage) -> ActiveClassifier:
    return stage.instance().services.ledger.read(ActiveClassifier)


# --- which classifier --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "deployment"),
    [("a.txt", "default"), ("reviews/a.txt", "all"), (FOLDER + "a.txt", "en"), ("reviews/english.txt", "all")],
)
def test_the_longest_prefix_applies(name: str, deployment: str) -> None:
    own = {FOLDER: "en", "reviews/": "all", "reviews/en/x": "longer"}
    folders = tuple(FolderClassifier(prefix, Classifier("current", "P", own[prefix])) for prefix in own)
    found = Routing(Classifier("current", "P", "default"), folders).classifier_for(name)
    assert found is not None
    assert found.deployment == deployment


def test_a_file_in_no_folder_has_no_classifier_without_a_default() -> None:
    routes = Routing(None, (FolderClassifier(FOLDER, ENGLISH),))
    assert (routes.classifier_for("a.txt"), routes.classifier_for(f"{FOLDER}a.txt")) == (None, ENGLISH)


def test_a_job_has_one_classifier_and_all_of_its_documents_belong_to_it() -> None:
    stage, app = ready()
    names = [f"{folder}{number}.txt" for number in range(20) for folder in (FOLDER, "")]
    arrive(stage, app, *names)
    stage.drain()
    files = {one.key: one.name for one in stage.known()}
    found = sorted((job.classifier.deployment, len(job.documents)) for job in jobs(stage))
    assert found == [(DEPLOYMENT, 20), (SECOND, 20)]
    for job in jobs(stage):
        own = {files[key].startswith(FOLDER) for key in job.documents}
        assert own == {job.classifier.deployment == SECOND}
    assert stage.documents.result(f"{FOLDER}0.txt")["model"] == "Other"


def test_suspects_of_one_classifier_wait_for_the_fresh_ones_of_another() -> None:
    stage, app = ready()
    arrive(stage, app, f"{FOLDER}a.txt")
    stage.drain()
    app.ask("PUT", "submission", {"paused": True})
    again = known(stage, f"{FOLDER}a.txt")
    app.ask("POST", "documents/replay", {"keys": [again.key]})
    waiting = app.services.ledger.find(Document, again.key)
    assert waiting is not None
    app.services.ledger.commit((waiting, replace(waiting, attempts=1)))
    put("b.txt", SHIP)(stage)
    app.land("b.txt")
    app.ask("PUT", "submission", {"paused": False})
    submissions(stage).clear()
    ticks(stage, app, 1)
    assert submissions(stage) == [DEPLOYMENT, SECOND]


# --- files without a classifier ----------------------------------------------------------------------------------


def test_files_that_no_classifier_takes_do_not_block_the_others() -> None:
    """They landed first, and are more than a tick reads at once."""
    stage, app = ready(default=False)
    arrive(stage, app, *(f"other{number:03}.txt" for number in range(120)))
    arrive(stage, app, f"{FOLDER}a.txt")
    ticks(stage, app, 2)
    assert known(stage, f"{FOLDER}a.txt").state is DocumentState.SUCCEEDED
    other = app.ask("GET", f"documents/{known(stage, 'other000.txt').key}").body
    assert "No classifier takes this file: PUT /api/classifiers/PREFIX" in other["waitingFor"]
    check = check_of(app, "classifier")
    assert (check["status"], check["detail"].partition(":")[0][:21]) == ("red", "100 files, such as ot")
    assert known(stage, "other000.txt").attempts == 0


def test_files_that_no_classifier_took_go_to_one_that_is_set() -> None:
    stage, app = ready(default=False)
    arrive(stage, app, "a.txt")
    ticks(stage, app, 6)
    assert app.ask("PUT", "classifier", {"project": PROJECT, "deployment": DEPLOYMENT}).status == 200
    ticks(stage, app, 9)
    assert known(stage, "a.txt").state is DocumentState.SUCCEEDED


def test_a_document_that_is_postponed_waits_as_long_again_as_before() -> None:
    one, now, waits = document(), NOW, []
    for _ in range(9):
        one = one.postponed("No classifier.", now)
        waits.append(one.due - now)
        now = one.due
    assert (waits[0], waits[3], waits[-1]) == (POSTPONED_FIRST, 4 * POSTPONED_FIRST, POSTPONED_MAX)
    assert (one.attempts, one.setbacks, one.refusals, len(one.timeline)) == (0, 0, 0, 2)
    assert one.postponed("Another reason.", now).due - now == POSTPONED_FIRST


# --- a classifier that the service does not know -----------------------------------------------------------------


def missing(number: int = 1) -> tuple[Stage, Instance]:
    """The folder's deployment was deleted elsewhere; then files land in it and outside."""
    stage, app = ready()
    stage.language.others.clear()
    arrive(stage, app, *(f"{FOLDER}{one:03}.txt" for one in range(number)), "a.txt")
    return stage, app


def test_a_missing_deployment_blocks_its_own_documents_only() -> None:
    stage, app = missing()
    ticks(stage, app, 2)
    blocked = known(stage, f"{FOLDER}000.txt")
    assert known(stage, "a.txt").state is DocumentState.SUCCEEDED
    assert (blocked.state, blocked.attempts) == (DocumentState.WAITING, 0)
    assert app.services.ledger.read(Gate).until is None


def test_a_missing_deployment_is_named_by_health_and_by_its_documents() -> None:
    stage, app = missing(number=40)
    assert check_of(app, "gate")["status"] == "ok"
    check = check_of(app, "classifier")
    assert check["status"] == "waiting"
    assert f"No submissions to classifier {UNKNOWN} since" in check["detail"]
    ticks(stage, app, 40)
    assert check_of(app, "classifier")["status"] == "red"
    for name in (f"{FOLDER}000.txt", f"{FOLDER}039.txt"):
        why = app.ask("GET", f"documents/{known(stage, name).key}").body["waitingFor"]
        assert SECOND in why
    stage.language.others = {SECOND: "Other"}
    stage.drain()
    assert app.ask("GET", "health").body["status"] == "ok"


def test_health_names_no_classifier_that_no_file_goes_to() -> None:
    """A submission that was under way when the classifier of its folder was changed has failed since."""
    stage, app = ready()
    services = app.services
    gate.close(services, ResourceNotFound("404"), stage.now, classifier=UNKNOWN)
    assert check_of(app, "classifier")["status"] == "waiting"
    gone = f"{PROJECT}/gone"
    services.ledger.change(Gate, Gate.reopened)
    gate.close(services, ResourceNotFound("404"), stage.now, classifier=gone)
    assert check_of(app, "classifier")["status"] == "ok"


def test_a_missing_deployment_is_asked_once_a_closing_however_many_documents_wait() -> None:
    stage, app = missing(number=200)
    ticks(stage, app, 60)
    assert 3 <= submissions(stage).count(SECOND) <= 8
    assert {one.attempts for one in stage.known()} == {0}


def test_documents_of_a_missing_deployment_do_not_block_those_that_land_later() -> None:
    stage, app = missing(number=150)
    for number in range(5):
        name = f"later{number}.txt"
        put(name, SHIP)(stage)
        app.land(name)
        ticks(stage, app, 3)
        assert known(stage, name).state is DocumentState.SUCCEEDED


def test_a_change_of_the_folders_classifier_opens_it_again() -> None:
    stage, app = missing()
    ticks(stage, app, 3)
    assert app.ask("PUT", f"classifiers/{FOLDER}", {"project": PROJECT, "deployment": DEPLOYMENT}).status == 200
    assert check_of(app, "classifier")["status"] == "ok"
    ticks(stage, app, 6)
    assert known(stage, f"{FOLDER}000.txt").state is DocumentState.SUCCEEDED


@pytest.mark.parametrize("trouble", [Throttled("429"), AccessDenied("401"), Unavailable("down")])
def test_other_trouble_of_a_folders_submission_still_stops_all(trouble: LanguageError) -> None:
    stage, app = ready()
    stage.language.troubles = [trouble]
    arrive(stage, app, f"{FOLDER}a.txt", "b.txt")
    assert len(submissions(stage)) == 1
    assert app.services.ledger.read(Gate).is_closed(stage.now)
    assert check_of(app, "classifier")["status"] == "ok"


def test_where_the_only_classifier_is_missing_documents_stay_as_they_are() -> None:
    """There is nobody for whom to make way; and a new classifier takes them at once."""
    stage, app = ready({})
    app.services.ledger.write(
        replace(active(stage), classifier=replace(CLASSIFIER, deployment="gone"), looked=stage.now)
    )
    arrive(stage, app, *(f"{number:02}.txt" for number in range(30)))
    untouched = [one for one in stage.known() if len(one.timeline) == 1]
    assert len(untouched) == 5
    why = app.ask("GET", f"documents/{untouched[0].key}").body["waitingFor"]
    assert f"No submissions to classifier {PROJECT}/gone since" in why


def test_a_success_forgets_the_trouble_of_its_own_classifier_only() -> None:
    stage = Stage()
    services = stage.instance().services
    for name in ("P/one", "P/two"):
        gate.close(services, ResourceNotFound("404"), NOW, classifier=name)
    assert {one.name for one in services.ledger.read(Gate).blocked} == {"P/one", "P/two"}
    gate.relax(services, NOW + timedelta(minutes=1), "P/one")
    assert [one.name for one in services.ledger.read(Gate).blocked] == ["P/two"]


def test_consecutive_closings_of_a_classifiers_gate_are_longer_each_time() -> None:
    services, now, waits = Stage().instance().services, NOW, []
    for _ in range(4):
        gate.close(services, ResourceNotFound("404"), now, classifier="P/one")
        until = services.ledger.read(Gate).of("P/one").until
        assert until is not None
        waits.append(until - now)
        now = until
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0]


def test_what_a_process_has_seen_closed_stays_closed_for_each_classifier() -> None:
    one = ClassifierGate(NOW + seconds(60), name="P/one")
    two = ClassifierGate(NOW + seconds(5), name="P/two")
    shorter = replace(one, until=NOW + seconds(1))
    joined = Gate(blocked=(one,)).joined(Gate(blocked=(shorter, two)))
    assert (joined.of("P/one").until, joined.of("P/two").until) == (one.until, two.until)
    assert joined.joined(Gate().reopened()) == Gate(reopenings=1)


def test_times_of_a_classifiers_gate_that_a_wrong_clock_wrote_are_corrected() -> None:
    ahead = NOW + timedelta(days=3)
    part = ClassifierGate(name="P/one").closed("404", seconds(15), ahead)
    assert Gate(blocked=(part,)).bounded(NOW).of("P/one").until == NOW + seconds(15)


# --- what changes at the service ---------------------------------------------------------------------------------

PLACES = {FOLDER: SECOND, "b/": SECOND, "c/": DEPLOYMENT}


def effect(stage: Stage, kind: OperationKind, result: Any = None, **parameters: Any) -> Mapping[str, Any]:
    """What the operation's end changes, once it is written; and its result."""
    services = stage.instance().services
    wanted = replace(operation(), kind=kind, parameters=parameters, result=result or {})
    changes, found = HANDLERS[kind].effect(services, wanted, Progress(State.SUCCEEDED), stage.now)
    services.ledger.commit(*changes)
    return found


def models(stage: Stage) -> dict[str, str]:
    return {folder.prefix: folder.classifier.model for folder in active(stage).folders}


def test_a_swap_changes_the_models_of_all_at_both_deployments() -> None:
    stage, _ = ready(PLACES)
    assert models(stage) == {FOLDER: "Other", "b/": "Other", "c/": "First"}
    result = effect(stage, OperationKind.SWAP, {"deployments": {DEPLOYMENT: "Other", SECOND: "First"}})
    assert models(stage) == {FOLDER: "First", "b/": "First", "c/": "Other"}
    assert result["changedPrefixes"] == ["b/", "c/", FOLDER]
    assert result["classifier"] == "dropped files go to Other now"


def test_a_deleted_deployment_takes_the_prefixes_with_it_that_went_to_it() -> None:
    stage, _ = ready(PLACES)
    result = effect(stage, OperationKind.UNPUBLISH, deployment=SECOND)
    assert result == {"removedPrefixes": ["b/", FOLDER]}
    found = active(stage)
    assert ([folder.prefix for folder in found.folders], found.classifier is None) == (["c/"], False)


def test_a_deleted_project_takes_all_its_prefixes_with_it() -> None:
    stage, _ = ready(PLACES)
    result = effect(stage, OperationKind.DELETE)
    assert result == {
        "classifier": "cleared: it belonged to this project",
        "removedPrefixes": ["b/", "c/", FOLDER],
    }
    assert (active(stage).classifier, active(stage).folders) == (None, ())


@pytest.mark.parametrize("as_classifier", [True, False])
def test_a_publishing_keeps_the_prefixes_and_gives_those_of_its_deployment_the_model(as_classifier: bool) -> None:
    stage, _ = ready(PLACES)
    result = effect(stage, OperationKind.PUBLISH, model="Newer", deployment=SECOND, asClassifier=as_classifier)
    assert models(stage) == {FOLDER: "Newer", "b/": "Newer", "c/": "First"}
    assert result["changedPrefixes"] == ["b/", FOLDER]
    default = active(stage).classifier
    assert default is not None
    assert default.deployment == (SECOND if as_classifier else DEPLOYMENT)


def test_an_operation_elsewhere_changes_nothing() -> None:
    stage, _ = ready(PLACES)
    services = stage.instance().services
    elsewhere = replace(operation(project="Elsewhere"), kind=OperationKind.DELETE)
    assert HANDLERS[OperationKind.DELETE].effect(services, elsewhere, Progress(State.SUCCEEDED), NOW) == ([], {})


def test_a_model_id_that_the_default_is_known_to_have_is_replaced_and_removed_with_its_deployment() -> None:
    """In the quickstart's protocol, a folder's classifier is only a model id."""
    stage = Stage()
    services = stage.instance().services
    default = Classifier("preview", PROJECT, DEPLOYMENT, "id_1", model="First")
    folders = tuple(
        FolderClassifier(prefix, Classifier("preview", model_id=model_id))
        for prefix, model_id in (("a/", "id_1"), ("b/", "id_2"))
    )
    services.ledger.write(ActiveClassifier(default, NOW, folders=folders))
    wanted = replace(operation(), kind=OperationKind.PUBLISH, parameters={"model": "Newer", "deployment": DEPLOYMENT})
    progress = Progress(State.SUCCEEDED, model_id="id_3")
    changes, result = HANDLERS[OperationKind.PUBLISH].effect(services, wanted, progress, NOW)
    services.ledger.commit(*changes)
    assert [folder.classifier.model_id for folder in active(stage).folders] == ["id_3", "id_2"]
    assert result["changedPrefixes"] == ["a/"]


def test_a_new_default_keeps_the_prefixes() -> None:
    stage, app = ready()
    assert app.ask("PUT", "classifier", {"project": PROJECT, "deployment": SECOND}).status == 200
    assert [folder.prefix for folder in active(stage).folders] == [FOLDER]


# --- models ------------------------------------------------------------------------------------------------------


def test_the_model_of_a_folders_deployment_is_read_again_after_a_while() -> None:
    stage, app = ready(PLACES)
    stage.language.others[SECOND] = "Elsewhere"
    assert routing(app.services, stage.now).classifier_for("b/1.txt") == ENGLISH
    stage.now += MODEL_KNOWN_FOR
    assert routing(app.services, stage.now).classifier_for("b/1.txt") == replace(ENGLISH, model="Elsewhere")
    assert models(stage) == {FOLDER: "Elsewhere", "b/": "Elsewhere", "c/": "First"}


@pytest.mark.parametrize("path", ["classifiers/d/", "classifier"])
def test_a_publishing_that_ends_while_a_classifier_is_set_keeps_its_model(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, app = ready({"b/": SECOND})
    read = stage.language.deployments

    def overtaken(project: str) -> list[Deployment]:
        found = read(project)
        monkeypatch.undo()
        stage.language.others[SECOND] = "Newer"
        effect(stage, OperationKind.PUBLISH, model="Newer", deployment=SECOND, asClassifier=False)
        return found

    monkeypatch.setattr(stage.language, "deployments", overtaken)
    assert app.ask("PUT", path, {"project": PROJECT, "deployment": SECOND}).status == 200
    used = routing(app.services, stage.now).classifiers
    assert {one.model for one in used if one.deployment == SECOND} == {"Newer"}


class Slow:
    """Lists which deployments were read."""

    dialect = "current"

    def __init__(self) -> None:
        self.read: list[str] = []

    def deployment(self, _: str, deployment: str) -> Any:
        self.read.append(deployment)
        raise Unavailable("It does not answer.")


def test_no_submission_waits_for_the_models_of_many_deployments() -> None:
    services = Stage().instance().services
    folders = tuple(FolderClassifier(f"{n:02}/", Classifier("current", "P", f"d{n:02}")) for n in range(20))
    services.ledger.write(ActiveClassifier(folders=folders))
    slow: Any = Slow()
    for number in range(1, 4):
        routing(replace(services, language=slow), NOW)
        assert len(slow.read) == min(20, number * MODELS_AT_ONCE)
    assert len(set(slow.read)) == 20


def test_prefixes_of_the_other_protocol_do_not_apply() -> None:
    services = Stage().instance().services
    other = FolderClassifier(FOLDER, Classifier("preview", model_id="id_1"))
    services.ledger.write(ActiveClassifier(CLASSIFIER, NOW, NOW, (other,)))
    assert routing(services, NOW) == Routing(CLASSIFIER)
    assert services.ledger.read(ActiveClassifier).folders == (other,)


def with_setting(services: Services, name: str) -> Services:
    return replace(services, settings=replace(services.settings, classifier=name))


def test_a_setting_that_names_no_project_does_not_stop_folders() -> None:
    stage, app = ready(default=False)
    services = with_setting(app.services, "Nowhere/production")
    assert routing(services, stage.now).default is None
    assert routing(services, stage.now).classifier_for(f"{FOLDER}a.txt") == ENGLISH
    services.ledger.write(replace(services.ledger.read(ActiveClassifier), folders=()))
    with pytest.raises(ResourceNotFound):
        routing(services, stage.now)


def test_a_setting_that_names_no_project_is_asked_for_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for each submission would exhaust the authoring quota, and the folders would wait."""
    stage, app = ready(default=False)
    services = with_setting(app.services, f"{PROJECT}/{DEPLOYMENT}")
    asked = []

    def unknown(*named: str) -> Classifier:
        asked.append(named)
        raise ResourceNotFound("There is no such project.")

    with monkeypatch.context() as patch:
        patch.setattr(stage.language, "classifier", unknown)
        for _ in range(5):
            assert routing(services, stage.now).classifiers == {ENGLISH}
    assert len(asked) == 1
    stage.now += MODEL_ASKED_AGAIN
    assert routing(services, stage.now).default is not None


# --- what is kept by classifier ----------------------------------------------------------------------------------


def test_statistics_and_reviews_are_those_of_the_folders_classifier() -> None:
    stage, app = ready()
    for name in (f"{FOLDER}a.txt", "b.txt"):
        put(name, "no class at all")(stage)
    app.ask("POST", "sweep")
    ticks(stage, app, 1)
    stage.drain()
    values = stage.check().values()
    counted = {one.source: one.states for one in values if isinstance(one, Statistics)}
    assert counted == {
        Source(PROJECT, SECOND): {"succeeded": 1},
        Source(PROJECT, DEPLOYMENT): {"succeeded": 1},
    }
    reviews = {one.name: one.classifier.deployment for one in values if isinstance(one, Review)}
    assert reviews == {f"{FOLDER}a.txt": SECOND, "b.txt": DEPLOYMENT}


def test_a_replay_compares_each_document_with_the_classifier_of_its_folder() -> None:
    stage, app = ready()
    arrive(stage, app, f"{FOLDER}a.txt", "b.txt")
    stage.drain()
    older = {"olderModel": True, "dryRun": True}

    def outdated() -> list[str]:
        return [one["name"] for one in app.ask("POST", "documents/replay", older).body["value"]]

    assert outdated() == []
    stage.language.others[SECOND] = "Newer"
    stage.now += MODEL_KNOWN_FOR
    assert outdated() == [f"{FOLDER}a.txt"]
    app.ask("PUT", "classifiers/b", {"project": PROJECT, "deployment": SECOND})
    assert sorted(outdated()) == ["b.txt", f"{FOLDER}a.txt"]
    app.services.ledger.change(ActiveClassifier, lambda before: before.without_folder("b").without_folder(FOLDER))
    app.services.ledger.change(ActiveClassifier, lambda before: replace(before, classifier=None))
    assert app.ask("POST", "documents/replay", older).status == 404


# --- both protocols ----------------------------------------------------------------------------------------------

RECIPE = "Chop the garlic and simmer the onion in butter."


def put_today(world: World) -> dict[str, str]:
    body = {"tasks": [{"trainingModelName": "MyModel", "deploymentName": "english"}], "asClassifier": False}
    _, started, _ = world.ask("POST", f"projects/{world.project}/publish", body)
    assert world.ended(started)["state"] == "succeeded"
    return {"project": world.project, "deployment": "english"}


def put_quickstart(world: World) -> dict[str, str]:
    return {"modelId": world.get("classifier")["modelId"]}


@pytest.mark.parametrize(("world", "own"), [(TODAY_API, put_today), (PREVIEW_API, put_quickstart)], indirect=["world"])
def test_a_folder_has_a_classifier_of_its_own_in_both_protocols(
    world: World, own: Callable[[World], dict[str, str]]
) -> None:
    world.publish()
    body = own(world)
    status, answer, _ = world.ask("PUT", "classifiers/reviews/en/", body)
    assert (status, {name: answer[name] for name in body}) == (200, body)
    for name in (f"{FOLDER}a.txt", "b.txt"):
        world.drop(name, RECIPE)
    inside = world.until(lambda: world.result(f"{FOLDER}a.txt"))
    outside = world.until(lambda: world.result("b.txt"))
    fields = ("project", "deployment", "modelId")
    assert {name: inside[name] for name in fields} == {**dict.fromkeys(fields, ""), **body}
    assert outside["deployment"] == "production"
    documents = world.documents("succeeded")
    assert documents[f"{FOLDER}a.txt"]["job"] != documents["b.txt"]["job"]
