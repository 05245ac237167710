"""The open reviews of the running app, in their order."""

from __future__ import annotations

from collections import deque
from urllib.parse import urlencode

from local.cli.client import Client

PAGE = 100


class Queue:
    """Keys of open reviews. Each is taken once, unless it is put back."""

    def __init__(self, client: Client, reason: str) -> None:
        self._client = client
        self._query = {"top": str(PAGE), **({"reason": reason} if reason else {})}
        self._keys: deque[str] = deque()
        self._taken: set[str] = set()
        self._after = ""  # the listing's continuation token
        self._read()

    @property
    def size(self) -> str:
        """How many are left, such as "3", or "100 or more"."""
        return f"{len(self._keys):,}{' or more' if self._after else ''}"

    def take(self) -> str | None:
        """The next key; None at the end. Raises SetupError."""
        if not self._keys:
            self._read()  # from the start again after the last page: urgent ones may have been added
        if not self._keys:
            return None
        key = self._keys.popleft()
        self._taken.add(key)
        return key

    def put_back(self, key: str) -> None:
        """It will be the next."""
        self._keys.appendleft(key)

    def _read(self) -> None:
        """Read pages until one has something new, or there are no more."""
        while not self._keys:
            query = {**self._query, **({"continue": self._after} if self._after else {})}
            page = self._client.call("GET", f"reviews?{urlencode(query)}")
            self._keys.extend(one["key"] for one in page["value"] if one["key"] not in self._taken)
            self._after = page.get("continue", "")
            if not self._after:
                return
