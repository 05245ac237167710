"""`python -m local labels FOLDER`: makes a labels file from a folder for each class, or from a CSV file."""

from __future__ import annotations

import argparse
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table as Printed

from local.cli import show
from local.cli.training_data import LABELS_NAME, NAME, PROJECT, check_container, training_container
from local.errors import SetupError
from local.labelled import class_folders, table
from local.labelled.examples import Example, Merged, merge
from shared.labels.formats import Finding, Format, read_labels, write_labels
from shared.language.types import Kind, Labels, Project

KINDS = {"single": Kind.SINGLE, "multi": Kind.MULTI}
FORMATS = {one.value: one for one in Format}
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="has a sub-folder of .txt files for each class")
    parser.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="a CSV file in place of sub-folders, with the columns class, and text or name or both; "
        "classes are separated by ;. Its texts are written to FOLDER as .txt files",
    )
    parser.add_argument("--output", type=Path, help=f"the labels file (default: FOLDER/{LABELS_NAME})")
    parser.add_argument("--type", choices=KINDS, default="single", help="how many classes a text may have")
    parser.add_argument("--language", default="en-us", help="of the texts")
    parser.add_argument("--project", help="a name of letters and digits (default: from the folder's name)")
    parser.add_argument("--container", help="where the texts will be uploaded to (default: PROJECT-training)")
    parser.add_argument("--format", choices=FORMATS, default=Format.TODAY.value, help="of the labels file")
    parser.add_argument("--skip-invalid", action="store_true", help="leave out texts that cannot be used")
    parser.add_argument("--overwrite", action="store_true", help="replace existing files")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if the labels file is valid and written. With an error, no file is written."""
    project, output = _project(options), options.output or options.folder / LABELS_NAME
    source = table.load(options.csv) if options.csv else None
    with show.step(f"Read the texts of {options.csv or options.folder}"):
        examples = table.examples(source, options.folder) if source else _of_folders(options.folder)
        merged = merge(examples, project.kind, project.language, skip_invalid=options.skip_invalid)
    content = _written(project, merged, FORMATS[options.format])
    files = {output: content}
    if source and source.has_texts:
        used = {document.location for document in merged.labels.documents}
        files = {options.folder / name: text for name, text in table.texts(source).items() if name in used} | files
    if source and source.unused:
        show.warning(f"Columns that are not read: {', '.join(source.unused)}.")
    _write(files, overwrite=options.overwrite)
    _explain(merged, project, output)
    _show_next(options.folder, output, project)
    return 0


def _project(options: argparse.Namespace) -> Project:
    """Raises SetupError for a name that the service or storage would refuse."""
    name = options.project or re.sub(r"[^A-Za-z0-9]", "", options.folder.resolve().name)[:50] or PROJECT
    if not NAME.fullmatch(name):
        raise SetupError("--project must have 1 to 50 letters and digits.")
    container = check_container(options.container or training_container(name))
    if not LANGUAGE.fullmatch(options.language):
        raise SetupError("--language must be the code of a language, such as en-us.")
    return Project(name, KINDS[options.type], container, options.language)


def _of_folders(folder: Path) -> list[Example]:
    examples, without_class = class_folders.examples(folder)
    if without_class:
        files = show.counted(without_class, ".txt file")
        show.warning(f"Left out, because only texts in sub-folders have a class: {files} directly in {folder}.")
    return examples


def _written(project: Project, merged: Merged, written: Format) -> bytes:
    """The labels file. Raises SetupError after printing what is wrong with the texts or the labels."""
    errors = merged.findings.errors
    content = b""
    if not errors:
        content = write_labels(project, merged.labels, written)
        errors = read_labels(content, project.kind).faults
    if errors:
        _list(errors, "[red]✗[/]")
        raise SetupError(f"{show.counted(len(errors), 'error')}: no file was written.")
    return content


def _write(files: dict[Path, bytes], *, overwrite: bool) -> None:
    """Leaves files with the same content alone. Raises SetupError before anything would be overwritten."""
    changed = {file: content for file, content in files.items() if not _has(file, content)}
    if existing := [str(file) for file in changed if file.exists() and not overwrite]:
        more = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise SetupError(f"{existing[0]}{more} would be overwritten: allow it with --overwrite.")
    for file, content in changed.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except OSError as error:
            raise SetupError(f"{file} cannot be written: {error.strerror}.") from error


def _has(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() == content
    except OSError:
        return False


def _explain(merged: Merged, project: Project, output: Path) -> None:
    labels = merged.labels
    show.console.print(_counts(labels))
    for what, number in (
        ("Left out because of errors", merged.skipped),
        ("Repeat another text, and are counted with it", merged.repeated),
        ("Have no class, so that nothing is learned from them", sum(not each.classes for each in labels.documents)),
    ):
        if number:
            show.warning(f"{what}: {show.counted(number, 'text')}.")
    _list(merged.findings.warnings, "[yellow]![/]")
    kind = "single-label" if project.kind is Kind.SINGLE else "multi-label"
    total = f"{show.counted(len(labels.documents), 'text')}, {show.counted(len(labels.classes), 'class', 'classes')}"
    show.console.print(f"[green]✓[/] {escape(str(output))}: {total}, {kind}", soft_wrap=True)


def _counts(labels: Labels) -> Printed:
    counts = Counter(name for document in labels.documents for name in document.classes)
    printed = Printed()
    printed.add_column("class")
    printed.add_column("texts", justify="right")
    for name in labels.classes:
        printed.add_row(escape(name), f"{counts[name]:,}")
    return printed


def _list(findings: Sequence[Finding], mark: str) -> None:
    show.listed(findings, lambda one: show.console.print(f"  {mark} {escape(one.sentences)}", soft_wrap=True))


def _show_next(folder: Path, output: Path, project: Project) -> None:
    """Prints the commands that use the file."""
    data = shlex.quote(str(folder))
    elsewhere = output.resolve() != (folder / LABELS_NAME).resolve()
    labels = shlex.quote(str(output))
    show.console.print(
        "\nNext:\n"
        f"  make run DATA={data}{f' LABELS={labels}' if elsewhere else ''}\n"
        "or, while the app runs:\n"
        f"  .venv/bin/python -m local upload {data} --container {project.container}"
        f"{f' --labels {labels}' if elsewhere else ''}",
        soft_wrap=True,
        markup=False,
    )
