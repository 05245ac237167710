"""The tree at the top of errors.py is the truth."""

from __future__ import annotations

import inspect
import re

import pytest

from shared import errors
from shared.errors import LanguageError, TextdropError, TransientError, Unavailable

LINE = re.compile(r"^(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+) +(?P<status>\d{3}|\(never reaches a caller\)?)")
CLASSES = {
    name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, TextdropError)
}

# Codes that callers know under another name than the class has; part of the API.
CODES = {
    "TextdropError": "InternalError",
    "NotFound": "ResourceNotFound",
    "ContainerMissing": "ContainerNotFound",
    "Unexpected": "UnexpectedResponse",
    "QuotaSpent": "QuotaExceeded",
    "Unavailable": "LanguageUnavailable",
}


def drawn() -> dict[str, tuple[str, str]]:
    """Each class in the drawing with its parent and its status."""
    found: dict[str, tuple[str, str]] = {}
    above: list[str] = []
    for match in filter(None, map(LINE.match, (errors.__doc__ or "").splitlines())):
        depth = len(match["branch"]) // 4
        above[depth:] = [match["name"]]
        found[match["name"]] = (above[depth - 1] if depth else "Exception", match["status"])
    return found


def test_every_error_is_in_the_drawing_under_its_parent() -> None:
    assert {name: parent for name, (parent, _) in drawn().items()} == {
        name: kind.__bases__[0].__name__ for name, kind in CLASSES.items()
    }


def test_every_error_has_the_status_it_is_drawn_with() -> None:
    reaching = {name: status for name, (_, status) in drawn().items() if status.isdigit()}
    assert reaching.keys() == CLASSES.keys() - {"InvalidText"}
    assert {name: int(status) for name, status in reaching.items()} == {name: CLASSES[name].status for name in reaching}


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_has_a_code_for_programs_and_a_sentence_for_people(name: str) -> None:
    error = CLASSES[name]("What happened, and what to do.")
    assert (error.code, str(error)) == (CODES.get(name, name), "What happened, and what to do.")


def test_a_subclass_has_a_code_of_its_own() -> None:
    assert all("code" in vars(kind) for name, kind in CLASSES.items() if name != "NoResult")


def test_a_renamed_class_keeps_its_code() -> None:
    class Renamed(errors.Conflict):
        pass

    assert Renamed("Busy.").code == "Conflict"


def test_trouble_at_the_service_says_how_long_to_wait_and_whether_it_was_sent() -> None:
    assert LanguageError("trouble").retry_after is None
    assert TransientError("trouble", 7.5).retry_after == 7.5
    assert not Unavailable("trouble").sent
    assert Unavailable("trouble", 3, sent=True).sent
    assert Unavailable("trouble", 3).retry_after == 3
