"""Rows for the eye."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from tests.builders import AT_MS, a_position, a_signal, a_trader
from tests.unit.engine.fakes import ATicker

from aitrader.engine.rows import (
    Surroundings,
    Tally,
    finite,
    mark_of,
    market_row,
    money,
    position_row,
    signal_row,
    state_of,
    trader_row,
    unrealized,
    worth,
)
from aitrader.model.order import ExitReason
from aitrader.model.position import PositionStatus, TargetPrice
from aitrader.model.trader import PositionSide

WATCHING = Surroundings(symbols=3, is_paused=False, has_candles=True)


@pytest.mark.parametrize(
    ("tally", "around", "state"),
    [
        (Tally(), WATCHING, "watching"),
        (Tally(warming=(40, 223)), WATCHING, "warming up 40/223"),
        (Tally(warming=(1, 2)), Surroundings(3, is_paused=False, has_candles=False), "no candles"),
        (Tally(warming=(1, 2)), Surroundings(3, is_paused=True, has_candles=False), "paused"),
        (Tally(fault="line 3"), Surroundings(3, is_paused=True, has_candles=True), "fault: line 3"),
    ],
)
def test_a_traders_state_is_the_first_thing_that_stops_it(
    tally: Tally, around: Surroundings, state: str
) -> None:
    assert state_of(a_trader(), tally, around) == state


def test_a_trader_that_is_switched_off_is_off() -> None:
    assert state_of(a_trader(is_enabled=False), Tally(), WATCHING) == "off"


def test_a_traders_row_says_what_it_did() -> None:
    tally = Tally(signals=4, realized_pnl=Decimal("-1.005"), open_positions=1, last_check_ms=AT_MS)
    row = trader_row(a_trader(), tally, WATCHING)
    assert (row.name, row.symbols, row.signals, row.open_positions) == ("Dip", 3, 4, 1)
    assert (row.pnl, row.last_check_ms, row.mode) == ("-1.00", AT_MS, "PAPER")


def test_no_row_holds_a_number_that_is_not_finite() -> None:
    row = market_row("BTCUSDT", ATicker(math.nan), finite([1.0, math.nan, math.inf, 2.0]))
    assert (row.price, row.trend) == (0.0, (1.0, 2.0))


def test_a_signals_row_names_its_conditions() -> None:
    row = signal_row(a_signal(note="no cash"), "Dip")
    assert (row.trader, row.conditions, row.status) == ("Dip", ("price dipped",), "RAISED")
    assert (row.price, row.note, row.at_ms) == (100.0, "no cash", AT_MS)


@pytest.mark.parametrize("ticker", [None, ATicker(0.0), ATicker(math.nan), ATicker(math.inf)])
def test_without_a_price_a_position_is_valued_at_its_entry(ticker: ATicker | None) -> None:
    assert mark_of(a_position(), ticker) == 100.0


def test_an_open_position_is_valued_at_the_last_price_and_a_closed_one_at_its_exit() -> None:
    closed = a_position(status=PositionStatus.CLOSED, exit_price=Decimal(103))
    assert mark_of(a_position(), ATicker(101.0)) == 101.0
    assert mark_of(closed, ATicker(101.0)) == 103.0


def test_a_short_gains_when_the_price_falls_and_weighs_on_the_account() -> None:
    short = a_position(side=PositionSide.SHORT)
    assert unrealized(short, 90.0) == 10.0
    assert unrealized(a_position(), 90.0) == -10.0
    assert (worth(short, 90.0), worth(a_position(), 90.0)) == (Decimal(-90), Decimal(90))


def test_a_positions_row_adds_up_what_is_realized_and_what_is_not() -> None:
    position = a_position(
        quantity=Decimal("0.50"),
        exit_price=Decimal(102),
        targets=(TargetPrice(price=Decimal("102.5"), quantity=Decimal("0.5")),),
        realized_pnl=Decimal("0.899"),
        fees=Decimal("0.151"),
        exit_reason=ExitReason.TAKE_PROFIT,
    )
    row = position_row(position, "Dip", mark=101.0, trend=[1.0, 2.0])
    assert row.pnl == pytest.approx(1.349)
    assert row.pnl_pct == pytest.approx(1.349)
    assert (row.quantity, row.stop_price, row.target_price) == ("0.5", 99.0, 102.5)
    assert (row.exit_reason, row.trend, row.mark_price) == ("TAKE_PROFIT", (1.0, 2.0), 101.0)


def test_an_open_position_has_paid_its_entry_fee() -> None:
    position = a_position(realized_pnl=Decimal(0), fees=Decimal("0.1"))
    assert position_row(position, "Dip", mark=101.0, trend=()).pnl == pytest.approx(0.9)
    closed = a_position(quantity=Decimal(0), exit_price=Decimal(101), realized_pnl=Decimal("0.8"))
    assert position_row(closed, "Dip", mark=101.0, trend=()).pnl == pytest.approx(0.8)


def test_a_position_without_protection_or_entry_has_a_row_too() -> None:
    bare = a_position(stop_price=None, entry_quantity=Decimal(0))
    row = position_row(bare, "Dip", mark=100.0, trend=())
    assert (row.stop_price, row.target_price, row.pnl_pct, row.exit_reason) == (None, None, 0.0, "")


def test_money_has_two_decimals() -> None:
    assert money(Decimal("9999.996")) == "10000.00"
