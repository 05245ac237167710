"""Any day: files come, change and go, the service has trouble, processes die, people steer; all ends right."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.routing import ActiveClassifier
from shared.domain.splitting import cut
from shared.errors import (
    AccessDenied,
    LanguageError,
    QuotaSpent,
    ResourceNotFound,
    TextdropError,
    Throttled,
    Unavailable,
)
from tests.fakes.language import classes_in
from tests.support.in_memory_app import Killed, Stage, one_thread
from tests.support.values import CLASSIFIER

LONG = "onion. " * 15_000 + "mast. " * 6000
# Texts, and the reason for which a file of such a text fails; None: it need not.
TEXTS: dict[str, Reason | None] = {
    "simmer the onion": None,
    "the mast in the harbour": None,
    "the anchor in the oven": None,
    "no class at all": None,
    LONG: None,
    "unfit": Reason.REJECTED,
    "poison": Reason.REJECTED,
    "breaks": Reason.EXHAUSTED,
    "": Reason.BAD_INPUT,
    "\x00": Reason.BAD_INPUT,
}
TROUBLES: dict[str, LanguageError] = {
    "throttled": Throttled("429"),
    "throttled for a while": Throttled("429", 30),
    "down": Unavailable("503"),
    "sent and no answer": Unavailable("A time-out.", sent=True),
    "refused": AccessDenied("401"),
    "quota spent": QuotaSpent("403", 86_400),
    "unknown": ResourceNotFound("404"),
}
FATES = ["failed", "cancelled", "left out"]
NAMES = st.sampled_from([f"{letter}.txt" for letter in "abcdefgh"])
INSTANCES = st.integers(0, 1)


class Life:
    """Ends the process at one of its moments, once it is told which."""

    def __init__(self) -> None:
        self.left = 0

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                raise Killed


class AnyDay(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._in_turn = one_thread()
        self._in_turn.__enter__()
        self.stage = Stage(quota=60)
        self.stage.instance().services.ledger.write(ActiveClassifier(CLASSIFIER, self.stage.now))
        self.life = Life()
        self.instances = [self.stage.instance(self.life) for _ in range(2)]
        self.texts: dict[tuple[str, str], str] = {}  # of every version of every file

    # --- people -------------------------------------------------------------------------------------------------

    @rule(name=NAMES, text=st.sampled_from(sorted(TEXTS)), told=st.booleans(), who=INSTANCES)
    def drop(self, name: str, text: str, told: bool, who: int) -> None:
        self.texts[name, self.stage.documents.put(name, text.encode())] = text
        if told:
            self.instances[who].land(name)

    @rule(number=st.integers(2, 60), text=st.sampled_from(sorted(TEXTS.keys() - {LONG})), who=INSTANCES)
    def drop_many(self, number: int, text: str, who: int) -> None:
        for each in range(number):
            self.drop(f"many{each}.txt", text, each % 2 == 0, who)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if self.stage.documents.get_properties(name):
            self.stage.documents.delete(name)

    @rule(
        state=st.sampled_from([state for state in DocumentState if state.final]),
        what=st.sampled_from(["replay", "purge"]),
        prefix=st.sampled_from(["", "a", "many"]),
        who=INSTANCES,
    )
    def ask(self, state: DocumentState, what: str, prefix: str, who: int) -> None:
        body: dict[str, Any] = {"state": state, "prefix": prefix}
        if what == "purge":
            body["olderThanDays"] = 0
        assert self.instances[who].ask("POST", f"documents/{what}", body).status == 200

    @rule(paused=st.booleans(), who=INSTANCES)
    def pause(self, paused: bool, who: int) -> None:
        assert self.instances[who].ask("PUT", "submission", {"paused": paused}).status == 200

    @rule(who=INSTANCES)
    def ask_for_a_sweep(self, who: int) -> None:
        assert self.instances[who].ask("POST", "sweep").status == 202

    @rule(who=INSTANCES, seconds=st.sampled_from([0, 2, 60]))
    def ask_for_results(self, who: int, seconds: int) -> None:
        self.stage.wait(seconds)
        for document in self.instances[who].ask("GET", "documents", query={"state": "open"}).body["value"]:
            assert self.instances[who].ask("GET", f"documents/{document['key']}").status == 200

    # --- hosts --------------------------------------------------------------------------------------------------

    @rule(name=NAMES, who=INSTANCES)
    def tell(self, name: str, who: int) -> None:
        """An event: late, once more, or of a file that is gone."""
        self.instances[who].land(name)

    @rule(who=INSTANCES, times=st.integers(1, 4), seconds=st.sampled_from([0, 10, 60, 300]))
    def tick(self, who: int, times: int, seconds: int) -> None:
        for _ in range(times):
            self.stage.wait(seconds)
            with suppress(TextdropError):
                self.instances[who].tick()

    @rule(who=INSTANCES, moment=st.integers(1, 80))
    def die(self, who: int, moment: int) -> None:
        """In the middle of a tick; a new process takes its place."""
        self.stage.wait(10)
        self.life.left = moment
        try:
            self.instances[who].tick()
        except Killed:
            self.instances[who] = self.stage.instance(self.life)
        self.life.left = 0

    @rule(days=st.integers(1, 3))
    def wait(self, days: int) -> None:
        """Nobody ticks for days."""
        self.stage.wait(days * 86_400)

    # --- the service --------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(sorted(TROUBLES)), times=st.integers(1, 3))
    def trouble(self, name: str, times: int) -> None:
        self.stage.language.troubles += [TROUBLES[name]] * times

    @rule(fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=4))
    def ill_fate(self, fates: list[str]) -> None:
        self.stage.language.fates += fates

    @rule()
    def forget_jobs(self) -> None:
        self.stage.language.forget_jobs()

    # --- what must hold -----------------------------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        self.stage.check()

    def teardown(self) -> None:
        try:
            self.stage.language.troubles.clear()
            self.pause(False, 0)
            self.stage.drain()
            for document in self.stage.known():
                self.judge(document)
        finally:
            self._in_turn.__exit__(None, None, None)

    def judge(self, document: Document) -> None:
        text = self.texts[document.name, document.etag]
        if not self.stage.is_current(document):
            return
        if document.state is DocumentState.SUCCEEDED:
            assert TEXTS[text] is None
            result = self.stage.documents.result(document.name)
            assert {one["category"] for one in result["classes"]} == {one.category for one in classes_in(text)}
            assert result["source"]["etag"] == document.etag
        else:
            assert document.state is DocumentState.FAILED
            assert document.reason in (TEXTS[text], Reason.EXHAUSTED)


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_the_long_text_has_parts_with_classes_of_their_own() -> None:
    first, *_, last = [{one.category for one in classes_in(part)} for part in cut(LONG)]
    assert first != last
