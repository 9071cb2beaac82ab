"""Logs: what the engine tells its owner, newest at the bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aitrader.model.view import LogRow
from aitrader.tui import text as words
from aitrader.tui.columns import Cell
from aitrader.tui.tail import Tail

STYLES = {"DEBUG": "faint", "INFO": "dim", "WARNING": "warn", "ERROR": "down", "CRITICAL": "alarm"}
SHORT = {"WARNING": "WARN", "CRITICAL": "FATAL"}


def line(row: LogRow, width: int) -> Sequence[Cell]:
    """Return a log row's cells: time, level, text as far as it fits."""
    style = STYLES.get(row.level, "dim")
    head = f" {words.clock(row.at_ms)} "
    level = f"{SHORT.get(row.level, row.level):<5} "
    text = words.fit(words.clean(row.text), max(1, width - len(head) - len(level) - 1))
    plain = "text" if row.level in ("INFO", "WARNING", "ERROR") else style
    return Cell(head, "faint"), Cell(level, style), Cell(text, plain)


LEVELS = ("", "INFO", "WARNING", "ERROR")
"""The least level that is shown; "" is everything the engine logs."""

WEIGHTS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


class Log(Tail[LogRow]):
    """One line per row, from a level on, with a text in it."""

    def __init__(self) -> None:
        super().__init__(line, name="log", empty="nothing yet")
        self.needle = ""
        self._level = 0

    def next_order(self) -> str:
        """Show from the next level on and return its name, "" for all."""
        self._level = (self._level + 1) % len(LEVELS)
        self._narrow()
        return LEVELS[self._level].lower()

    def narrow(self, needle: str) -> None:
        """Show the lines that say `needle`; "" shows all."""
        self.needle = needle
        self._narrow()

    def _narrow(self) -> None:
        least, wanted = WEIGHTS.get(LEVELS[self._level], 0), self.needle.casefold()
        if not least and not wanted:
            self.sieve(None)
            return
        self.sieve(
            lambda row: WEIGHTS.get(row.level, 20) >= least and wanted in row.text.casefold()
        )

    def note(self, text: str = "") -> str:
        """Return what the border says: level, filter, and whether new lines are in sight."""
        level = LEVELS[self._level]
        parts = [f"{level.lower()} and worse"] if level else []
        parts += [f"/{self.needle} {len(self.shown())}"] if self.needle else []
        parts += [] if self.is_following else ["scrolled back"]
        parts += [text] if text else []
        return " · ".join(parts)

    def records(self) -> list[Mapping[str, object]]:
        """Return the rows in sight or to be scrolled to, oldest first."""
        return [msgspec.structs.asdict(row) for row in self.shown()]
