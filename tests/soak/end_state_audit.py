"""What the ledger, the results and the service's requests must say of each other once everything has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.language.server.server import LanguageService
from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job, JobState
from shared.services import Services
from shared.storage.ledger import Ledger

PAGE = 500


@dataclass(frozen=True)
class Audit:
    """Everything that has ended. `accepted`: the jobs' keys, once for each time the service took one."""

    documents: Sequence[Document]
    jobs: Sequence[Job]
    accepted: Counter[str]

    @property
    def sent(self) -> Counter[str]:
        """How often each document was handed over in a job that the service took."""
        times = Counter[str]()
        for job in self.jobs:
            times.update(dict.fromkeys(job.documents, self.accepted[job.key]))
        return times

    @property
    def states(self) -> Counter[Reason | DocumentState]:
        return Counter(document.reason or document.state for document in self.documents)


def audit(services: Services, accepted: Counter[str]) -> Audit:
    """Check what must hold, and give what was found."""
    ledger = services.ledger
    assert not ledger.open(Document, 1)[0]
    assert not ledger.open(Job, 1)[0]
    made = Audit(ended(ledger, Document, DocumentState), ended(ledger, Job, JobState), accepted)
    _check_jobs(made)
    _check_documents(made)
    for name in {document.name for document in made.documents}:
        _check_result(name, {document.key: document for document in made.documents if document.name == name}, services)
    return made


def jobs_taken(services: Iterable[LanguageService]) -> Counter[str]:
    """The jobs, by their names, that were taken by a service; it remembers its last few thousand requests."""
    requests = [request for service in services for request in service.requests]
    taken = (one for one in requests if (one.method, one.status) == ("POST", 202) and one.path.endswith("/jobs"))
    return Counter(one.body["displayName"] for one in taken)


def ended(ledger: Ledger, kind: Any, states: Iterable[Any]) -> list[Any]:
    """Every value of this kind that has ended."""
    found: list[Any] = []
    for state in states:
        after = ""
        while state.final:
            values, after = ledger.ended(kind, state, PAGE, after)
            found += values
            if not after:
                break
    return found


def _check_jobs(made: Audit) -> None:
    """The service was only asked for jobs that were written ahead, each of them once."""
    assert made.accepted.keys() <= {job.key for job in made.jobs}
    assert set(made.accepted.values()) <= {1}
    assert all(made.accepted[job.key] for job in made.jobs if job.state is JobState.DONE)


def _check_documents(made: Audit) -> None:
    """One settled job for each document that got an answer; a further job only for each that was lost."""
    jobs = {job.key: job for job in made.jobs}
    settled = Counter(key for job in made.jobs if job.state is JobState.DONE for key in job.documents)
    lost = Counter(key for job in made.jobs if job.state is JobState.LOST for key in job.documents)
    assert len({document.key for document in made.documents}) == len(made.documents)
    for document in made.documents:
        assert made.sent[document.key] <= settled[document.key] + lost[document.key]
        if document.state is DocumentState.SUCCEEDED:
            assert settled[document.key] == 1
            assert document.key in jobs[document.job].documents
            assert jobs[document.job].state is JobState.DONE
        elif document.reason is None:
            assert not settled[document.key]


def _check_result(name: str, versions: Mapping[str, Document], services: Services) -> None:
    """The file that lies there now has its own result, or a reason why it has none."""
    present = services.documents.get_properties(name)
    assert present is not None
    [document] = [one for one in versions.values() if one.etag == present.etag]
    result = services.documents.result(name)
    if document.state is DocumentState.SUCCEEDED:
        assert (result["document"], result["job"]) == (document.key, document.job)
        assert [one["category"] for one in result["classes"]] == [one.category for one in document.classes]
    else:
        assert document.state is DocumentState.FAILED
        assert result is None or result["document"] != document.key
