"""The view of projects: made, trained, published, evaluated, deleted; and the classifiers that files go to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local.cli.client import Client
from local.cli.training_data import LABELS_NAME, samples
from local.stack.discovery import Stack
from tests.console.browser import ConsolePage
from tests.console.labelled_projects import KITCHEN, NAMES, SEA, SPACE, LabelledProject, text_of
from tests.host.host_apps import eventually

PROJECT = samples().project  # the quickstart's, of several classes a text
SINGLE = "genres"  # a project of one class a text
EACH, FEW = 90, 12  # texts of each of its classes: more are held out than one page of predictions has
BEFORE = {"blue": "One", "green": "Two"}  # its deployments and their models, at the start of a test
SECONDS = 60.0
DEFAULT = {"project": PROJECT, "deployment": "production"}
PREFIX = "to the sea/<b>& more/"


@pytest.fixture(scope="module")
def single(app: Client) -> LabelledProject:
    """A project with the models One and Two."""
    project = LabelledProject(app, SINGLE)
    project.create(EACH)
    for model in ("One", "Two"):
        project.train(model)
    return project


@pytest.fixture
def deployed(single: LabelledProject) -> LabelledProject:
    """That project with the deployments BEFORE, and no others."""
    for name in single.deployments().keys() - BEFORE.keys():
        single.delete_deployment(name)
    for name, model in BEFORE.items():
        if single.deployments().get(name) != model:
            single.publish(model, name)
    return single


@pytest.fixture
def default(app: Client) -> Iterator[None]:
    """The default classifier is that of the quickstart again."""
    yield
    app.call("PUT", "classifier", DEFAULT)


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def field(page: Page, label: str) -> Locator:
    """The field whose label begins with this."""
    return page.get_by_label(re.compile(f"^{label}"))


def item(page: Page, part: str, name: str) -> Locator:
    """The item of a list that begins with this name."""
    return region(page, part).get_by_role("listitem").filter(has=page.locator("strong", has_text=name))


def followed(page: Page, title: str) -> Locator:
    """An operation that is shown with its progress."""
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=title, exact=True))


def succeeded(page: Page, title: str) -> Locator:
    """That operation, once it has ended well."""
    shown = followed(page, title)
    expect(shown.locator(".state")).to_have_text("succeeded", timeout=SECONDS * 1000)
    return shown


def confirm(page: Page, title: str, button: str) -> None:
    page.get_by_role("dialog", name=title).get_by_role("button", name=button, exact=True).click()


def rows(table: Locator) -> list[list[str]]:
    """The texts of the cells of its body."""
    return [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]


def score(ratio: float) -> str:
    return str(Decimal(ratio).quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def shown(name: str) -> str:
    """A name with what would turn it around made visible."""
    return name.replace("\u202e", "[U+202E]")


# --- all projects, and a new one ----------------------------------------------------------------------------------


def test_every_project_is_listed_with_what_was_trained_and_deployed(
    reader: ConsolePage, app: Client, deployed: LabelledProject
) -> None:
    page = reader.open("projects")
    table = region(page, "Table of all projects")
    expect(table.get_by_text("…", exact=True)).to_have_count(0)
    listed = {name: others for name, *others in rows(table)}
    assert listed.keys() == {one["name"] for one in app.call("GET", "projects")["value"]}
    kind, container, trained, published = listed[SINGLE]
    assert (kind, container) == ("one class a text", deployed.container)
    assert f"{len(deployed.models())} models" in trained or "ago" in trained
    assert f"{len(BEFORE)} deployments" in published or "ago" in published
    table.get_by_role("link", name=SINGLE).click()
    expect(page.get_by_role("heading", level=2, name=SINGLE, exact=True)).to_be_visible()


def fill(page: Page, project: LabelledProject, labels: str) -> None:
    field(page, "Name").fill(project.name)
    field(page, "Type").select_option("SingleClassification")
    field(page, "Container").fill(project.container)
    field(page, "Labels file").fill(labels)
    page.get_by_role("button", name="Check the labels").click()


def test_a_project_is_created_only_from_labels_without_errors(reader: ConsolePage, app: Client) -> None:
    fresh = LabelledProject(app, "fresh")
    documents = fresh.put_texts(FEW)
    fresh.put_labels("wrong.json", {**documents, "missing.txt": "b:d"}, [*NAMES, "b:d"])
    page = reader.open("projects")
    page.get_by_role("link", name="New project").click()
    create_it = page.get_by_role("button", name="2. Create")
    expect(create_it).to_be_disabled()
    fill(page, fresh, "wrong.json")
    expect(page.get_by_text("cannot be used", exact=True)).to_be_visible()
    errors = region(page, "Errors").get_by_role("listitem")
    proof = {"modelType": "SingleClassification", "storageInputContainerName": fresh.container}
    checked = app.call("POST", "projects/fresh/labels/check", {**proof, "labelsLocation": "wrong.json"})
    assert checked["errorCount"] == 2
    expect(errors).to_have_text([f"{one['where']} {one['what']}. {one['do']}" for one in checked["errors"]])
    expect(create_it).to_be_disabled()
    field(page, "Labels file").fill(LABELS_NAME)
    expect(errors).to_have_count(0)
    page.get_by_role("button", name="Check the labels").click()
    expect(page.get_by_text("can be used", exact=True)).to_be_visible()
    assert not fresh.exists()
    create_it.click()
    expect(followed(page, "Create project fresh").get_by_role("progressbar")).to_be_visible()
    succeeded(page, "Create project fresh")
    made = app.call("GET", "projects/fresh")
    assert made["modelType"] == "SingleClassification"
    assert made["storageInputContainerName"] == fresh.container
    page.get_by_role("link", name="Go to fresh, and train a model").click()
    expect(region(page, "Models").get_by_text("There is no model yet.")).to_be_visible()


def test_labels_that_are_changed_after_their_check_do_not_make_a_project(reader: ConsolePage, app: Client) -> None:
    reader.expect("400")
    stale = LabelledProject(app, "stale")
    stale.put_texts(FEW)
    page = reader.open("projects?create=yes")
    fill(page, stale, LABELS_NAME)
    expect(page.get_by_text("can be used", exact=True)).to_be_visible()
    app.put(stale.container, LABELS_NAME, b"{}")
    page.get_by_role("button", name="2. Create").click()
    expect(page.get_by_role("status").filter(has_text="The labels cannot be used")).to_be_visible()
    assert not stale.exists()


# --- training -----------------------------------------------------------------------------------------------------


def train_for(page: Page, model: str, deployment: str, least: str) -> None:
    """Trains a model that is to be published there, without dropped files, if its macro F1 is good enough."""
    form = region(page, "Train a model")
    form.get_by_label("Name of the model").fill(model)
    form.get_by_label("Publish it if it is good enough").check()
    form.get_by_label("Deployment").fill(deployment)
    form.get_by_label("If macro F1 is at least").fill(least)
    form.get_by_label("Dropped files go to it").uncheck()
    form.get_by_role("button", name="Train", exact=True).click()


def test_a_model_is_trained_and_not_published(reader: ConsolePage, deployed: LabelledProject) -> None:
    page = reader.open(f"projects/{SINGLE}")
    region(page, "Train a model").get_by_label("Name of the model").fill("Alone")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(followed(page, f"Train model Alone of {SINGLE}").get_by_role("progressbar")).to_be_visible()
    succeeded(page, f"Train model Alone of {SINGLE}")
    expect(item(page, "Models", "Alone")).to_contain_text("trained")
    assert "Alone" in deployed.models()
    assert deployed.deployments() == BEFORE


def test_a_model_that_meets_the_gate_is_published(reader: ConsolePage, app: Client, deployed: LabelledProject) -> None:
    before = app.call("GET", "classifier")
    page = reader.open(f"projects/{SINGLE}")
    train_for(page, "Better", "gated", "0.5")
    ended = succeeded(page, f"Train model Better of {SINGLE}")
    evaluation = deployed.evaluation("Better")
    expect(ended).to_contain_text(f"macro F1 is {score(evaluation['macroF1'])}")
    expect(ended).to_contain_text("Model Better is published to gated.")
    expect(item(page, "Deployments", "gated")).to_contain_text("has model Better")
    assert deployed.deployments() == {**BEFORE, "gated": "Better"}
    assert app.call("GET", "classifier") == before


def test_a_model_that_misses_the_gate_leaves_the_deployment_and_says_why(
    reader: ConsolePage, deployed: LabelledProject
) -> None:
    page = reader.open(f"projects/{SINGLE}")
    train_for(page, "Worse", "blue", "1")
    ended = succeeded(page, f"Train model Worse of {SINGLE}")
    macro_f1 = deployed.evaluation("Worse")["macroF1"]
    expect(ended).to_contain_text(
        f"It was not published. Its macro F1 is {macro_f1:.3f}; the requested minimum is 1.000."
    )
    expect(item(page, "Models", "Worse")).not_to_contain_text("deployed")
    assert "Worse" in deployed.models()
    assert deployed.deployments() == BEFORE


# --- models -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("default")
def test_a_model_is_published_as_the_default_classifier_or_without(
    reader: ConsolePage, app: Client, deployed: LabelledProject
) -> None:
    page = reader.open(f"projects/{SINGLE}")
    for asked in (False, True):
        page.get_by_role("button", name="Publish Two").click()
        dialog = page.get_by_role("dialog", name="Publish model Two")
        dialog.get_by_label("Deployment").fill(f"new{asked}")
        dialog.get_by_label("Dropped files go to it").set_checked(asked)
        dialog.get_by_role("button", name="Publish", exact=True).click()
        succeeded(page, f"Publish model Two of {SINGLE} to new{asked}")
        assert deployed.deployments()[f"new{asked}"] == "Two"
        assert (app.call("GET", "classifier")["project"] == SINGLE) is asked
    expect(item(page, "Deployments", "newTrue")).to_contain_text("default classifier")
    expect(item(page, "Deployments", "newFalse")).not_to_contain_text("default classifier")


def test_a_model_is_deleted_only_once_confirmed(reader: ConsolePage, deployed: LabelledProject) -> None:
    deployed.train("Spare")
    page = reader.open(f"projects/{SINGLE}")
    page.get_by_role("button", name="Delete Spare").click()
    confirm(page, "Delete model Spare?", "Cancel")
    assert "Spare" in deployed.models()
    page.get_by_role("button", name="Delete Spare").click()
    confirm(page, "Delete model Spare?", "Delete it")
    expect(item(page, "Models", "Spare")).to_have_count(0)
    assert "Spare" not in deployed.models()


def test_a_deployed_model_is_deleted_with_a_warning(reader: ConsolePage, deployed: LabelledProject) -> None:
    page = reader.open(f"projects/{SINGLE}")
    page.get_by_role("button", name="Delete One").click()
    expect(page.get_by_role("dialog", name="Delete model One?")).to_contain_text("It is deployed")
    confirm(page, "Delete model One?", "Cancel")
    assert "One" in deployed.models()


# --- deployments --------------------------------------------------------------------------------------------------


def test_another_model_is_published_and_rolled_back(reader: ConsolePage, deployed: LabelledProject) -> None:
    page = reader.open(f"projects/{SINGLE}")
    page.get_by_role("button", name="Publish another model to blue").click()
    dialog = page.get_by_role("dialog", name="Publish another model to blue")
    dialog.get_by_label("Model").select_option("Two")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(item(page, "Deployments", "blue")).to_contain_text("has model Two")
    assert deployed.deployments() == {**BEFORE, "blue": "Two"}
    page.get_by_role("button", name="Roll back to One: deployment blue").click()
    confirm(page, "Roll back to One?", "Cancel")
    assert deployed.deployments() == {**BEFORE, "blue": "Two"}
    page.get_by_role("button", name="Roll back to One: deployment blue").click()
    confirm(page, "Roll back to One?", "Roll back")
    expect(item(page, "Deployments", "blue")).to_contain_text("has model One")
    assert deployed.deployments() == BEFORE


def test_two_deployments_are_swapped_and_swapped_back(reader: ConsolePage, deployed: LabelledProject) -> None:
    page = reader.open(f"projects/{SINGLE}")
    part = region(page, "Deployments")
    part.get_by_label("This deployment").select_option("green")
    expect(part.get_by_role("combobox", name="with")).to_have_value("blue")
    part.get_by_role("button", name="Swap …").click()
    confirm(page, "Swap green and blue?", "Cancel")
    assert deployed.deployments() == BEFORE
    part.get_by_role("button", name="Swap …").click()
    confirm(page, "Swap green and blue?", "Swap")
    expect(item(page, "Deployments", "blue")).to_contain_text("has model Two")
    assert deployed.deployments() == {"blue": "Two", "green": "One"}
    page.get_by_role("button", name="Swap back with green: deployment blue").click()
    confirm(page, "Swap blue and green?", "Swap")
    expect(item(page, "Deployments", "blue")).to_contain_text("has model One")
    assert deployed.deployments() == BEFORE


def test_a_deployment_is_deleted_only_once_confirmed(reader: ConsolePage, deployed: LabelledProject) -> None:
    page = reader.open(f"projects/{SINGLE}")
    page.get_by_role("button", name="Delete deployment green").click()
    confirm(page, "Delete deployment green?", "Cancel")
    assert deployed.deployments() == BEFORE
    page.get_by_role("button", name="Delete deployment green").click()
    confirm(page, "Delete deployment green?", "Delete it")
    succeeded(page, f"Delete deployment green of {SINGLE}")
    expect(item(page, "Deployments", "green")).to_have_count(0)
    assert deployed.deployments() == {"blue": "One"}


# --- evaluation ---------------------------------------------------------------------------------------------------


def used_classes(classes: dict[str, Any]) -> dict[str, Any]:
    """Without the service's class None, where no text is without a class."""
    counts = ("truePositives", "falsePositives", "falseNegatives")
    return {name: one for name, one in classes.items() if name != "None" or sum(one[count] for count in counts)}


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize(("project", "model"), [(PROJECT, "MyModel"), (SINGLE, "One")])
def test_what_an_evaluation_says_is_what_the_api_says(
    reader: ConsolePage, app: Client, project: str, model: str
) -> None:
    wanted = LabelledProject(app, project).evaluation(model)
    page = reader.open(f"projects/{project}/models/{model}")
    verdict, *reasons = [shown(sentence) for sentence in wanted["reading"]]
    meaning = region(page, "What it means")
    expect(meaning.locator("strong")).to_have_text(verdict)
    expect(meaning.get_by_role("listitem")).to_have_text(reasons)
    averages = [
        [name, score(wanted[f"micro{name}"]), score(wanted[f"macro{name}"])] for name in ("Precision", "Recall", "F1")
    ]
    assert [row[:3] for row in rows(region(page, "Table of the averages"))] == averages
    figures = sorted(used_classes(wanted["classes"]).items(), key=lambda one: one[1]["f1"])
    assert rows(region(page, "Figures of each class")) == [
        [
            shown(name),
            *(score(one[part]) for part in ("precision", "recall", "f1")),
            str(one["truePositives"] + one["falseNegatives"]),
        ]
        for name, one in figures
    ]
    page.get_by_label("Order").select_option("texts")
    most = max(one["truePositives"] + one["falseNegatives"] for _, one in figures)
    expect(region(page, "Figures of each class").locator("tbody tr").first.locator("td").last).to_have_text(str(most))
    assert page.locator("main img, main script, main b, main i").count() == 0
    assert not reader.is_too_wide()


def test_several_classes_a_text_have_right_and_wrong_decisions(reader: ConsolePage, app: Client) -> None:
    page = reader.open(f"projects/{PROJECT}/models/MyModel")
    expect(region(page, "Table of right and wrong")).to_be_visible()
    parts = ("truePositives", "falseNegatives", "falsePositives", "trueNegatives")
    classes = used_classes(LabelledProject(app, PROJECT).evaluation("MyModel")["classes"])
    assert rows(region(page, "Table of right and wrong")) == [
        [name, *(str(one[part]) for part in parts)] for name, one in classes.items()
    ]
    expect(region(page, "Table of the confusions")).to_have_count(0)


def test_one_class_a_text_has_a_confusion_matrix(reader: ConsolePage, single: LabelledProject) -> None:
    page = reader.open(f"projects/{SINGLE}/models/One")
    matrix = region(page, "Table of the confusions")
    expect(matrix).to_be_visible()
    counts = single.evaluation("One")["confusion"]
    header = matrix.locator("thead th").all_inner_texts()[1:]
    cells = {row: dict(zip(header, texts, strict=True)) for row, *texts in rows(matrix)}
    assert cells == {
        shown(row): {shown(column): str(counts.get(row, {}).get(column, 0)) for column in NAMES} for row in NAMES
    }
    assert sum(int(cells[name][name]) for name in cells) < sum(int(n) for row in cells.values() for n in row.values())
    expect(region(page, "Table of right and wrong")).to_have_count(0)


@pytest.mark.parametrize("missing", NAMES, ids=["markup", "right-to-left", "constructor"])
def test_a_confusion_that_the_service_leaves_out_is_none(
    reader: ConsolePage, single: LabelledProject, missing: str
) -> None:
    """The service omits zeros. A class may be called like what every object of the page's language has."""
    answer = single.evaluation("One")
    answer["confusion"] = {name: {name: 3} for name in NAMES if name != missing}
    answer["confusion"][SEA if missing != SEA else SPACE][missing] = 1
    reader.page.route(f"**/api/projects/{SINGLE}/models/One/evaluation", lambda route: route.fulfill(json=answer))
    page = reader.open(f"projects/{SINGLE}/models/One")
    matrix = region(page, "Table of the confusions")
    expect(matrix).to_be_visible()
    numbers = [number for _, *row in rows(matrix) for number in row]
    assert sorted(numbers) == ["0"] * 6 + ["1"] + ["3"] * 2


def test_a_class_none_that_no_text_has_is_left_out(reader: ConsolePage, app: Client) -> None:
    """The service adds it to every evaluation."""
    answer = LabelledProject(app, PROJECT).evaluation("MyModel")
    classes = list(answer["classes"])
    parts = ("precision", "recall", "f1", "truePositives", "falseNegatives", "falsePositives")
    answer["classes"]["None"] = {**dict.fromkeys(parts, 0), "trueNegatives": 16}
    reader.page.route(f"**/api/projects/{PROJECT}/models/MyModel/evaluation", lambda route: route.fulfill(json=answer))
    page = reader.open(f"projects/{PROJECT}/models/MyModel")
    for table in ("Table of right and wrong", "Figures of each class"):
        expect(region(page, table)).to_be_visible()
        assert sorted(name for name, *_ in rows(region(page, table))) == sorted(classes)


@pytest.mark.usefixtures("single")
@pytest.mark.parametrize(("project", "model"), [(PROJECT, "MyModel"), (SINGLE, "One")])
def test_the_texts_it_got_wrong_are_those_of_the_api(
    reader: ConsolePage, app: Client, project: str, model: str
) -> None:
    wrong = LabelledProject(app, project).evaluation(model)["wrong"]
    assert wrong["count"]
    page = reader.open(f"projects/{project}/models/{model}")
    expect(page.get_by_role("link", name=f"Wrong ({wrong['count']})")).to_have_attribute("aria-current", "true")
    assert predictions(page) == [marked(one) for one in wrong["documents"]]


@pytest.mark.usefixtures("single")
def test_all_texts_are_shown_page_by_page(reader: ConsolePage, app: Client) -> None:
    path = f"projects/{SINGLE}/models/One/evaluation/documents"
    every = app.call("GET", f"{path}?top=500")["value"]
    page = reader.open(f"projects/{SINGLE}/models/One")
    page.get_by_role("link", name=f"All ({len(every)})").click()
    listed = region(page, "Texts with their classes").locator("tbody tr")
    expect(listed).to_have_count(len(app.call("GET", path)["value"]))
    page.get_by_role("button", name="Show more").click()
    expect(listed).to_have_count(len(every))
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    assert predictions(page) == [marked(one) for one in every]


def predictions(page: Page) -> list[list[str]]:
    """Name, labelled and predicted classes of each text that is shown."""
    expect(region(page, "Texts with their classes")).to_be_visible()
    return [[" ".join(cell.split()) for cell in row] for row in rows(region(page, "Texts with their classes"))]


def marked(one: Any) -> list[str]:
    """A prediction as it is shown: classes that the other side does not have are marked."""
    expected, predicted = one["expected"], one["predicted"]
    return [shown(one["name"]), _classes(expected, predicted, "missed"), _classes(predicted, expected, "wrong")]


def _classes(names: list[str], others: list[str], mark: str) -> str:
    return " ".join(shown(name) if name in others else f"{shown(name)} {mark}" for name in names) or "none"


# --- classifiers --------------------------------------------------------------------------------------------------


def choose(page: Page, title: str, project: str, deployment: str) -> None:
    dialog = page.get_by_role("dialog", name=title)
    dialog.get_by_label("Project").select_option(project)
    dialog.get_by_label("Deployment").select_option(deployment)
    dialog.get_by_role("button", name="Use it").click()


@pytest.mark.usefixtures("default", "deployed")
def test_the_default_classifier_is_changed(reader: ConsolePage, app: Client) -> None:
    before = app.call("GET", "classifier")
    page = reader.open("projects")
    part = region(page, "Classifiers by folder")
    expect(part).to_contain_text(f"Files go to {PROJECT} / production")
    part.get_by_role("button", name="Change the default …").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert app.call("GET", "classifier") == before
    part.get_by_role("button", name="Change the default …").click()
    choose(page, "Default classifier", SINGLE, "green")
    expect(part).to_contain_text(f"Files go to {SINGLE} / green")
    after = app.call("GET", "classifier")
    assert (after["project"], after["deployment"], after["model"]) == (SINGLE, "green", "Two")


@pytest.mark.usefixtures("deployed")
def test_files_of_a_prefix_go_to_its_classifier_until_it_is_removed(
    reader: ConsolePage, app: Client, stack: Stack
) -> None:
    page = reader.open("projects")
    part = region(page, "Classifiers by folder")
    part.get_by_role("button", name="Add a prefix …").click()
    page.get_by_role("dialog").get_by_label("Prefix").fill(PREFIX)
    choose(page, "Add a prefix", SINGLE, "blue")
    folder = part.get_by_role("listitem").filter(has_text=PREFIX)
    expect(folder).to_contain_text(f"{SINGLE} / blue")
    [stored] = app.call("GET", "classifiers")["value"]
    assert (stored["prefix"], stored["project"], stored["deployment"]) == (PREFIX, SINGLE, "blue")
    assert classified_by(app, stack, f"{PREFIX}tide.txt") == (SINGLE, "blue")
    part.get_by_role("button", name=f"Change {PREFIX}").click()
    choose(page, f"Classifier of {PREFIX}", SINGLE, "green")
    expect(folder).to_contain_text(f"{SINGLE} / green")
    assert classified_by(app, stack, f"{PREFIX}sail.txt") == (SINGLE, "green")
    part.get_by_role("button", name=f"Remove {PREFIX}").click()
    confirm(page, f"Remove the classifier of {PREFIX}?", "Cancel")
    assert app.call("GET", "classifiers")["value"]
    part.get_by_role("button", name=f"Remove {PREFIX}").click()
    confirm(page, f"Remove the classifier of {PREFIX}?", "Remove")
    expect(folder).to_have_count(0)
    assert app.call("GET", "classifiers")["value"] == []
    assert classified_by(app, stack, f"{PREFIX}mast.txt") == (PROJECT, "production")


def classified_by(app: Client, stack: Stack, name: str) -> tuple[str, str]:
    """The project and deployment that classify a file that is dropped now."""
    app.put(stack.container, name, text_of(SEA).encode())
    [document] = eventually(
        lambda: [one for one in app.documents("state=succeeded") if one["name"] == name], seconds=SECONDS
    )
    return document["classifier"]["project"], document["classifier"]["deployment"]


@pytest.mark.usefixtures("deployed")
def test_hostile_class_names_of_a_document_are_shown_as_text(reader: ConsolePage, app: Client, stack: Stack) -> None:
    app.call("PUT", "classifiers/hostile%2F", {"project": SINGLE, "deployment": "blue"})
    for name in (SEA, KITCHEN):
        app.put(stack.container, f"hostile/{NAMES.index(name)}.txt", text_of(name).encode())
    found = eventually(lambda: two_of(app, "state=succeeded&prefix=hostile/"), seconds=SECONDS)
    app.call("DELETE", "classifiers/hostile%2F")
    assert {one["classes"][0]["category"] for one in found} == {SEA, KITCHEN}
    page = reader.open("documents?prefix=hostile/")
    listed = page.get_by_label("List of documents").get_by_role("listitem")
    for name in (SEA, KITCHEN):
        expect(listed.filter(has_text=shown(name))).to_have_count(1)
    assert page.locator("main img, main script, main b, main i").count() == 0
    assert "\u202e" not in page.locator("main").inner_text()


def two_of(app: Client, query: str) -> list[Any]:
    found = list(app.documents(query))
    return found if len(found) == 2 else []


# --- the project itself -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("single")
def test_the_operations_of_a_project_are_found_among_those_of_others(reader: ConsolePage, app: Client) -> None:
    """An operation of one project is on a later page of all."""
    kinds = [one["kind"] for one in app.call("GET", f"operations?project={PROJECT}&top=200")["value"]]
    reader.page.route(
        "**/api/operations?*", lambda route: route.continue_(url=route.request.url.replace("top=200", "top=1"))
    )
    page = reader.open(f"projects/{PROJECT}")
    earlier = region(page, "Earlier operations")
    earlier.get_by_text(f"The last {len(kinds)}").click()
    titles = earlier.get_by_role("heading", level=3).all_inner_texts()
    assert [title.split()[0].lower() for title in titles] == kinds


@pytest.mark.usefixtures("single")
def test_a_description_is_changed(reader: ConsolePage, app: Client) -> None:
    page = reader.open(f"projects/{SINGLE}")
    page.get_by_role("button", name="Change description or language").click()
    dialog = page.get_by_role("dialog", name="Change the project")
    dialog.get_by_label("Description").fill("<b>Three</b> genres")
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(region(page, "About this project")).to_contain_text("<b>Three</b> genres")
    assert app.call("GET", f"projects/{SINGLE}")["description"] == "<b>Three</b> genres"


def test_a_project_is_deleted_only_after_its_name_is_typed(reader: ConsolePage, app: Client) -> None:
    doomed = LabelledProject(app, "doomed")
    doomed.create(2)
    page = reader.open("projects/doomed")
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog", name="Delete the project for good?")
    delete_it = dialog.get_by_role("button", name="Delete the project")
    name = dialog.get_by_label("Name of the project")
    for typed in ("", "doom", "Doomed"):
        name.fill(typed)
        expect(delete_it).to_be_disabled()
        name.press("Enter")
        assert doomed.exists()
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete …").click()
    expect(name).to_have_value("")
    name.fill("doomed")
    delete_it.click()
    expect(page.get_by_text("Project doomed is deleted.")).to_be_visible()
    assert not doomed.exists()
    page.locator("main").get_by_role("link", name="All projects").click()
    expect(region(page, "Table of all projects").get_by_role("link", name=PROJECT)).to_be_visible()
    expect(region(page, "Table of all projects").get_by_role("link", name="doomed")).to_have_count(0)
