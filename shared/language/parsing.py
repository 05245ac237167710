"""Parses the service's responses, for both dialects. Malformed responses raise InvalidResponse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple, TypeVar

from shared.errors import InvalidResponse
from shared.language.responses import MAX_BYTES, Response, brief, reason, writable
from shared.language.transport import Transport
from shared.language.types import Analysis, ClassScore, Evaluation, Kind, Progress, Score, State, Text


class Bounds(NamedTuple):
    """The maximum of a listing: pages, and bytes of all pages."""

    pages: int
    size: int


LISTING = Bounds(100, MAX_BYTES)
"""Listings are shorter: a resource has at most 500 projects."""
JOB = Bounds(30, 2**20)
"""An analyze job has at most 25 documents, each with at most 200 classes. Eight jobs are read in parallel."""

STATES: Mapping[str, State] = {
    "notstarted": State.RUNNING,
    "running": State.RUNNING,
    "inprogress": State.RUNNING,
    "cancelling": State.RUNNING,
    "succeeded": State.SUCCEEDED,
    "completed": State.SUCCEEDED,
    "partiallycompleted": State.SUCCEEDED,
    "partiallysucceeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "rejected": State.FAILED,
    "cancelled": State.CANCELLED,
    "canceled": State.CANCELLED,
}
"""All known statuses of all versions of both protocols, in lower case."""

NO_REASON = "The Language service gave no reason."
STATUS = ("status", "state")
CLASSES = ("class", "classes", "classifications", "classification")
COUNTS: Mapping[str, tuple[str, ...]] = {
    "true_positives": ("truePositiveCount", "truePositivesCount", "countTruePositives"),
    "true_negatives": ("trueNegativeCount", "trueNegativesCount", "countTrueNegatives"),
    "false_positives": ("falsePositiveCount", "falsePositivesCount", "countFalsePositives"),
    "false_negatives": ("falseNegativeCount", "falseNegativesCount", "countFalseNegatives"),
}
AVERAGES: Mapping[str, str] = {
    "micro_precision": "microPrecision",
    "micro_recall": "microRecall",
    "micro_f1": "microF1",
    "macro_precision": "macroPrecision",
    "macro_recall": "macroRecall",
    "macro_f1": "macroF1",
}

LARGEST = 1e15
MAX_CONFIDENCE = 1.001

T = TypeVar("T")
D = TypeVar("D")


def optional(source: object, kind: type[T], *names: str, default: D) -> T | D:
    """The first of the fields `names` that is not null, else `default`. Raises InvalidResponse for another type."""
    value = _first(source, names)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise _unusable(names)
    return value


def required(source: object, kind: type[T], *names: str) -> T:
    """As `optional`, but raises InvalidResponse if there is no value, or an empty string."""
    value = optional(source, kind, *names, default=None)
    if value is None or value == "":
        raise _unusable(names)
    return value


def number(source: object, *names: str) -> float:
    value = _first(source, names)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise _unusable(names)
    return float(value)


def moment(source: object, *names: str) -> datetime | None:
    """A time in UTC; the service writes dates, whole seconds, and up to seven digits of a second (recorded)."""
    value = optional(source, str, *names, default=None)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _unusable(names) from error


def state(word: str) -> State:
    """The state of a job with this status. An unknown status counts as running, so that the job is polled again."""
    return STATES.get(word.casefold(), State.RUNNING)


def reasons(errors: object) -> str:
    """The messages of a list of error objects, on one line. Never raises."""
    said = (reason(error) for error in errors) if isinstance(errors, list) else ()
    return brief(" ".join(dict.fromkeys(filter(None, said))))


def progress(answer: Response, *, steps: Mapping[str, str] | None = None, percent: int | None = None) -> Progress:
    """A job of the authoring API, from the response to its poll."""
    return replace(standing(answer.body, steps=steps, percent=percent), retry_after=answer.retry_after)


def standing(body: object, *, steps: Mapping[str, str] | None = None, percent: int | None = None) -> Progress:
    """A job of the authoring API. An unknown status is returned as a step named "job"."""
    word = required(body, str, *STATUS)
    unknown = {} if word.casefold() in STATES else {"job": word}
    return Progress(
        state(word),
        percent=percent,
        steps={**(steps or {}), **unknown},
        error=failure(state(word), body),
        expires=moment(body, "expirationDateTime"),
    )


def failure(stands: State, body: object) -> str:
    """The reason for a failure, if the job has failed: the quickstart shows errors with `notStarted`, too."""
    if stands not in {State.FAILED, State.CANCELLED}:
        return ""
    return reasons(_first(body, ("errors",))) or NO_REASON


def pages(
    transport: Transport, path: str, query: Mapping[str, str], link: str, *, bounds: Bounds = LISTING
) -> Iterator[Response]:
    """The pages of a listing, requested one by one; the field `link` of each is the URL of the next.

    Of a link only the query is taken, and `query` overrides it. Raises InvalidResponse for a listing
    beyond its bounds, and Unavailable if all pages together take longer than one call may.
    """
    allowance = transport.allowance(bounds.size)
    seen: set[str] = set()
    following: Mapping[str, str] = {}
    while len(seen) < bounds.pages:
        answer = transport.call("GET", path, query={**following, **query}, allowance=allowance)
        yield answer
        next_link = optional(answer.body, str, link, default="")
        if not next_link:
            return
        if next_link in seen:
            break
        seen.add(next_link)
        following = transport.endpoint.page_query(next_link)
    raise InvalidResponse("The Language service's listing does not end.")


def analysis(answers: Iterator[Response], tasks: Callable[[object], list[object]]) -> Analysis:
    """An analyze job from the pages of its status; `tasks` takes the task results out of one page.

    Further pages are fetched only when the job has come to an end. A job that ended well without one result that can be
    read is a failed one if a task of it failed, else Garbled.
    """
    first = next(answers)
    word = required(first.body, str, *STATUS)
    stands = state(word)
    found = [task for answer in (chain([first], answers) if stands.final else [first]) for task in tasks(answer.body)]
    classes, errors = _classes(found), _errors(found)
    if stands is State.SUCCEEDED and not classes and not errors:
        stands = _without_results(found)
    return Analysis(
        stands,
        status=word,
        classes=classes,
        errors=errors,
        error=failure(stands, first.body),
        expires=moment(first.body, "expirationDateTime"),
        retry_after=first.retry_after,
    )


def evaluation(body: object, kinds: Mapping[str, Kind]) -> Evaluation:
    """An evaluation. `kinds`: its field for each kind of project."""
    for name, kind in kinds.items():
        figures = optional(body, dict, name, default=None)
        if figures is not None:
            return Evaluation(
                kind,
                classes={writable(name): _score(score) for name, score in required(figures, dict, "classes").items()},
                confusion=_confusion(optional(figures, dict, "confusionMatrix", default={})),
                **{name: number(figures, field) for name, field in AVERAGES.items()},
            )
    raise InvalidResponse("The Language service's answer holds no evaluation.")


def names(source: object, *fields: str) -> tuple[str, ...]:
    """Class names, from a list, one name, or null."""
    value = _first(source, fields)
    listed = value if isinstance(value, list) else [] if value in (None, "") else [value]
    found = tuple(writable(name) for name in listed if isinstance(name, str))
    if len(found) < len(listed):
        raise _unusable(fields)
    return found


def documents(texts: Iterable[Text]) -> list[dict[str, str]]:
    """The texts of a request in both dialects. Without a language, the service chooses."""
    return [
        {"id": text.id, "text": text.text, **({"language": text.language} if text.language else {})} for text in texts
    ]


def _score(figures: object) -> Score:
    precision, recall, f1 = (number(figures, name) for name in ("precision", "recall", "f1"))
    return Score(precision, recall, f1, **{name: int(number(figures, *fields)) for name, fields in COUNTS.items()})


def _confusion(matrix: Mapping[str, object]) -> dict[str, dict[str, int]]:
    """The number of documents by expected and predicted class. The service omits zeros (recorded)."""
    rows = {expected: optional(matrix, dict, expected, default={}) for expected in matrix}
    return {
        writable(expected): {writable(predicted): int(number(cell, "rawValue")) for predicted, cell in row.items()}
        for expected, row in rows.items()
    }


def _classes(tasks: Iterable[object]) -> dict[str, tuple[ClassScore, ...]]:
    """The classes by document id. An invalid entry is skipped, so that the others of its job are read."""
    found = {}
    for document in chain.from_iterable(_results(task, "documents") for task in tasks):
        with suppress(InvalidResponse):
            found[required(document, str, "id")] = _scores(document)
    return found


def _errors(tasks: Iterable[object]) -> dict[str, str]:
    """The error messages by document id. An invalid entry is skipped."""
    found = {}
    for entry in chain.from_iterable(_results(task, "errors") for task in tasks):
        with suppress(InvalidResponse):
            found[required(entry, str, "id")] = reason(_first(entry, ("error",))) or NO_REASON
    return found


def _results(task: object, name: str) -> list[object]:
    return optional(optional(task, dict, "results", default={}), list, name, default=[])


def _scores(document: object) -> tuple[ClassScore, ...]:
    """A document's classes: a list or one object, in a field whose name depends on the version."""
    if not isinstance(document, dict) or not document.keys() & set(CLASSES):
        raise _unusable(CLASSES)
    found = _first(document, CLASSES)
    listed = found if isinstance(found, list) else [] if found is None else [found]
    return tuple(ClassScore(required(item, str, "category"), _confidence(item)) for item in listed)


def _confidence(item: object) -> float:
    """A confidence from 0 to 1, without rounding errors."""
    found = number(item, "confidenceScore")
    if not 0 <= found <= MAX_CONFIDENCE:
        raise _unusable(("confidenceScore",))
    return min(found, 1.0)


def _without_results(tasks: Iterable[object]) -> State:
    if any(state(optional(task, str, *STATUS, default="")) is State.FAILED for task in tasks):
        return State.FAILED
    raise InvalidResponse("The Language service says that the job is done but gives no results.")


def _first(source: object, names: tuple[str, ...]) -> object:
    if not isinstance(source, dict):
        raise _unusable(names)
    value = next((source[name] for name in names if source.get(name) is not None), None)
    return writable(value) if isinstance(value, str) else value


def _unusable(names: tuple[str, ...]) -> InvalidResponse:
    return InvalidResponse(f"The Language service's answer has no usable {names[0]!r}.")
