"""Positions: what we hold and what it is worth; what was closed stands below, newest first."""

from __future__ import annotations

from collections.abc import Collection

from aitrader.model.account import LIVE
from aitrader.model.view import PositionRow
from aitrader.tui import text as words
from aitrader.tui.arrangement import Sort
from aitrader.tui.columns import Cell, Column, Pairs
from aitrader.tui.table import Table

LIMIT = 300
CLOSED = "CLOSED"


def _ink(row: PositionRow, style: str = "") -> str:
    return "faint" if row.status == CLOSED else style


def _arrow(row: PositionRow, _width: int) -> Cell:
    is_long = row.side == "LONG"
    return Cell("▲" if is_long else "▼", _ink(row, "up" if is_long else "down"))


def _side(row: PositionRow, _width: int) -> Cell:
    return Cell(row.side.lower(), _ink(row, "up" if row.side == "LONG" else "down"))


def _price_of(field: str, style: str = "") -> Column[PositionRow]:
    label = {"entry_price": "Entry", "stop_price": "Stop", "target_price": "Target"}[field]
    rank = {"Entry": 3, "Stop": 4, "Target": 5}[label]

    def cell(row: PositionRow, _width: int) -> Cell:
        return Cell(words.price(getattr(row, field)), _ink(row, style))

    return Column(label, 10, cell, is_right=True, rank=rank, share=1, most=12)


SHORT = {
    "entering": "entry", "stop loss": "stop", "take profit": "target", "trailing": "trail",
    "conditions": "exit", "unprotected": "unsafe",
}  # fmt: skip
"""How a position stands or was left, where there is no room for all of it."""


def _state(row: PositionRow, width: int) -> Cell:
    state = row.status.lower()
    if row.status == CLOSED and row.exit_reason:
        state = row.exit_reason.lower().replace("_", " ").removeprefix("exit ")
    if len(state) > width:
        state = SHORT.get(state, state)
    busy = "warn" if row.status in ("CLOSING", "ENTERING") else "dim"
    return Cell(state, _ink(row, busy))


def _quantity(row: PositionRow, width: int) -> Cell:
    return Cell(words.quantity(row.quantity, width), _ink(row))


def _money(row: PositionRow, _width: int) -> Cell:
    return Cell(row.account, _ink(row, "down" if row.account == LIVE else "dim"))


SORTS = (
    Sort("P&L", lambda row: -row.pnl),
    Sort("P&L %", lambda row: -row.pnl_pct),
    Sort("symbol", lambda row: row.symbol),
    Sort("trader", lambda row: row.trader.casefold()),
)


class Positions(Table[PositionRow]):
    """One line per position."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._ages: dict[str, str] = {}
        self._old: Collection[str] = ()
        self.columns: tuple[Column[PositionRow], ...] = (
            Column("", 1, _arrow),
            Column("Symbol", 10, lambda r, _: Cell(r.symbol, _ink(r)), share=9, most=12),
            Column("Side", 5, _side, rank=10),
            Column("Quantity", 10, _quantity, is_right=True, rank=9),
            _price_of("entry_price"),
            Column("Mark", 10, self._mark, is_right=True, rank=2, share=1, most=12),
            _price_of("stop_price", "dim"),
            _price_of("target_price", "dim"),
            Column("P&L", 8, self._pnl, is_right=True, share=1, most=11),
            Column("%", 7, self._pnl_pct, is_right=True),
            Column("Age", 5, self._age, is_right=True, rank=7),
            Column("State", 7, _state, rank=6, share=2, most=11),
            Column("Money", 5, _money, rank=8),
            Column("Trader", 14, lambda r, _: Cell(r.trader, "dim"), rank=11, share=12, most=20),
            Column("Trend", 5, self._trend, rank=1, share=3, most=24),
        )
        super().__init__(
            self.columns,
            name="positions",
            order=_order,
            empty="no position yet",
            limit=LIMIT,
            sorts=SORTS,
        )

    def _is_old(self, row: PositionRow) -> bool:
        """Say whether what an open position is worth was worked out from an old price."""
        return row.status != CLOSED and row.symbol in self._old

    def _mark(self, row: PositionRow, _width: int) -> Cell:
        return Cell(words.price(row.mark_price), "faint" if self._is_old(row) else _ink(row))

    def _pnl(self, row: PositionRow, width: int) -> Cell:
        return Cell(words.gain(row.pnl, width), self._gain(row, row.pnl))

    def _pnl_pct(self, row: PositionRow, width: int) -> Cell:
        return Cell(words.gain(row.pnl_pct, width, unit="%"), self._gain(row, row.pnl_pct))

    def _gain(self, row: PositionRow, value: float) -> str:
        return "faint" if self._is_old(row) else words.direction(value) or "dim"

    def _trend(self, row: PositionRow, width: int) -> Cell:
        style = "faint" if self._is_old(row) else _ink(row, words.slope(row.pnl))
        return Cell(words.sparkline(row.trend, width), style)

    def _age(self, row: PositionRow, _width: int) -> Cell:
        return Cell(self._age_text(row), _ink(row, "dim"))

    def _age_text(self, row: PositionRow) -> str:
        end_ms = row.closed_ms if row.closed_ms is not None else self.now_ms
        return words.age(end_ms - row.opened_ms)

    def grow_old(self, old: Collection[str]) -> None:
        """Have those rows drawn anew that look different by now; once a second.

        What they are worth is grey for the symbols in `old`, whose price has not moved or is none.
        """
        ages = {key: self._age_text(row) for key, row in self.rows.items()}
        self.touch(key for key, age in ages.items() if self._ages.get(key) != age)
        turned = set(old) ^ set(self._old)
        self.touch(key for key, row in self.rows.items() if row.symbol in turned)
        self._ages, self._old = ages, old

    def open_pnl(self) -> tuple[int, float]:
        """Return how many positions are open and what they have won, in quote."""
        held = [row for row in self.rows.values() if row.status != CLOSED]
        return len(held), sum(row.pnl for row in held)

    def detail(self, row: PositionRow) -> tuple[str, Pairs]:
        """Return a row's window: its title and its lines."""
        closed = f"{words.day(row.closed_ms)} UTC" if row.closed_ms else words.DASH
        return f"{row.symbol} {row.side.lower()}", (
            ("trader", row.trader),
            ("money", row.account),
            ("status", row.status),
            ("quantity", row.quantity),
            ("entry", words.price(row.entry_price)),
            ("mark", words.price(row.mark_price)),
            ("stop", words.price(row.stop_price)),
            ("target", words.price(row.target_price)),
            ("P&L", f"{words.signed(row.pnl)}  ({words.signed(row.pnl_pct)} %)"),
            ("opened", f"{words.day(row.opened_ms)} UTC"),
            ("closed", closed),
            ("exit", row.exit_reason or words.DASH),
            ("trend", words.sparkline(row.trend, 48)),
            ("id", row.position_id),
        )


def _order(row: PositionRow) -> tuple[bool, int, str]:
    is_closed = row.status == CLOSED
    return is_closed, -((row.closed_ms or 0) if is_closed else row.opened_ms), row.position_id
