"""Traders: what a person's file says, as values."""

from __future__ import annotations

import msgspec
from tests.builders import a_trader

from aitrader.model.trader import Exits, Mode, Trader, Universe, account_of


def test_a_trader_comes_back_from_its_bytes_as_it_was() -> None:
    trader = a_trader()
    assert msgspec.json.decode(msgspec.json.encode(trader), type=Trader) == trader


def test_a_universe_can_be_a_key() -> None:
    top = Universe(quote="USDT", top=50)
    assert {top: 1}[Universe(quote="USDT", top=50)] == 1


def test_no_exit_is_set_unless_the_file_sets_it() -> None:
    exits = Exits()
    assert (exits.stop_loss, exits.take_profit, exits.trailing_pct) == (None, (), None)
    assert exits.max_age_ms is None


def test_a_traders_mode_says_whose_money_it_trades() -> None:
    assert (account_of(Mode.PAPER), account_of(Mode.LIVE)) == ("paper", "live")
