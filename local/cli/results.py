"""`python -m local results`: fetches the results of the running app over its HTTP API, one by one or in one file."""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from rich.markup import escape

from local import bulk
from local.cli import missing_results, show
from local.cli.client import Client
from local.errors import SetupError
from local.stack import discovery
from shared.domain.file_names import is_file_name
from shared.operations.export_formats import FORMATS

SECONDS_TO_EXPORT = 3600.0
FILTERS = ("class", "prefix", "since", "until")
FIELD = b'{"name": '  # the beginning of a line of JSON lines
HEAD = 24  # bytes by which an earlier export is recognized: a later version of the app may add columns
REPLACED = "ResultReplaced"  # the error code of a version whose result a newer one has replaced
UNCHANGED, FETCHED = "unchanged", "fetched"


@dataclass(frozen=True)
class Found:
    """`results`: the classified versions of each file, newest first. `failed`: files whose latest version failed."""

    results: Mapping[str, Sequence[Any]]
    failed: Mapping[str, Any]
    open: Mapping[str, Any]  # files whose latest version has not ended


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="write each result to FOLDER/NAME.json")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all results as a table")
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="write all results as JSON lines")
    parser.add_argument("--class", help="only results with this class")
    parser.add_argument("--prefix", help="only files whose names begin with this")
    parser.add_argument("--since", help="only what ended at or after this moment, such as 2026-11-22T15:00:00Z")
    parser.add_argument("--until", help="only what ended before this moment")
    parser.add_argument("--overwrite", action="store_true", help="replace a FILE that is no earlier export")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if every result was fetched; files that the app could not classify are listed."""
    exports = {form: getattr(options, form) for form in FORMATS if getattr(options, form)}
    for form, file in exports.items():
        _check_target(file, form, overwrite=options.overwrite)
    client = Client(discovery.find())
    wanted = {name: value for name in FILTERS if (value := getattr(options, name))}
    found = _find(client, wanted)
    for form, file in exports.items():
        _export(client, form, file, wanted)
    troubles = _fetch(client, found, options.to) if options.to else {}
    if not exports and not options.to:
        _show(found)
    _list_missing(client, found)
    if troubles:
        raise SetupError(f"{show.counted(len(troubles), 'result')} could not be fetched: see above.")
    return 0


# --- one file of all results ------------------------------------------------------------------------------------------


def _check_target(file: Path, form: str, *, overwrite: bool) -> None:
    """Raises SetupError for a file that is no earlier export, unless it may be overwritten."""
    if not file.exists() or overwrite:
        return
    head = (FORMATS[form].head or FIELD)[:HEAD]
    try:
        with file.open("rb") as existing:
            start = existing.read(len(head))
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}.") from error
    if start and start != head:
        raise SetupError(f"{file} is no earlier export: choose another file, or allow it with --overwrite.")


def _export(client: Client, form: str, file: Path, wanted: Mapping[str, str]) -> None:
    """Writes the file once it is complete. Raises SetupError."""
    with show.step(f"Export to {file}") as report:
        started = client.call("POST", "documents/export", {"format": form, **wanted})
        path = f"operations/{started['key']}"
        ended = client.finished(path, SECONDS_TO_EXPORT, lambda operation: report(show.progress(operation)))
        partial = file.with_name(f"{file.name}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as target:
                for part, size in client.parts(f"{path}/content"):
                    target.write(part)
                    report(f"{target.tell():,} of {size:,} bytes")
            partial.replace(file)
        except OSError as error:
            raise SetupError(f"{file} cannot be written: {error.strerror}.") from error
    show.console.print(f"  {show.counted(ended['result'].get('documents', 0), 'result')}", markup=False)


# --- one by one -------------------------------------------------------------------------------------------------------


def _find(client: Client, wanted: Mapping[str, str]) -> Found:
    results: dict[str, list[Any]] = defaultdict(list)
    failed: dict[str, Any] = {}
    waiting: dict[str, Any] = {}
    with show.status("List the documents") as report:
        for number, document in enumerate(client.documents(urlencode(wanted, quote_via=quote)), 1):
            report(f"{number:,}")
            name = document["name"]
            if document["state"] == "succeeded":
                results[name].append(document)
            elif document["state"] == "failed" and name not in results:
                failed.setdefault(name, document)
            elif "ended" not in document:
                waiting.setdefault(name, document)
    return Found(results, failed, waiting)


def _fetch(client: Client, found: Found, folder: Path) -> dict[str, str]:
    """Writes the results that the folder does not have yet; returns why others could not be fetched."""
    troubles: dict[str, str] = {}
    outcomes: Counter[str] = Counter()

    def fetch(name: str) -> str:
        return _fetch_one(client, found.results[name], folder, name)

    with show.step(f"Fetch {show.counted(len(found.results), 'result')} to {folder}") as report:
        for name, outcome in bulk.each(fetch, list(found.results)):
            known = outcome in (UNCHANGED, FETCHED)
            outcomes[outcome if known else "not fetched"] += 1
            troubles |= {} if known else {name: outcome}
            report(f"{outcomes.total():,} of {len(found.results):,}")
    if outcomes:
        show.console.print(f"  {', '.join(f'{number:,} {what}' for what, number in sorted(outcomes.items()))}")
    _list("could not be fetched", troubles)
    return troubles


def _fetch_one(client: Client, versions: Sequence[Any], folder: Path, name: str) -> str:
    """FETCHED, UNCHANGED, or why there is no result in the folder."""
    if not is_file_name(name) or "" in name.split("/"):
        return "its name is not a path that can be written here"
    target = folder / f"{name}.json"
    for document in versions:
        if _is_of(target, document):
            return UNCHANGED
        found = client.result(document["key"])
        if found.get("error", {}).get("code") != REPLACED:
            return _kept(target, found)
    return "a newer version is being classified"


def _kept(target: Path, found: Any) -> str:
    """Writes a result; returns FETCHED, or why it is none or could not be written."""
    if "error" in found:
        return str(found["error"]["message"])
    if "source" not in found:  # it was replayed since it was listed
        return "it is being classified again"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        return f"{target} cannot be written: {error.strerror}"
    return FETCHED


def _is_of(file: Path, document: Any) -> bool:
    """Whether a file is the result of this document, from the last time that it was classified."""
    try:
        kept = json.loads(file.read_bytes())
        return (kept["document"], kept["classified"]) == (document["key"], document["ended"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


# --- for people -------------------------------------------------------------------------------------------------------


def _show(found: Found) -> None:
    width = show.column(found.results)
    for name, versions in sorted(found.results.items()):
        show.result(name, versions[0], width)
    show.console.print(f"{show.counted(len(found.results), 'result')}.")


def _list_missing(client: Client, found: Found) -> None:
    failed = {name: f"{one.get('reason', 'failed')}: {one.get('detail', '')}" for name, one in found.failed.items()}
    _list("could not be classified", failed)
    if found.open:
        show.warning(f"Not classified yet: {show.counted(len(found.open), 'file')}.")
        missing_results.explain(list(found.open), found.open.__getitem__, missing_results.HealthWatch(client))


def _list(what: str, reasons: Mapping[str, str]) -> None:
    if not reasons:
        return
    show.warning(f"{show.counted(len(reasons), 'file')} {what}:")
    width = show.column(reasons)
    show.listed(sorted(reasons.items()), lambda one: show.line(one[0], escape(one[1]), width))
