"""Signals: where all conditions came true, and what became of it. Newest first."""

from __future__ import annotations

from aitrader.model.view import SignalRow
from aitrader.tui import text as words
from aitrader.tui.arrangement import Sort
from aitrader.tui.columns import Cell, Column, Pairs
from aitrader.tui.table import Table

LIMIT = 500
STYLES = {
    "RAISED": "note",
    "WAITING": "warn",
    "ENTERED": "up",
    "SKIPPED": "dim",
    "EXPIRED": "faint",
}


def _trader(row: SignalRow, _width: int) -> Cell:
    return Cell(row.trader, "dim")


def _status(row: SignalRow, _width: int) -> Cell:
    return Cell(row.status.lower(), STYLES.get(row.status, "dim"))


def _why(row: SignalRow, _width: int) -> Cell:
    return Cell(row.note or " · ".join(row.conditions), "dim")


COLUMNS: tuple[Column[SignalRow], ...] = (
    Column("Time", 8, lambda r, _: Cell(words.clock(r.at_ms), "dim"), rank=1),
    Column("Symbol", 9, lambda r, _: Cell(r.symbol), share=2, most=12),
    Column("Trader", 16, _trader, rank=3, share=6, most=20),
    Column("Trader", 8, _trader, rank=5, share=1, most=18),
    Column("Price", 10, lambda r, _: Cell(words.price(r.price)), is_right=True, rank=4),
    Column("Status", 8, _status),
    Column("Why", 20, _why, rank=2, share=6),
)


SORTS = (
    Sort("symbol", lambda row: row.symbol),
    Sort("trader", lambda row: row.trader.casefold()),
    Sort("status", lambda row: row.status),
)


class Signals(Table[SignalRow]):
    """One line per signal."""

    def __init__(self) -> None:
        super().__init__(
            COLUMNS,
            name="signals",
            order=lambda row: (-row.at_ms, row.signal_id),
            empty="no signal yet",
            limit=LIMIT,
            sorts=SORTS,
        )

    def detail(self, row: SignalRow) -> tuple[str, Pairs]:
        """Return a row's window: its title and its lines."""
        return f"{row.symbol} {row.status.lower()}", (
            ("time", f"{words.day(row.at_ms)} UTC"),
            ("trader", row.trader),
            ("price", words.price(row.price)),
            ("status", row.status),
            ("reason", row.note or words.DASH),
            ("", ""),
            *(("held" if i == 0 else "", f"✓ {name}") for i, name in enumerate(row.conditions)),
            ("", ""),
            ("id", row.signal_id),
            ("", ""),
        )
