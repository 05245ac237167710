"""Rules for tests and their helpers: what they may import and touch, and that an ignored error of types says why."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.package_rooms import MAX_MODULES

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("*.py"))
OWN = ("self", "cls", "super()")
SHARED = ("fakes", "support")
OURS = ("bench", "function_app", "local", "shared")
# A client that is not ours has no public name for where a job can be asked for.
EXEMPT = {"poller.polling_method()._initial_response"}


def imported_tests(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
        yield from (name for name in [*modules, *names] if _is_test(name))


def renamed_imports(tree: ast.AST) -> Iterator[str]:
    """Helpers that are imported under another name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests":
            yield from (alias.name for alias in node.names if alias.asname)


def helpers(tree: ast.Module) -> Iterator[str]:
    """Public functions and classes of a module, but for its tests and fixtures."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            is_fixture = any("fixture" in ast.unparse(one) for one in node.decorator_list)
            if not (is_fixture or _is_test(node.name) or _is_private(node.name)):
                yield node.name


def private_names(tree: ast.AST) -> Iterator[str]:
    """Private attributes of anything but the object that a method belongs to, and private names that are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and ast.unparse(node.value) not in OWN:
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from (alias.name for alias in node.names if _is_private(alias.name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_patched(node.value):
            yield node.value


def unreasoned(source: str) -> list[str]:
    """Lines that ignore an error of types, but do not say which and why."""
    reasoned = re.compile(r"# type: ignore\[[a-z, -]+\]  # \S")
    comments = [
        token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT
    ]
    return [one.line for one in comments if one.string.startswith("# type: ignore") and not reasoned.match(one.string)]


def _is_test(name: str) -> bool:
    return name.rpartition(".")[2].startswith("test_")


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_patched(text: str) -> bool:
    """Such as "shared.pipeline.gate._close", for `monkeypatch.setattr`."""
    parts = text.split(".")
    return parts[0] in OURS and all(part.isidentifier() for part in parts) and _is_private(parts[-1])


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_no_test_imports_a_test_and_none_knows_private_names_of_ours(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    assert list(imported_tests(tree)) == []
    assert list(renamed_imports(tree)) == []
    assert set(private_names(tree)) <= EXEMPT


def test_a_helper_that_folders_share_has_one_name_and_that_name_for_itself() -> None:
    named = [(name, file) for file in FILES for name in helpers(ast.parse(file.read_text("utf-8")))]
    counts = Counter(name for name, _ in named)
    shared = {name for name, file in named if file.relative_to(TESTS).parts[0] in SHARED}
    assert {name for name in shared if counts[name] > 1} == set()


def test_a_helper_is_known_from_tests_and_fixtures_and_by_one_name() -> None:
    source = "def ready(): ...\n@pytest.fixture\ndef made(): ...\ndef test_it(): ...\ndef _own(): ...\nclass Kept: ..."
    assert list(helpers(ast.parse(source))) == ["ready", "Kept"]
    assert list(renamed_imports(ast.parse("from tests.support.wire import said as told"))) == ["said"]
    assert not list(renamed_imports(ast.parse("from shared import services as app_services")))


@pytest.mark.parametrize(
    "source", ["import test_a", "from test_a import b", "from tests.unit.test_a import b", "from unit import test_a"]
)
def test_an_import_of_a_test_is_found(source: str) -> None:
    assert list(imported_tests(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "services._identity.cache_clear()",
        "ledger._rows = 1",
        "from shared.storage.ledger import _value",
        'monkeypatch.setattr("shared.pipeline.gate._close", None)',
    ],
)
def test_a_private_name_is_found(source: str) -> None:
    assert list(private_names(ast.parse(source)))


@pytest.mark.parametrize("source", ["self._rows", "module.__name__", "from mine import _helper", '"_MultiLabel"'])
def test_what_is_a_tests_own_is_no_private_name_of_ours(source: str) -> None:
    assert not list(private_names(ast.parse(source)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_an_error_of_types_is_ignored_by_its_code_and_with_a_reason(file: Path) -> None:
    assert unreasoned(file.read_text("utf-8")) == []


@pytest.mark.parametrize("comment", ["type: ignore", "type: ignore[arg-type]", "type: ignore  # for a reason"])
def test_an_error_of_types_that_is_ignored_without_a_code_or_a_reason_is_found(comment: str) -> None:
    assert unreasoned(f"x = 1  # {comment}")
    assert not unreasoned("x = 1  # type: ignore[arg-type]  # for a reason")


def test_no_folder_is_crowded() -> None:
    sizes = Counter(file.parent for file in FILES if file.name not in ("__init__.py", "conftest.py"))
    assert {folder: size for folder, size in sizes.items() if size > MAX_MODULES} == {}


def test_the_readme_names_every_folder() -> None:
    named = re.findall(r"^\| `([\w/]+)/` \|", (TESTS / "README.md").read_text("utf-8"), re.MULTILINE)
    folders = {str(file.parent.relative_to(TESTS)) for file in FILES if file.parent != TESTS}
    assert sorted(named) == sorted(folders - {"worker/compared"})
