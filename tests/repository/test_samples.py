"""The sample set is what its README says: two label files that agree, and texts that fit them."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main

MOVIES = Path(__file__).parents[2] / "samples" / "movies"
CLASSES = ["Mystery", "Drama", "Thriller", "Comedy", "Action"]

Labels = dict[str, tuple[str, ...]]


def parsed(name: str) -> Any:
    return json.loads((MOVIES / name).read_text(encoding="utf-8"))


def by_location(documents: list[Any], classes: str, name: str) -> Labels:
    labels = {document["location"]: tuple(each[name] for each in document[classes]) for document in documents}
    assert len(labels) == len(documents), "a document is named twice"
    return labels


def labels_of_today() -> Labels:
    return by_location(parsed("labels.json")["assets"]["documents"], "classes", "category")


def labels_of_2021() -> Labels:
    return by_location(parsed("labels-2021.json")["documents"], "classifiers", "classifierName")


def texts(folder: str) -> dict[str, str]:
    """File name to text; raises UnicodeDecodeError for a file that is not UTF-8."""
    return {path.name: path.read_bytes().decode("utf-8") for path in (MOVIES / folder).glob("*.txt")}


def test_both_label_files_declare_the_five_classes() -> None:
    assert [each["category"] for each in parsed("labels.json")["assets"]["classes"]] == CLASSES
    assert [each["name"] for each in parsed("labels-2021.json")["classifiers"]] == CLASSES


def test_both_label_files_give_every_document_the_same_labels() -> None:
    assert labels_of_today() == labels_of_2021()


def test_both_label_files_give_every_document_a_language() -> None:
    documents = parsed("labels.json")["assets"]["documents"] + parsed("labels-2021.json")["documents"]
    assert {document["language"] for document in documents} == {"en-us"}


def test_the_current_label_file_says_what_its_project_is() -> None:
    project_file = parsed("labels.json")
    assert project_file["projectFileVersion"] == "2022-05-01"
    assert project_file["stringIndexType"] == "Utf16CodeUnit"
    assert project_file["metadata"]["projectKind"] == project_file["assets"]["projectKind"]
    assert project_file["metadata"]["projectKind"] == "CustomMultiLabelClassification"


def test_the_labelled_documents_are_the_training_files() -> None:
    assert set(labels_of_today()) == set(texts("train"))


def test_every_document_has_one_to_three_different_labels_of_the_five() -> None:
    for location, labels in labels_of_today().items():
        assert 1 <= len(labels) <= 3, location
        assert len(set(labels)) == len(labels), location
        assert set(labels) <= set(CLASSES), location


def test_there_are_enough_documents_in_all_and_for_each_class() -> None:
    documents = labels_of_today()
    counts = Counter(label for labels in documents.values() for label in labels)
    assert len(documents) >= 60
    assert {name: counts[name] for name in CLASSES if counts[name] < 15} == {}


def test_the_readme_counts_the_documents_of_each_class() -> None:
    readme = (MOVIES / "README.md").read_text(encoding="utf-8")
    counts = Counter(label for labels in labels_of_today().values() for label in labels)
    missing = [row for row in (f"| {name} | {counts[name]} |" for name in CLASSES) if row not in readme]
    assert missing == []


def test_the_single_label_file_of_the_readme_is_what_the_labels_command_writes(tmp_path: Path) -> None:
    readme = (MOVIES / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- single -->\n```json\n")[1].split("```")[0]
    for category, name in (("Comedy", "Agent_Dumpling.txt"), ("Drama", "Anchorage_Lullaby.txt")):
        (tmp_path / "genres" / category).mkdir(parents=True)
        shutil.copy(MOVIES / "train" / name, tmp_path / "genres" / category)
    assert main(["labels", str(tmp_path / "genres")]) == 0
    assert json.loads((tmp_path / "genres" / "labels.json").read_text()) == json.loads(shown)


def test_there_are_files_to_drop_and_none_of_them_is_labelled() -> None:
    dropped = set(texts("drop"))
    assert len(dropped) >= 12
    assert dropped.isdisjoint(labels_of_today())


@pytest.mark.parametrize("folder", ["train", "drop"])
def test_every_file_is_a_text_with_something_in_it(folder: str) -> None:
    for name, text in texts(folder).items():
        assert text.strip(), name
        assert text.endswith("\n"), name


def test_no_two_texts_are_equal() -> None:
    repeated = Counter(" ".join(text.split()) for folder in ("train", "drop") for text in texts(folder).values())
    assert [text for text, times in repeated.items() if times > 1] == []


def test_the_documentation_has_the_whole_consumer() -> None:
    _, code = (MOVIES.parent / "consumer" / "function_app.py").read_text().split('"""\n\n', 1)
    assert f"```python\n{code}```" in (MOVIES.parents[1] / "docs" / "learning.md").read_text()
    assert len([line for line in code.splitlines() if line]) <= 10
