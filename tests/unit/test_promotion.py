"""Whether a model may take the place of another: every case of what is known of either."""

from __future__ import annotations

import pytest

from shared.operations.promotion import Baseline, rejection_reason

NOTHING = Baseline()
UNJUDGED = Baseline("Old")
OLD = Baseline("Old", 0.7)


@pytest.mark.parametrize(
    ("macro_f1", "least", "deployed", "why"),
    [
        (0.7, None, NOTHING, ""),
        (0.0, None, NOTHING, ""),
        (0.6, 0.6, NOTHING, ""),
        (0.599, 0.6, NOTHING, "Its macro F1 is 0.599; the requested minimum is 0.600."),
        (0.0, 0.0, NOTHING, ""),
        (0.1, None, UNJUDGED, ""),
        (0.7, 0.6, OLD, ""),
        (0.65, 0.6, OLD, "Its macro F1 is 0.650; the deployed model Old has 0.700."),
        (0.65, None, OLD, "Its macro F1 is 0.650; the deployed model Old has 0.700."),
        (0.5, 0.6, OLD, "Its macro F1 is 0.500; the requested minimum is 0.600."),
        (None, None, NOTHING, ""),
        (None, None, UNJUDGED, ""),
        (None, 0.0, NOTHING, "no evaluation"),
        (None, None, OLD, "no evaluation"),
    ],
)
def test_what_speaks_against_it(macro_f1: float | None, least: float | None, deployed: Baseline, why: str) -> None:
    found = rejection_reason(macro_f1, least, deployed)
    assert (why in found) if why else found == ""
