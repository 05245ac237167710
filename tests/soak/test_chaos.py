"""Much goes wrong at the service at once, events come twice and out of order: all files end, and the counts add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.language.conditions.clock import Clock
from local.language.server import server
from local.stack.azurite import Azurite
from shared.domain.documents import DocumentState, Reason
from shared.settings import TODAY_API
from tests.soak.chaos_run import Storm, faults, storm_over
from tests.soak.end_state_audit import Audit, audit
from tests.support.app_on_azurite import running_world


@pytest.mark.parametrize(
    ("count", "jobs_share", "in_memory"),
    [(150, 0.1, False), pytest.param(5000, 0.01, True, marks=pytest.mark.soak)],
)
def test_chaos_at_the_service(
    *,
    count: int,
    jobs_share: float,
    in_memory: bool,
    azurite: Azurite,
    container: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    report: Callable[[str], None],
) -> None:
    clock, storage = Clock(datetime.now(UTC)), azurite.connection_string
    with (
        server.running(storage, state=tmp_path, clock=clock, pace="instant,analyze=5s") as language,
        running_world(azurite, language, container, TODAY_API, monkeypatch) as world,
    ):
        world.publish()
        language.clock.advance((world.now - language.clock.now()).total_seconds())
        language.request_log.clear()
        storm = storm_over(world, count, in_memory)
        struck = [language.faults.add(fault) for fault in faults(jobs_share)]
        storm.run()
        made = audit(storm.processes[0][0], storm.taken)
    assert all(fault.struck for fault in struck), struck
    check_documents(made, storm)
    check_gate(storm)
    ended = ", ".join(f"{count} {state.value}" for state, count in made.states.items())
    said = ", ".join(f"{fault.order.kind} {fault.struck} of {fault.seen}" for fault in struck)
    report(f"Chaos: {count} files, {storm.ticks} ticks, {storm.calls} calls, {len(made.jobs)} jobs")
    report(f"  ended as {ended}; faults that struck: {said}")


def check_documents(made: Audit, storm: Storm) -> None:
    """Every version is accounted for: classified rightly, refused if it is cursed, superseded; and nothing else."""
    assert {(one.name, one.etag) for one in made.documents} == storm.versions.keys()
    for document in made.documents:
        version = storm.versions[document.name, document.etag]
        if document.state is DocumentState.FAILED:
            assert (document.reason, version.cursed) == (Reason.REJECTED, True)
        elif document.state is DocumentState.SUCCEEDED:
            assert ([one.category for one in document.classes], version.cursed) == ([version.category], False)
        else:
            assert document.state is DocumentState.SUPERSEDED


def check_gate(storm: Storm) -> None:
    """No process began a call while it knew the gate to be closed, nor did one reach the service in such a time."""
    assert sum(log.calls() for _, log in storm.processes) == storm.calls
    assert [log.wrongly_begun() for _, log in storm.processes] == [[] for _ in storm.processes]
    closings = {(line.now, line.until) for _, log in storm.processes for line in log.closings() if line.until}
    assert closings
    during = [at for at in storm.asked_at for begin, end in closings if begin < at < end]
    assert not during
