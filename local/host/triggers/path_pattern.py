"""Blob paths of triggers, `container/pattern`, matched against names of blobs. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.host.errors import FunctionInError, HostInError

TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)(?::[^{}]*)?\}|([^{}]+)")
PARAMETER = re.compile(r"(?<!\{)(?:\{\{)*\{[A-Za-z_]")
CONTAINER = re.compile(r"\$root|\$web|(?=.{3,63}\Z)[a-z0-9](?:-?[a-z0-9])+")


@dataclass(frozen=True)
class BlobPath:
    """`prefix`: the literal start of names that can match."""

    text: str
    container: str
    prefix: str
    pattern: re.Pattern[str]

    def match(self, blob: str) -> dict[str, str] | None:
        """The parameters in a blob's name, or None. They are greedy and may contain "/"; case matters."""
        match = self.pattern.match(blob)
        return match.groupdict() if match else None


def never_runs(blob: str) -> bool:
    """Whether the real host lists a blob of this name, asks for it under another, and so never runs its function."""
    return blob.startswith("/") or blob.endswith("/") or not {".", ".."}.isdisjoint(blob.split("/"))


def parse(text: str) -> BlobPath:
    """Raises FunctionInError for an invalid or unsupported path."""
    container, slash, pattern = text.partition("/")
    if not container or "{" in container or "}" in container:
        raise FunctionInError(f"the blob path '{text}' must begin with the name of a container.")
    if slash and not pattern:
        raise FunctionInError(f"the blob path '{text}' has nothing after its '/'.")
    source, prefix = _compiled(pattern, text) if slash else ("(?s:.*)", "")
    return BlobPath(text, container, prefix, re.compile(source + "$"))


def check_container(path: BlobPath) -> None:
    """Raises HostInError for a container that storage refuses to list: the real host ends at its first scan."""
    if not CONTAINER.fullmatch(path.container):
        raise HostInError(
            f"storage refuses the container name '{path.container}' of the blob path '{path.text}': "
            "use 3 to 63 of a-z, 0-9 and single hyphens."
        )


def _compiled(pattern: str, text: str) -> tuple[str, str]:
    """The pattern as a regular expression, and its literal start."""
    if not PARAMETER.search(pattern):
        if pattern[-1] in "/.":
            raise FunctionInError(f"the blob path '{text}' must not end with '{pattern[-1]}'.")
        if set(pattern.replace("{{", "").replace("}}", "")) & set("{}"):
            raise FunctionInError(
                f"the blob path '{text}' has a brace without a parameter: use {{name}}, and {{{{ for a brace."
            )
        return re.escape(pattern), pattern  # without a parameter doubled braces are literal
    source, prefix, position, names = "", "", 0, set[str]()
    while position < len(pattern):
        if not (token := TOKEN.match(pattern, position)):
            raise FunctionInError(f"the blob path '{text}' is invalid at '{pattern[position:]}': use {{name}} or {{{{.")
        name, plain = token.group(1), token.group(2) or token.group(0)[0]
        if name and name.lower() in names:
            raise FunctionInError(f"the blob path '{text}' names the parameter '{name}' twice.")
        names |= {name.lower()} if name else set()
        source += f"(?P<{name}>.*)" if name else re.escape(plain)
        prefix += "" if names else plain
        position = token.end()
    return source, prefix
