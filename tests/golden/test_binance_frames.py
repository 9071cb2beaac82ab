"""Recorded frames and answers of the real exchange, through the decoder to our own values."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.rules import instrument, instruments
from aitrader.model.errors import Refused

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "binance"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="recorded data are not ours to ship")


def lines(name: str) -> list[bytes]:
    return (RECORDED / name).read_bytes().splitlines()


def seen(payload: bytes) -> str:
    """One line that says what a frame was read as."""
    try:
        message = wire.read_message(payload)
    except Refused:
        return "refused"
    if isinstance(message.data, wire.ShutdownFrame):
        return type(message.data).__name__
    if isinstance(message, wire.Message):
        return f"control {message.id!r} {message.e}".rstrip()
    data = message.data
    if isinstance(data, wire.TickerFrame):
        return f"ticker {data.symbol} {data.last} {data.change_pct} {data.quote_volume}"
    if isinstance(data, wire.MiniTickerFrame):
        return f"mini {data.symbol} {data.last}"
    if isinstance(data, wire.TradeFrame):
        return f"trade {data.symbol} {data.price}"
    if isinstance(data, wire.KlineFrame):
        candle = data.kline
        state = "closed" if candle.is_closed else "forming"
        assert wire.is_sound(candle, data.at_ms)
        return f"candle {candle.symbol} {candle.interval} {candle.close} {state}"
    return type(data).__name__


def test_captured_frames_are_read_as_what_they_are() -> None:
    assert [seen(line) for line in lines("captured_ws_verbatim.jsonl")] == [
        "candle BTCUSDT 1m 85462.5 forming",
        "trade PAXGUSDT 4146.0",
        "trade BTCUSDT 61521.34",
        "refused",
        "control UNSET 24hrTicker",
        "ticker BTCUSDT 9338.96 4.72 654275356.1689668",
        "mini BTCUSDT 102492.27",
        "mini ATOMUSDT 4.159",
        "refused",
        "candle BTCUSDT 1s 43296.79 closed",
        "candle POWRBTC 1m 3.99e-06 closed",
        "candle SLFUSDT 1m 0.2081 forming",
        "ShutdownFrame",
        "control 1",
    ]


def test_of_a_recorded_stream_only_candles_and_trades_are_ours() -> None:
    kinds = Counter(seen(line).split()[0] for line in lines("cryptofeed_binance_ws_2021.jsonl"))
    assert kinds == {"refused": 725, "trade": 13, "candle": 7}


def test_every_documented_stream_and_answer_is_a_message_or_a_refusal() -> None:
    kinds: Counter[str] = Counter()
    for line in lines("docs_examples.jsonl"):
        example = json.loads(line)["example"]
        for payload in (example, {"stream": "x", "data": example}):
            found = seen_or_unsound(json.dumps(payload).encode())
            kinds[found] += 1
    assert kinds["KlineFrame"] == 2
    assert kinds["TickerFrame"] == 1
    assert kinds["ShutdownFrame"] >= 1


def seen_or_unsound(payload: bytes) -> str:
    try:
        return type(wire.read_message(payload).data).__name__
    except Refused:
        return "refused"


def test_all_rules_of_a_whole_exchange_become_instruments() -> None:
    body = (RECORDED / "exchangeInfo_full_2021-10.json").read_bytes()
    info = wire.read_exchange_info(body)
    found = {row.symbol: row for row in instruments(info.symbols)}
    assert len(found) == 1695
    raw = {row["symbol"]: row for row in json.loads(body)["symbols"]}
    for symbol, row in found.items():
        filters = {entry["filterType"]: entry for entry in raw[symbol]["filters"]}
        assert row.tick_size == Decimal(filters["PRICE_FILTER"]["tickSize"]) > 0
        assert row.step_size == Decimal(filters["LOT_SIZE"]["stepSize"]) > 0
        assert row.min_quantity == Decimal(filters["LOT_SIZE"]["minQty"])
        assert row.min_quantity % row.step_size == 0
        assert 0 < row.max_quantity <= Decimal(filters["LOT_SIZE"]["maxQty"])
        assert row.min_notional == Decimal(filters["MIN_NOTIONAL"]["minNotional"])
        may_trade = raw[symbol]["status"] == "TRADING" and raw[symbol]["isSpotTradingAllowed"]
        assert row.is_trading == may_trade
        assert symbol == row.base + row.quote
    assert str(found["BTCUSDT"].tick_size) == "0.01"


def test_a_row_with_todays_filters_becomes_an_instrument() -> None:
    raw = json.loads((RECORDED / "exchangeInfo_TSLABUSDT_2026-09.json").read_bytes())
    raw = raw["symbols"][0] if "symbols" in raw else raw
    row = instrument(msgspec.convert(raw, wire.SymbolRow, strict=False))
    assert (row.symbol, row.quote) == ("TSLABUSDT", "USDT")
    assert row.min_notional == Decimal(5)
    assert row.tick_size > 0
    assert row.step_size > 0
