"""Labels files in every format and every state of repair."""

from __future__ import annotations

import codecs
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.labels.formats import Finding, Format, parse_labels, read_labels, write_labels
from shared.language.types import Kind, LabelledDocument, Labels, Project
from tests.support.json_mutations import mutated

QUICKSTART = {
    "classifiers": [{"name": "Mystery"}, {"name": "Drama"}],
    "documents": [
        {"location": "a b, ç.txt", "language": "en-us", "classifiers": [{"classifierName": "Mystery"}]},
        {"location": "b.txt", "classifiers": [{"classifierName": "Drama"}, {"classifierName": "Mystery"}]},
        {"location": "c.txt", "classifiers": []},
    ],
}
METADATA = {"projectKind": "CustomMultiLabelClassification", "projectName": None, "language": "en-us"}
TODAY: dict[str, Any] = {
    "projectFileVersion": "2022-05-01",
    "stringIndexType": "Utf16CodeUnit",
    "metadata": METADATA,
    "assets": {
        "projectKind": "customMultiLabelClassification",
        "classes": [{"category": "Mystery"}, {"category": "Drama"}],
        "documents": [
            {"location": "a.txt", "language": "en", "dataset": "Train", "classes": [{"category": "Mystery"}]},
            {"location": "b.txt", "dataset": "test", "classes": [{"category": "Drama"}, {"category": "Mystery"}]},
            {"location": "c.txt"},
        ],
    },
}
SINGLE: dict[str, Any] = {
    "api-version": "2022-03-01-preview",
    "metadata": {"projectKind": "customSingleLabelClassification"},
    "assets": {
        "classes": [{"category": "Mystery"}, {"category": "Drama"}],
        "documents": [
            {"location": "a.txt", "class": {"category": "Mystery"}},
            {"location": "b.txt", "classes": [{"category": "Drama"}]},
            {"location": "c.txt", "class": None},
        ],
    },
}


def written(body: Any) -> bytes:
    return json.dumps(body).encode()


def today(**assets: Any) -> bytes:
    return written({**TODAY, "assets": {**TODAY["assets"], **assets}})


def test_the_quickstarts_format() -> None:
    assert parse_labels(written(QUICKSTART)) == Labels(
        ("Mystery", "Drama"),
        (
            LabelledDocument("a b, ç.txt", ("Mystery",), "en-us"),
            LabelledDocument("b.txt", ("Drama", "Mystery")),
            LabelledDocument("c.txt", ()),
        ),
    )


def test_todays_format() -> None:
    assert parse_labels(written(TODAY)) == Labels(
        ("Mystery", "Drama"),
        (
            LabelledDocument("a.txt", ("Mystery",), "en", "Train"),
            LabelledDocument("b.txt", ("Drama", "Mystery"), dataset="Test"),
            LabelledDocument("c.txt", ()),
        ),
    )


def test_single_labels_as_one_object() -> None:
    documents = parse_labels(written(SINGLE)).documents
    assert [document.classes for document in documents] == [("Mystery",), ("Drama",), ()]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_encodings(mark: bytes, encoding: str) -> None:
    text = json.dumps(QUICKSTART, ensure_ascii=False)
    assert parse_labels(mark + text.encode(encoding)) == parse_labels(written(QUICKSTART))


def test_a_class_that_a_document_has_twice_counts_once() -> None:
    documents = [{"location": "a.txt", "classes": [{"category": "Drama"}, {"category": "Drama"}]}]
    assert parse_labels(today(documents=documents)).documents[0].classes == ("Drama",)


TWO = [{"location": "a.txt", "classes": [{"category": "Drama"}, {"category": "Mystery"}]}]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "it is not JSON: line 1, column 1: Expecting value"),
        (b'{\n  "documents": [\n    {,\n', "it is not JSON: line 3, column 6: "),
        (b'{"documents": [' + b"[" * 100_000, "it is not JSON that can be read"),
        (b'{"n": ' + b"9" * 5000 + b"}", "it is not JSON that can be read"),
        (b'{"a": "\xe9"}', "it is neither UTF-8 nor UTF-16 text"),
        (written([]), "the file is not an object"),
        (written({"assets": []}), "assets is not an object"),
        (written({}), "it has no classes"),
        (written({"metadata": METADATA}), "it has no classes"),
        (today(classes=[]), "it has no classes"),
        (today(classes="Drama"), "classes is not a list"),
        (today(classes=["Drama"]), "classes[0] is not an object"),
        (today(classes=[{"category": "Drama"}, {}]), "classes[1] has no category"),
        (today(classes=[{"category": " "}]), "classes[0] has no category"),
        (today(classes=[{"category": "A"}, {"category": "B"}, {"category": "A"}]), "class 'A' is listed twice"),
        (today(documents=[]), "it has no documents"),
        (today(documents=None), "it has no documents"),
        (today(documents={}), "documents is not a list"),
        (today(documents=["a.txt"]), "documents[0] is not an object"),
        (today(documents=[{"location": "a"}, {"classes": []}]), "documents[1] has no location"),
        (today(documents=[{"location": ""}]), "documents[0] has no location"),
        (today(documents=[{"location": 5}]), "documents[0] has no location"),
        (today(documents=[{"location": "a\ud800"}]), "documents[0] contains half a character"),
        (today(documents=[{"location": "a"}, {"location": "b"}, {"location": "a"}]), "document 'a' is listed twice"),
        (
            today(documents=[{"location": "a", "classes": [{"category": "Drama"}, {"category": "drama"}]}]),
            "documents[0] (a) has class 'drama', which is not among the file's classes",
        ),
        (today(documents=[{"location": "a", "classes": "Drama"}]), "documents[0] (a).classes is not a list"),
        (today(documents=[{"location": "a", "classes": ["Drama"]}]), "documents[0] (a).classes[0] is not an object"),
        (today(documents=[{"location": "a", "class": {}}]), "documents[0] (a).classes[0] has no category"),
        (today(documents=[{"location": "a", "language": 5}]), "documents[0].language is not a text"),
        (today(documents=[{"location": "a", "dataset": "Dev"}]), "documents[0] (a) has a dataset other than"),
        (written({**TODAY, "metadata": "x"}), "metadata is not an object"),
        (
            written({**SINGLE, "assets": {**SINGLE["assets"], "documents": TWO}}),
            "documents[0] (a.txt) has 2 classes, but a single-label project allows one",
        ),
        (
            today(projectKind="CustomSingleLabelClassification", documents=[{"location": "z"}])
            .replace(b"CustomMultiLabel", b"CustomSingleLabel")
            .replace(b'"location": "z"', b'"location": "z", "class": [{"category": "Drama"}, {"category": "Mystery"}]'),
            "documents[0] (z) has 2 classes",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(raw: bytes, what: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_labels(raw)
    assert str(caught.value).startswith(f"The labels file cannot be used: {what}")


def test_a_projects_kind_outweighs_the_files() -> None:
    with pytest.raises(BadRequest, match=r"documents\[1\] \(b\.txt\) has 2 classes"):
        parse_labels(written(QUICKSTART), Kind.SINGLE)
    with pytest.raises(BadRequest, match="single-label"):
        parse_labels(written(TODAY), Kind.SINGLE)
    single_only = {**SINGLE, "assets": {**SINGLE["assets"], "documents": TWO}}
    assert parse_labels(written(single_only), Kind.MULTI).documents[0].classes == ("Drama", "Mystery")


@settings(database=None, deadline=None)
@given(mutated([QUICKSTART, TODAY, SINGLE]))
def test_a_file_wrong_in_any_place_is_read_or_a_bad_request(body: Any) -> None:
    with suppress(BadRequest):
        labels = parse_labels(written(body))
        assert labels.documents
        assert {name for document in labels.documents for name in document.classes} <= set(labels.classes)


@settings(database=None, deadline=None)
@given(st.binary())
def test_any_bytes_are_read_or_a_bad_request(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_labels(raw)


def test_all_faults_are_found_and_the_rest_is_read() -> None:
    documents = [
        {"location": "a.txt"},
        {},
        {"location": "b.txt", "classes": [{"category": "X"}]},
        {"location": "a.txt"},
    ]
    read = read_labels(today(classes=[{"category": "A"}, {}, {"category": "A"}], documents=documents))
    assert [f"{one.where} {one.what}" for one in read.faults] == [
        "classes[1] has no category",
        "class 'A' is listed twice",
        "documents[1] has no location",
        "documents[2] (b.txt) has class 'X', which is not among the file's classes",
        "document 'a.txt' is listed twice",
    ]
    assert (read.labels.classes, [one.location for one in read.labels.documents]) == (("A",), ["a.txt", "a.txt"])
    assert all(one.do.endswith(".") for one in read.faults)


@pytest.mark.parametrize(
    ("body", "found"), [(QUICKSTART, Format.QUICKSTART), (TODAY, Format.TODAY), (SINGLE, Format.TODAY)]
)
def test_a_format_is_told_from_the_other(body: Any, found: Format) -> None:
    assert read_labels(written(body)).format is found


def test_a_file_that_cannot_be_read_has_one_fault() -> None:
    fault = Finding("it", "is neither UTF-8 nor UTF-16 text", "Save it as UTF-8.")
    assert read_labels(b'{"a": "\xe9"}').faults == (fault,)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("format_", list(Format))
def test_what_is_written_is_read_again(kind: Kind, format_: Format) -> None:
    documents = (LabelledDocument("a b, \u00e7.txt", ("Drama",), "fr"), LabelledDocument("c.txt", (), "en"))
    labels = Labels(("Drama", "Mystery"), documents)
    raw = write_labels(Project("P", kind, "films"), labels, format_)
    assert read_labels(raw) == read_labels(raw, kind)
    assert (parse_labels(raw, kind), read_labels(raw).format) == (labels, format_)


def test_todays_format_keeps_datasets_and_gives_every_document_the_projects_language() -> None:
    labels = Labels(("A",), (LabelledDocument("a.txt", ("A",), "", "Test"),))
    raw = write_labels(Project("P", Kind.MULTI, "films", "de"), labels, Format.TODAY)
    assert parse_labels(raw).documents == (LabelledDocument("a.txt", ("A",), "de", "Test"),)
    raw = write_labels(Project("P", Kind.MULTI, "films", "de"), labels, Format.QUICKSTART)
    assert parse_labels(raw).documents == (LabelledDocument("a.txt", ("A",)),)
