"""Long texts: cut where people would, nothing lost and nothing torn; and what their parts got, read together."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.batching import LoadedDocument, requests
from shared.domain.splitting import PARAGRAPH_ENDS, SENTENCE_ENDS, cut, merge
from shared.domain.text import MAX_TEXT, REQUEST_TEXT
from shared.language.types import Analysis, ClassScore, Kind, State
from tests.support.values import TEXTS, document

PIECES = [
    *("word", "x", " ", "\n", "\r\n", "漢字", ". ", ".\r\n", "! ", "。", "\n\n", "\r\n\r\n"),
    *("e\u0301", "\u0301", "\u0915\u094d\u0937\u093f"),  # combining marks, also where no letter stands before them
    *("\U0001f469\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "\U0001f44d\U0001f3fd", "\u200d", "\ufe0f"),
]
MARKED = st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | TEXTS
LENGTHS = st.integers(20, 60)
CHAINED = regex.compile(r"\X(?:(?<=[\u200d\u094d])\X)*")  # a joiner is taken to join whatever follows
MAX_GRAPHEME = 9  # of those that the tests below promise not to tear: a request takes any that people write


def cuts(parts: list[str]) -> list[int]:
    return list(accumulate(len(part) for part in parts[:-1]))


def boundaries(text: str) -> set[int]:
    return {found.end() for found in regex.finditer(r"\X", text)}


@given(MARKED, st.integers(1, 60))
def test_parts_are_the_text_again_and_each_fits(text: str, longest: int) -> None:
    parts = cut(text, longest)
    assert "".join(parts) == text
    assert all(0 < len(part) <= longest for part in parts) or parts == [text] == [""]


@given(MARKED, LENGTHS)
def test_there_are_few_parts(text: str, longest: int) -> None:
    parts = cut(text, longest)
    assert (len(parts) == 1) == (len(text) <= longest)
    assert all(len(part) >= longest // 4 for part in parts[:-1])


@given(st.lists(st.sampled_from(PIECES), max_size=100).map("".join), st.integers(4 * MAX_GRAPHEME, 60))
def test_no_part_ends_within_a_grapheme(text: str, longest: int) -> None:
    whole = boundaries(text)
    if max(map(len, CHAINED.findall(text)), default=0) <= MAX_GRAPHEME:
        assert set(cuts(cut(text, longest))) <= whole


@given(MARKED, LENGTHS)
@example("wordwordwordword\n\nwordword. wordwordwordwordwordwordword", 40)
def test_a_part_ends_with_a_paragraph_or_else_a_sentence_where_one_is_in_reach(text: str, longest: int) -> None:
    parts = cut(text, longest)
    begin = 0
    for part, following in pairwise(parts):
        end, rest = begin + len(part), text[begin:]
        aim = min(longest, -(-len(rest) // -(-len(rest) // longest)) + longest // 20)
        reach = {at for at in boundaries(rest) if aim // 2 + 4 <= at <= aim}
        paragraphs = {at for at in reach if rest[:at].endswith(PARAGRAPH_ENDS)}
        sentences = {at for at in reach if rest[:at].endswith(SENTENCE_ENDS)}
        nearer = not paragraphs and part.endswith(PARAGRAPH_ENDS)  # that of a mark which begins before the reach
        if (wanted := paragraphs or sentences) and not nearer:
            assert len(part) == max(wanted), (part, following)
        begin = end


HOSTILE = [". \u0301", "\n\n\u0301", "\r\n\r\n\u200d", "\u3002\u0301", ".\r\n\u094d", "\u0301", "\u200d", "\r\n", ". "]


@pytest.mark.parametrize("pattern", HOSTILE, ids=ascii)
def test_the_longest_text_is_cut_whatever_stands_where_it_could_be_cut(pattern: str) -> None:
    """Each of its ends belongs to a grapheme: to look for an earlier one takes no more memory, and no deeper stack."""
    text = (pattern * MAX_TEXT)[:MAX_TEXT]
    parts = cut(text)
    assert "".join(parts) == text
    assert all(REQUEST_TEXT // 4 <= len(part) <= REQUEST_TEXT for part in parts[:-1])
    assert len(parts) <= 21


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["Unix", "Windows"])
def test_a_real_text_is_cut_after_paragraphs(newline: str) -> None:
    paragraph = "A sentence of this text. And another one." + newline * 2
    parts = cut(paragraph * 8000)
    assert len(parts) == -(-len(paragraph) * 8000 // REQUEST_TEXT)
    assert all(part.endswith(paragraph) and part.startswith("A sentence") for part in parts)


def test_a_text_with_a_long_blank_stretch_is_sent_without_it() -> None:
    """The service refuses a blank text, and with it the whole document would fail."""
    text = "x" * REQUEST_TEXT + " " * 3 * REQUEST_TEXT + "y"
    sent = [one.text for [one] in requests((LoadedDocument(document(), text),))]
    assert all(part.strip() for part in sent)
    assert "".join(sent).replace(" ", "") == text.replace(" ", "")


# --- what the parts got -----------------------------------------------------------------------------------------

KEY = "key"
SCORES = st.lists(
    st.builds(ClassScore, st.sampled_from(["A", "B", "C"]), st.floats(0, 1)), max_size=3, unique_by=lambda s: s.category
).map(tuple)
PARTS = st.lists(SCORES.map(lambda scores: Analysis(State.SUCCEEDED, classes={KEY: scores})), min_size=1, max_size=11)


def scored(analyses: list[Analysis], category: str) -> list[float]:
    return [score.confidence for one in analyses for score in one.classes[KEY] if score.category == category]


@given(PARTS)
def test_with_several_classes_a_text_has_every_class_of_any_part_at_its_best(analyses: list[Analysis]) -> None:
    merged = merge(analyses, Kind.MULTI, KEY)
    found = {score.category: score.confidence for score in merged.classes[KEY]}
    assert found == {name: max(scored(analyses, name)) for name in "ABC" if scored(analyses, name)}
    confidences = [score.confidence for score in merged.classes[KEY]]
    assert confidences == sorted(confidences, reverse=True)
    assert merged.state is State.SUCCEEDED


@given(PARTS)
def test_with_one_class_it_is_the_best_on_average(analyses: list[Analysis]) -> None:
    merged = merge(analyses, Kind.SINGLE, KEY).classes[KEY]
    means = {name: sum(scored(analyses, name)) / len(analyses) for name in "ABC" if scored(analyses, name)}
    assert len(merged) == min(1, len(means))
    for score in merged:
        assert 0 <= score.confidence <= 1
        assert score.confidence == pytest.approx(max(means.values())) == pytest.approx(means[score.category])


FAULTS = st.sampled_from(
    [
        Analysis(State.FAILED, "failed", error="It broke."),
        Analysis(State.CANCELLED, "cancelled"),
        Analysis(State.FAILED, "failed", classes={KEY: (ClassScore("A", 0.5),)}),
        Analysis(State.SUCCEEDED, "succeeded", errors={KEY: "Unfit."}),
        Analysis(State.SUCCEEDED, "succeeded"),
    ]
)


@given(PARTS, FAULTS, st.data(), st.sampled_from(Kind))
def test_nothing_partial_is_kept(analyses: list[Analysis], fault: Analysis, data: st.DataObject, kind: Kind) -> None:
    analyses.insert(data.draw(st.integers(0, len(analyses))), fault)
    merged = merge(analyses, kind, KEY)
    assert not merged.classes
    assert (merged.state, merged.errors, merged.error) == (fault.state, fault.errors, fault.error)
