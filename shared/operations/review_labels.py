"""Makes labels of the decisions of reviews, as an operation.

export    the project's labels are exported, and written to a labels file that belongs to this operation
texts     a page at a time, texts are copied into the project's container, and the labels file gains their labels
import    the labels file is imported
importing until the import has succeeded
used      a page at a time, the reviews whose decisions are in the labels file are marked as used

Each stage may be repeated: a text is copied over itself, a label replaces the one of its text, an import replaces all
labels, and a used review is left unchanged. Only decisions made before the operation was created become labels, so that
every stage finds the same ones. A decision that is undone or changed before it is marked as used stays out of the
reviews that are used; the next operation replaces its label, or drops it if there is none any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from shared.domain.operations import Cursor, Operation, Step
from shared.errors import FileGone, NotFound, StorageUnavailable
from shared.labels import merging, rules
from shared.labels.formats import Format, is_labels_file, parse_labels, write_labels
from shared.labels.merging import Skip
from shared.labels.validation import require_none
from shared.language.types import LabelledDocument, Labels, Progress, Project, State
from shared.learning.reviews import Review, ReviewState
from shared.operations.handler import Effect, Handler
from shared.pipeline.isolation import each
from shared.pipeline.reviewing import text_of
from shared.services import Services

PAGE, PAGES = 100, 10  # reviews in a page, pages in a step
SOON = 1.0  # seconds until the next step
NOTHING_NEW = "No decision has become a label: there is nothing new to train with."


class Stage(StrEnum):
    EXPORT = "export"
    TEXTS = "texts"
    IMPORT = "import"
    IMPORTING = "importing"
    USED = "used"


def labels_file(operation: Operation) -> str:
    """The name of its labels file in the project's container. It stays there, as a record of what was imported."""
    return f"reviews-{operation.key}-labels.json"


class ReviewLabels(Handler):
    def begin(self, services: Services, operation: Operation) -> str:
        project = services.language.project(operation.project)
        services.documents.require_writable(project.container)
        return services.language.begin_export(operation.project)

    def look(self, services: Services, operation: Operation) -> Progress:
        stage = Stage(operation.cursor.stage) if operation.cursor else Stage.EXPORT
        return STAGES[stage](services, operation)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        del services, now
        counts = {name: value for name, value in progress.steps.items() if isinstance(value, int)}
        labels = counts.get("labels", 0)
        result = {
            "labels": labels,
            "skipped": {why: counts[why] for why in Skip if why in counts},
            "dropped": counts.get("dropped", 0),
            "changed": labels - counts.get("used", 0),
            "split": progress.steps["split"],
        }
        if _changes_labels(progress.steps):
            result["labelsLocation"] = labels_file(operation)
        elif "model" in operation.parameters:
            result |= {"trained": False, "why": NOTHING_NEW}
        return [], result


def _follow_export(services: Services, operation: Operation) -> Progress:
    progress = services.language.exporting(operation.project, operation.service_id)
    if progress.state is not State.SUCCEEDED:
        return replace(progress, steps={"export": progress.state})
    project = services.language.project(operation.project)
    labels = parse_labels(services.language.exported(operation.project, operation.service_id), project.kind)
    known = services.ledger.find_all(Review, merging.reviewed_keys(labels))
    outdated = [one.key for one in known if not one.used and not _becomes_label(one, operation, project)]
    _write(services, operation, project, merging.without(labels, outdated))
    dropped = {"dropped": len(outdated)} if outdated else {}
    return _further(Stage.TEXTS, {"export": "succeeded", "split": merging.split_of(labels), **dropped})


def _copy_texts(services: Services, operation: Operation) -> Progress:
    project = services.language.project(operation.project)
    reviews, after = _decided(services, operation)
    outcomes = each(lambda review: _copied(services, project, review), reviews, _unreadable)
    if None in outcomes:
        raise StorageUnavailable("Some texts of reviews could not be copied; see the log.")
    added = [outcome for outcome in outcomes if isinstance(outcome, LabelledDocument)]
    if added:
        labels = merging.merged(_read(services, operation, project), added)
        require_none(rules.of_labels(labels).errors)
        _write(services, operation, project, labels)
    counts = Counter("labels" if isinstance(one, LabelledDocument) else str(one) for one in outcomes)
    steps = {**operation.steps, **{name: _count(operation, name) + number for name, number in counts.items()}}
    if after:
        return _further(Stage.TEXTS, steps, after)
    if _changes_labels(steps):
        return _further(Stage.IMPORT, steps)
    return Progress(State.SUCCEEDED, steps=steps)


def _copied(services: Services, project: Project, review: Review) -> LabelledDocument | Skip:
    """The label of a review whose text is in the project's container now; or why there is none."""
    if why := merging.skip_reason(review, project.kind):
        return why
    location = merging.location_of(review.key)
    try:
        text = text_of(services, review.name, review.etag)
    except FileGone:
        return merging.label_of(review) if _exists(services, project, location) else Skip.TEXT_GONE
    if len(text) > rules.MAX_TEXT:
        return Skip.TEXT_TOO_LONG
    services.documents.write_text(project.container, location, text.encode())
    return merging.label_of(review)


def _unreadable(_: Review, trouble: Exception) -> Skip:
    if isinstance(trouble, StorageUnavailable):
        raise trouble
    return Skip.TEXT_GONE


def _exists(services: Services, project: Project, location: str) -> bool:
    """Whether an earlier try has copied the text."""
    try:
        services.documents.read_any(project.container, location)
    except NotFound:
        return False
    return True


def _begin_import(services: Services, operation: Operation) -> Progress:
    project = services.language.project(operation.project)
    job = services.language.begin_import(project, _read(services, operation, project))
    return replace(_further(Stage.IMPORTING, {**operation.steps, "import": "running"}), job=job)


def _follow_import(services: Services, operation: Operation) -> Progress:
    progress = services.language.creation(operation.project, operation.service_id)
    steps = {**operation.steps, "import": str(progress.state)}
    if progress.state is not State.SUCCEEDED:
        return replace(progress, steps=steps)
    return _further(Stage.USED, steps)


def _mark_used(services: Services, operation: Operation) -> Progress:
    project = services.language.project(operation.project)
    imported = {one.location: set(one.classes) for one in _read(services, operation, project).documents}
    reviews, after = _decided(services, operation)
    became = [
        one for one in reviews if imported.get(merging.location_of(one.key)) == set(merging.label_of(one).classes)
    ]
    _mark([review for review in became if not review.used], services, operation)
    steps = {**operation.steps, "used": _count(operation, "used") + len(became)}
    return _further(Stage.USED, steps, after) if after else Progress(State.SUCCEEDED, steps=steps)


def _mark(reviews: Sequence[Review], services: Services, operation: Operation) -> None:
    most = services.ledger.TRANSACTION_LIMIT // 2  # a review has two rows
    for first in range(0, len(reviews), most):
        changes = [(review, review.used_by(operation.key)) for review in reviews[first : first + most]]
        services.ledger.commit(*changes)


STAGES: dict[Stage, Callable[[Services, Operation], Progress]] = {
    Stage.EXPORT: _follow_export,
    Stage.TEXTS: _copy_texts,
    Stage.IMPORT: _begin_import,
    Stage.IMPORTING: _follow_import,
    Stage.USED: _mark_used,
}


def _further(stage: Stage, steps: Mapping[str, str | int], after: str = "") -> Step:
    return Step(State.RUNNING, steps=steps, retry_after=SOON, cursor=Cursor(after=after, stage=stage))


def _decided(services: Services, operation: Operation) -> tuple[list[Review], str]:
    """The next reviews of the project that this operation makes labels of, and a continuation token ("" at the end)."""
    after = operation.cursor.after if operation.cursor else ""
    reviews: list[Review] = []
    for _ in range(PAGES):
        found, after = services.ledger.ended(Review, ReviewState.DECIDED, PAGE, after, until=operation.created)
        reviews += [one for one in found if _concerns(one, operation) and one.used in ("", operation.key)]
        if not after:
            break
    return reviews, after


def _concerns(review: Review, operation: Operation) -> bool:
    """Whether a classifier of the operation's project classified the document last."""
    return review.classifier.project == operation.project


def _becomes_label(review: Review, operation: Operation, project: Project) -> bool:
    """Whether this operation makes a label of the review, if its text can be read."""
    decided = review.state is ReviewState.DECIDED and review.changed <= operation.created
    return decided and _concerns(review, operation) and merging.skip_reason(review, project.kind) is None


def _changes_labels(steps: Mapping[str, str | int]) -> bool:
    return bool(steps.get("labels") or steps.get("dropped"))


def _count(operation: Operation, name: str) -> int:
    return int(operation.steps.get(name, 0))


def _read(services: Services, operation: Operation, project: Project) -> Labels:
    return parse_labels(services.documents.read_any(project.container, labels_file(operation)), project.kind)


def _write(services: Services, operation: Operation, project: Project, labels: Labels) -> None:
    content = write_labels(project, labels, Format.TODAY)
    services.documents.write_any(project.container, labels_file(operation), content, is_labels_file)
