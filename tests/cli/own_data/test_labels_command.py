"""`python -m local labels`: from folders and CSV files to a labels file, and what it says when they are not right."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.__main__ import main
from local.cli.training_data import TrainingData
from local.labelled import table
from local.labelled.examples import Example, merge
from shared.labels.formats import parse_labels
from shared.language.types import Kind

Classes = dict[str, tuple[str, ...]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "own texts"


def fill(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)


def made(folder: Path, *words: str) -> int:
    return main(["labels", str(folder), *words])


def classes(folder: Path, name: str = "labels.json") -> Classes:
    labels = parse_labels((folder / name).read_bytes())
    return {document.location: document.classes for document in labels.documents}


def body(folder: Path) -> Any:
    return json.loads((folder / "labels.json").read_text())


def refused_labels(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What it prints. It writes no file."""
    before = sorted(folder.rglob("*")) if folder.exists() else []
    capsys.readouterr()
    assert made(folder, *words) == 1
    assert (sorted(folder.rglob("*")) if folder.exists() else []) == before
    printed = capsys.readouterr()
    return printed.out + printed.err


# --- a folder for each class ------------------------------------------------------------------------------------------


def test_each_sub_folder_is_a_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {f"Sailing/{number}a.txt": f"sea {number}" for number in range(12)})
    fill(folder, {"Cooking/new/b.TXT": "soup", "Cooking/.hidden.txt": "x", "Cooking/notes.md": "x", "top.txt": "x"})
    assert made(folder, "--language", "de", "--container", "texts", "--project", "Mine") == 0
    assert classes(folder) == {**{f"{n}a.txt": ("Sailing",) for n in range(12)}, "b.TXT": ("Cooking",)}
    metadata, document = body(folder)["metadata"], body(folder)["assets"]["documents"][0]
    assert metadata["projectKind"] == "CustomSingleLabelClassification"
    assert (metadata["projectName"], metadata["storageInputContainerName"]) == ("Mine", "texts")
    assert (metadata["language"], document["language"], document["class"]) == ("de", "de", {"category": "Cooking"})
    printed = capsys.readouterr().out
    assert "│ Sailing │    12 │" in printed
    assert "! Class 'Cooking' has 1 documents; fewer than 10 are too few to train well" in printed
    assert "1 .txt file directly in" in printed
    assert f"make run DATA='{folder}'\n" in printed
    assert f"local upload '{folder}' --container texts\n" in printed


def test_the_quickstarts_format_and_another_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"A/1.txt": "one"})
    output = folder / "old.json"
    assert made(folder, "--format", "quickstart", "--output", str(output)) == 0
    assert json.loads(output.read_text())["classifiers"] == [{"name": "A"}]
    assert f"make run DATA='{folder}' LABELS='{output}'\n" in capsys.readouterr().out


def test_the_project_is_named_like_the_folder(folder: Path) -> None:
    fill(folder, {"A/1.txt": "one"})
    assert made(folder) == 0
    assert body(folder)["metadata"]["projectName"] == "owntexts"
    data = TrainingData.of(folder, None)
    assert (data.project, data.container) == ("owntexts", body(folder)["metadata"]["storageInputContainerName"])
    assert (data.kind, data.language) == ("SingleClassification", "en-us")
    assert data.texts == {"1.txt": folder / "A" / "1.txt"}


def test_the_same_name_in_two_classes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"A/1.txt": "one", "B/1.txt": "another"})
    assert made(folder) == 0
    assert classes(folder) == {"A_1.txt": ("A",), "B_1.txt": ("B",)}
    assert TrainingData.of(folder, None).texts == {"A_1.txt": folder / "A/1.txt", "B_1.txt": folder / "B/1.txt"}
    fill(folder, {"A_1.txt": "a third"})
    assert "would both be A_1.txt in the container: rename one of them." in refused_labels(
        folder, capsys, "--overwrite"
    )


@pytest.mark.parametrize("name", ["1.txt", "2.txt"])
def test_the_same_text_in_two_classes(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    fill(folder, {"A/1.txt": "one", f"B/{name}": "one", "B/3.txt": "three"})
    said = refused_labels(folder, capsys)
    assert f"A/1.txt and B/{name} have the same text with the classes A, B, but a single-label project" in said
    assert "use --type multi" in said
    assert made(folder, "--type", "multi") == 0
    assert classes(folder) == {"1.txt": ("A", "B"), "3.txt": ("B",)}
    assert "Repeat another text, and are counted with it: 1 text." in capsys.readouterr().out


def test_texts_that_cannot_be_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"A/1.txt": "one", "A/blank.txt": "", "A/latin.txt": "caf\xe9".encode("latin-1")})
    fill(folder, {"B/long.txt": "x" * 128_001, "B/a\\b.txt": "two", "B/c.txt": "three"})
    said = refused_labels(folder, capsys)
    assert "✗ A/blank.txt cannot be read. The file is empty." in said
    assert "✗ A/latin.txt cannot be read. The file is not UTF-8 or UTF-16 text (byte 3 cannot be read)." in said
    assert "✗ B/long.txt has 128,001 characters; the maximum of a training text is 128,000." in said
    assert "✗ B/a\\b.txt has a name that storage cannot keep" in said
    assert "4 errors: no file was written.\n" in said
    assert made(folder, "--skip-invalid") == 0
    assert classes(folder) == {"1.txt": ("A",), "c.txt": ("B",)}
    assert "Left out because of errors: 4 texts." in capsys.readouterr().out


def test_a_name_that_is_not_utf_8(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"A/1.txt": "one"})
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/A/\xe9.txt")).write_text("two")
    except OSError:
        pytest.skip("this file system keeps names in UTF-8 only")
    assert "✗ A/\\udce9.txt has a name that is not UTF-8. Rename it." in refused_labels(folder, capsys)


def test_classes_that_the_service_refuses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {f"{number:03}/{number}.txt": f"text {number}" for number in range(201)})
    fill(folder, {"100%/a.txt": "one"})
    said = refused_labels(folder, capsys)
    assert "✗ Classes are 202; the maximum is 200. Remove 2." in said
    assert "✗ Class '100%' has one of # $ % & ( ) * + / : ? ~ in its name" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--project", "My Project"], "--project must have 1 to 50 letters and digits."),
        (["--container", "Texts"], "--container must have 3 to 63 lower-case letters"),
        (["--container", "a--b"], "--container must have 3 to 63 lower-case letters"),
        (["--language", "English, US"], "--language must be the code of a language"),
        ([], "has no sub-folder with .txt files: make one for each class, or name a CSV file with --csv."),
    ],
)
def test_options_and_folders_that_do_not_do(
    folder: Path, capsys: pytest.CaptureFixture[str], *, words: list[str], said: str
) -> None:
    fill(folder, {"1.txt": "one"})
    assert said in refused_labels(folder, capsys, *words)


def test_a_folder_that_does_not_exist(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused_labels(folder, capsys).endswith(f"There is no folder {folder}.\n")


def test_a_file_is_overwritten_only_if_that_is_allowed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"A/1.txt": "one"})
    assert made(folder) == made(folder) == 0
    fill(folder, {"A/2.txt": "two"})
    before = classes(folder)
    said = refused_labels(folder, capsys)
    assert f"{folder}/labels.json would be overwritten: allow it with --overwrite.\n" in said
    assert classes(folder) == before
    assert made(folder, "--overwrite") == 0
    assert len(classes(folder)) == 2


# --- a CSV file -------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.csv"


def from_csv(folder: Path, file: Path, content: str | bytes, *words: str) -> int:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return made(folder, "--csv", str(file), *words)


def test_the_texts_of_a_csv_file_become_files(folder: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = 'Name,Text,Class,score\nstew,"simmer, ""stir""\nserve",Cooking,1\n,a tide,Sailing,2\na/b.txt,helm,,3\n'
    assert from_csv(folder, file, content) == 0
    assert classes(folder) == {"stew.txt": ("Cooking",), "2.txt": ("Sailing",), "a_b.txt": ()}
    assert (folder / "stew.txt").read_bytes() == b'simmer, "stir"\nserve'
    printed = capsys.readouterr().out
    assert "Columns that are not read: score." in printed
    assert "Have no class, so that nothing is learned from them: 1 text." in printed
    assert set(TrainingData.of(folder, None).texts) == {"stew.txt", "2.txt", "a_b.txt"}
    assert from_csv(folder, file, content) == 0


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_write(folder: Path, file: Path, delimiter: str, encoding: str) -> None:
    rows = [["text", "class"], ["café", '"A; B"'], ["thé", "B"]]
    content = "".join(delimiter.join(row) + "\r\n" for row in rows)
    assert from_csv(folder, file, content.encode(encoding), "--type", "multi") == 0
    assert classes(folder) == {"1.txt": ("A", "B"), "2.txt": ("B",)}
    assert (folder / "1.txt").read_text() == "café"


def test_a_csv_file_that_names_files(folder: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"1.txt": "one", "more/2.txt": "two"})
    assert from_csv(folder, file, "filename,labels\n1,A\nmore/2.txt,B\n") == 0
    assert classes(folder) == {"1.txt": ("A",), "2.txt": ("B",)}
    file.write_text("name,class\n../own.csv,A\n")
    said = refused_labels(folder, capsys, "--csv", str(file), "--overwrite")
    assert said.endswith(f"own.csv line 2 names '../own.csv', which is no .txt file below {folder}.\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "own.csv has the columns of an empty line: the first line must name the columns: class, and text"),
        (b"one text,A\n", "own.csv has the columns one text, a: the first line must name the columns"),
        (b"class\nA\n", "own.csv has the columns class: the first line must name"),
        (b"text,class,label\nx,A,B\n", "own.csv has two columns for the same"),
        (b"text,class\n\n", "own.csv has no rows below its header."),
        (b"text,class\none, two,A\n", "own.csv line 2 has 3 cells, but the header has 2: put texts with commas"),
        (b'text,class\n"one" two,A\n', "own.csv line 2 is not CSV"),
        (b"text,class\nx,A\ncaf\xe9,B\n", "own.csv line 3 is not UTF-8 or UTF-16 text: save it as CSV in UTF-8."),
        (b"text,class\n ,A\n", "✗ own.csv line 2 (1.txt) cannot be read. The file contains only white space."),
        (b"text,class\nx,A;B\n", "✗ own.csv line 2 (1.txt) has the classes A, B, but a single-label project allows"),
        (b"text,class\nx,A\nx,B\n", "✗ own.csv line 2 (1.txt) and own.csv line 3 (2.txt) have the same text with"),
        (b"name,text,class\na,x,A\na,y,A\n", "✗ own.csv line 3 (a.txt) is another text with the name of own.csv"),
    ],
)  # fmt: skip
def test_csv_files_that_cannot_be_used(
    folder: Path, file: Path, capsys: pytest.CaptureFixture[str], *, content: bytes, said: str
) -> None:
    file.write_bytes(content)
    assert said in refused_labels(folder, capsys, "--csv", str(file))


def test_no_text_is_overwritten(folder: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(folder, {"a.txt": "mine", "b.txt": "mine too"})
    file.write_text("name,text,class\na,x,A\nb,y,A\n")
    assert "a.txt and 1 more would be overwritten" in refused_labels(folder, capsys, "--csv", str(file))
    assert (folder / "a.txt").read_text() == "mine"
    assert made(folder, "--csv", str(file), "--overwrite") == 0
    assert (folder / "a.txt").read_text() == "x"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
CLASS = st.text(st.sampled_from("abcXYZäöü-_'\",. "), min_size=1, max_size=20).map(str.strip).filter(bool)
ROWS = st.lists(st.tuples(WORDS, st.lists(CLASS, max_size=3, unique=True)), min_size=1, max_size=8)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_csv_file_comes_back_as_labels_and_texts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]], delimiter: str, encoding: str
) -> None:
    """Each text has every class that any of its rows has."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerows([["text", "class"], *([text, ";".join(names)] for text, names in rows)])
    folder = tmp_path_factory.mktemp("csv")
    (folder / "own.csv").write_bytes(written.getvalue().encode(encoding))
    loaded = table.load(folder / "own.csv")
    labels = merge(table.examples(loaded, folder), Kind.MULTI, "en").labels
    texts = table.texts(loaded)
    expected: dict[str, set[str]] = {}
    for text, names in rows:
        expected.setdefault(text, set()).update(names)
    assert {texts[one.location].decode(): set(one.classes) for one in labels.documents} == expected
    assert set(labels.classes) == {name for names in expected.values() for name in names}


def test_the_order_of_examples_does_not_matter_for_the_classes() -> None:
    examples = [Example.of(f"{n}.txt", "", [name], b"same") for n, name in enumerate("BA")]
    assert merge(examples, Kind.MULTI, "en").labels.classes == ("A", "B")
