"""Honest files among hostile ones: each is classified, hardly later than without them; nobody pays for it in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.language.conditions.clock import Clock
from local.language.server import server
from local.stack.azurite import Azurite
from shared.domain.documents import MAX_ATTEMPTS
from shared.domain.routing import ActiveClassifier
from shared.services import services
from shared.settings import TODAY_API
from tests.soak.hostile_answers import ABOUT_ONE, OF_WHOLE_JOBS, AnswerKind, answering, asking_for
from tests.soak.hostile_files import FILES, GONE, Kind, drawn
from tests.soak.hostile_run import Run, category_of, running
from tests.support.app_on_azurite import environment, running_world

LATER = 3  # ticks
WITHIN = timedelta(
    hours=8
)  # a job whose polls fail is given up after an hour and some time, first that of all, then that of five
MAX_MEMORY = 400 * 2**20
KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

Begin = Callable[[str], AbstractContextManager[Run]]


def answered(kinds: Mapping[str, AnswerKind]) -> dict[str, Kind]:
    """Files whose text asks for such answers."""
    return {name: Kind(asking_for(name), kind.ends) for name, kind in kinds.items()}


@contextmanager
def runs(
    azurite: Azurite, container: str, folder: Path, patch: pytest.MonkeyPatch, kinds: Mapping[str, AnswerKind]
) -> Iterator[Begin]:
    """Begins runs of the app, by name; each has its own container, and a service that answers so."""
    clock, storage = Clock(datetime.now(UTC)), azurite.connection_string
    state = folder / "language"
    state.mkdir()
    with (
        server.running(storage, key=KEY, state=state, clock=clock) as language,
        running_world(azurite, language, container, TODAY_API, patch) as world,
        answering(language.endpoint, KEY, kinds) as service,
    ):
        world.publish()
        chosen = services().ledger.read(ActiveClassifier).classifier
        assert chosen
        clock.advance((world.now - clock.now()).total_seconds())

        def begin(name: str) -> AbstractContextManager[Run]:
            environ = environment(storage, language, f"{container}-{name}", TODAY_API)
            return running(environ, service, language, chosen, folder / f"{name}.log")

        yield begin


def check_honest(run: Run, honest: list[str]) -> None:
    documents = {one.name: one for one in run.documents()}
    for name in honest:
        assert [one.category for one in documents[name].classes] == [category_of(name)]
        assert run.services.documents.result(name)["document"] == documents[name].key


def check_hostile(run: Run) -> None:
    """Each ended as its kind may, and its result is there if it succeeded."""
    ends: dict[str, list[str]] = {}
    for one in run.documents():
        ends.setdefault(one.name, []).append(one.reason or one.state)
    for name, file in run.dropped.items():
        if file.hostile:
            found = ends.get(name.replace("\\", "/"), [])
            assert set(found) <= set(file.hostile.kind.ends), (name, found)
            assert found or GONE in file.hostile.kind.ends, name


def check_billed(run: Run) -> int:
    """The most that any was billed."""
    keys = {one.key: one for one in run.documents()}
    most = max(times for key, times in run.service.billed.items() if key in keys)
    assert most <= MAX_ATTEMPTS
    return most


def check_health(run: Run) -> None:
    """It is well, or says which file wants attention."""
    status, body = run.ask("GET", "health")
    troubles = [check["detail"] for check in body["checks"] if not check["ok"]]
    assert status == (503 if troubles else 200)
    assert all("hostile" in trouble for trouble in troubles), troubles


def check_secret(told: str) -> None:
    assert KEY not in told
    assert json.dumps(KEY).strip('"') not in told
    assert "".join(f"\\u{ord(character):04x}" for character in KEY) not in told


@pytest.mark.parametrize(
    ("honest", "hostile"),
    [(20, len(FILES) + len(ABOUT_ONE)), pytest.param(200, 300, marks=pytest.mark.soak)],
)
def test_hostile_files_and_answers_about_one_document(
    *,
    honest: int,
    hostile: int,
    azurite: Azurite,
    container: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report: Callable[[str], None],
) -> None:
    names = [f"honest{number:03}.txt" for number in range(honest)]
    files = list(drawn({**FILES, **answered(ABOUT_ONE)}, hostile))
    with runs(azurite, container, tmp_path, monkeypatch, ABOUT_ONE) as begin:
        with begin("alone") as run:
            run.drop(names, [])
            run.until_all_have_ended(names)
            alone = run.last(names)
        with begin("among") as run:
            run.drop(names, files)
            run.until_all_have_ended(names)
            check_honest(run, names)
            check_hostile(run)
            billed = check_billed(run)
            check_health(run)
            check_secret(run.told(tmp_path / "among.log"))
            assert run.service.struck.keys() == ABOUT_ONE.keys()
    report(f"{honest} honest files among {hostile} hostile ones: the last is classified in tick {run.last(names)}")
    report(f"  without them in tick {alone}; the app holds {run.app.peak / 2**20:.0f} MB at most")
    report(f"  no document is billed more than {billed} times; all have ended after {run.ticks} ticks")
    assert run.last(names) <= alone + LATER
    assert run.app.peak < MAX_MEMORY


@pytest.mark.parametrize(
    "kinds",
    [
        ["a submission answered 403", "a poll answered 500", "a huge page"],
        pytest.param(list(OF_WHOLE_JOBS), marks=pytest.mark.soak),
    ],
    ids=["three kinds", "all kinds"],
)
def test_hostile_answers_about_whole_jobs(
    *,
    kinds: list[str],
    azurite: Azurite,
    container: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report: Callable[[str], None],
) -> None:
    """One document of each kind spoils the jobs that it is in, or closes the gate, until it is sent alone."""
    names = [f"honest{number:03}.txt" for number in range(20)]
    took: dict[str, timedelta] = {}
    billed = peak = 0
    with runs(azurite, container, tmp_path, monkeypatch, OF_WHOLE_JOBS) as begin:
        for number, name in enumerate(kinds):
            with begin(f"{number}") as run:
                run.drop(names, list(drawn(answered({name: OF_WHOLE_JOBS[name]}), 1)))
                took[name] = run.until_classified(names, WITHIN)
                check_honest(run, names)
                billed, peak = max(billed, check_billed(run)), max(peak, run.app.peak)
                check_secret(run.told(tmp_path / f"{number}.log"))
    last = max(took, key=lambda name: took[name])
    report(f"20 honest files and one whose jobs are answered wrong, {len(kinds)} kinds: all are classified in time")
    report(f"  at the latest after {took[last]} ({last}); the app holds {peak / 2**20:.0f} MB at most")
    report(f"  no document is billed more than {billed} times: { ({name: str(time) for name, time in took.items()}) }")
    assert peak < MAX_MEMORY
