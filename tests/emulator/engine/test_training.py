"""The classifier learns from labelled texts, says how well, and refuses what it cannot learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.language.engine import Example, Kind, Split, TrainedModel, TrainingError, train
from local.language.engine.evaluation import evaluate
from tests.emulator.engine.engine_texts import CLASSES, TOPICS, answers, corpus

KINDS: tuple[Kind, ...] = ("single", "multi")


def shuffled(examples: list[Example], seed: int) -> list[Example]:
    """The same texts with labels that mean nothing."""
    labels = np.random.default_rng(seed).permutation(len(examples))
    return [replace(it, classes=examples[label].classes) for it, label in zip(examples, labels, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_learns_what_it_was_not_shown(kind: Kind) -> None:
    examples = corpus(kind, 90)
    learned, chance = (train(it, CLASSES, kind).evaluation for it in (examples, shuffled(examples, 1)))
    assert learned
    assert chance
    assert learned.micro_f1 > 0.85
    assert learned.micro_f1 > chance.micro_f1 + 0.2
    assert learned.macro_f1 > chance.macro_f1 + 0.2


def test_learns_several_languages_in_one_project() -> None:
    model = train(corpus("single", 120, ("en", "de", "ru", "ja")), CLASSES, "single")
    unseen = corpus("single", 60, ("en", "de", "ru", "ja"), seed=7)
    found = model.classify([example.text for example in unseen])
    for language in ("en", "de", "ru", "ja"):
        pairs = [
            (expected, best)
            for expected, ((best, _),) in zip(unseen, found, strict=True)
            if expected.language == language
        ]
        right = sum(best == expected.classes[0] for expected, best in pairs)
        assert right >= 0.7 * len(pairs), language


def test_words_without_blanks_between_them_are_told_apart() -> None:
    examples = [replace(it, text=it.text.replace(" ", "")) for it in corpus("single", 60, ("ja",))]
    evaluation = train(examples, CLASSES, "single").evaluation
    assert evaluation
    assert evaluation.micro_f1 > 0.7


def test_a_shout_is_understood() -> None:
    model = train(corpus("single", 60), CLASSES, "single")
    found = model.classify([TOPICS[name]["en"].upper() for name in CLASSES])
    assert [name for ((name, _),) in found] == list(CLASSES)


def test_single_gives_exactly_one_class_and_multi_those_that_apply() -> None:
    found = answers(train(corpus("single", 60), CLASSES, "single"))
    assert [len(classes) for classes in found] == [1] * len(found)
    model = train(corpus("multi", 90), CLASSES, "multi")
    both = f"{TOPICS['Cooking']['en']} {TOPICS['Sailing']['en']}"
    assert {name for name, _ in model.classify([both])[0]} == {"Cooking", "Sailing"}


def test_a_text_that_is_of_no_class_may_get_none() -> None:
    topics = [replace(it, classes=("Chess",) if "Chess" in it.classes else ()) for it in corpus("single", 90)]
    model = train([*topics, replace(topics[0], classes=("Cooking",))], CLASSES, "multi")
    assert model.classify(["nobody knew what would happen"]) == [[]]


@pytest.mark.parametrize("kind", KINDS)
def test_confidences_are_between_0_and_1_and_the_best_comes_first(kind: Kind) -> None:
    for classes in answers(train(corpus(kind, 60), CLASSES, kind)):
        confidences = [confidence for _, confidence in classes]
        assert all(0 <= confidence <= 1 for confidence in confidences)
        assert confidences == sorted(confidences, reverse=True)
        assert len({name for name, _ in classes}) == len(classes)


@pytest.mark.parametrize("kind", KINDS)
def test_confidences_mean_what_they_say(kind: Kind) -> None:
    model = train(corpus(kind, 150), CLASSES, kind)
    unseen = corpus(kind, 150, seed=5)
    found = model.confidences([example.text for example in unseen])
    expected = np.array([[name in example.classes for name in CLASSES] for example in unseen])
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1.01)):
        inside = (found >= low) & (found < high)
        if inside.sum() >= 30:
            assert abs(found[inside].mean() - expected[inside].mean()) < 0.15
    assert np.mean((found - expected) ** 2) < 0.5 * np.mean((expected.mean(axis=0) - expected) ** 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [6, 30, 120])
def test_no_model_is_more_certain_than_its_documents_allow(kind: Kind, size: int) -> None:
    model = train(corpus(kind, size), CLASSES, kind, Split("manual"))
    clear = [" ".join([TOPICS[name]["en"]] * 3) for name in CLASSES]
    found = model.confidences(clear)
    assert 1 - 0.6 * size / (size + 1) < np.max(found) <= (size + 0.5) / (size + 1)
    assert (found.argmax(axis=1) == range(3)).all()


def test_ten_documents_teach_more_than_to_give_every_class() -> None:
    learned, every = [], []
    for seed in range(4):
        examples = [*corpus("multi", 10, seed=seed), *corpus("multi", 60, seed=50 + seed)]
        split = [replace(it, dataset="Test" if place >= 10 else "Train") for place, it in enumerate(examples)]
        evaluation = train(split, CLASSES, "multi", Split("manual")).evaluation
        assert evaluation
        given = [replace(it, predicted=CLASSES) for it in evaluation.documents]
        learned.append(evaluation.micro_f1)
        every.append(evaluate(given, CLASSES, single=False).micro_f1)
    assert np.mean(learned) > np.mean(every) + 0.04


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_and_seed_give_the_same_model(kind: Kind) -> None:
    first, second, other = (train(corpus(kind, 60), CLASSES, kind, seed=seed) for seed in (3, 3, 4))
    assert answers(first) == answers(second)
    assert first.evaluation == second.evaluation
    assert first.evaluation
    assert other.evaluation
    assert {it.location for it in first.evaluation.documents} != {it.location for it in other.evaluation.documents}


def test_a_text_gets_the_same_answer_alone_and_among_others() -> None:
    model = train(corpus("multi", 60), CLASSES, "multi")
    texts = [example.text for example in corpus("multi", 9, seed=8)]
    assert model.classify(texts) == [model.classify([text])[0] for text in texts]
    assert model.classify([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_texts_do_not_touch_the_model(kind: Kind) -> None:
    examples = corpus(kind, 60)
    model = train(examples, CLASSES, kind)
    assert model.evaluation
    held_out = {it.location for it in model.evaluation.documents}
    changed = [replace(it, text="onions pawn anchor") if it.location in held_out else it for it in examples]
    other = train(changed, CLASSES, kind)
    assert answers(other) == answers(model)
    assert other.evaluation != model.evaluation


@pytest.mark.parametrize("kind", KINDS)
def test_the_evaluation_is_of_the_model_that_is_served(kind: Kind) -> None:
    examples = {it.location: it for it in corpus(kind, 60)}
    model = train(list(examples.values()), CLASSES, kind)
    assert model.evaluation
    for document in model.evaluation.documents:
        served = model.classify([examples[document.location].text])[0]
        assert document.predicted == tuple(name for name, _ in served)
        assert document.expected == examples[document.location].classes
        assert document.language == "en"


def test_a_manual_split_is_kept_to() -> None:
    examples = [
        replace(it, dataset="Test" if number % 5 == 0 else "Train" if number % 2 else "")
        for number, it in enumerate(corpus("single", 60))
    ]
    model = train(examples, CLASSES, "single", Split("manual"))
    assert model.evaluation
    assert [it.location for it in model.evaluation.documents] == [f"{number}.txt" for number in range(0, 60, 5)]
    assert train(corpus("single", 60), CLASSES, "single", Split("manual")).evaluation is None


@pytest.mark.parametrize(("testing", "held_out"), [(0, 0), (10, 6), (50, 30)])
def test_a_percentage_is_kept_to(testing: int, held_out: int) -> None:
    evaluation = train(corpus("single", 60), CLASSES, "single", Split("percentage", 100 - testing, testing)).evaluation
    assert len(evaluation.documents if evaluation else ()) == held_out


@pytest.mark.parametrize(("size", "evaluated"), [(9, False), (10, True)])
def test_no_evaluation_below_ten_examples(size: int, *, evaluated: bool) -> None:
    assert (train(corpus("single", size), CLASSES, "single").evaluation is not None) is evaluated


@pytest.mark.parametrize("kind", KINDS)
def test_one_example_a_class_is_enough_to_start_with(kind: Kind) -> None:
    examples = [Example(f"{name}.txt", TOPICS[name]["en"], (name,)) for name in CLASSES]
    model = train(examples, CLASSES, kind)
    assert model.evaluation is None
    for example in examples:
        assert model.classify([example.text])[0][0][0] == example.classes[0]


def test_one_document_of_two_classes_is_not_too_few() -> None:
    model = train([Example("a", "onions and anchors", ("Cooking", "Sailing"))], CLASSES, "multi")
    assert {name for name, _ in model.classify(["anchors"])[0]} == {"Cooking", "Sailing"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_with_a_single_example_among_many_is_kept_for_training(kind: Kind) -> None:
    rare = Example("rare.txt", "the quasar and the nebula seen through a telescope", ("Astronomy",))
    model = train([*corpus(kind, 60), rare], (*CLASSES, "Astronomy"), kind)
    assert model.evaluation
    assert "rare.txt" not in {it.location for it in model.evaluation.documents}
    assert model.classify([rare.text])[0][0][0] == "Astronomy"


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_without_documents_is_never_found(kind: Kind) -> None:
    model = train(corpus(kind, 60), (*CLASSES, "Empty"), kind)
    assert model.classes == (*CLASSES, "Empty")
    assert model.evaluation
    assert model.evaluation.classes["Empty"].f1 == 0
    assert not any(name == "Empty" for classes in answers(model) for name, _ in classes)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_very_different_lengths(kind: Kind) -> None:
    examples = corpus(kind, 60)
    long = [replace(it, text=it.text * 200) if number % 2 else it for number, it in enumerate(examples)]
    evaluation = train(long, CLASSES, kind).evaluation
    assert evaluation
    assert evaluation.micro_f1 > 0.8


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=30), st.sets(st.sampled_from(CLASSES), max_size=3)), min_size=1, max_size=25),
    st.sampled_from(KINDS),
    st.text(max_size=30),
)
def test_any_texts_and_labels_give_a_model_or_a_reason(
    labelled: list[tuple[str, set[str]]], kind: Kind, unseen: str
) -> None:
    examples = [Example(f"{number}", text, tuple(sorted(names))) for number, (text, names) in enumerate(labelled)]
    try:
        model = train(examples, CLASSES, kind)
    except TrainingError:
        assert any(not text.strip() for text, _ in labelled) or _cannot_be_learned(examples, kind)
        return
    (classes,) = model.classify([unseen])
    assert all(0 <= confidence <= 1 for _, confidence in classes)
    assert len(classes) == 1 or kind == "multi"


def _cannot_be_learned(examples: list[Example], kind: Kind) -> bool:
    shown = {name for example in examples for name in example.classes}
    return len(shown) < 2 or (kind == "single" and any(len(example.classes) != 1 for example in examples))


def example(text: str = "simmer the onions", *classes: str) -> Example:
    return Example("a.txt", text, classes or ("Cooking",))


@pytest.mark.parametrize(
    ("examples", "kind", "reason"),
    [
        ([], "multi", "no labelled documents"),
        ([example(" "), example("\n\t", "Chess")], "multi", "All 2 labelled documents are blank"),
        ([example(), example("the pie")], "multi", "at least two classes, but only 'Cooking' has"),
        ([example(), example(" ", "Chess")], "multi", "at least two classes, but only 'Cooking' has"),
        (
            [example("a", "Chess"), example("b", "Knitting")],
            "multi",
            r"a\.txt: 'Knitting' is not a class",
        ),
        ([example("a", "Chess", "Cooking"), example()], "single", r"a\.txt: .* exactly one class, but this one has 2"),
        ([Example("b.txt", "a", ()), example()], "single", r"b\.txt: .* exactly one class, but this one has 0"),
        ([Example("b.txt", "a", ()), Example("c.txt", "a", ())], "multi", "at least two classes, but none has"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_with_a_reason(examples: list[Example], kind: Kind, reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        train(examples, CLASSES, kind)


def test_a_split_that_leaves_nothing_to_learn_is_refused() -> None:
    tests = [replace(it, dataset="Test") for it in corpus("single", 12)]
    with pytest.raises(TrainingError, match="The training set is empty"):
        train(tests, CLASSES, "single", Split("manual"))
    for training, testing in ((80, 30), (0, 100), (120, -20)):
        with pytest.raises(TrainingError, match="must sum to 100"):
            train(tests, CLASSES, "single", Split("percentage", training, testing))


def test_a_model_names_what_it_is() -> None:
    model = train(corpus("single", 12), [*CLASSES, "Chess"], "single")
    assert isinstance(model, TrainedModel)
    assert (model.kind, model.classes) == ("single", CLASSES)
