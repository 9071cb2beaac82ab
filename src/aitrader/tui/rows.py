"""The rows of a table, their order, the cursor, and the part in sight: no drawing.

Rows are values with a key. `put` compares and remembers; `settle`, once per flush, sorts if the
order is touched and says what has to be drawn, so that a flush costs what is seen and not what is
held. The cursor stands on a key, not on a line: rows that move take it along, except from the top,
where it stays to follow what is newest.

A person may sort otherwise and leave rows out. What moves with every price is sorted anew by
`rearrange` alone, once a second, so that rows do not run away under the eye.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic

from aitrader.tui.columns import R


class Rows(Generic[R]):
    """Rows by key; `order` sorts them (None: as they came), `limit` keeps the first so many."""

    def __init__(self, *, order: Callable[[R], Any] | None = None, limit: int = 0) -> None:
        self.by_key: dict[str, R] = {}
        self.keys: Sequence[str] = ()
        """Those in sight or to be scrolled to, in their order; rows that are left out are not."""
        self.cursor: str | None = None
        self.top = 0
        self._height = 0
        self._order = order
        self._limit = limit
        self._sort_by: Callable[[R], Any] | None = None
        self._accept: Callable[[R], bool] | None = None
        self._changed: set[str] = set()
        self._is_moved = False
        self._is_touched = False

    def arrange(self, sort_by: Callable[[R], Any] | None) -> None:
        """Sort as the person wants; None brings the own order back. Seen after `settle`."""
        self._sort_by = sort_by
        self._is_moved = True

    def narrow(self, accept: Callable[[R], bool] | None) -> None:
        """Leave out what is not accepted; None shows all. Seen after `settle`."""
        self._accept = accept
        self._is_moved = True

    def rearrange(self) -> None:
        """Sort anew what has moved since the last time; seen after `settle`."""
        self._is_moved = self._is_moved or self._is_touched

    def put(self, key: str, row: R) -> None:
        """Set one row; in sight after `settle`."""
        old = self.by_key.get(key)
        if old == row:
            return
        self.by_key[key] = row
        if old is None or (self._order is not None and self._order(old) != self._order(row)):
            self._is_moved = True
        self._is_touched = self._sort_by is not None or self._accept is not None
        self._changed.add(key)

    def touch(self, keys: Iterable[str]) -> None:
        """Have rows drawn anew that look different though they are the same."""
        self._changed.update(keys)

    def drop(self, keys: Iterable[str]) -> None:
        """Take rows out; unknown keys are nothing."""
        for key in keys:
            if self.by_key.pop(key, None) is not None:
                self._changed.add(key)
                self._is_moved = True

    def settle(self) -> tuple[set[str], list[int] | None]:
        """Return the keys that changed since the last time and the lines to draw, None for all."""
        changed, self._changed = self._changed, set()
        if self._is_moved:
            self._sort()
            return changed, None
        seen = self.keys[self.top : self.top + self._height]
        lines = [line for line, key in enumerate(seen) if key in changed]
        return changed, None if len(lines) > len(seen) // 2 else lines

    def _sort(self) -> None:
        was_first = not self.keys or self.cursor in (None, self.keys[0])
        line = self.line
        rows = self.by_key
        keys = list(rows)
        if self._order is not None:
            order = self._order
            keys.sort(key=lambda key: order(rows[key]))
        if self._limit:
            for key in keys[self._limit :]:
                del rows[key]
            del keys[self._limit :]
        if self._accept is not None:
            accept = self._accept
            keys = [key for key in keys if accept(rows[key])]
        if self._sort_by is not None:
            sort_by = self._sort_by
            keys.sort(key=lambda key: sort_by(rows[key]))
        self.keys = keys
        self._is_moved = self._is_touched = False
        if was_first:
            self.cursor = keys[0] if keys else None
        elif self.cursor not in keys:
            self.cursor = keys[min(line, len(keys) - 1)] if keys else None
        self.show_cursor()

    @property
    def line(self) -> int:
        """The line of the cursor, counted from the first row."""
        return self.keys.index(self.cursor) if self.cursor in self.keys else 0

    @property
    def selected(self) -> R | None:
        """The row under the cursor."""
        return None if self.cursor is None else self.by_key.get(self.cursor)

    def key_at(self, line: int) -> str | None:
        """Return the key on a line of the part in sight."""
        index = self.top + line
        return self.keys[index] if 0 <= index < len(self.keys) else None

    def move(self, rows: int) -> None:
        """Move the cursor, as far as there are rows."""
        if self.keys:
            self.cursor = self.keys[max(0, min(len(self.keys) - 1, self.line + rows))]
            self.show_cursor()

    def scroll(self, rows: int) -> None:
        """Move the part in sight and leave the cursor."""
        self.top = max(0, min(self.top + rows, len(self.keys) - self._height))

    def resize(self, height: int) -> None:
        """Take another number of lines; the cursor stays in sight."""
        if height != self._height:
            self._height = height
            self.show_cursor()

    def show_cursor(self) -> None:
        """Move the part in sight so that the cursor is in it."""
        line = self.line
        if self._height:
            self.top = min(max(self.top, line - self._height + 1), line)
        self.scroll(0)

    def thumb(self) -> range:
        """Return the lines of the scrollbar's thumb; none when all rows are in sight."""
        height, total = self._height, len(self.keys)
        if total <= height or height <= 0:
            return range(0)
        size = max(1, height * height // total)
        start = (height - size) * self.top // (total - height)
        return range(start, start + size)
