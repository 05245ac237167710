"""Output for people: steps with their progress, the evaluation, and results as they arrive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.api.actions.evaluation_summary import NO_CLASS
from shared.domain.timeline import words

Item = TypeVar("Item")
console = Console(highlight=False)
MAX_LISTED = 20
ENDED = {  # why a document ended that has no stored reason
    "superseded": "a newer version of the file replaced it",
    "gone": "the file was deleted before it was read",
}


@contextmanager
def status(what: str) -> Iterator[Callable[[str], None]]:
    """Shows what is in progress, below the lines printed during the block. Yields a function that updates it."""
    what = escape(what)
    if not console.is_terminal:
        console.print(f"  {what} …", soft_wrap=True)
    with console.status(f"{what} …") as shown:
        yield lambda news: shown.update(f"{what} … {escape(news)}")


@contextmanager
def step(what: str) -> Iterator[Callable[[str], None]]:
    """Shows a step in progress, and then a line with its duration. Yields a function that updates the progress."""
    started = time.monotonic()
    with status(what) as report:
        yield report
    console.print(f"[green]✓[/] {escape(what)} [dim]{time.monotonic() - started:.1f} s[/]", soft_wrap=True)


def progress(operation: Any) -> str:
    """The state of an operation, in a few words."""
    steps = ", ".join(f"{name} {words(state)}" for name, state in operation.get("steps", {}).items())
    percent = f" {operation['percent']} %" if operation.get("percent") is not None else ""
    return (steps or operation["state"]) + percent


def counted(number: int, what: str, plural: str = "") -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {plural or what + 's'}"


def warning(what: str) -> None:
    console.print(f"[yellow]![/] {escape(printable(what))}", soft_wrap=True)


def listed(items: Sequence[Item], print_one: Callable[[Item], None]) -> None:
    """Prints at most MAX_LISTED of them, and how many more there are."""
    for item in items[:MAX_LISTED]:
        print_one(item)
    if len(items) > MAX_LISTED:
        console.print(f"  … and {len(items) - MAX_LISTED:,} more")


def evaluation(found: Any) -> None:
    table = Table()
    table.add_column("class")
    for column in ("precision", "recall", "F1"):
        table.add_column(column, justify="right")
    for name, score in _with_texts(found["classes"]).items():
        table.add_row(escape(name), f"{score['precision']:.2f}", f"{score['recall']:.2f}", f"{score['f1']:.2f}")
    table.add_section()
    for kind in ("micro", "macro"):
        table.add_row(f"{kind} average", *(f"{found[kind + part]:.2f}" for part in ("Precision", "Recall", "F1")))
    console.print("[italic]Evaluation on texts that were not used in training[/]", soft_wrap=True)
    console.print(table)
    console.print(found["reading"][0], markup=False)


def _with_texts(scores: Mapping[str, Any]) -> Mapping[str, Any]:
    """Omits the service's class None if no text had it: its scores are all zero."""
    used = ("truePositives", "falsePositives", "falseNegatives")
    return {name: score for name, score in scores.items() if name != NO_CLASS or any(score[count] for count in used)}


def column(names: Iterable[str]) -> int:
    """The width of a column for these file names: that of the widest, but at most half of the terminal."""
    return min(max((cell_len(printable(name)) for name in names), default=0), console.width // 2)


def result(name: str, found: Any, width: int, prefix: str = "  ") -> bool:
    """Prints one line for a file, from its result or its document; returns whether it was classified."""
    classified: bool = found.get("state", "succeeded") == "succeeded"
    said = _classes(found) if classified else _without_result(found)
    line(name, said, width, prefix)
    return classified


def line(name: str, said: str, width: int, prefix: str = "  ") -> None:
    """Prints the name of a file in a column, and a text in rich's markup."""
    console.print(f"{prefix}{escape(_cell(name, width))}  {said}", soft_wrap=True)


def _classes(found: Any) -> str:
    classes = ", ".join(f"[bold]{escape(one['category'])}[/] {one['confidence']:.2f}" for one in found["classes"])
    return classes or "[dim]no class applies[/]"


def _without_result(document: Any) -> str:
    reason = document.get("reason") or document["state"]
    return f"[red]{escape(reason)}[/]: {escape(printable(document.get('detail') or ENDED.get(document['state'], '')))}"


def _cell(name: str, width: int) -> str:
    """The name, padded to `width` columns. In a terminal a longer name is shortened in its middle."""
    name = printable(name)
    too_long = cell_len(name) > width and console.is_terminal
    return _shortened(name, width) if too_long else name + " " * (width - cell_len(name))


def _shortened(name: str, width: int) -> str:
    head, tail = (width - 1) // 2, width // 2
    return f"{set_cell_size(name, head)}…{set_cell_size(name[::-1], tail)[::-1]}"


def printable(text: str) -> str:
    """Without line breaks and control characters, which the name of a file may contain."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
