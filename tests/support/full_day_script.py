"""A day of the app in small: everything it does, once, step by step; and what must have come of it in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from shared.domain.documents import DocumentState
from shared.domain.routing import ActiveClassifier
from shared.language.types import Classifier
from tests.fakes.language import DEPLOYMENT, PROJECT
from tests.support.in_memory_app import Instance, Killed, Stage

Change = Callable[[Stage], object]
Act = Callable[[Instance], object]
Step = tuple[Change, Act]

DISH, SHIP = "simmer the onion", "the mast in the harbour"
SECOND = "second"  # a deployment
LONG = (DISH + ".\n\n") * 6000 + (SHIP + ".\n\n") * 1000  # two requests; each class in its own parts


def land(*names: str) -> Act:
    """Events arrive. An event is lost with the process that received it: only the sweep can find that file again."""

    def act(app: Instance) -> None:
        for name in names:
            app.land(name)

    return act


def put(name: str, text: str | bytes) -> Change:
    return lambda stage: stage.documents.put(name, text.encode() if isinstance(text, str) else text)


def delete(name: str) -> Change:
    return lambda stage: stage.documents.delete(name)


def later(seconds: float) -> Change:
    return lambda stage: stage.wait(seconds)


def both(*changes: Change) -> Change:
    return lambda stage: [change(stage) for change in changes]


def nothing(_: Stage) -> None: ...


def tick(app: Instance) -> None:
    app.tick()


def publish(app: Instance) -> None:
    """Whoever got no answer asks again; 409: it is under way."""
    body = {"tasks": [{"trainingModelName": "First", "deploymentName": DEPLOYMENT}]}
    assert app.ask("POST", f"projects/{PROJECT}/publish", body).status in (202, 409)


def set_apart(app: Instance) -> None:
    """The first file of the burst goes to a separate classifier."""
    body = {"project": PROJECT, "deployment": SECOND}
    assert app.ask("PUT", "classifiers/burst0", body).status == 200


def replay(app: Instance) -> None:
    assert app.ask("POST", "documents/replay", {"prefix": "unfit"}).status == 200


def ask_for_results(app: Instance) -> None:
    """Somebody asks for every open document."""
    for document in app.ask("GET", "documents", query={"state": "open"}).body["value"]:
        assert app.ask("GET", f"documents/{document['key']}/result").status in (200, 202, 409)


STEPS: tuple[Step, ...] = (
    (put("before.txt", SHIP), tick),
    (nothing, publish),
    (later(10), tick),
    (later(10), tick),
    # a lone file
    (put("lone.txt", DISH), land("lone.txt")),
    (later(10), tick),
    (later(10), ask_for_results),
    (later(10), tick),
    (lambda stage: stage.language.others.update({SECOND: "Other"}), set_apart),
    # a burst; one file is overwritten and one deleted before they are read
    (both(*(put(f"burst{n}.txt", SHIP) for n in range(3)), later(10)), land("burst0.txt", "burst1.txt", "burst2.txt")),
    (both(put("bad.txt", b"\x00\x01"), put("unfit.txt", "unfit")), land("bad.txt", "unfit.txt")),
    (put("changed.txt", SHIP), land("changed.txt")),
    (put("changed.txt", DISH), land("changed.txt")),
    (put("deleted.txt", SHIP), land("deleted.txt")),
    (both(delete("deleted.txt"), later(10)), tick),
    (later(10), ask_for_results),
    (later(10), tick),
    # one that is overwritten while the service has it, one that is deleted
    (both(later(10), put("running.txt", SHIP)), land("running.txt")),
    (both(later(10), put("short.txt", SHIP)), land("short.txt")),
    (both(put("running.txt", DISH), delete("short.txt")), land("running.txt")),
    (later(10), tick),
    (later(10), tick),
    # one of many requests, and one without an event
    (both(later(10), put("long.txt", LONG)), land("long.txt")),
    (put("silent.txt", DISH), tick),
    (later(10), tick),
    (later(300), tick),
    # again, please
    (nothing, replay),
    (later(10), tick),
)

BOTH, COOKING, SAILING = {"Cooking", "Sailing"}, {"Cooking"}, {"Sailing"}
CLASSES: Mapping[str, set[str]] = {
    "before.txt": SAILING,
    "lone.txt": COOKING,
    **{f"burst{n}.txt": SAILING for n in range(3)},
    "changed.txt": COOKING,
    "running.txt": COOKING,
    "long.txt": BOTH,
    "silent.txt": COOKING,
}
FAILED = {"bad.txt": "bad_input", "unfit.txt": "rejected"}
OLDER = {DocumentState.SUPERSEDED, DocumentState.GONE, DocumentState.SUCCEEDED}


def play_day(stage: Stage, app: Instance, *, again: Callable[[], Instance]) -> None:
    """The whole of it. Should `app` die, a fresh instance continues with the next step; people ask again."""
    for change, act in STEPS:
        change(stage)
        try:
            act(app)
        except Killed:
            stage.check()
            app = again()
            if act in (publish, replay, set_apart):
                act(app)
        stage.check()
    stage.drain()


def judge(stage: Stage) -> None:
    """Each file ended once, and as it must; each result is that of its newest version."""
    documents = stage.known()
    newest = {one.name: one for one in documents if stage.is_current(one)}
    assert newest.keys() == CLASSES.keys() | FAILED.keys()
    for name, classes in CLASSES.items():
        assert newest[name].state is DocumentState.SUCCEEDED, newest[name]
        result = stage.documents.result(name)
        assert {one["category"] for one in result["classes"]} == classes, name
        assert result["deployment"] == (SECOND if name == "burst0.txt" else DEPLOYMENT)
        assert (result["source"]["etag"], result["document"]) == (newest[name].etag, newest[name].key)
    for name, reason in FAILED.items():
        assert (newest[name].state, newest[name].reason) == (DocumentState.FAILED, reason)
        assert stage.documents.result(name) is None
    assert {one.state for one in documents if not stage.is_current(one)} <= OLDER
    assert stage.instance().services.ledger.read(ActiveClassifier).classifier == CHOSEN


def sent_again(stage: Stage) -> set[str]:
    """Documents that were in more than one job, but for the one that is replayed: all of them were in one job."""
    names = {document.key: document.name for document in stage.known()}
    again = {names[key] for key, times in stage.language.times_sent.items() if times > 1 + (names[key] == "unfit.txt")}
    assert any(again <= {names[text.id] for text in job.texts} for job in stage.language.started.values()), again
    return again


CHOSEN = Classifier("current", project=PROJECT, deployment=DEPLOYMENT, model="First")
