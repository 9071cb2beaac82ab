# ruff: noqa: ANN401 - frames are JSON, of any shape here

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from tests.unit.exchange.binance.stub import MINUTE, T0, kline_data, kline_row, ticker_data

from aitrader.exchange.binance import wire
from aitrader.model.errors import Refused


def combined(stream: str, data: Any) -> bytes:
    return json.dumps({"stream": stream, "data": data}).encode()


def test_a_ticker_frame_is_read() -> None:
    data = wire.read_message(combined("ausdt@ticker", ticker_data("AUSDT", T0))).data
    assert data == wire.TickerFrame(
        at_ms=T0, symbol="AUSDT", last=101.5, change_pct=2.5, quote_volume=12345.6
    )


def test_a_ticker_frame_tells_what_is_at_the_best_prices() -> None:
    book = {"b": "101.4", "B": "7", "a": "101.6", "A": "2.5"}
    data = wire.read_message(combined("x", ticker_data("AUSDT", T0) | book)).data
    assert isinstance(data, wire.TickerFrame)
    assert (data.bid, data.bid_size, data.ask, data.ask_size) == (101.4, 7.0, 101.6, 2.5)


def test_a_candle_frame_is_read_and_keys_that_differ_by_case_are_kept_apart() -> None:
    message = wire.read_message(combined("x", kline_data("AUSDT", "1m", T0, T0 + MINUTE)))
    data = message.data
    assert isinstance(data, wire.KlineFrame)
    candle = data.kline
    row = kline_row("AUSDT", "1m", T0)
    assert candle.row == (*[float(n) for n in row[1:6]], 1000.0, 7.0, 5.0)
    assert (candle.open_ms, candle.end_ms, candle.is_closed) == (T0, T0 + MINUTE - 1, True)


def test_a_trade_is_read() -> None:
    data = {"e": "aggTrade", "E": T0, "s": "AUSDT", "a": 1, "p": "1.5", "q": "2", "T": T0}
    payload = json.dumps({"stream": "ausdt@aggTrade", "data": data}).encode()
    assert wire.read_message(payload).data == wire.TradeFrame(T0, "AUSDT", 1.5)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"e":"serverShutdown","E":1770123456789}',
        b'{"event":{"e":"serverShutdown","E":1770123456789}}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
    ],
)
def test_the_three_forms_of_the_shutdown_notice_are_read(payload: bytes) -> None:
    message = wire.read_message(payload)
    assert isinstance(message, wire.Message)
    assert (
        message.e == "serverShutdown"
        or message.event is not UNSET
        or isinstance(message.data, wire.ShutdownFrame)
    )


def test_answers_to_control_messages_are_read() -> None:
    answers = [
        wire.read_message(payload)
        for payload in (
            b'{"result":null,"id":1}',
            b'{"code":2,"msg":"Invalid request","id":3}',
            b'{"error":{"code":-1003,"msg":"slow"},"id":"a"}',
        )
    ]
    assert [answer.id for answer in answers if isinstance(answer, wire.Message)] == [1, 3, "a"]
    assert [getattr(answer, "code", None) for answer in answers] == [0, 2, 0]
    assert getattr(answers[2], "error", None) == wire.WireError(-1003, "slow")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"stream":"\xff","data":{"e":"serverShutdown","E":1}}',
        b'{"stream":"x","data":{"e":"unheard of"}}',
        b'{"stream":"x","data":{}}',
        b'{"stream":"x","data":[1]}',
        b'{"stream":"x","data":{"e":"serverShutdown","E":1770123456789000}}',
        b'{"a":' + b"[" * 100_000,
        combined("x", ticker_data("A", T0, last="")),
        combined("x", ticker_data("A", T0, last=" 1")),
        combined("x", ticker_data("A", T0, last="1e400")),
        combined("x", ticker_data("A", T0, c=True)),
        combined("x", ticker_data("A", -1)),
    ],
)
def test_what_does_not_fit_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused, match="expected a frame of a known kind"):
        wire.read_message(payload)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_refusal(payload: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(wire.read_message(payload), wire.Message | wire.Envelope)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["stream", "data", "e", "E", "s", "k", "c", "id"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_gives_a_message_or_a_refusal(value: Any) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(
            wire.read_message(json.dumps(value).encode()), wire.Message | wire.Envelope
        )


@pytest.mark.parametrize(
    ("changes", "is_sound"),
    [
        ({}, True),
        ({"v": "0", "q": "0", "n": 0, "V": "0"}, True),
        ({"c": "nan"}, False),
        ({"o": "nan"}, False),
        ({"l": "0"}, False),
        ({"l": "-1"}, False),
        ({"h": "inf"}, False),
        ({"h": "2e300"}, False),
        ({"h": "1"}, False),
        ({"o": "1"}, False),
        ({"o": "9999"}, False),
        ({"v": "nan"}, False),
        ({"q": "-1"}, False),
        ({"V": "inf"}, False),
        ({"n": -1}, False),
    ],
)
def test_a_sound_candle_has_finite_numbers_in_order(changes: Any, is_sound: bool) -> None:
    data = kline_data("AUSDT", "1m", T0, T0 + 5, **changes)
    frame = wire.read_message(combined("x", data)).data
    assert isinstance(frame, wire.KlineFrame)
    assert wire.is_sound(frame.kline, T0 + 5) is is_sound
    assert wire.is_sound_row(frame.kline.row) is is_sound


@pytest.mark.parametrize(
    ("at_ms", "is_closed", "is_sound"),
    [
        (T0 - 1, False, False),
        (T0, False, True),
        (T0 + MINUTE + 5, False, True),
        (T0 + MINUTE - 1, True, False),
        (T0 + MINUTE, True, True),
    ],
)
def test_a_candle_is_seen_after_it_opened_and_closed_after_its_end(
    at_ms: int, is_closed: bool, is_sound: bool
) -> None:
    data = kline_data("AUSDT", "1m", T0, at_ms, x=is_closed)
    frame = wire.read_message(combined("x", data)).data
    assert isinstance(frame, wire.KlineFrame)
    assert wire.is_sound(frame.kline, at_ms) is is_sound


def test_control_messages_are_written_as_the_exchange_reads_them() -> None:
    sent = wire.control("SUBSCRIBE", ["a@ticker"], 7)
    assert json.loads(sent) == {"method": "SUBSCRIBE", "params": ["a@ticker"], "id": 7}


def test_rest_candles_that_cannot_be_are_left_out() -> None:
    good = kline_row("AUSDT", "1m", T0)
    bad = [*good[:4], "NaN", *good[5:]]
    page = wire.read_klines(json.dumps([good, [T0 + MINUTE, *bad[1:]]]).encode())
    assert [(open_ms, end_ms) for open_ms, end_ms, _ in page.rows] == [(T0, T0 + MINUTE - 1)]
    assert (page.taken, page.last_ms) == (2, T0 + MINUTE)
    assert wire.read_klines(b"[]") == ([], 0, -1)


def test_rest_bodies_of_another_form_are_refused() -> None:
    for read in (
        wire.read_time,
        wire.read_exchange_info,
        wire.read_tickers,
        wire.read_klines,
        wire.read_prices,
    ):
        with pytest.raises(Refused, match="of the exchange, found"):
            read(b'{"nothing": 1')


def test_tickers_and_time_are_read() -> None:
    body = b'[{"symbol":"A","lastPrice":"1.5","quoteVolume":"7","priceChangePercent":"-2.5"}]'
    assert wire.read_tickers(body) == [wire.TickerRow("A", 1.5, 7.0, -2.5)]
    assert wire.read_time(b'{"serverTime":5}') == 5
    assert wire.read_prices(b'[{"symbol":"A","price":"1.5"}]') == [wire.PriceRow("A", 1.5)]


def test_a_refusal_is_read_even_when_it_is_no_json() -> None:
    assert wire.read_error(b'{"code":-1121,"msg":"Invalid symbol."}').code == -1121
    assert wire.read_error(b"<html>").msg == "<html>"
