"""Blob paths of triggers, `container/pattern`, matched against names of blobs. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.host.errors import FunctionInError

TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|([^{}]+)")
CONTAINER = re.compile(r"\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62}")


@dataclass(frozen=True)
class BlobPath:
    """`prefix`: the literal start of names that can match."""

    text: str
    container: str
    prefix: str
    pattern: re.Pattern[str]

    def match(self, blob: str) -> dict[str, str] | None:
        """The parameters in a blob's name, or None. They are greedy and may contain "/"; case matters."""
        match = self.pattern.fullmatch(blob)
        return match.groupdict() if match else None


def parse(text: str) -> BlobPath:
    """Raises FunctionInError for an invalid or unsupported path."""
    container, slash, pattern = text.partition("/")
    container = container.lower()  # the real host ignores case; names in storage are lower case
    if not CONTAINER.fullmatch(container):
        raise FunctionInError(f"the blob path '{text}' must begin with a container name (3 or more of a-z, 0-9, -).")
    if slash and not pattern:
        raise FunctionInError(f"the blob path '{text}' has nothing after its '/'.")
    source, prefix = _compiled(pattern, text) if slash else ("(?s:.*)", "")
    try:
        return BlobPath(text, container, prefix, re.compile(source))
    except re.error as error:
        raise FunctionInError(f"the blob path '{text}' names a parameter twice.") from error


def _compiled(pattern: str, text: str) -> tuple[str, str]:
    """The pattern as a regular expression, and its literal start."""
    source, prefix, position, literal_so_far = "", "", 0, True
    while position < len(pattern):
        if not (token := TOKEN.match(pattern, position)):
            raise FunctionInError(f"the blob path '{text}' is invalid at '{pattern[position:]}': use {{name}} or {{{{.")
        name, plain = token.group(1), token.group(2) or token.group(0)[0]
        literal_so_far = literal_so_far and not name
        source += f"(?P<{name}>.*)" if name else re.escape(plain)
        prefix += plain if literal_so_far else ""
        position = token.end()
    return source, prefix
