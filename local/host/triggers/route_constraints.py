"""Constraints of route parameters, such as `{x:int}`, as in ASP.NET Core. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

Constraint = Callable[[str], bool]
Maker = Callable[..., Constraint]

BLANK = r"[\t-\r ]*"
WHOLE = re.compile(rf"{BLANK}([+-]?[0-9]+){BLANK}")
DIGITS = r"(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)"
DECIMAL = re.compile(rf"{BLANK}(?:[+-]?{DIGITS}|{DIGITS}[+-]){BLANK}")
FLOAT = re.compile(rf"{BLANK}(?:[+-]?{DIGITS}(?:e[+-]?[0-9]+)?|[+-]?(?:nan|infinity|∞)){BLANK}", re.IGNORECASE)
HEX = r"[0-9a-f]"
HYPHENS = rf"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"
GUID = re.compile(rf"\s*(?:{HEX}{{32}}|{HYPHENS}|\{{{HYPHENS}\}}|\({HYPHENS}\))\s*", re.IGNORECASE)
BOOL = re.compile(r"\s*(?:true|false)\s*", re.IGNORECASE)
ALPHA = re.compile("[a-z]*", re.IGNORECASE | re.ASCII)
FILE = re.compile(r"(?s:.*/)?[^/.]*\.+[^/.][^/]*")
INT, LONG = 2**31, 2**63


def parse(text: str) -> Constraint:
    """Parses `name` or `name(arguments)`.

    Raises ValueError for one that ASP.NET Core does not have, NotImplementedError for one that only it has.
    """
    name, bracket, rest = text.partition("(")
    if not (bracket and rest.endswith(")")):
        name, rest = text, ")"
    if name.lower() in NOT_HERE:
        raise NotImplementedError(f"the constraint '{name}'")
    arguments = [argument.strip() for argument in rest[:-1].split(",")] if rest != ")" else []
    counts, maker = MAKERS.get(name.lower(), ((), _none))
    if not counts:
        raise ValueError(f"there is no constraint '{name}'.")
    if len(arguments) not in counts:
        raise ValueError(f"the constraint '{text}' has a wrong number of arguments.")
    return maker(*(_number(argument, text) for argument in arguments))


def _number(argument: str, text: str) -> int:
    if not (match := WHOLE.fullmatch(argument)):
        raise ValueError(f"the constraint '{text}' needs numbers.")
    return int(match[1])


def _none() -> Constraint:
    return bool


def _matching(pattern: re.Pattern[str]) -> Maker:
    return lambda: lambda value: pattern.fullmatch(value) is not None


def _is_whole(value: str, *, lowest: int = -LONG, highest: int = LONG - 1) -> bool:
    return (match := WHOLE.fullmatch(value)) is not None and lowest <= int(match[1]) <= highest


def _has_length(value: str, *, lowest: int, highest: int) -> bool:
    """Counted in UTF-16."""
    return lowest <= len(value.encode("utf-16-le", "surrogatepass")) // 2 <= highest


def _length(lowest: int, highest: int | None = None) -> Constraint:
    highest = lowest if highest is None else highest
    if not 0 <= lowest <= highest:
        raise ValueError("the limits of a length are wrong.")
    return partial(_has_length, lowest=lowest, highest=highest)


def _range(lowest: int, highest: int) -> Constraint:
    if lowest > highest:
        raise ValueError("the limits of a range are wrong.")
    return partial(_is_whole, lowest=lowest, highest=highest)


MAKERS: dict[str, tuple[tuple[int, ...], Maker]] = {  # how many arguments each can have
    "int": ((0,), lambda: partial(_is_whole, lowest=-INT, highest=INT - 1)),
    "long": ((0,), lambda: _is_whole),
    "bool": ((0,), _matching(BOOL)),
    "decimal": ((0,), _matching(DECIMAL)),
    "double": ((0,), _matching(FLOAT)),
    "float": ((0,), _matching(FLOAT)),
    "guid": ((0,), _matching(GUID)),
    "alpha": ((0,), _matching(ALPHA)),
    "required": ((0,), lambda: bool),
    "file": ((0,), _matching(FILE)),
    "nonfile": ((0,), lambda: lambda value: FILE.fullmatch(value) is None),
    "minlength": ((1,), lambda lowest: _length(lowest, LONG)),
    "maxlength": ((1,), lambda highest: _length(0, highest)),
    "length": ((1, 2), _length),
    "min": ((1,), lambda lowest: _range(lowest, LONG)),
    "max": ((1,), lambda highest: _range(-LONG, highest)),
    "range": ((2,), _range),
}
NOT_HERE = ("regex", "datetime")
