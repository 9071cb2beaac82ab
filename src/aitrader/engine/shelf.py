"""Rows with a version each, so that any number of readers can ask what changed since they asked.

A reader that comes late gets the newest of each row once: frames are conflated by construction
and a slow reader costs nothing.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Generic, TypeVar

R = TypeVar("R")

MOST_GONE = 1000
"""A reader that is further behind keeps a row too many, which its next snapshot mends."""


class Shelf(Generic[R]):
    """Rows by key, each with the version it changed at."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, R]] = {}
        self._gone: dict[str, int] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: str, row: R) -> None:
        """Put a row in place of the one with this key; an equal row changes nothing."""
        found = self._rows.get(key)
        if found is not None and found[1] == row:
            return
        self.version += 1
        self._rows[key] = (self.version, row)
        self._gone.pop(key, None)

    def find(self, key: str) -> R | None:
        """Return the row with this key, None if there is none."""
        found = self._rows.get(key)
        return found[1] if found else None

    def keep(self, keys: Container[str]) -> None:
        """Take away every row whose key is not among these."""
        for key in [key for key in self._rows if key not in keys]:
            del self._rows[key]
            self.version += 1
            self._gone[key] = self.version
        while len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]

    def since(self, version: int) -> tuple[R, ...]:
        """Return the rows that changed after `version`; all of them for version 0."""
        if version >= self.version:
            return ()
        return tuple(row for changed, row in self._rows.values() if changed > version)

    def gone_since(self, version: int) -> tuple[str, ...]:
        """Return the keys that were taken away after `version`."""
        return tuple(key for key, changed in self._gone.items() if changed > version)
