"""Traders: who looks for what, and with which result."""

from __future__ import annotations

from aitrader.model.view import TraderRow
from aitrader.tui import text as words
from aitrader.tui.arrangement import Sort
from aitrader.tui.columns import Cell, Column, Pairs
from aitrader.tui.table import Table


def _lamp(row: TraderRow, _width: int) -> Cell:
    return Cell("●", "up") if row.is_enabled else Cell("○", "faint")


def _name(row: TraderRow, _width: int) -> Cell:
    return Cell(row.name)


def _state(row: TraderRow, width: int) -> Cell:
    state = row.state
    if len(state) > width:  # where there is no room for words, how far it has come still fits
        state = state.removeprefix("warming up ")
    if not row.is_enabled:
        return Cell(state, "faint")
    calm = row.state.startswith(("watching", "warming"))
    return Cell(state, "dim" if calm else "warn")


def _pnl(row: TraderRow, width: int) -> Cell:
    value = words.amount(row.pnl)
    return Cell(words.gain(value, width), words.direction(value) or "dim")


def _check(row: TraderRow, _width: int) -> Cell:
    return Cell(words.clock(row.last_check_ms), "dim")


def _mode(row: TraderRow, _width: int) -> Cell:
    return Cell(row.mode.lower(), "down" if row.mode == "LIVE" else "dim")


def _count(number: int) -> Cell:
    return Cell(str(number), "" if number else "faint")


COLUMNS: tuple[Column[TraderRow], ...] = (
    Column("", 1, _lamp),
    Column("Trader", 14, _name, rank=1, share=8, most=24),
    Column("State", 17, _state, rank=2, share=3, most=30),
    Column("State", 8, _state, rank=3, share=3, most=17),
    Column("Every", 5, lambda r, _: Cell(r.interval, "dim"), rank=5),
    Column("Mode", 5, _mode, rank=6),
    Column("Symbols", 7, lambda r, _: Cell(str(r.symbols), "dim"), is_right=True, rank=10),
    Column("Signals", 7, lambda r, _: _count(r.signals), is_right=True, rank=7),
    Column("Open", 4, lambda r, _: _count(r.open_positions), is_right=True, rank=4),
    Column("P&L", 9, _pnl, is_right=True, share=1, most=12),
    Column("Checked", 8, _check, rank=8),
)


SORTS = (
    Sort("name", lambda row: row.name.casefold()),
    Sort("P&L", lambda row: -words.amount(row.pnl)),
    Sort("signals", lambda row: -row.signals),
)


class Traders(Table[TraderRow]):
    """One line per trader, in the engine's order."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, name="traders", empty="no trader yet: press a", sorts=SORTS)

    def detail(self, row: TraderRow) -> tuple[str, Pairs]:
        """Return a row's window: its title and its lines; the trader's file comes under them."""
        return row.name, (
            ("state", row.state if row.is_enabled else f"{row.state} (off)"),
            ("mode", row.mode),
            ("interval", row.interval),
            ("symbols", str(row.symbols)),
            ("signals", str(row.signals)),
            ("open", str(row.open_positions)),
            ("P&L", row.pnl),
            ("checked", f"{words.day(row.last_check_ms)} UTC"),
            ("", ""),
        )
