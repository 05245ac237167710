"""Route templates of HTTP functions, parsed and matched as in ASP.NET Core. Pure.

`{x}`, `{x?}`, `{x=default}`, `{x:constraint}`, and several in one segment, such as `{name}.{ext}`; `{*x}` and `{**x}`
take the rest of the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

from local.host.errors import FunctionInError, HostInError
from local.host.triggers import route_constraints
from local.host.triggers.route_constraints import Constraint

TOKEN = re.compile(r"\{\{|\}\}|\{((?:\{\{|\}\}|[^{}])*)\}|(/)|([^{}/]+)")
INSIDE = re.compile(  # a parameter: stars, name, constraints, default
    r"(\*{0,2})(.[^:=]*)?((?::(?:[^:=(]*\(.*?\)(?=[:=]|$)|[^:=]*))*)(?:=(.*))?", re.DOTALL
)
CONSTRAINT = re.compile(r":((?:[^:=(]*\(.*?\)(?=:|$)|[^:]*))", re.DOTALL)
DOT = "."


@dataclass(frozen=True)
class Parameter:
    """`default` is the value where the path has none; None: no default."""

    name: str
    optional: bool = False
    catch_all: bool = False
    default: str | None = None
    constraints: tuple[Constraint, ...] = ()

    @property
    def may_be_missing(self) -> bool:
        return self.optional or self.catch_all or self.default is not None

    def allows(self, value: str | None) -> bool:
        """Whether the constraints are met; without a value only an optional parameter meets one."""
        if value is None:
            return self.optional or not self.constraints
        return all(constraint(value) for constraint in self.constraints)


Segment = tuple[str | Parameter, ...]
"""Literals and parameters in turn."""


@dataclass(frozen=True)
class Route:
    template: str
    segments: tuple[Segment, ...]

    @property
    def link(self) -> str | None:
        """The path, encoded, that matches without any parameter; None if there is none. A catch-all is left out."""
        literals = [quote(segment[0]) for segment in self.segments if isinstance(segment[0], str) and len(segment) == 1]
        rest = self.segments[len(literals) :]
        if not all(isinstance(segment[0], Parameter) and segment[0].catch_all for segment in rest):
            return None
        return "/" + "".join(f"{literal}/" for literal in literals) if rest else "/" + "/".join(literals)

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters in the path of a request, or None if it does not match.

        `path` is decoded as Kestrel does it. One slash at its end is ignored; an empty segment matches nothing.
        """
        found = self._values(path)
        if found is None or not all(one.allows(found.get(one.name)) for one in _parameters(self.segments)):
            return None
        return found

    def _values(self, path: str) -> dict[str, str] | None:
        words = path.removeprefix("/").split("/")
        if words[-1] == "":
            words.pop()
        found: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if index >= len(words):
                return (
                    found | _defaults(self.segments[index:]) if all(map(_is_missing, self.segments[index:])) else None
                )
            if not words[index]:
                return None
            if isinstance(segment[0], Parameter) and segment[0].catch_all:
                return found | {segment[0].name: path.removeprefix("/").split("/", index)[index]}
            if (taken := _take(segment, words[index])) is None:
                return None
            found |= taken
        return found if len(words) == len(self.segments) else None


def _is_missing(segment: Segment) -> bool:
    """Whether it matches where the path has ended."""
    return len(segment) == 1 and isinstance(segment[0], Parameter) and segment[0].may_be_missing


def _defaults(segments: tuple[Segment, ...]) -> dict[str, str]:
    return {one.name: one.default for one in _parameters(segments) if one.default is not None}


def _parameters(segments: tuple[Segment, ...]) -> Iterator[Parameter]:
    return (part for segment in segments for part in segment if isinstance(part, Parameter))


def _take(segment: Segment, word: str) -> dict[str, str] | None:
    if len(segment) == 1:
        if isinstance(segment[0], Parameter):
            return {segment[0].name: word}
        return {} if _folded(segment[0]) == _folded(word) else None
    last = segment[-1]
    taken = _take_from_the_end(segment, word)
    if taken is None and isinstance(last, Parameter) and last.optional and not word.endswith(DOT):
        return _take_from_the_end(segment[:-2], word)  # without the dot and the parameter after it
    return taken


def _take_from_the_end(segment: Segment, word: str) -> dict[str, str] | None:
    """Each literal is taken where it occurs last, and each parameter must have a character."""
    found: dict[str, str] = {}
    waiting, end = "", len(word)
    for part in reversed(segment):
        if isinstance(part, Parameter):
            waiting = part.name
            continue
        start = _folded(word).rfind(_folded(part), 0, end - bool(waiting))
        if start < 0 or (part is segment[-1] and start + len(part) != end):
            return None
        if waiting:
            found[waiting] = word[start + len(part) : end]
        waiting, end = "", start
    if waiting:
        return found | {waiting: word[:end]} if end else None
    return None if end else found


def _folded(text: str) -> str:
    """Upper-cased one character at a time, as .NET compares without regard to case."""
    return "".join(_upper(char) for char in text)


def _upper(char: str) -> str:
    upper = char.upper()
    return upper if len(upper) == 1 and upper.isascii() == char.isascii() else char


def parse(prefix: str, route: str) -> Route:
    """Parses a function's route below the app's prefix.

    Raises HostInError if ASP.NET Core cannot make it: then the real host does not start. Raises FunctionInError if only
    this host does not support it.
    """
    template = f"{prefix}/{route}" if prefix else route
    try:
        segments = tuple(_segments(template))
        _check(segments)
    except ValueError as error:
        raise HostInError(f"the route '{template}' cannot be made: {error}") from error
    except NotImplementedError as error:
        raise FunctionInError(f"the route '{template}' has {error}, which this host does not support.") from error
    return Route(template, segments)


def _segments(template: str) -> Iterator[Segment]:
    text = template.removeprefix("~/") if template.startswith("~/") else template.removeprefix("/")
    if text.startswith("~") and text == template:
        raise ValueError("it begins with '~'.")
    parts: list[str | Parameter] = []
    literal = ""
    for word in _tokens(text):
        if isinstance(word, Parameter) or word == "/":
            parts += [literal] if literal else []
            literal = ""
        if word == "/":
            if not parts:
                raise ValueError("it has a '/' too many: write it without one at its start, and only one at a time.")
            yield tuple(parts)
            parts = []
        elif isinstance(word, Parameter):
            parts.append(word)
        else:
            literal += word
    parts += [literal] if literal else []
    if parts:
        yield tuple(parts)


def _tokens(text: str) -> Iterator[str | Parameter]:
    position = 0
    while position < len(text):
        if not (token := TOKEN.match(text, position)):
            raise ValueError(f"a brace does not close at '{text[position:]}'; write {{{{ for a brace.")
        inside, slash, literal = token.groups()
        if inside is not None:
            yield _parameter(inside.replace("{{", "{").replace("}}", "}"))
        elif "?" in (literal or ""):
            raise ValueError(f"'{literal}' has a '?' outside of a parameter.")
        else:
            yield slash or literal or token[0][0]
        position = token.end()


def _parameter(inside: str) -> Parameter:
    optional = inside.endswith("?")
    match = INSIDE.fullmatch(inside.removesuffix("?") if optional else inside)
    stars, name, constraints, default = match.groups() if match else ("", "", "", None)
    if not name or set(name) & set("/{}?*"):
        raise ValueError(f"'{{{inside}}}' names no parameter.")
    if optional and (stars or default is not None):
        raise ValueError(f"'{{{inside}}}' cannot be optional.")
    checks = (route_constraints.parse(text) for text in CONSTRAINT.findall(constraints) if text)
    return Parameter(name, optional, bool(stars), default, tuple(checks))


def _check(segments: tuple[Segment, ...]) -> None:
    """Raises ValueError for parameters that cannot stand where they do."""
    for segment in segments:
        _check_segment(segment)
    for one in list(_parameters(segments)):
        if one.catch_all and (one not in segments[-1] or len(segments[-1]) > 1):
            raise ValueError(f"{{{one.name}}} takes the rest of the path: nothing can stand beside or after it.")
    names = [one.name.lower() for one in _parameters(segments)]
    if len(set(names)) < len(names):
        raise ValueError("it has the same parameter twice.")


def _check_segment(segment: Segment) -> None:
    for first, second in pairwise(segment):
        if isinstance(first, Parameter) and isinstance(second, Parameter):
            raise ValueError(f"{{{first.name}}} and {{{second.name}}} have nothing between them.")  # noqa: TRY004
        if isinstance(first, Parameter) and first.optional:
            raise ValueError(f"{{{first.name}?}} must be last in its segment.")
        if isinstance(second, Parameter) and second.optional and first != DOT:
            raise ValueError(f"{{{second.name}?}} must follow a '.'.")
