"""What a reviewer sees. Nothing of a text, a name or a class can control the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from local.cli import show

REASONS = {
    "audit": "random audit",
    "contested": "contested",
    "no_class": "no class",
    "low_confidence": "low confidence",
}
OTHER_LINES = 12  # of a screen: all but the text
FEWEST_LINES, LINES_ELSEWHERE = 5, 20  # of a text at once; the latter without a terminal
CHUNK = 2000  # characters that are wrapped at once


class Page:
    """A text, in as many lines at once as fit the terminal."""

    def __init__(self, text: str) -> None:
        self._lines = _wrapped(text, max(20, show.console.width - 4))
        self._next = next(self._lines, None)

    def show(self) -> None:
        height = max(FEWEST_LINES, show.console.height - OTHER_LINES) if show.console.is_terminal else LINES_ELSEWHERE
        for _ in range(height):
            if self._next is None:
                break
            _print(f"  │ {self._next}")
            self._next = next(self._lines, None)
        if self._next is not None:
            _print("  … m shows more of it")


def review(view: Any, left: str) -> Page:
    """Prints a review, and returns its text, of which the first part was printed. `left`: how many follow."""
    said = f"{REASONS.get(view['reason'], view['reason'])}; {left} left after it"
    show.console.print()
    show.console.print(Text(show.printable(view["name"]), style="bold"), Text(said, style="dim"))
    page = Page(view.get("text", ""))
    page.show()
    return page


def classes(view: Any, names: Sequence[str]) -> None:
    """Prints the prediction with its confidences, and the numbered classes."""
    scores = [f"{one['category']} {one['confidence']:.2f}" for one in view["prediction"]]
    _print(f"  Prediction: {', '.join(scores) or 'no class'}")
    numbered = "   ".join(["0 none", *(f"{number} {name}" for number, name in enumerate(names, 1))])
    _print(f"  {numbered if names else 'The classes are not known: type their names, with ; between them. 0 none'}")


def decided(names: Sequence[str]) -> None:
    show.console.print(Text(f"✓ {show.printable(', '.join(names)) or 'no class'}", style="green"))


def _print(line: str) -> None:
    show.console.print(Text(show.printable(line)), soft_wrap=True)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """The lines of a text, none of them wider than `width` columns."""
    for paragraph in text.expandtabs(4).splitlines():
        for start in range(0, len(paragraph) or 1, CHUNK):
            chunk = Text(show.printable(paragraph[start : start + CHUNK]))
            yield from (line.plain.rstrip() for line in chunk.wrap(show.console, width))
