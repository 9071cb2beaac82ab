"""What is sent: the names programs know."""

from __future__ import annotations

import json

import msgspec
from tests.builders import a_fill, a_position, a_signal, an_order

from aitrader.api import outgoing, schemas
from aitrader.model.candle import Candle
from aitrader.model.control import ConditionRow, ExplanationRow
from aitrader.model.view import AccountRow, CoinRow, MarketRow


def sent(value: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(msgspec.json.encode(value))
    return found


def test_a_market_has_the_names_of_the_first_versions() -> None:
    row = MarketRow("BTCUSDT", 1.0, 2.0, 3.0, (1.0,), 4)
    assert sent(outgoing.market_out(row)) == {
        "symbol": "BTCUSDT",
        "price": 1.0,
        "change24h": 2.0,
        "volume24h": 3.0,
        "atMs": 4,
    }


def test_an_account_names_the_coins_that_are_not_ours() -> None:
    row = AccountRow("live", "10", "9", "1", "2", 3, (CoinRow("BTC", "1.5"),))
    out = sent(outgoing.account_out(row))
    assert out["others"] == [{"asset": "BTC", "quantity": "1.5"}]
    assert (out["dayPnl"], out["openPositions"]) == ("1", 3)


def test_a_candle_has_all_its_numbers() -> None:
    row = (1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3.0, 4.0)
    out = sent(outgoing.candle_out(Candle("BTCUSDT", "5m", 7, row, True)))
    assert (out["openMs"], out["close"], out["takerBuyVolume"]) == (7, 1.5, 4.0)


def test_money_is_exact_text() -> None:
    order = an_order(fills=(a_fill(1), a_fill(2)))
    assert sent(outgoing.order_out(order))["quantity"] == str(order.quantity)
    fills = outgoing.fills_out(order)
    assert [fill.order_id for fill in fills] == [order.client_order_id] * 2
    position = a_position()
    assert sent(outgoing.past_position(position))["entryPrice"] == str(position.entry_price)
    assert outgoing.past_position(position).exit_reason == ""


def test_a_signal_shows_what_held_and_why() -> None:
    detail = outgoing.signal_detail(a_signal())
    assert [each.name for each in detail.conditions] == list(detail.signal.conditions)
    assert {each.truth for each in detail.conditions} == {"true"}


def test_an_explanation_keeps_what_is_unknown() -> None:
    row = ExplanationRow(
        "BTCUSDT", 1, True, False, False, (ConditionRow("x", "unknown", (("rsi", None),)),)
    )
    out = outgoing.explanation_out(row)
    assert out.conditions[0].values == (schemas.Value("rsi", None),)
