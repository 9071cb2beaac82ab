"""Traders and universes as rows."""

from __future__ import annotations

from tests.builders import AT_MS, TRADER, a_trader

from aitrader.model.events import TraderRemoved, TraderSaved, UniverseChanged
from aitrader.model.trader import Universe
from aitrader.storage.rows.statement import Owner
from aitrader.storage.rows.traders import (
    remove_trader,
    save_trader,
    save_universe,
    trader_from_row,
    universe_from_row,
)

ME = Owner("me", "paper")


def test_a_row_makes_the_same_trader_again() -> None:
    trader = a_trader(is_enabled=False)
    (written,) = save_trader(TraderSaved(at_ms=AT_MS, trader=trader), ME)
    assert trader_from_row(written.values) == trader


def test_a_removed_trader_keeps_its_row() -> None:
    (written,) = remove_trader(TraderRemoved(at_ms=AT_MS, trader_id=TRADER), ME)
    assert written.sql.strip().startswith("update traders")


def test_a_row_makes_the_same_universe_again() -> None:
    universe = Universe(quote="USDT", top=2, excluded=("USDCUSDT",))
    fact = UniverseChanged(at_ms=AT_MS, universe=universe, symbols=("BTCUSDT", "ETHUSDT"))
    (written,) = save_universe(fact, ME)
    assert universe_from_row(written.values) == (universe, ("BTCUSDT", "ETHUSDT"))
