"""The documentation is held to the code: settings, routes, commands, limits, the tree, rooms, dependencies, links."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from local.__main__ import COMMANDS
from local.stack import installation
from shared import settings
from shared.api.requests import MAX_PAGE, PAGE
from shared.api.routes import ROUTES
from shared.domain.documents import DocumentState
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.jobs import JobState
from shared.domain.operations import OperationState
from shared.domain.text import MAX_FILE, MAX_TEXT
from shared.errors import SettingsError
from shared.language import current, preview
from tests.repository.shared_rooms import MODULES, PACKAGES, RANKS, SENTENCE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS, HTTP_API, RESULTS, TROUBLESHOOTING, LOCAL, QUICKSTART, GLOSSARY = (
    (ROOT / "docs" / f"{page}.md").read_text()
    for page in ("settings", "http-api", "results", "troubleshooting", "local", "quickstart", "glossary")
)
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for folder in ("docs", "samples") for page in ROOT.glob(f"{folder}/**/*.md"))]
)
MAX_README, MAX_CONTRIBUTING = 1200, 900  # words
HOST_SETTINGS = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME", settings.CONSOLE_OFF[0]}
REQUIRED = {
    "LANGUAGE_ENDPOINT": "https://name.cognitiveservices.azure.com",
    "DOCUMENTS_STORAGE": "UseDevelopmentStorage=true",
    "DOCUMENTS_CONTAINER": "documents",
    "TICK_SCHEDULE": "*/10 * * * * *",
}


def section(page: str, heading: str) -> str:
    return re.split(r"^## ", page.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, headings and rulers left out."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


def ticked(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


# --- settings ---------------------------------------------------------------------------------------------------


class Noting(Mapping[str, str]):
    """An environment that notes which names are asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_given, self.asked = values, set[str]()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_given)

    def __len__(self) -> int:
        return len(self.values_given)


def settings_read() -> set[str]:
    """The names that `settings` asks for; a connection counts once, however it is spelled."""
    environ = Noting(REQUIRED)
    settings.load(environ)
    settings.trigger_source(environ)
    assert environ.asked >= {*settings.CONSOLE_OFF}
    asked = environ.asked - {*settings.CONSOLE_OFF}
    return {name.removeprefix("AzureWebJobs").partition("__")[0] for name in asked}


def sample() -> dict[str, str]:
    values: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    return values


def documented_settings() -> dict[str, str]:
    """Name to what stands in the column for its default."""
    return {ticked(row[0])[0]: row[1] for row in rows(SETTINGS)}


def test_every_setting_is_in_the_table_and_in_the_sample_and_none_besides() -> None:
    assert set(documented_settings()) == set(sample()) == settings_read() | HOST_SETTINGS


def test_the_sample_is_right_but_for_the_resource_and_its_key() -> None:
    loaded = settings.load({**sample(), "LANGUAGE_KEY": "0123456789abcdef"})
    assert (loaded.language_key, loaded.documents_container) == ("0123456789abcdef", "documents")


def test_with_core_tools_files_that_the_trigger_missed_are_found_within_a_minute() -> None:
    assert sample()["BLOB_TRIGGER_SOURCE"] == "LogsAndContainerScan"
    assert sample()["SWEEP_MINUTES"] == "1"


def test_the_defaults_are_those_of_the_table() -> None:
    documented = {name: ticked(said) for name, said in documented_settings().items()}
    today = settings.load(REQUIRED)
    quickstart = settings.load({**REQUIRED, "LANGUAGE_API": settings.PREVIEW_API})
    assert documented["LANGUAGE_API"] == [today.language_api]
    assert documented["LANGUAGE_REQUESTS_PER_MINUTE"] == [
        str(today.requests_per_minute),
        str(quickstart.requests_per_minute),
    ]
    assert documented["RESULTS_CONTAINER"] == [today.results_container]
    assert documented["SWEEP_MINUTES"] == [str(today.sweep_minutes)]
    assert documented["BLOB_TRIGGER_SOURCE"] == [settings.trigger_source({})]
    assert (documented["LANGUAGE_KEY"], today.language_key) == ([], None)
    assert (documented["CLASSIFIER"], today.classifier) == ([], "")


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_required_is_called_so(name: str) -> None:
    assert documented_settings()[name].startswith("required")
    with pytest.raises(SettingsError, match=name):
        settings.load({other: value for other, value in REQUIRED.items() if other != name})


# --- routes, limits, states ---------------------------------------------------------------------------------------


def test_every_route_is_in_the_table_with_its_method_and_none_besides() -> None:
    documented = [ticked(row[0])[0] for row in rows(section(HTTP_API, "Routes"))]
    assert documented == [f"{one.method} /api/{one.template}".rstrip("/") for one in ROUTES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_route_that_a_page_speaks_of_exists(page: Path) -> None:
    served = {(one.method, re.sub(r"{\w+}", "*", f"/api/{one.template}")) for one in ROUTES}
    named = re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/api/[^\s`?]+)", page.read_text())
    assert {(method, re.sub(r"{\w+}", "*", path)) for method, path in named} <= served


@pytest.mark.parametrize(("page", "fewest"), [("README.md", 8), ("docs/quickstart.md", 7), ("docs/http-api.md", 7)])
def test_every_route_that_a_page_calls_exists(page: str, fewest: int) -> None:
    text = (ROOT / page).read_text()
    calls = re.findall(r"\bcurl ([^\n$]*)\$(?:T|TEXTDROP)/([\w/]+)", text)
    assert len(calls) >= fewest
    for options, path in calls:
        method = "".join(re.findall(r"-X (\w+)", options))
        served = {one.method for one in ROUTES if re.fullmatch(re.sub(r"{\w+}", "[^/]+", one.template), path)}
        assert (method or "GET") in served, path


def test_the_protocols_paths_are_those_of_the_code() -> None:
    walk = section(QUICKSTART, "What each step calls")
    for path in (current.AUTHORING, current.JOBS, preview.AUTHORING, preview.ANALYZE):
        assert f"{path}`" in walk


def test_the_limits_are_those_of_the_code() -> None:
    trouble = section(TROUBLESHOOTING, "A file has no classes")
    assert f"over {MAX_TEXT:,} characters or {MAX_FILE:,} bytes" in trouble
    assert f"a name over {MAX_FILE_NAME:,} characters" in trouble
    assert f"`top` (1 to {MAX_PAGE}, default {PAGE})" in section(HTTP_API, "Requests and responses")


@pytest.mark.parametrize(
    ("what", "states"), [("document", DocumentState), ("job", JobState), ("operation", OperationState)]
)
def test_every_state_is_in_the_table(what: str, states: type[DocumentState | JobState | OperationState]) -> None:
    [line] = re.findall(rf"^\| {what} \|(.*)\|(.*)\|$", RESULTS, re.MULTILINE)
    documented = tuple(ticked(cell) for cell in line)
    assert documented == ([one for one in states if not one.final], [one for one in states if one.final])


def test_the_functions_are_called_as_the_pages_call_them() -> None:
    called = set(re.findall(r'@app\.function_name\("(\w+)"\)', (ROOT / "function_app.py").read_text()))
    picture = README.split("```mermaid\n", 1)[1].split("```", 1)[0]
    assert called == {"document_landed", "tick", "manage", "console"}
    assert all(name in picture for name in called)
    assert set(re.findall(r"Host\.Functions\.(\w+)", (ROOT / "docs" / "azure.md").read_text())) <= called


# --- commands -----------------------------------------------------------------------------------------------------


def targets() -> set[str]:
    [line] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(line.split())


def test_every_command_of_the_makefile_is_in_the_table_and_none_besides() -> None:
    documented = re.findall(r"^\| `make (\w+)` \|", LOCAL, re.MULTILINE)
    assert sorted(documented) == sorted(targets())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_speaks_of_exists(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"(?:`|\$ |=\S+ )make (\w+)", text)) <= targets()
    assert set(re.findall(r"-m local (\w+)", text)) <= set(COMMANDS)


# --- the tree and the rooms ---------------------------------------------------------------------------------------


def tree() -> set[str]:
    """The paths that CONTRIBUTING.md and, below local/, docs/architecture.md name; a folder without its slash."""
    return tree_of(section(CONTRIBUTING, "The tree")) | tree_of(section(ARCHITECTURE, "The modules of local"))


def tree_of(text: str) -> set[str]:
    block = text.split("```text\n", 1)[1].split("```", 1)[0]
    found, folders = set[str](), list[str]()
    for line in block.splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        folders[depth:] = [name.rstrip("/")]
        found.add("/".join(folders))
    return found


def written() -> set[str]:
    """All files that are no product of a command, and their folders, as git would have them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = {Path(file) for file in files if (ROOT / file).exists()}
    return {str(path) for file in paths for path in (file, *file.parents)} - {"."}


def test_what_the_trees_name_exists() -> None:
    assert tree() - written() == set()


@pytest.mark.parametrize(
    "folder",
    [".", "local", "local/cli", "local/doctor", "local/labelled", "local/stack"],
)
def test_the_trees_name_all_there_is(folder: str) -> None:
    there = {path for path in written() if str(Path(path).parent) == folder}
    assert there - tree() - {f"{folder}/__init__.py"} == set()


@pytest.mark.parametrize("page", [CONTRIBUTING, ARCHITECTURE], ids=["CONTRIBUTING", "architecture"])
def test_the_import_rule_is_the_one_that_the_code_is_held_to(page: str) -> None:
    assert f"```text\n{SENTENCE}\n```" in page


def test_the_picture_of_the_rooms_is_the_import_rule() -> None:
    picture = section(ARCHITECTURE, "The rooms").split("```mermaid\n", 1)[1].split("```", 1)[0]
    arrows = [line.strip().split(" --> ") for line in picture.splitlines() if "-->" in line]
    ranks = SENTENCE.replace(", ", " & ").split(" <- ")
    assert arrows == [[right, left] for left, right in pairwise(ranks)][::-1]


def test_the_architecture_maps_every_room_and_every_module() -> None:
    table = re.findall(r"^\| `([\w/]+)` \| [^|]+ \|(.*)\|$", section(ARCHITECTURE, "The rooms"), re.MULTILINE)
    rooms = [(room.rstrip("/").replace("/", "."), ticked(modules)) for room, modules in table]
    mapped = [f"{room}.{module}" for room, modules in rooms for module in modules]
    assert sorted([*mapped, *(room for room, modules in rooms if not modules)]) == sorted(
        MODULES.keys() - PACKAGES - {"function_app"}
    )
    assert [room for room, _ in rooms if "." not in room] == [room for rank in RANKS[:-1] for room in rank]


def test_every_module_that_the_architecture_speaks_of_exists() -> None:
    named = re.findall(r"`((?:language|domain|storage|labels|pipeline|operations|api)\.\w+(?:\.\w+)?)`", ARCHITECTURE)
    assert len(named) > 10
    assert set(named) <= MODULES.keys()


# --- dependencies and links ---------------------------------------------------------------------------------------


def required(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {re.split(r"[<>=~\[ ]", line, maxsplit=1)[0] for line in lines if line and line[0].isalpha()}


CLIENTS = {name for file in ROOT.glob("tests/sdk_clients/requirements-*.txt") for name in required(str(file))}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("0006-app-dependencies.md", required("requirements.txt")),
        ("0007-local-dependencies.md", required("requirements-dev.txt") | CLIENTS | installation.pinned().keys()),
        ("0037-sentence-embeddings.md", required("requirements-embeddings.txt")),
    ],
)
def test_every_dependency_has_its_reason_and_no_other(page: str, expected: set[str]) -> None:
    text = (ROOT / "docs" / "decisions" / page).read_text()
    reasons = re.findall(r"(?:^- |\. )((?:`[\w-]+`(?:,| with| and|) ?)+)(?:\(.*\))?:", text, re.MULTILINE)
    assert {name for names in reasons for name in ticked(names)} == expected


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted(ROOT.glob("local/*/README.md"))], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in link]
    assert [link for link in links if not leads_somewhere(page, link)] == []


# --- the front page and the glossary ------------------------------------------------------------------------------


def test_the_front_page_is_short() -> None:
    assert len(README.split()) <= MAX_README


def test_contributing_is_short() -> None:
    assert len(CONTRIBUTING.split()) <= MAX_CONTRIBUTING


def test_every_page_can_be_reached_from_the_front_page() -> None:
    linked = set(re.findall(r"\]\((docs/[\w.-]+\.md)\)", README))
    assert linked == {str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md")}


def test_the_picture_has_a_text_for_those_who_do_not_see_it() -> None:
    assert re.search(r"^    accTitle: \S+", README, re.MULTILINE)
    assert re.search(r"^    accDescr: \S+", README, re.MULTILINE)


def test_each_term_of_the_glossary_is_explained_once() -> None:
    lines = [line for line in GLOSSARY.splitlines() if line.startswith("| **")]
    terms = [term for line in lines for term in re.findall(r"^\| \*\*(.+?)\*\* \| [A-Z].+\. \|$", line)]
    assert len(terms) == len(lines) == len(set(terms)) >= 60


@pytest.mark.parametrize(
    "state", sorted({str(one) for kind in (DocumentState, JobState, OperationState) for one in kind})
)
def test_every_state_is_in_the_glossary(state: str) -> None:
    assert f"| **{state}** |" in section(GLOSSARY, "States")
