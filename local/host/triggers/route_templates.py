"""Route templates of HTTP functions, matched as in ASP.NET Core. Pure.

`{x}`, `{x?}` and `{*x}` fill one segment each. Constraints, defaults and several parameters in a segment are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote, unquote

from local.host.errors import FunctionInError

PARAMETER = re.compile(r"\{(\*?)([A-Za-z_][A-Za-z0-9_]*)(\??)\}")
ENCODED_SLASH = re.compile("(%2f)", re.IGNORECASE)


@dataclass(frozen=True)
class Segment:
    """A literal, or a parameter if `parameter` is its name."""

    literal: str = ""
    parameter: str = ""
    optional: bool = False
    catch_all: bool = False

    @property
    def may_be_missing(self) -> bool:
        return self.optional or self.catch_all


@dataclass(frozen=True)
class Route:
    template: str
    segments: tuple[Segment, ...]

    @property
    def link(self) -> str | None:
        """The path, encoded, that matches without any parameter; None if there is none. A catch-all is left out."""
        literals = [quote(segment.literal) for segment in self.segments if segment.literal]
        rest = self.segments[len(literals) :]
        if any(not segment.catch_all for segment in rest):
            return None
        return "/" + "".join(f"{literal}/" for literal in literals) if rest else "/" + "/".join(literals)

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters in the path of a request, or None if it does not match.

        `path` is percent-encoded, as sent. One slash at its end is ignored; an empty segment matches nothing.
        """
        words = path.removeprefix("/").split("/")
        if words[-1] == "":
            words.pop()
        found: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.catch_all:
                return self._with_rest(found, segment, path, index, words)
            if index >= len(words):
                return found if all(left.may_be_missing for left in self.segments[index:]) else None
            if not _take(segment, decoded(words[index]), found):
                return None
        return found if len(words) == len(self.segments) else None

    @staticmethod
    def _with_rest(
        found: dict[str, str], segment: Segment, path: str, index: int, words: list[str]
    ) -> dict[str, str] | None:
        if index >= len(words):
            return found
        rest = path.removeprefix("/").split("/", index)[index]
        return None if words[index] == "" else found | {segment.parameter: decoded(rest)}


def _take(segment: Segment, word: str, found: dict[str, str]) -> bool:
    if not word:
        return False
    if segment.parameter:
        found[segment.parameter] = word
        return True
    return segment.literal.casefold() == word.casefold()


def decoded(text: str) -> str:
    """Percent-decoded, except for "%2F" and invalid UTF-8, as in Kestrel."""
    parts = ENCODED_SLASH.split(text)
    return "".join(part if ENCODED_SLASH.fullmatch(part) else _text(part) for part in parts)


def _text(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        return part


def parse(prefix: str, route: str) -> Route:
    """Parses a function's route below the app's prefix. Raises FunctionInError if it is not supported."""
    template = f"{prefix}/{route}" if prefix else route
    segments = tuple(_segment(word, template) for word in template.split("/"))
    for segment, following in pairwise(segments):
        if segment.catch_all or (segment.optional and not following.may_be_missing):
            raise FunctionInError(f"the route '{template}' has more after {{{segment.parameter}}}, which must be last.")
    names = [segment.parameter.lower() for segment in segments if segment.parameter]
    if len(set(names)) < len(names):
        raise FunctionInError(f"the route '{template}' has the same parameter twice.")
    return Route(template, segments)


def _segment(word: str, template: str) -> Segment:
    if match := PARAMETER.fullmatch(word):
        star, name, mark = match.groups()
        if not (star and mark):
            return Segment(parameter=name, optional=bool(mark), catch_all=bool(star))
    elif not word:
        raise FunctionInError(f"the route '{template}' has an empty segment: write it without a '/' at either end.")
    elif not set(word) & set("{}?*~"):
        return Segment(literal=word)
    raise FunctionInError(f"the route '{template}' has '{word}': this host supports only {{x}}, {{x?}} and {{*x}}.")
