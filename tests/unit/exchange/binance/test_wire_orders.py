from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader.exchange.binance import wire_orders as wire
from aitrader.model.errors import Refused

ORDER = {
    "symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": "at1-x",
    "transactTime": 1507725176595, "price": "0.00000000", "origQty": "10.00000000",
    "executedQty": "10.00000000", "cummulativeQuoteQty": "10.00000000", "status": "FILLED",
    "timeInForce": "GTC", "type": "MARKET", "side": "SELL",
    "fills": [
        {"price": "4000.00000000", "qty": "1.00000000", "commission": "4.00000000",
         "commissionAsset": "USDT", "tradeId": 56},
    ],
}  # fmt: skip
REPORT = {
    "e": "executionReport", "E": 1499405658658, "s": "ETHBTC", "c": "at1-y", "S": "BUY",
    "o": "LIMIT", "f": "GTC", "q": "1.00000000", "p": "0.10264410", "P": "0.00000000",
    "F": "0.00000000", "g": -1, "C": "", "x": "NEW", "X": "NEW", "r": "NONE", "i": 4293153,
    "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0", "N": None,
    "T": 1499405658657, "t": -1, "v": 3, "I": 8641984, "w": True, "m": False, "M": False,
    "O": 1499405658657, "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "V": "NONE",
}  # fmt: skip


def body(value: Any) -> bytes:  # noqa: ANN401 - JSON of any form
    return json.dumps(value).encode()


def test_an_order_is_read_exactly() -> None:
    found = wire.read_order(body(ORDER))
    assert (found.name, found.executed_qty, found.at_ms) == ("at1-x", Decimal(10), 1507725176595)
    assert found.fills[0].commission == Decimal(4)
    assert wire.read_orders(body([ORDER])) == [found]
    assert wire.read_reports(body(ORDER)) == [found]


def test_a_canceled_order_keeps_the_name_we_gave_it() -> None:
    canceled = {**ORDER, "origClientOrderId": "at1-x", "clientOrderId": "cancel-1"}
    assert wire.read_order(body(canceled)).name == "at1-x"


def test_an_order_that_was_asked_after_has_another_word_for_its_time() -> None:
    told = {name: value for name, value in ORDER.items() if name != "transactTime"}
    assert wire.read_order(body({**told, "updateTime": 5})).at_ms == 5


def test_a_list_is_read_as_its_orders() -> None:
    found = wire.read_reports(
        body({"orderListId": 1, "listClientOrderId": "at1-l", "orderReports": [ORDER, ORDER]})
    )
    assert [row.name for row in found] == ["at1-x", "at1-x"]


@pytest.mark.parametrize("amount", ["NaN", "-1", "Infinity", "1e999999999999999999999", "x"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(Refused, match="expected an order"):
        wire.read_order(body({**ORDER, "executedQty": amount}))
    with pytest.raises(Refused, match="expected an event"):
        wire.read_event(body({**REPORT, "l": amount}))


def test_trades_account_and_limits_are_read() -> None:
    trade = {
        "symbol": "BNBBTC", "id": 28457, "orderId": 100234, "price": "4.00000100",
        "qty": "12.00000000", "commission": "10.10000000", "commissionAsset": "BNB",
        "time": 1499865549590,
    }  # fmt: skip
    assert wire.read_trades(body([trade]))[0].commission_asset == "BNB"
    balance = {"asset": "BTC", "free": "4723846.89208129", "locked": "0.00000000"}
    account = wire.read_account(body({"balances": [balance], "canTrade": False}))
    assert (account.can_trade, account.balances[0].free) == (False, Decimal("4723846.89208129"))
    limit = {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 9}
    assert wire.read_order_limits(body([limit]))[0].limit == 9
    assert wire.read_restrictions(body({"enableWithdrawals": True})).enable_withdrawals


def test_every_event_of_the_account_is_known() -> None:
    report = wire.read_event(body(REPORT))
    assert isinstance(report, wire.ExecutionReport)
    assert (report.name, report.order_id, report.commission_asset) == ("at1-y", 4293153, None)
    canceled = wire.read_event(body({**REPORT, "c": "web_1", "C": "at1-y", "x": "CANCELED"}))
    assert isinstance(canceled, wire.ExecutionReport)
    assert canceled.name == "at1-y"
    for name, more in {
        "outboundAccountPosition": {"u": 1, "B": [{"a": "ETH", "f": "1.0", "l": "0"}]},
        "balanceUpdate": {"a": "BTC", "d": "100.0", "T": 1},
        "listStatus": {"s": "ETHBTC", "g": 2, "c": "OCO"},
        "externalLockUpdate": {"a": "NEO", "d": "10.0", "T": 1},
        "eventStreamTerminated": {},
        "serverShutdown": {},
    }.items():
        assert wire.read_event(body({"e": name, "E": 1, **more})) is not None


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(Refused, match="expected an event of the account"):
        wire.read_event(body({"e": "somethingNew", "E": 1}))


def test_an_answer_and_an_event_of_the_socket_are_told_apart() -> None:
    answer = wire.read_message(body({"id": 1, "status": 200, "result": {"a": 1}}))
    assert (answer.id, answer.status, bytes(answer.event)) == (1, 200, b"")
    failed = wire.read_message(body({"id": 1, "status": 400, "error": {"code": -1, "msg": "no"}}))
    assert failed.error is not None
    assert failed.error.code == -1
    event = wire.read_message(body({"subscriptionId": 0, "event": REPORT}))
    assert wire.read_event(bytes(event.event)) is not None


@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_else(noise: bytes) -> None:
    for read in (wire.read_order, wire.read_reports, wire.read_event, wire.read_account):
        with pytest.raises(Refused):
            read(noise)
