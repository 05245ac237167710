"""Validates a labels file with the container's listing and the texts it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.errors import BadRequest, ContainerMissing, InvalidText, NotFound
from shared.labels import rules
from shared.labels.formats import FILE, Finding, Format, read_labels
from shared.labels.rules import Findings
from shared.language.types import Kind, LabelledDocument, Labels
from shared.services import Services

PAGE, PAGES = 5000, 20  # files in a page of the listing; together the maximum number of documents of a project
MAX_TEXTS_READ = 500  # a caller waits for them
READERS = 8
MAX_REPORTED = 3  # errors in one message


@dataclass(frozen=True)
class Proof:
    labels: Labels
    findings: Findings
    format: Format | None = None


def proofread(services: Services, container: str, location: str, kind: Kind | None) -> Proof:
    """The findings in a labels file and the texts it names. `kind`: of the project; None: that of the file."""
    try:
        raw = services.documents.read_any(container, location)
    except (NotFound, ContainerMissing):
        missing = Finding(location, f"is not in container {container}", "Upload it next to the documents it names.")
        return Proof(Labels((), ()), Findings(errors=(missing,)))
    except InvalidText as error:
        return Proof(Labels((), ()), Findings(errors=(Finding(location, "cannot be read", str(error)),)))
    read = read_labels(raw, kind)
    faults = tuple(Finding(location if one.where == FILE else one.where, one.what, one.do) for one in read.faults)
    findings = Findings(errors=faults) + rules.of_labels(read.labels) + _of_files(services, container, read.labels)
    return Proof(read.labels, findings, read.format)


def load_valid_labels(services: Services, container: str, location: str, kind: Kind) -> Labels:
    """The labels of a file without errors. Raises BadRequest with the first errors."""
    proof = proofread(services, container, location, kind)
    require_none(proof.findings.errors)
    return proof.labels


def require_none(errors: Sequence[Finding]) -> None:
    """Raise BadRequest with the first errors, if there are any."""
    if not errors:
        return
    reported = " ".join(f"{error.where} {error.what}. {error.do}" for error in errors[:MAX_REPORTED])
    more = f" {len(errors) - MAX_REPORTED} more: a labels check lists them." if len(errors) > MAX_REPORTED else ""
    raise BadRequest(f"The labels cannot be used: {reported}{more}")


def _of_files(services: Services, container: str, labels: Labels) -> Findings:
    if not labels.documents:
        return Findings()
    sizes, complete = _sizes(services, container)
    found = rules.of_files(labels, sizes, complete=complete)
    readable = [one for one in labels.documents if 0 < sizes.get(one.location, 0) <= rules.MAX_TEXT_BYTES]
    unread = len(readable) - MAX_TEXTS_READ
    if unread > 0 or not complete:
        found += Findings(warnings=(_partly(max(unread, 0), complete=complete),))
    return found + _of_texts(services, container, readable[:MAX_TEXTS_READ])


def _sizes(services: Services, container: str) -> tuple[Mapping[str, int], bool]:
    """The size of each file in bytes, and whether the listing was read to its end."""
    sizes: dict[str, int] = {}
    marker = ""
    for _ in range(PAGES):
        blobs, marker = services.documents.page(marker, PAGE, container)
        sizes |= {blob.name: blob.size for blob in blobs}
        if not marker:
            return sizes, True
    return sizes, False


def _of_texts(services: Services, container: str, documents: list[LabelledDocument]) -> Findings:
    def look(document: LabelledDocument) -> Findings:
        try:
            return rules.of_text(document, services.documents.read_any(container, document.location))
        except (NotFound, InvalidText) as error:  # deleted since it was listed, or archived
            return Findings(errors=(Finding(document.location, "cannot be read", str(error)),))

    found = Findings()
    with ThreadPoolExecutor(READERS) as readers:
        for one in readers.map(look, documents):
            found += one
    return found


def _partly(unread: int, *, complete: bool) -> Finding:
    read = f"{MAX_TEXTS_READ:,} texts were read" if unread else "all texts in the listing were read"
    listed = "" if complete else f", and the first {PAGE * PAGES:,} files of the container listed"
    return Finding("this check", f"is partial: {read}{listed}", "Check the others yourself.")
