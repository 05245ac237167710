"""Answers that are right but for one place: what a reader must survive."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
GONE = object()


@st.composite
def mutated(draw: st.DrawFn, answers: list[Any]) -> Any:
    """One of these JSON answers, with one place of it replaced by anything or taken away."""
    answer = copy.deepcopy(draw(st.sampled_from(answers)))
    place = draw(st.sampled_from(list(_places(answer))))
    value = draw(ANYTHING | st.just(GONE))
    if not place:
        return None if value is GONE else value
    *way, last = place
    holder = answer
    for step in way:
        holder = holder[step]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return answer


def _places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in entries:
        yield from _places(inner, (*way, step))
