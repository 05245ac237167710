"""Removes the credential from responses: a service that echoes a request may echo its key. Pure."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, unquote

MASK = "***"
SHORTEST = 8
"""Characters. A shorter value is not a key of the service, and may be part of ordinary words."""


class Redaction:
    """Removes one secret: plain, percent-encoded and in base64, also within a longer text, in upper or lower case."""

    def __init__(self, secret: str) -> None:
        forms = {secret, quote(secret, safe="")}
        forms |= {_within(encode, secret, before) for encode in (b64encode, urlsafe_b64encode) for before in range(3)}
        known = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._forms = re.compile(known if len(secret) >= SHORTEST else r"(?!)", re.IGNORECASE)

    def text(self, text: str) -> str:
        cleaned = self._forms.sub(MASK, text)
        return MASK if "%" in cleaned and self._forms.search(unquote(cleaned)) else cleaned

    def value(self, value: object) -> object:
        """A JSON value with all strings and field names redacted. May raise RecursionError."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(item) for name, item in value.items()}
        return value


def _within(encode: Callable[[bytes], bytes], secret: str, before: int) -> str:
    """The base64 of the secret after `before` other bytes, modulo 3: the characters that it alone determines."""
    content = bytes(before) + secret.encode()
    whole = len(content) * 8 // 6  # characters without bits of what follows
    return encode(content)[-(-before * 8 // 6) : whole].decode()


@lru_cache(maxsize=8)
def redaction(secret: str) -> Redaction:
    """The redaction of a key, or of a token that lasts for an hour."""
    return Redaction(secret)
