"""Labels on the page of a project: checked and imported from a file, and exported to one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from playwright.sync_api import Locator, Page, expect

from local.cli.client import Client
from local.stack.discovery import Stack
from tests.console.browser import ConsolePage
from tests.console.labelled_projects import NAMES, LabelledProject

PROJECT, FEW = "labelled", 12  # texts of each of its classes
SECONDS = 60.0


@pytest.fixture(scope="module")
def project(app: Client) -> LabelledProject:
    made = LabelledProject(app, PROJECT)
    made.create(FEW)
    return made


def part(page: Page, title: str) -> Locator:
    return page.locator(".part").filter(has=page.get_by_role("heading", name=title, exact=True))


def ended(page: Page, title: str) -> Locator:
    shown = page.get_by_role("article").filter(has=page.get_by_role("heading", name=title, exact=True))
    expect(shown.locator(".state")).to_have_text("succeeded", timeout=SECONDS * 1000)
    return shown


@pytest.fixture(scope="module")
def container(project: LabelledProject, stack: Stack) -> Container:
    return Container(project, stack)


@dataclass(frozen=True)
class Container:
    """The labels files beside the texts of a project."""

    project: LabelledProject
    stack: Stack

    def file(self, name: str) -> Any:
        with BlobServiceClient.from_connection_string(self.stack.storage) as service:
            return json.loads(service.get_blob_client(self.project.container, name).download_blob().readall())

    def labels(self, name: str) -> dict[str, str]:
        """The class of each text, by its location."""
        documents = self.file(name)["assets"]["documents"]
        return {one["location"]: one["class"]["category"] for one in documents}

    def labels_now(self, name: str) -> dict[str, str]:
        """Those of the project, which are exported to this file."""
        app = self.project.app
        started = app.call("POST", f"{self.project.path}/export", {"labelsLocation": name})
        app.finished(f"operations/{started['key']}", SECONDS, lambda _: None)
        return self.labels(name)


def test_labels_without_errors_replace_those_of_the_project_once_confirmed(
    reader: ConsolePage, project: LabelledProject, container: Container
) -> None:
    before = container.labels_now("before.json")
    changed = {location: NAMES[0] if place < FEW else name for place, (location, name) in enumerate(before.items())}
    assert changed != before
    project.put_labels("changed.json", changed, NAMES)
    project.put_labels("wrong.json", {**before, "missing.txt": NAMES[0]}, NAMES)
    page = reader.open(f"projects/{PROJECT}")
    importing = part(page, "Import a labels file")
    location, check = importing.get_by_label("Labels file"), importing.get_by_role("button", name="Check the labels")
    use = importing.get_by_role("button", name="Import", exact=True)
    location.fill("wrong.json")
    check.click()
    expect(importing.get_by_text("cannot be used", exact=True)).to_be_visible()
    expect(use).to_be_disabled()
    location.fill("changed.json")
    expect(importing.get_by_text("cannot be used", exact=True)).to_have_count(0)
    expect(use).to_be_disabled()
    check.click()
    expect(importing.get_by_text("can be used", exact=True)).to_be_visible()
    use.click()
    dialog = page.get_by_role("dialog", name="Replace all labels?")
    dialog.get_by_role("button", name="Cancel").click()
    assert container.labels_now("kept.json") == before
    use.click()
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(ended(page, f"Import labels of {PROJECT} from changed.json")).to_contain_text("The labels are imported.")
    assert container.labels_now("after.json") == changed


def test_a_labels_file_that_is_not_there_is_told(reader: ConsolePage, project: LabelledProject) -> None:
    reader.expect("40")  # the status, which the browser logs
    page = reader.open(f"{project.path}")
    importing = part(page, "Import a labels file")
    importing.get_by_label("Labels file").fill("none.json")
    importing.get_by_role("button", name="Check the labels").click()
    expect(page.get_by_text("none.json").first).to_be_visible()
    expect(importing.get_by_role("button", name="Import", exact=True)).to_be_disabled()


@pytest.mark.parametrize("file_format", ["today", "quickstart"])
def test_labels_are_exported_to_a_file_of_the_container(
    reader: ConsolePage, container: Container, file_format: str
) -> None:
    name = f"of-{file_format}.json"
    page = reader.open(f"projects/{PROJECT}")
    exporting = part(page, "Export the labels")
    expect(exporting.get_by_label("Write them to")).to_have_value(f"{PROJECT}-labels.json")
    exporting.get_by_label("Write them to").fill(name)
    exporting.get_by_label("Format").select_option(file_format)
    exporting.get_by_role("button", name="Export", exact=True).click()
    operation = ended(page, f"Export labels of {PROJECT} to {name}")
    documents = len(NAMES) * FEW
    expect(operation).to_contain_text(f"The labels of {documents} documents are in {name} of container")
    same = container.labels_now("same.json")
    if file_format == "today":
        assert container.labels(name) == same
    else:
        documents = container.file(name)["documents"]
        assert {one["location"]: one["classifiers"][0]["classifierName"] for one in documents} == same


def test_only_a_name_of_a_json_file_is_exported_to(reader: ConsolePage, project: LabelledProject) -> None:
    page = reader.open(f"projects/{PROJECT}")
    exporting = part(page, "Export the labels")
    exporting.get_by_label("Write them to").fill("labels.txt")
    exporting.get_by_role("button", name="Export", exact=True).click()
    assert exporting.get_by_label("Write them to").evaluate("field => field.validity.patternMismatch")
    assert "labels.txt" not in project.app.stored(project.container)
