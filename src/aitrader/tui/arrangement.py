"""What a person makes of a table: another order, and only the rows that say something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple

from aitrader.tui.columns import R
from aitrader.tui.rows import Rows


class Sort(NamedTuple):
    """One order a person may choose: its name, and the key that rows are sorted by."""

    name: str
    key: Callable[[Any], Any]


class Arrangement(Generic[R]):
    """The chosen order and filter of some rows; `record` gives a row's fields by name."""

    def __init__(
        self, rows: Rows[R], sorts: Sequence[Sort], record: Callable[[R], Mapping[str, object]]
    ) -> None:
        self.needle = ""
        self._rows = rows
        self._sorts = sorts
        self._record = record
        self._chosen = 0

    @property
    def order(self) -> str:
        """The name of the chosen order, "" for the table's own."""
        return self._sorts[self._chosen - 1].name if self._chosen else ""

    def next_order(self) -> None:
        """Take the next order; after the last comes the table's own."""
        self._chosen = (self._chosen + 1) % (len(self._sorts) + 1)
        self._rows.arrange(self._sorts[self._chosen - 1].key if self._chosen else None)

    def narrow(self, needle: str) -> None:
        """Show the rows that say `needle` somewhere; "" shows all."""
        self.needle = needle
        wanted = needle.casefold()
        self._rows.narrow((lambda row: wanted in words(self._record(row))) if wanted else None)

    def note(self, text: str) -> str:
        """Return what the border says: filter and order before `text`."""
        parts = []
        if self.needle:
            parts.append(f"/{self.needle}  {len(self._rows.keys)} of {len(self._rows.by_key)}")
        if self.order:
            parts.append(f"by {self.order}")
        return " · ".join((*parts, text) if text else parts)


def words(record: Mapping[str, object]) -> str:
    """Return what a filter looks through: the texts of a row, in small letters."""
    texts: list[str] = []
    for value in record.values():
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, tuple):
            texts += [part for part in value if isinstance(part, str)]
    return "\n".join(texts).casefold()
