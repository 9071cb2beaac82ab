from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.builders import AT_MS, an_order
from tests.unit.exchange.binance.test_wire_orders import ORDER, REPORT, body

from aitrader.exchange.binance import reports
from aitrader.exchange.binance import wire_orders as wire
from aitrader.model.errors import Refused
from aitrader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from aitrader.model.ids import FillId
from aitrader.model.order import Side


def an_answer(**changes: object) -> wire.OrderAnswer:
    return wire.read_order(body({**ORDER, **changes}))


def a_report(**changes: object) -> wire.ExecutionReport:
    found = wire.read_event(body({**REPORT, **changes}))
    assert isinstance(found, wire.ExecutionReport)
    return found


def test_one_trade_has_one_id_from_every_road() -> None:
    answer = an_answer()
    placed = reports.fill_of_placed(answer, answer.fills[0])
    trade = wire.TradeRow(
        id=56,
        order_id=28,
        price=Decimal(4000),
        qty=Decimal(1),
        commission=Decimal(4),
        commission_asset="USDT",
        time=1507725176595,
    )
    report = a_report(
        c="at1-x", x="TRADE", l="1.0", L="4000.0", n="4.0", N="USDT", t=56, T=1507725176595
    )
    assert placed == reports.fill_of_trade("at1-x", trade) == reports.fill_of_report(report)
    assert placed.fill_id == FillId("at1-x-56")


def test_an_order_is_told_from_its_acceptance_to_its_end() -> None:
    answer = an_answer(status="CANCELED", executedQty="1.0")
    fill = reports.fill_of_placed(answer, answer.fills[0])
    accepted, filled, ended = reports.told(answer, [fill], at_ms=AT_MS)
    assert accepted == OrderAccepted(at_ms=AT_MS, client_order_id=answer.name, venue_order_id="28")
    assert filled == OrderFilled(at_ms=AT_MS, client_order_id=answer.name, fill=fill)
    assert ended == OrderCanceled(at_ms=AT_MS, client_order_id=answer.name, filled=Decimal("1.0"))


@pytest.mark.parametrize("status", ["NEW", "PARTIALLY_FILLED", "PENDING_NEW", "FILLED"])
def test_what_has_not_ended_unfilled_has_no_end_of_its_own(status: str) -> None:
    assert [type(e) for e in reports.told(an_answer(status=status), (), at_ms=AT_MS)] == [
        OrderAccepted
    ]


@pytest.mark.parametrize(
    ("status", "why", "reason"),
    [
        ("EXPIRED", "OCO_TRIGGER", "oco trigger"),
        ("EXPIRED", "", "expired"),
        ("EXPIRED_IN_MATCH", "", "expired in match"),
    ],
)
def test_an_expiry_has_its_reason(status: str, why: str, reason: str) -> None:
    events = reports.told(an_answer(status=status, expiryReason=why), (), at_ms=AT_MS)
    ended = events[-1]
    assert isinstance(ended, OrderExpired)
    assert (ended.reason, ended.filled) == (reason, Decimal(10))


def test_a_rejected_order_was_never_accepted() -> None:
    (event,) = reports.told(an_answer(status="REJECTED"), (), at_ms=AT_MS)
    assert isinstance(event, OrderRejected)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"x": "NEW"}, OrderAccepted),
        ({"x": "TRADE", "l": "0.5", "t": 7}, OrderFilled),
        ({"x": "CANCELED", "z": "0.5"}, OrderCanceled),
        ({"x": "EXPIRED", "X": "EXPIRED", "eR": "OCO_TRIGGER"}, OrderExpired),
        ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, OrderExpired),
        ({"x": "REJECTED", "r": "INSUFFICIENT_BALANCES"}, OrderRejected),
    ],
)
def test_a_report_says_one_thing(changes: dict[str, Any], kind: type) -> None:
    (event,) = reports.reported(a_report(**changes), at_ms=AT_MS)
    assert type(event) is kind


def test_a_report_of_nothing_says_nothing() -> None:
    assert reports.reported(a_report(x="TRADE", l="0"), at_ms=AT_MS) == []
    assert reports.reported(a_report(x="CALCULATED"), at_ms=AT_MS) == []


def test_balances_are_whole_from_the_account_and_partial_from_the_stream() -> None:
    whole = reports.balances("live", [wire.BalanceRow("BTC", Decimal(1), Decimal(2))], at_ms=1)
    assert (whole.is_whole, whole.balances[0].total) == (True, 3)
    changed = wire.AccountPosition(1, [wire.AssetRow("BTC", Decimal(1), Decimal(0))])
    assert not reports.balances("live", changed, at_ms=1).is_whole


def test_an_open_order_is_shown_with_whose_it_is() -> None:
    ours = reports.found_order(an_answer(price="7.5", type="LIMIT"))
    assert ours is not None
    assert (ours.is_ours, ours.side, ours.price, ours.stop_price) == (
        True,
        Side.SELL,
        Decimal("7.5"),
        None,
    )
    foreign = reports.found_order(an_answer(clientOrderId="web_7"))
    assert foreign is not None
    assert not foreign.is_ours
    assert reports.found_order(an_answer(side="HOLD")) is None


def test_what_is_heard_of_orders_that_are_not_ours_is_nothing() -> None:
    assert reports.heard(a_report(c="web_7"), at_ms=AT_MS) == []
    assert len(reports.heard(a_report(), at_ms=AT_MS)) == 1
    assert reports.heard(wire.ListStatus(1, "BTCUSDT"), at_ms=AT_MS) == []


def test_orders_that_were_sent_together_end_together() -> None:
    both = (an_order(), an_order(attempt=2))
    ended = reports.refused(both, Refused(-2010, "no"), at_ms=AT_MS)
    assert [(type(e), getattr(e, "code", None)) for e in ended] == [(OrderRejected, -2010)] * 2
    assert len(reports.unknown(both, "lost", at_ms=AT_MS)) == 2
