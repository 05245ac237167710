"""Sentence embeddings, which are optional: what they add, what a model says of them, and what it needs.

Most of it holds for a twin, too. What only the real one can show is skipped where it is not installed.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from local.language.engine import (
    Embedding,
    Example,
    OtherEmbedding,
    Split,
    TrainedModel,
    installed_embedding,
    load_model,
    save_model,
    train,
    train_apart,
)
from local.language.engine.embedding import INSTALL
from tests.emulator.engine.engine_texts import CLASSES, answers, corpus
from tests.fakes.embedding import Lexicon

ROOT = Path(__file__).parents[3]
REAL = installed_embedding()
NOT_HERE = f"The sentence embeddings are not installed: {INSTALL}"
WITH_REAL = pytest.mark.skipif(REAL is None, reason=NOT_HERE)
EMBEDDINGS = [
    pytest.param(Lexicon(), id="twin"),
    pytest.param(REAL, id="installed", marks=WITH_REAL),
]
KINDS = ("Cats", "Boats")
LEARNED = [
    Example(f"{number}.txt", text, (name,))
    for name, words in (("Cats", ("cat", "kitten", "tabby")), ("Boats", ("boat", "ship", "ferry")))
    for number, text in enumerate(f"the {word} of my {whose}" for word in words for whose in ("aunt", "uncle"))
]


def of_pets_and_boats(embedding: Embedding | None) -> TrainedModel:
    return train(LEARNED, KINDS, "single", Split("percentage", 100, 0), embedding=embedding)


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_a_row_is_of_its_text_alone_and_has_the_length_1(embedding: Embedding) -> None:
    texts = ["a cat on a boat", "", "\ud83d cat", "cat " * 20_000, "кошка 猫 🐈"]
    together = embedding.vectors(iter(texts))
    assert together.shape == (len(texts), embedding.columns)
    assert together.dtype.name == "float32"
    assert all(round(float(length), 5) in {0, 1} for length in np.linalg.norm(together, axis=1))
    np.testing.assert_allclose(together, np.vstack([embedding.vectors([text]) for text in texts]), atol=1e-6)
    assert embedding.vectors([]).shape == (0, embedding.columns)


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_a_word_that_no_text_had_is_understood(embedding: Embedding) -> None:
    unseen = ["feline", "vessel"]
    without, with_it = (of_pets_and_boats(it).confidences(unseen) for it in (None, embedding))
    rises = [with_it[place, place] - without[place, place] for place in range(2)]
    assert min(rises) > 0


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_a_stored_model_names_it_and_comes_back_only_with_it(embedding: Embedding, tmp_path: Path) -> None:
    saved = train(corpus("multi", 30), CLASSES, "multi", embedding=embedding)
    save_model(saved, tmp_path)
    named = json.loads((tmp_path / "model.json").read_text())["embedding"]
    assert named == {"name": embedding.id.name, "digest": embedding.id.digest}
    assert answers(load_model(tmp_path, embedding)) == answers(saved)
    with pytest.raises(OtherEmbedding) as missing:
        load_model(tmp_path)
    assert str(missing.value) == (
        f"The model needs the sentence embeddings of {embedding.id.name}; run `{INSTALL}`, or train it again."
    )
    with pytest.raises(OtherEmbedding, match="here are those of lexicon 2: install that release"):
        load_model(tmp_path, Lexicon("2"))


def test_a_model_without_it_is_stored_and_answers_as_ever_where_it_is_installed(tmp_path: Path) -> None:
    saved = train(corpus("multi", 30), CLASSES, "multi")
    save_model(saved, tmp_path)
    assert "embedding" not in json.loads((tmp_path / "model.json").read_text())
    assert answers(load_model(tmp_path, Lexicon())) == answers(saved)


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_it_goes_to_the_training_process_and_comes_back(embedding: Embedding) -> None:
    model = pickle.loads(pickle.dumps(of_pets_and_boats(embedding)))
    assert model.classify(["feline"]) == of_pets_and_boats(embedding).classify(["feline"])


def test_a_training_in_another_process_has_it_too() -> None:
    many = [Example(it.location, f"{it.text} " * 2_500, it.classes) for it in LEARNED]
    split = Split("percentage", 100, 0)
    apart = train_apart(many, KINDS, "single", split, lambda _percent: None, embedding=Lexicon())
    assert apart.classify(["feline"]) == train(many, KINDS, "single", split, embedding=Lexicon()).classify(["feline"])


def test_each_text_that_it_reads_is_told() -> None:
    class Halfway(Exception):
        pass

    class Failing(Lexicon):
        def vectors(self, texts: Iterable[str]) -> np.ndarray:
            list(texts)
            raise Halfway

    percents: list[int] = []
    with pytest.raises(Halfway):
        train(corpus("multi", 30), CLASSES, "multi", embedding=Failing(), report=percents.append)
    assert len(percents) > 1


@WITH_REAL
def test_the_engine_imports_none_of_its_packages() -> None:
    code = "import sys, local.language.engine as e; e.installed_embedding(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"wordllama", "tokenizers", "safetensors", "onnxruntime"} & set(found.stdout.split())
