"""Traders: what a person's file says, as values."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import a_plan, a_trader

from aitrader.model.trader import (
    EntryPlan,
    Exits,
    Mode,
    PositionSide,
    Trader,
    Universe,
    account_of,
    limit_words,
)


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


@pytest.mark.parametrize(
    ("side", "good_for_ms", "words"),
    [
        (PositionSide.LONG, 0, "0.2% below the close, for one candle at most"),
        (PositionSide.LONG, 900_000, "0.2% below the close, for 15m at most"),
        (PositionSide.SHORT, 7_200_000, "0.2% above the close, for 2h at most"),
        (PositionSide.SHORT, 5_400_000, "0.2% above the close, for 90m at most"),
    ],
)
def test_a_limit_is_told_in_words(side: PositionSide, good_for_ms: int, words: str) -> None:
    plan = a_plan(side=side, entry=EntryPlan(Decimal("0.2"), good_for_ms))
    assert limit_words(plan) == words
    assert limit_words(a_plan(side=side)) == ""
