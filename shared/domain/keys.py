"""Keys of stored values. Pure."""

from __future__ import annotations

import hashlib


def document_key(container: str, name: str, etag: str) -> str:
    """The key of one version of one file: 32 hexadecimal digits. The ETag counts without its quotes."""
    return digest(container, name, etag.strip('"'))


def digest(*parts: str) -> str:
    """A hash of these parts: 32 hexadecimal digits, valid in a row key."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
