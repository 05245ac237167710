"""Keys of stored values. Pure."""

from __future__ import annotations

import hashlib


def document_key(container: str, name: str, etag: str) -> str:
    """The key of one version of one file: 32 hexadecimal digits. The ETag counts without its quotes."""
    return digest(container, name, etag.strip('"'))


def digest(*parts: str) -> str:
    """A name of 32 hexadecimal digits for these parts, fit for a row key whatever they hold."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
