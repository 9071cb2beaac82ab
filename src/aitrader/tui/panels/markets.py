"""Markets: what every symbol costs and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from aitrader.model.view import MarketRow
from aitrader.tui import text as words
from aitrader.tui.arrangement import Sort
from aitrader.tui.columns import Cell, Column, Pairs
from aitrader.tui.table import Table

OLD_S = 30.0
"""A price that has not moved for so long is grey."""


class Market(NamedTuple):
    """A row and what this terminal saw of it: its last move (-1, 0, 1), whether it has aged."""

    row: MarketRow
    move: int
    is_old: bool


def _price(market: Market, _width: int) -> Cell:
    if market.is_old:
        return Cell(words.price(market.row.price), "faint")
    return Cell(words.price(market.row.price), words.direction(market.move))


def _change(market: Market, _width: int) -> Cell:
    change = market.row.change_24h_pct
    return Cell(f"{words.signed(change)}%", "faint" if market.is_old else words.direction(change))


def _trend(market: Market, width: int) -> Cell:
    trend = market.row.trend
    rise = trend[-1] - trend[-width:][0] if trend else 0.0
    style = "faint" if market.is_old else words.slope(rise)
    return Cell(words.sparkline(trend, width), style)


COLUMNS: tuple[Column[Market], ...] = (
    Column("Symbol", 10, lambda m, _: Cell(m.row.symbol), share=2, most=13),
    Column("Price", 10, _price, is_right=True, share=1, most=14),
    Column("24h", 7, _change, is_right=True, share=1, most=9),
    Column(
        "Vol", 5, lambda m, _: Cell(words.volume(m.row.volume_24h), "dim"), is_right=True, rank=2
    ),
    Column("Trend", 6, _trend, rank=1, share=3, most=24),
)


SORTS = (
    Sort("symbol", lambda m: m.row.symbol),
    Sort("24h change", lambda m: -m.row.change_24h_pct),
    Sort("volume", lambda m: -m.row.volume_24h),
)


class Markets(Table[Market]):
    """One line per symbol, the most traded first as it was when it came: rows do not wander."""

    def __init__(self) -> None:
        super().__init__(
            COLUMNS, name="markets", order=self._rank, empty="no market yet", sorts=SORTS
        )
        self._weights: dict[str, float] = {}
        self._seen_s: dict[str, float] = {}
        self.is_stale = False

    def _rank(self, market: Market) -> tuple[float, str]:
        return -self._weights[market.row.symbol], market.row.symbol

    def show(self, row: MarketRow, now_s: float) -> None:
        """Take a changed row; `now_s` is this terminal's own clock."""
        old = self.rows.get(row.symbol)
        move = 0 if old is None else (row.price > old.row.price) - (row.price < old.row.price)
        self._seen_s[row.symbol] = now_s
        self._weights.setdefault(row.symbol, row.volume_24h)
        self.put(row.symbol, Market(row, move, self.is_stale))

    def grow_old(self, now_s: float, *, is_stale: bool) -> None:
        """Calm the colors of what did not move and grey what has aged; once a second."""
        self.is_stale = is_stale
        for key, market in list(self.rows.items()):
            silent_s = now_s - self._seen_s.get(key, now_s)
            move = market.move if silent_s < 1.0 else 0
            self.put(key, Market(market.row, move, is_stale or silent_s > OLD_S))

    def old(self) -> set[str]:
        """Return the symbols whose price has aged."""
        return {key for key, market in self.rows.items() if market.is_old}

    def record(self, market: Market) -> Mapping[str, object]:
        """Return a row's fields by name."""
        return msgspec.structs.asdict(market.row)

    def detail(self, market: Market) -> tuple[str, Pairs]:
        """Return a row's window: its title and its lines."""
        row = market.row
        return row.symbol, (
            ("price", words.price(row.price)),
            ("24 h change", f"{words.signed(row.change_24h_pct)} %"),
            ("24 h volume", f"{row.volume_24h:,.0f}"),
            ("trend", words.sparkline(row.trend, 48)),
            ("as of", f"{words.day(row.at_ms)} UTC"),
        )
