"""What is refused in labels and what is only warned of; and that a warning never becomes an error, nor the reverse."""

from __future__ import annotations

import pytest

from shared.labels import rules
from shared.labels.formats import Finding
from shared.labels.rules import FEW_EXAMPLES, MAX_CLASS_NAME, MAX_CLASSES, MAX_TEXT, REFUSED
from shared.language.types import LabelledDocument, Labels

DRAMA = LabelledDocument("a.txt", ("Drama",))
UNLABELLED = LabelledDocument("b.txt", ())


def enough(*names: str) -> Labels:
    documents = [LabelledDocument(f"{name}{n}.txt", (name,)) for name in names[:2] for n in range(FEW_EXAMPLES)]
    return Labels(names, tuple(documents))


def whats(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{one.where} {one.what}" for one in findings]


def test_of_enough_labels_nothing_is_said() -> None:
    assert rules.of_labels(enough("Drama", "Sci-fi, or _so_ ['^@]")) == rules.Findings()


@pytest.mark.parametrize("character", sorted(REFUSED))
def test_a_class_with_a_character_that_the_service_refuses(character: str) -> None:
    [found] = rules.of_labels(enough("Drama", f"a{character}b")).errors
    assert found.where == f"class {f'a{character}b'!r}"
    assert "which the service refuses" in found.what


def test_a_class_name_that_is_too_long() -> None:
    assert rules.of_labels(enough("Drama", "n" * MAX_CLASS_NAME)).errors == ()
    [found] = rules.of_labels(enough("Drama", "n" * (MAX_CLASS_NAME + 1))).errors
    assert "more than 50 characters" in found.what


def test_too_many_classes() -> None:
    names = [f"C{number}" for number in range(MAX_CLASSES + 1)]
    assert rules.of_labels(enough(*names[:MAX_CLASSES])).errors == ()
    [found] = rules.of_labels(enough(*names)).errors
    assert (found.what, found.do) == ("are 201; the maximum is 200", "Remove 1.")


def test_few_examples_are_warned_of() -> None:
    found = rules.of_labels(Labels(("Drama", "Comedy"), (DRAMA, UNLABELLED)))
    assert found.errors == ()
    assert whats(found.warnings) == [
        "the labels file has 1 labelled documents; with fewer than 10 a model gets no evaluation",
        "class 'Drama' has 1 documents; fewer than 10 are too few to train well",
        "class 'Comedy' has 0 documents; fewer than 10 are too few to train well",
    ]


@pytest.mark.parametrize("name", ["folder/a.txt", "a.pdf", "a"])
def test_a_place_that_the_service_does_not_document_is_warned_of(name: str) -> None:
    labels = enough("Drama")
    found = rules.of_labels(Labels(labels.classes, (*labels.documents, LabelledDocument(name, ("Drama",)))))
    assert (found.errors, [one.where for one in found.warnings]) == ((), [name])


@pytest.mark.parametrize(
    ("size", "what"), [(None, "is not in the container"), (0, "is empty"), (4 * MAX_TEXT + 1, "512,001 bytes")]
)
def test_a_file_in_trouble_is_an_error_only_if_something_is_to_be_learned_of_it(size: int | None, what: str) -> None:
    sizes = {} if size is None else {"a.txt": size, "b.txt": size}
    found = rules.of_files(Labels(("Drama",), (DRAMA, UNLABELLED)), sizes, complete=True)
    assert ([one.where for one in found.errors], [one.where for one in found.warnings]) == (["a.txt"], ["b.txt"])
    assert what in found.errors[0].what


def test_what_an_incomplete_listing_lacks_is_not_said_to_be_missing() -> None:
    labels = Labels(("Drama",), (DRAMA, LabelledDocument("c.txt", ("Drama",))))
    found = rules.of_files(labels, {"c.txt": 0}, complete=False)
    assert whats(found.errors) == ["c.txt is empty"]
    assert rules.of_files(labels, {"a.txt": 1, "c.txt": 4 * MAX_TEXT}, complete=True).errors == ()


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("Señor".encode("latin-1"), "cannot be read"),
        (b" \n", "cannot be read"),
        (b"a\x00b", "cannot be read"),
        (b"w" * (MAX_TEXT + 1), "has 128,001 characters"),
    ],
)
def test_a_text_that_nothing_can_be_learned_from(raw: bytes, what: str) -> None:
    [found] = rules.of_text(DRAMA, raw).errors
    assert (found.where, what in found.what) == ("a.txt", True)
    assert rules.of_text(UNLABELLED, raw).errors == ()


@pytest.mark.parametrize("raw", [b"butter", "Señor".encode(), b"w" * MAX_TEXT, "€".encode() * MAX_TEXT])
def test_a_text_that_can_be_learned_from(raw: bytes) -> None:
    assert rules.of_text(DRAMA, raw) == rules.Findings()
