from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import AT_MS, TRADER, a_fill, a_filled_order, a_position, a_signal, an_order
from tests.unit.execution.desks import (
    ENTRY,
    a_desk,
    a_stop,
    a_target,
    an_open_desk,
    filled,
    set_price,
)

from aitrader.execution.brakes import Standing
from aitrader.execution.desk import entry_side, exit_side, side_of
from aitrader.model.ids import ClientOrderId, PositionId, TraderId
from aitrader.model.order import Side
from aitrader.model.trader import PositionSide

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def test_equity_is_cash_and_what_is_held_at_its_last_price() -> None:
    desk = an_open_desk()
    desk.account.cash = Decimal(9_900)
    assert desk.equity() == Decimal(10_000)  # no price yet: the entry's
    set_price(desk, "BTCUSDT", 150.5)
    assert desk.equity() == Decimal("10050.5")


def test_two_positions_of_a_symbol_have_one_price() -> None:
    second = a_filled_order(client_order_id=ClientOrderId("o-2"), position_id=PositionId("p-two"))
    desk = an_open_desk()
    desk.table.add(second)
    set_price(desk, "BTCUSDT", 150.5)
    assert desk.equity() == Decimal(10_301)


def test_what_is_held_counts_at_its_entry_even_if_an_exit_was_planned_before_it() -> None:
    desk = a_desk(a_stop(), ENTRY, position=a_position())
    desk.account.cash = Decimal(9_900)
    assert desk.equity() == Decimal(10_000)


def test_an_order_that_has_not_filled_is_worth_nothing() -> None:
    desk = a_desk(an_order())
    assert desk.equity() == Decimal(10_000)


def test_a_short_is_a_debt_and_binds_twice_its_proceeds() -> None:
    desk = a_desk(a_filled_order(side=Side.SELL))
    set_price(desk, "BTCUSDT", 90.0)
    assert desk.equity() == Decimal(9_910)
    assert desk.collateral() == Decimal(200)


def test_a_long_binds_no_collateral() -> None:
    assert an_open_desk().collateral() == 0


def test_exit_orders_without_their_entry_expose_nothing() -> None:
    desk = a_desk(filled(a_stop()))
    assert (desk.equity(), desk.collateral()) == (Decimal(10_000), 0)


def test_open_counts_what_is_open_and_what_is_on_its_way() -> None:
    desk = an_open_desk()
    desk.entries[PositionId("p-two")] = a_signal(symbol="ETHUSDT")
    desk.entries[PositionId("p-three")] = a_signal(trader_id=TraderId("other"))

    assert desk.open_count() == 3
    assert desk.open_count(TRADER) == 2
    assert desk.is_taken(TRADER, "BTCUSDT")
    assert desk.is_taken(TRADER, "ETHUSDT")
    assert not desk.is_taken(TRADER, "SOLUSDT")


def test_stop_orders_are_counted_per_symbol() -> None:
    desk = an_open_desk(a_stop(), a_target(), a_stop(3, symbol="ETHUSDT"))
    assert desk.stops_open("BTCUSDT") == 1


def test_held_counts_from_the_orders() -> None:
    assert an_open_desk().held(a_position(quantity=Decimal(77))) == Decimal(1)


def test_sides() -> None:
    assert (entry_side(LONG), exit_side(LONG)) == (Side.BUY, Side.SELL)
    assert (entry_side(SHORT), exit_side(SHORT)) == (Side.SELL, Side.BUY)
    assert side_of(ENTRY) is LONG


def test_a_standing_counts_what_closed_today_what_is_open_and_what_is_on_its_way() -> None:
    desk = an_open_desk()
    set_price(desk, "BTCUSDT", 90.0)
    other = TraderId("other")
    desk.note_closed(a_position(closed_ms=AT_MS, realized_pnl=Decimal(-5)))
    desk.note_closed(
        a_position(closed_ms=AT_MS, realized_pnl=Decimal(-7), trader_id=other, symbol="ETHUSDT")
    )
    entry = an_order(position_id=PositionId("p-two"), client_order_id="at1-two", trader_id=other)
    desk.table.add(entry)
    desk.entries[entry.position_id] = a_signal(trader_id=other)
    desk.sent.extend([(AT_MS, TRADER), (AT_MS, other), (AT_MS - 60_000, TRADER)])
    desk.account.cash = Decimal("9899.9")
    desk.peak = Decimal(11_000)

    account = desk.standing("BTCUSDT", None, at_ms=AT_MS + 5)
    trader = desk.standing("BTCUSDT", TRADER, at_ms=AT_MS + 5)

    assert account == Standing(
        equity=Decimal("9989.9"),
        exposure=Decimal(190),
        made_today=Decimal("-22.1"),
        streak=2,
        entries=2,
        best=Decimal(11_000),
        since_close_ms=5,
    )
    assert trader == msgspec.structs.replace(
        account,
        exposure=Decimal(90),
        made_today=Decimal("-15.1"),
        streak=1,
        entries=1,
        best=Decimal("9989.9") + Decimal("15.1"),
    )
    assert desk.standing("ETHUSDT", TRADER, at_ms=AT_MS).since_close_ms is None


def test_the_best_worth_is_kept() -> None:
    desk = an_open_desk()
    desk.account.cash = Decimal(9_900)
    assert desk.marked(AT_MS).peak == Decimal(10_000)
    set_price(desk, "BTCUSDT", 90.0)
    mark = desk.marked(AT_MS)
    assert (mark.equity, mark.peak) == (Decimal(9_990), Decimal(10_000))


def test_a_short_of_several_units_binds_twice_its_worth() -> None:
    fills = (a_fill(quantity=Decimal(4), fee=Decimal(0)),)
    desk = a_desk(a_filled_order(side=Side.SELL, quantity=Decimal(4), fills=fills))
    assert desk.collateral() == Decimal(800)


def test_positions_of_one_trader_are_counted_apart_from_the_others() -> None:
    desk = an_open_desk()
    for name in ("p-two", "p-three"):
        other = a_position(position_id=PositionId(name), trader_id=TraderId("other"))
        desk.positions[other.position_id] = other
    assert (desk.open_count(TRADER), desk.open_count(TraderId("other"))) == (1, 2)


def test_what_others_hold_is_no_exposure_of_a_trader() -> None:
    desk = an_open_desk()
    desk.table.add(
        a_filled_order(
            client_order_id=ClientOrderId("o-2"),
            position_id=PositionId("p-two"),
            trader_id=TraderId("other"),
        )
    )
    desk.table.add(
        msgspec.structs.replace(
            a_stop(), client_order_id=ClientOrderId("o-3"), position_id=PositionId("p-three")
        )
    )  # its entry is not known yet
    assert desk.standing("BTCUSDT", TRADER, at_ms=AT_MS).exposure == Decimal(100)
    assert desk.standing("BTCUSDT", None, at_ms=AT_MS).exposure == Decimal(200)
