"""The levels of keys: what a caller's key must open. A function has one of LEVELS."""

from __future__ import annotations

ANONYMOUS, FUNCTION, SYSTEM, ADMIN = "anonymous", "function", "system", "admin"
LEVELS = (ANONYMOUS, FUNCTION, ADMIN)
