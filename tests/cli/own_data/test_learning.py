"""A person's own texts are learnt, however few they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.__main__ import main
from local.cli import client as outside
from local.cli import quickstart
from local.cli.client import Client
from local.cli.training_data import TrainingData
from shared.settings import APIS
from tests.support.app_on_azurite import World
from tests.support.app_over_http import served


@pytest.mark.parametrize("world", APIS, indirect=True)
def test_texts_too_few_for_an_evaluation_make_a_published_model(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "LOOK_EVERY", 0)
    for name, text in {"food/soup": "Simmer the onions in butter.", "sport/match": "The team scored a goal."}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.txt").write_text(text)
    container = f"{world.container}-own"
    assert main(["labels", str(tmp_path), "--project", world.project, "--container", container]) == 0
    with served(world) as (stack, _):
        quickstart.learn(Client(stack), TrainingData.of(tmp_path, None))
    assert "! No evaluation: all texts were used in training." in capsys.readouterr().out
    assert world.get("classifier")["project"] == world.project
