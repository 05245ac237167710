"""The outbox in the ledger, over Table storage (Azurite) and over its twin: written with what ends, taken once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import VersionConflict
from shared.language.types import ClassScore
from shared.learning.outbox import together
from shared.learning.reviews import Decision, Review, ReviewReason, ReviewState
from shared.learning.statistics import Source, Statistics, hour_of
from shared.storage.ledger import Ledger
from tests.support.values import CLASSIFIER, NOW, add, document, job, seconds

pytest_plugins = ["tests.support.stores"]
SCORES = (ClassScore("Drama", 0.9),)


def settled(ledger: Ledger, *names: str) -> None:
    """A job of documents with these names that ends with their classes."""
    waiting = add(ledger, *(document(name) for name in names))
    planned = job(*waiting, key=f"job{names[0]}".replace(".", ""))
    taken, *handed = ledger.commit((None, planned), *((one, one.submitted(planned.key, NOW, NOW)) for one in waiting))
    ledger.commit((taken, taken.done(NOW)), *((one, one.succeeded(SCORES, CLASSIFIER, NOW)) for one in handed))


def test_one_entry_names_all_documents_that_a_transaction_ends(ledger: Ledger) -> None:
    settled(ledger, "a.txt", "b.txt")
    [entry], after = ledger.outbox(10)
    assert ([one.name for one in entry.documents], entry.classifier, after) == (["a.txt", "b.txt"], CLASSIFIER, "")
    assert all(not one.timeline and one.classes == SCORES for one in entry.documents)


def test_what_ends_nothing_has_no_entry(ledger: Ledger) -> None:
    [waiting] = add(ledger, document())
    ledger.commit((waiting, waiting.requeued("again", NOW, NOW)))
    assert ledger.outbox(10) == ([], "")


def test_a_replayed_document_that_ends_again_has_another_entry(ledger: Ledger) -> None:
    [waiting] = add(ledger, document())
    [gone] = ledger.commit((waiting, waiting.gone(NOW)))
    [again] = ledger.commit((gone, gone.replayed(NOW)))
    ledger.commit((again, again.gone(NOW)))
    entries, _ = ledger.outbox(10)
    assert len({entry.key for entry in entries}) == 2


def test_an_entry_is_taken_once_with_what_it_adds(ledger: Ledger) -> None:
    settled(ledger, "a.txt")
    [entry], _ = ledger.outbox(10)
    [added] = together([entry])
    ledger.commit((None, added), drained=[entry])
    assert ledger.outbox(10) == ([], "")
    counted = ledger.statistics_of(hour_of(NOW), Source.of(CLASSIFIER))
    assert (counted.states, counted.classes) == ({"succeeded": 1}, {"Drama": 1})
    with pytest.raises(VersionConflict):
        ledger.commit((counted, counted.plus(added)), drained=[entry])
    assert ledger.statistics_of(hour_of(NOW), Source.of(CLASSIFIER)) == counted


def test_entries_are_read_in_their_order_and_in_pages(ledger: Ledger) -> None:
    for number in range(3):
        [waiting] = add(ledger, document(f"{number}.txt"))
        ledger.commit((waiting, waiting.gone(NOW + seconds(3 - number))))
    first, after = ledger.outbox(2)
    rest, end = ledger.outbox(2, after)
    assert [entry.documents[0].name for entry in first + rest] == ["2.txt", "1.txt", "0.txt"]
    assert end == ""


def test_statistics_are_listed_newest_first_within_their_hours(ledger: Ledger) -> None:
    hours = [hour_of(NOW) + timedelta(hours=number) for number in range(4)]
    sources = [Source("Movies", "production"), Source("Other", "production")]
    add(ledger, *(Statistics(hour, source) for hour in hours for source in sources))
    found, after = ledger.statistics(hours[1], hours[3], 10)
    assert ([one.start for one in found], after) == ([hours[2]] * 2 + [hours[1]] * 2, "")
    first, after = ledger.statistics(hours[0], hours[3] + timedelta(hours=1), 3)
    rest, end = ledger.statistics(hours[0], hours[3] + timedelta(hours=1), 10, after)
    assert [one.start for one in first + rest] == [hour for hour in reversed(hours) for _ in sources]
    assert end == ""


def test_reviews_are_listed_in_the_order_of_the_queue_and_by_decision(ledger: Ledger) -> None:
    def review(name: str, reason: ReviewReason, confidence: float, after: float = 0) -> Review:
        ended = document(name).succeeded((ClassScore("Drama", confidence),), CLASSIFIER, NOW)
        return Review.of(ended, CLASSIFIER, reason, NOW + seconds(after))

    low, lower = review("low", ReviewReason.LOW_CONFIDENCE, 0.4), review("lower", ReviewReason.LOW_CONFIDENCE, 0.05)
    audit, contested = review("audit", ReviewReason.AUDIT, 0.9, 1), review("contested", ReviewReason.CONTESTED, 1.0)
    add(ledger, low, lower, audit, contested)
    assert [one.name for one in ledger.open(Review, 10)[0]] == ["contested", "audit", "lower", "low"]
    found = ledger.find(Review, audit.key)
    assert found is not None
    ledger.commit((found, found.decided(Decision(("Drama",), "Ada", "", NOW))))
    assert [one.name for one in ledger.ended(Review, ReviewState.DECIDED, 10)[0]] == ["audit"]
    [entry], _ = ledger.outbox(10)
    assert [one.name for one in entry.reviews] == ["audit"]
