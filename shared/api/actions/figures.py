"""Routes for figures: statistics by hour or day, and the quality that audits show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from shared.api.call import Call
from shared.api.requests import Request, Response, choice, page_of, text, time_of
from shared.domain.document_json import View, classifier, without_missing
from shared.domain.documents import Document
from shared.errors import BadRequest
from shared.language.types import Classifier
from shared.learning.quality import Share, audits, distance, quality
from shared.learning.reviews import Review
from shared.learning.statistics import HOUR, Counts, Source, Statistics, hour_of
from shared.pipeline.reviewing import all_decided, labels_of
from shared.services import Services

LAST = {"hour": timedelta(days=1), "day": timedelta(days=30)}  # what is listed without `since`
QUALITY_SINCE = timedelta(days=30)
ROWS, MAX_READ = 500, 5000  # rows of one query; of one response
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # what a range reaches
MAX_OPEN = 100  # open documents that are counted


def list_statistics(call: Call[None]) -> Response:
    """How documents ended, by hour or day and classifier, newest first; and the backlog now.

    What ended in the last seconds is counted by the next tick. `continue` is the `until` of the next page.
    """
    query = call.request.query
    by = query.get("by", "hour")
    grouped = choice(by, "by", GROUPED.__getitem__, list(GROUPED))
    since, until = _range(call.request, call.now, LAST[by])
    top, after = page_of(query)
    found, complete = _statistics(call.services, since, _until_of(after) if after else until)
    periods = [list(group) for _, group in groupby(grouped(found), lambda one: one.start)]
    if not complete and len(periods) > 1:
        periods.pop()  # it may have more rows
    more = len(periods) > top or not complete
    page = periods[:top]
    following = {"continue": f"{page[-1][0].start.timestamp():.0f}"} if more else {}
    value = [_view(one) for period in page for one in period]
    return Response(200, {"value": value, "backlog": _backlog(call.services, call.now), **following})


def get_quality(call: Call[None]) -> Response:
    """What the decided audits say of each model, and how the mix of classes has changed.

    Only audits count, because they are a random sample. `tooFew` stands for a value if there are too few to say.
    """
    project = text(call.request.query, "project", "")
    since = _hour(time_of(text(call.request.query, "since", ""), "since") or call.now - QUALITY_SINCE)
    reviews, complete = all_decided(call.services, since)
    models: dict[Classifier, list[Review]] = {}
    for one in audits(reviews):
        if project in ("", one.classifier.project):
            models.setdefault(one.classifier, []).append(one)
    value = [_quality(call.services, by, found, since, call.now) for by, found in models.items()]
    return Response(200, {"since": since.isoformat(), "complete": complete, "value": value})


def _range(request: Request, now: datetime, last: timedelta) -> tuple[datetime, datetime]:
    until = _hour(time_of(text(request.query, "until", ""), "until") or now + HOUR)
    since = time_of(text(request.query, "since", ""), "since") or until - last
    return _hour(since), until


def _hour(moment: datetime) -> datetime:
    """The start of its hour; of EARLIEST or LATEST if it is before or after."""
    return hour_of(min(max(moment, EARLIEST), LATEST))


def _until_of(after: str) -> datetime:
    """The time that `continue` names: the start of the last period of the previous page."""
    if not re.fullmatch("[0-9]{1,11}", after, re.ASCII):
        raise BadRequest('"continue" must be the "continue" of the previous response.')
    return datetime.fromtimestamp(int(after), UTC)


def _statistics(services: Services, since: datetime, until: datetime) -> tuple[list[Statistics], bool]:
    """The statistics of these hours, newest first, and whether these are all."""
    found: list[Statistics] = []
    after = ""
    while len(found) < MAX_READ:
        page, after = services.ledger.statistics(since, until, ROWS, after)
        found += page
        if not after:
            return found, True
    return found, False


def _by_day(found: Sequence[Statistics]) -> list[Statistics]:
    """The sums of each day and source, in the same order."""
    days: dict[tuple[datetime, Source], Statistics] = {}
    for one in found:
        start = one.start.replace(hour=0)
        days[start, one.source] = days.get((start, one.source), Statistics(start, one.source)).plus(one)
    return list(days.values())


GROUPED: Mapping[str, Callable[[Sequence[Statistics]], list[Statistics]]] = {"hour": list, "day": _by_day}


def _view(value: Statistics) -> View:
    times = {"p50Seconds": value.percentile(0.5), "p95Seconds": value.percentile(0.95)}
    source = {"project": value.source.project, "deployment": value.source.deployment, "modelId": value.source.model_id}
    return without_missing(
        {
            "start": value.start,
            **source,
            "documents": sum(value.states.values()),
            "states": dict(value.states),
            "reasons": dict(value.reasons),
            "classes": dict(value.classes),
            "withoutClass": value.without_class,
            "confidences": list(value.confidences),
            **times,
            "requests": value.requests,
            "textRecords": value.records,
        }
    )


def _backlog(services: Services, now: datetime) -> View:
    """The open documents now: their number, up to MAX_OPEN, and the age of the oldest of them in seconds."""
    found, more = services.ledger.open(Document, MAX_OPEN)
    oldest = max((max(0.0, (now - one.claimed).total_seconds()) for one in found), default=None)
    return without_missing({"open": len(found), "more": bool(more), "oldestSeconds": oldest})


def _quality(services: Services, by: Classifier, reviews: Sequence[Review], since: datetime, now: datetime) -> View:
    found = quality(reviews)
    return {
        **classifier(by),
        "audits": len(reviews),
        "exactMatch": _share(found.exact),
        "classes": {
            name: {"precision": _share(one.precision), "recall": _share(one.recall)}
            for name, one in found.classes.items()
        },
        "reliability": [
            without_missing(
                {"from": one.low, "assigned": one.assigned, "right": one.right, "meanConfidence": one.mean_confidence}
            )
            for one in found.reliability
        ],
        "classMix": _mix(services, by, since, now),
    }


def _share(share: Share) -> View:
    if share.value is None or share.interval is None:
        return {"of": share.of, "tooFew": True}
    low, high = share.interval
    return {"hits": share.hits, "of": share.of, "value": share.value, "low": low, "high": high}


def _mix(services: Services, by: Classifier, since: datetime, now: datetime) -> View:
    """The Jensen-Shannon distances of the mix of classes to that of the period before, and to that of the test labels.

    Both from 0 (the same) to 1; `tooFew` for fewer than 100 assignments.
    """
    end = hour_of(now) + HOUR
    current, before = _classes(services, by, since, end), _classes(services, by, since - (end - since), since)
    return {
        "classes": dict(current),
        "toPeriodBefore": _distance(current, before),
        "toTestLabels": _distance(current, labels_of(services, by, now)),
    }


def _distance(one: Counts, other: Counts) -> View:
    found = distance(one, other)
    return {"tooFew": True} if found is None else {"distance": found}


def _classes(services: Services, by: Classifier, since: datetime, until: datetime) -> Counts:
    found, _ = _statistics(services, since, until)
    total = Statistics(since, Source.of(by))
    for one in found:
        total = total.plus(one) if one.source == total.source else total
    return total.classes
