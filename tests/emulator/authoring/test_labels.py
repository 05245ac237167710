"""Labels files in both formats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.language.protocol.json_body import JsonBody
from local.language.protocol.service_errors import ServiceError
from local.language.state.labels_file import exported, parse, parse_file
from local.language.state.records import LabelledDocument, Labels

LABELS = Labels(
    ("A", "B"),
    (
        LabelledDocument("x.txt", ("A",), "en-us", "Train"),
        LabelledDocument("y, z.txt", ("B", "A"), "", ""),
        LabelledDocument("empty.txt", (), "en", "Test"),
    ),
)
PREVIEW = {
    "classifiers": [{"name": "A"}, {"name": "B"}],
    "documents": [
        {"location": "x.txt", "language": "en-us", "classifiers": [{"classifierName": "A"}]},
        {"location": "y, z.txt", "classifiers": [{"classifierName": "B"}, {"classifierName": "A"}]},
        {"location": "empty.txt", "language": "en"},
    ],
}


def reason(content: Any, kind: str = "multi") -> str:
    encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(ServiceError) as raised:
        parse_file(encoded, "labels.json", kind)
    assert raised.value.status == 400
    assert raised.value.fault.inner is not None
    return raised.value.fault.inner.message.removeprefix("The labels file 'labels.json' ")


def test_the_quickstarts_format() -> None:
    without_sides = Labels(
        LABELS.classes, tuple(LabelledDocument(it.location, it.classes, it.language) for it in LABELS.documents)
    )
    assert parse_file(json.dumps(PREVIEW).encode("utf-8-sig"), "labels.json", "multi") == without_sides


def test_what_is_exported_is_read_again() -> None:
    assert parse(JsonBody({"assets": exported(LABELS, "multi")}), "multi") == LABELS


def test_a_single_label_document_has_one_class_or_none() -> None:
    labels = Labels(LABELS.classes, (LABELS.documents[0], LABELS.documents[2]))
    assets = exported(labels, "single")
    assert assets["documents"][0]["class"] == {"category": "A"}
    assert "class" not in assets["documents"][1]
    assert parse(JsonBody({"assets": assets}), "single") == labels


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xff", "is not UTF-8 text."),
        (b"[1]", "cannot be used: It is not a JSON object."),
        ({}, "cannot be used: classifiers is missing."),
        ({"assets": {}}, "cannot be used: assets.classes is missing."),
        ({"classifiers": [{"name": "A"}, {"name": "A"}]}, "cannot be used: A class is named twice."),
        ({"classifiers": [{"name": f"C{n}"} for n in range(201)]},
         "cannot be used: It has 201 classes: 1 to 200 are allowed."),
        ({"classifiers": [{"name": "R&B"}]},
         "cannot be used: 'R&B' cannot name a class: use up to 50 characters, but none of : $ & % * ( ) + ~ # / ?"),
        ({"classifiers": [{"name": ""}]},
         "cannot be used: '' cannot name a class: use up to 50 characters, but none of : $ & % * ( ) + ~ # / ?"),
        ({**PREVIEW, "documents": [{"location": str(n)} for n in range(100_001)]},
         "cannot be used: It has 100001 documents: up to 100000 are allowed."),
        ({**PREVIEW, "documents": [{"location": "x"}, {"location": "x"}]}, "cannot be used: 'x' is labelled twice."),
        ({**PREVIEW, "documents": [{"location": "x", "classifiers": [{"classifierName": "a"}]}]},
         "cannot be used: 'x' has the class 'a', which is not among the classes."),
        ({**PREVIEW, "documents": [{}]}, "cannot be used: documents[0].location is missing."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(content: Any, expected: str) -> None:
    assert reason(content) == expected


def test_two_classes_are_too_many_for_a_single_label_project() -> None:
    assert reason(PREVIEW, "single") == "cannot be used: 'y, z.txt' has 2 classes; this project allows one each."


def test_the_longest_name_of_a_class_is_taken() -> None:
    assert parse_file(json.dumps({"classifiers": [{"name": "C" * 50}]}).encode(), "x", "multi").classes == ("C" * 50,)
    assert "cannot name a class" in reason({"classifiers": [{"name": "C" * 51}]})


NAMES = st.text(st.characters(exclude_characters=":$&%*()+~#/?"), min_size=1, max_size=5)


@given(
    classes=st.lists(NAMES, min_size=1, max_size=5, unique=True), files=st.dictionaries(NAMES, st.data(), max_size=4)
)
def test_any_labels_are_read_again_as_they_were(classes: list[str], files: dict[str, st.DataObject]) -> None:
    documents = tuple(
        LabelledDocument(name, tuple(data.draw(st.lists(st.sampled_from(classes), unique=True))))
        for name, data in files.items()
    )
    labels = Labels(tuple(classes), documents)
    read = parse_file(json.dumps({"assets": exported(labels, "multi")}).encode(), "labels.json", "multi")
    assert read == labels
