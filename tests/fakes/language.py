"""The Language service in memory: the twin of `CurrentLanguage`, held to the same contract in test_memory_language.py.

What it finds, it finds in the text: a class applies to a text that holds one of its words. Words of trouble have their
trouble: a text that says "unfit" is in error, "poison" has its whole request refused, "breaks" fails its whole job.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.documents import SERVICE_PACK
from shared.domain.text import REQUEST_TEXT
from shared.errors import Rejected, ResourceNotFound, Unavailable
from shared.labels.formats import Format, write_labels
from shared.language.types import (
    Analysis,
    Classifier,
    ClassScore,
    Deployment,
    Evaluation,
    Kind,
    LabelledDocument,
    Labels,
    Progress,
    Project,
    Score,
    State,
    Text,
)

PROJECT, DEPLOYMENT, TRAINING = "Movies", "production", "movies-training"
WORDS: Mapping[str, Sequence[str]] = {
    "Cooking": ("simmer", "onion", "oven", "recipe"),
    "Sailing": ("harbour", "mast", "anchor", "rigging"),
}
LABELS = Labels(
    tuple(WORDS), tuple(LabelledDocument(f"{name}{n}.txt", (name,), "en-us") for name in WORDS for n in range(10))
)
ENDS = {"failed": State.FAILED, "cancelled": State.CANCELLED}


@dataclass(frozen=True)
class StartedJob:
    """A job at the service. `fate`: "" for an ordinary end, or failed, cancelled, left out."""

    name: str
    texts: tuple[Text, ...]
    fate: str


class MemoryLanguage:
    """One project with one deployment, of the model published last, and its labels.

    `others` are the models of further deployments.

    `troubles` meet the next analyze calls, one each; one that was `sent` meets a submission that arrived. `fates` are
    those of the next jobs. `looks` is how often a job is seen running before it is seen to have ended.
    """

    dialect = "current"
    api = "2023-04-01"

    def __init__(self, looks: int = 1) -> None:
        self.troubles: list[Exception] = []
        self.fates: list[str] = []
        self.looks = looks
        self.model = "first"
        self.others: dict[str, str] = {}
        self.trained = {"first"}  # models with an evaluation
        self.trainings: list[tuple[str, bool]] = []  # each with whether its split was manual
        self.kind = Kind.MULTI
        self.labels = LABELS
        self.imports = 0
        self.bad_imports = 0  # of the next imports: those that will fail
        self._importing: dict[str, Labels] = {}  # by job
        self.read_as: dict[str, str] = {}  # by document: the text whose classes it gets, as from a better model
        self.started: dict[str, StartedJob] = {}  # every job there ever was, in their order
        self._known: set[str] = set()
        self.polls: Counter[str] = Counter()  # how often each job was looked at
        self._numbers = itertools.count(1)

    # --- what happens at the service ----------------------------------------------------------------------------

    def forget_jobs(self) -> None:
        """They expired, or it was restored from a backup."""
        self._known.clear()

    @property
    def names(self) -> list[str]:
        """The jobs as the app calls them, those that came in several requests once."""
        return list(dict.fromkeys(job.name for job in self.started.values()))

    @property
    def times_sent(self) -> Counter[str]:
        """In how many jobs each document was."""
        return Counter(
            document for _, document in {(job.name, t.id) for job in self.started.values() for t in job.texts}
        )

    # --- what the app does --------------------------------------------------------------------------------------

    def begin_publish(self, project: str, model: str, deployment: str) -> str:
        _known(project, PROJECT)
        self.trained.add(model)
        if deployment in self.others:
            self.others[deployment] = model
        else:
            self.model = model
        return self._new_id("publishing")

    def publishing(self, project: str, deployment: str, job: str) -> Progress:  # noqa: ARG002
        return self._progress(job)

    def project(self, name: str) -> Project:
        _known(name, PROJECT)
        return Project(name, self.kind, TRAINING)

    def begin_export(self, project: str) -> str:
        _known(project, PROJECT)
        return self._new_id("export")

    def exporting(self, project: str, job: str) -> Progress:  # noqa: ARG002
        return self._progress(job)

    def exported(self, project: str, job: str) -> bytes:
        if job not in self._known:
            raise ResourceNotFound("There is no such job.")
        return write_labels(self.project(project), self.labels, Format.TODAY)

    def begin_import(self, project: Project, labels: Labels) -> str:
        _known(project.name, PROJECT)
        job = self._new_id("import")
        self.imports += 1
        self._importing[job] = labels
        return job

    def creation(self, project: str, job: str) -> Progress:  # noqa: ARG002
        """An import takes effect when it ends."""
        progress = self._progress(job)
        if progress.state is not State.SUCCEEDED or job not in self._importing:
            return progress
        labels = self._importing.pop(job)
        if self.bad_imports:
            self.bad_imports -= 1
            return Progress(State.FAILED, error="The import went wrong.")
        self.labels = labels
        return progress

    def begin_train(self, project: str, model: str, *, manual_split: bool = False) -> str:
        _known(project, PROJECT)
        self.trainings.append((model, manual_split))
        self.trained.add(model)
        return self._new_id("training")

    def training(self, project: str, job: str) -> Progress:  # noqa: ARG002
        return self._progress(job)

    def classifier(self, project: str, deployment: str, model_id: str) -> Classifier:  # noqa: ARG002
        _known(project, PROJECT)
        return Classifier(self.dialect, project=project, deployment=deployment, kind=Kind.MULTI)

    def deployments(self, project: str) -> list[Deployment]:
        _known(project, PROJECT)
        return [Deployment(name, model) for name, model in {DEPLOYMENT: self.model, **self.others}.items()]

    def deployment(self, project: str, deployment: str) -> Deployment:
        found = [one for one in self.deployments(project) if one.name == deployment]
        _known(deployment, found[0].name if found else DEPLOYMENT)
        return found[0]

    def evaluation(self, project: str, model: str) -> Evaluation:
        """As good as can be, on ten documents of each class."""
        _known(project, PROJECT)
        if model not in self.trained:
            raise ResourceNotFound("There is no such model.")
        perfect = Score(1.0, 1.0, 1.0, true_positives=10, true_negatives=10, false_positives=0, false_negatives=0)
        return Evaluation(Kind.MULTI, dict.fromkeys(WORDS, perfect), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble and not (isinstance(trouble, Unavailable) and trouble.sent):
            raise trouble
        self.deployment(classifier.project, classifier.deployment)
        _check(texts)
        job = self._new_id("job")
        self.started[job] = StartedJob(name, tuple(texts), self.fates.pop(0) if self.fates else "")
        if trouble:
            raise trouble
        return job

    def analysis(self, job: str) -> Analysis:
        if self.troubles:
            raise self.troubles.pop(0)
        if job not in self._known:
            raise ResourceNotFound("There is no such job.")
        if not self._has_ended(job):
            return Analysis(State.RUNNING, "running")
        return _ended(self.started[job], self.read_as)

    def _progress(self, job: str) -> Progress:
        if job not in self._known:
            raise ResourceNotFound("There is no such job.")
        return Progress(State.SUCCEEDED if self._has_ended(job) else State.RUNNING)

    def _new_id(self, what: str) -> str:
        job = f"{what}-{next(self._numbers)}"
        self._known.add(job)
        return job

    def _has_ended(self, job: str) -> bool:
        self.polls[job] += 1
        return self.polls[job] > self.looks


def classes_in(text: str) -> tuple[ClassScore, ...]:
    """The classes whose words are in the text, best first."""
    found = {category: sum(word in text for word in words) / len(words) for category, words in WORDS.items()}
    return tuple(ClassScore(name, found[name]) for name in sorted(found, key=lambda one: -found[one]) if found[name])


def _ended(job: StartedJob, read_as: Mapping[str, str]) -> Analysis:
    if job.fate in ENDS or any("breaks" in text.text for text in job.texts):
        return Analysis(ENDS.get(job.fate, State.FAILED), job.fate or "failed", error="The job went wrong.")
    told = job.texts[1:] if job.fate == "left out" else job.texts
    errors = {text.id: reason for text in told if (reason := _fault(text.text))}
    classes = {text.id: classes_in(read_as.get(text.id, text.text)) for text in told if text.id not in errors}
    return Analysis(State.SUCCEEDED, "succeeded", classes=classes, errors=errors)


def _fault(text: str) -> str:
    if not text.strip():
        return "Document text is empty."
    return "The document is unfit." if "unfit" in text else ""


def _known(name: str, known: str) -> None:
    if name != known:
        raise ResourceNotFound(f"There is no {name}.")


def _check(texts: Sequence[Text]) -> None:
    """What the service refuses as a whole."""
    if not 0 < len(texts) <= SERVICE_PACK or len({text.id for text in texts}) < len(texts):
        raise Rejected("A request has 1 to 25 documents, each with its own id.")
    if sum(len(text.text) for text in texts) > REQUEST_TEXT or not any(text.text.strip() for text in texts):
        raise Rejected("The texts of a request have 1 to 125,000 characters together.")
    if any("poison" in text.text for text in texts):
        raise Rejected("The request is refused.")
