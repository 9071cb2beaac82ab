"""Log: what the engine tells its owner, newest at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

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


class Log(Tail[LogRow]):
    """One line per row."""

    def __init__(self) -> None:
        super().__init__(line, name="log", empty="nothing yet")
