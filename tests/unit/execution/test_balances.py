"""What the exchange says the account has."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import AT_MS, TRADER, a_filled_order, a_position, an_instrument, an_order
from tests.pipeline import FixedPrices

from aitrader.execution import balances
from aitrader.execution.desk import Desk
from aitrader.execution.risk import ExecutionSettings
from aitrader.model.commands import Command
from aitrader.model.events import BalancesReported, CashChanged, Event, Quarantined
from aitrader.model.found import Balance
from aitrader.model.ids import PositionId
from aitrader.model.order import Leg, OrderKind, OrderStatus
from aitrader.model.trader import PositionSide

USDT = Balance("USDT", Decimal(90), Decimal(10))


def a_desk(**changes: object) -> Desk:
    desk = Desk(ExecutionSettings(account="live", start_cash=Decimal(0)), FixedPrices())
    position = a_position(account="live", **changes)
    desk.instruments["BTCUSDT"] = an_instrument()
    desk.positions[position.position_id] = position
    desk.table.add(a_filled_order(account="live"))
    return desk


def report(
    desk: Desk, *rows: Balance, at_ms: int = AT_MS, is_whole: bool = False, account: str = "live"
) -> list[Event | Command]:
    event = BalancesReported(at_ms=at_ms, account=account, balances=rows, is_whole=is_whole)
    return balances.reported(desk, event)


def btc(free: str, locked: str = "0") -> Balance:
    return Balance("BTC", Decimal(free), Decimal(locked))


def test_cash_is_what_the_exchange_has_free_and_locked() -> None:
    desk = a_desk()
    cash = CashChanged(at_ms=AT_MS, cash=Decimal(100), account="live")
    assert report(desk, USDT) == [cash]
    assert desk.account.cash == 100
    assert report(desk, USDT) == []


def test_a_report_of_one_coin_leaves_the_others_as_they_were() -> None:
    desk = a_desk()
    report(desk, USDT)
    assert report(desk, btc("0.1")) == []
    assert desk.account.cash == 100


def test_an_old_report_and_that_of_another_account_are_nothing() -> None:
    desk = a_desk()
    report(desk, USDT)
    assert report(desk, at_ms=AT_MS - 1, is_whole=True) == []
    assert report(desk, at_ms=AT_MS + 1, is_whole=True, account="paper") == []
    assert desk.account.cash == 100


def test_coins_that_lie_there_besides_ours_mean_nothing() -> None:
    desk = a_desk()
    assert report(desk, btc("7", "0.5"), is_whole=True) == []
    assert report(desk, btc("0.4", "0.6"), is_whole=True) == []


def test_a_position_whose_coins_are_gone_is_told_and_its_symbol_left_alone() -> None:
    reason = (
        "expected 1 BTC on the exchange, found 0.4: somebody sold or moved what this position holds"
    )
    alarm = Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason=reason)
    assert report(a_desk(), btc("0.3", "0.1"), is_whole=True) == [alarm]
    (nothing,) = report(a_desk(), is_whole=True)
    assert isinstance(nothing, Quarantined)
    assert "found 0:" in nothing.reason


def test_coins_that_stay_away_are_told_once_until_they_are_back() -> None:
    desk = a_desk()
    assert len(report(desk, is_whole=True)) == 1
    assert report(desk, btc("0.2"), is_whole=True) == []
    assert report(desk, btc("1"), is_whole=True) == []
    assert len(report(desk, is_whole=True)) == 1


def test_what_a_resting_exit_may_have_sold_unheard_is_not_missing() -> None:
    desk = a_desk()
    for attempt, kind in ((1, OrderKind.STOP_LOSS), (2, OrderKind.LIMIT)):
        order = an_order(Leg.EXIT, attempt, kind=kind, list_id="pair", account="live")
        desk.table.add(msgspec.structs.replace(order, status=OrderStatus.OPEN))
    assert report(desk, is_whole=True) == []
    more = a_position(position_id="p-more", account="live")
    desk.positions[PositionId("p-more")] = more
    desk.table.add(a_filled_order(position_id="p-more", client_order_id="x", account="live"))
    assert len(report(desk, is_whole=True)) == 2


def test_what_cannot_be_told_is_not_told() -> None:
    unknown = a_desk()
    unknown.instruments.clear()
    assert report(unknown, is_whole=True) == []
    assert report(a_desk(side=PositionSide.SHORT), is_whole=True) == []


def test_what_is_left_for_a_position_is_what_others_do_not_hold() -> None:
    desk = a_desk()
    position = desk.positions[PositionId(next(iter(desk.positions)))]
    later_ms = AT_MS + 60_000

    def left_for(since_ms: int = later_ms) -> Decimal | None:
        return balances.left_for(desk, position, since_ms=since_ms)

    assert left_for() is None
    report(desk, btc("0.5", "0.7"), at_ms=later_ms, is_whole=True)
    assert left_for() == Decimal("1.2")
    assert left_for(later_ms + 1) is None
    desk.positions[PositionId("p-eth")] = a_position(position_id="p-eth", symbol="ETHUSDT")
    desk.positions[PositionId("p-more")] = a_position(position_id="p-more", account="live")
    desk.table.add(a_filled_order(position_id="p-more", client_order_id="x", account="live"))
    assert left_for() == Decimal("0.2")
    report(desk, at_ms=later_ms, is_whole=True)
    assert left_for() == Decimal(0)
    desk.instruments.clear()
    assert left_for() is None


def test_a_fill_is_in_a_report_that_came_ten_seconds_later() -> None:
    desk = a_desk()
    position = next(iter(desk.positions.values()))
    fill_ms = AT_MS + 1
    report(desk, btc("1"), at_ms=fill_ms + balances.SETTLED_MS - 1, is_whole=True)
    assert balances.left_for(desk, position, since_ms=AT_MS) is None
    report(desk, btc("1"), at_ms=fill_ms + balances.SETTLED_MS, is_whole=True)
    assert balances.left_for(desk, position, since_ms=AT_MS) == 1
