# ruff: noqa: ANN401 - frames are JSON, of any shape here

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.unit.exchange.binance.stub import MINUTE, T0, ListInbox, kline_data

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.candles import CandleStream, CandleTable, stream_name
from aitrader.exchange.binance.tickers import PriceBoard
from aitrader.market.gaps import Key
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream
from aitrader.model.events import CandlesClosed

ROW = (100.0, 101.0, 99.0, 100.0, 1.0, 100.0, 3.0, 0.5)


class Desk:
    """A candle table with everything around it as plain lists."""

    def __init__(self, *symbols: str, bars: int = 5) -> None:
        self.inbox = ListInbox()
        self.series = SeriesTable()
        self.dropped: Counter[str] = Counter()
        self.missing: list[tuple[int, tuple[Key, ...]]] = []
        self.holes: list[CandleStream] = []
        self.board = PriceBoard(self.inbox, self.dropped)
        self.table = CandleTable(
            self.inbox,
            self.series,
            self.board,
            self.dropped,
            on_missing=lambda at_ms, keys: self.missing.append((at_ms, keys)),
            on_hole=self.holes.append,
        )
        self.follow(*symbols, bars=bars)
        for symbol in symbols:
            stream = self.stream(symbol)
            self.table.fill(stream, [(T0 - MINUTE, ROW)])
            self.table.make_ready(stream, T0)

    def follow(self, *symbols: str, bars: int = 5) -> list[CandleStream]:
        streams = [Stream(symbol, "1m", bars) for symbol in symbols]
        self.series.configure(streams)
        self.board.follow(symbols)
        return self.table.follow(streams)

    def stream(self, symbol: str) -> CandleStream:
        found = self.table.find(stream_name(symbol, "1m"))
        assert found is not None
        return found

    def see(self, symbol: str, open_ms: int, at_ms: int, **changes: Any) -> None:
        data = {"stream": "x", "data": kline_data(symbol, "1m", open_ms, at_ms, **changes)}
        frame = wire.read_message(json.dumps(data).encode()).data
        assert isinstance(frame, wire.KlineFrame)
        self.table.on_kline(stream_name(symbol, "1m"), frame, at_ms)

    @property
    def closes(self) -> list[tuple[int, tuple[Key, ...]]]:
        return [(event.at_ms, event.missed) for event in self.inbox.of(CandlesClosed)]


def test_a_closed_frame_is_a_row_and_the_last_one_closes_the_instant() -> None:
    desk = Desk("A", "B")
    desk.see("A", T0, T0 + 5_000)
    assert desk.series.last_open_ms("A", "1m") == T0 - MINUTE
    desk.see("A", T0, T0 + MINUTE)
    assert desk.closes == []
    desk.see("B", T0, T0 + MINUTE + 200)
    assert desk.closes == [(T0 + MINUTE, ())]
    assert desk.table.closed == 2
    assert desk.board.last_price("A") is not None


def test_the_forming_candle_stands_beside_the_series() -> None:
    desk = Desk("A")
    desk.see("A", T0, T0 + 5_000)
    stream = desk.stream("A")
    assert stream.forming is not None
    assert (stream.forming_ms, stream.forming.is_closed) == (T0, False)


def test_a_stream_that_is_lost_is_waited_for_only_after_it_is_ready_again() -> None:
    desk = Desk("A", "B")
    desk.table.lose([stream_name("B", "1m"), "unknown"])
    desk.see("A", T0, T0 + MINUTE)
    assert desk.closes == [(T0 + MINUTE, ())]
    assert desk.table.ready() == 1
    desk.table.fill(desk.stream("B"), [(T0, ROW)])
    desk.table.make_ready(desk.stream("B"), T0 + MINUTE)
    desk.see("A", T0 + MINUTE, T0 + 2 * MINUTE)
    assert len(desk.closes) == 1
    desk.see("B", T0 + MINUTE, T0 + 2 * MINUTE)
    assert len(desk.closes) == 2


def test_a_hole_is_told_once_its_later_end_is_seen() -> None:
    desk = Desk("A")
    desk.see("A", T0 + 2 * MINUTE, T0 + 3 * MINUTE)
    assert desk.holes == [desk.stream("A")]


def test_a_row_of_the_past_fills_its_place_and_closes_nothing() -> None:
    desk = Desk("A")
    desk.see("A", T0 + MINUTE, T0 + 2 * MINUTE)
    desk.see("A", T0, T0 + 2 * MINUTE + 5)
    desk.see("A", T0 - 20 * MINUTE, T0 + 2 * MINUTE + 6)
    assert [at_ms for at_ms, _ in desk.closes] == [T0 + 2 * MINUTE]
    assert desk.series.filled("A", "1m", T0 + 2 * MINUTE) == 3
    assert desk.dropped == {"older than the series": 1}


def test_a_closing_frame_is_the_last_word_on_what_rest_gave() -> None:
    desk = Desk("A")
    stream = desk.stream("A")
    early = (100.0, 100.5, 99.5, 100.25, 0.5, 50.0, 1.0, 0.25)
    desk.table.fill(stream, [(T0, early)])
    desk.see("A", T0, T0 + MINUTE + 700)
    right = desk.series.candles("A", "1m", 1)[0].row
    assert right != early
    desk.see("A", T0, T0 + MINUTE + 700, v="77.0")
    assert desk.series.candles("A", "1m", 1)[0].row == right
    assert desk.dropped == {"late or repeated": 2}


def test_a_close_that_leaps_too_far_is_left_to_rest() -> None:
    desk = Desk("A", "B")
    desk.see("A", T0, T0 + 58_000)
    desk.see("B", T0, T0 + MINUTE)
    price = {"c": "900.0", "h": "900.0"}
    desk.see("A", T0, T0 + MINUTE, **price)
    desk.table.settle(T0 + MINUTE + 1_500)
    assert desk.missing == [(T0 + MINUTE, (("A", "1m"),))]
    desk.table.bring(T0 + MINUTE, ("A", "1m"), [(T0, ROW)])
    desk.table.settle(T0 + MINUTE + 1_600)
    assert desk.closes == [(T0 + MINUTE, ())]
    assert desk.dropped == {"absurd jump": 1}


def test_a_wick_that_grew_too_far_is_believed_when_it_is_repeated() -> None:
    desk = Desk("A")
    stream = desk.stream("A")
    desk.see("A", T0, T0 + 1_000)
    desk.see("A", T0, T0 + 2_000, h="400.0")
    assert stream.forming is not None
    assert stream.forming.high < 400.0
    desk.see("A", T0, T0 + 3_000, h="400.0")
    assert stream.forming.high == 400.0
    assert desk.dropped == {"absurd jump": 1}
    desk.see("A", T0, T0 + 4_000, h="400.0", l="1.0")
    desk.see("A", T0, T0 + MINUTE, h="400.0")
    assert desk.series.candles("A", "1m", 1)[0].row[1:3] == (400.0, stream.forming.low)
    assert desk.dropped == {"absurd jump": 2}


def test_a_late_close_is_held_against_the_newest_price() -> None:
    desk = Desk("A")
    desk.see("A", T0 + MINUTE, T0 + MINUTE + 1_000)
    desk.see("A", T0, T0 + MINUTE, c="9.0", l="9.0")
    assert desk.series.last_open_ms("A", "1m") == T0 - MINUTE
    assert desk.dropped == {"absurd jump": 1}
    desk.see("A", T0, T0 + MINUTE)
    assert desk.series.last_open_ms("A", "1m") == T0


def test_what_the_stream_did_not_bring_is_asked_for_and_brought() -> None:
    desk = Desk("A", "B")
    desk.see("A", T0, T0 + MINUTE)
    desk.table.settle(T0 + MINUTE + 1_500)
    assert desk.missing == [(T0 + MINUTE, (("B", "1m"),))]
    desk.table.bring(T0 + MINUTE, ("B", "1m"), [(T0 - MINUTE, ROW), (T0, ROW)])
    desk.table.bring(T0 + MINUTE, ("Z", "1m"), [(T0, ROW)])
    desk.table.answered(T0 + MINUTE)
    assert desk.table.due_ms <= T0 + MINUTE
    desk.table.settle(T0 + MINUTE + 1_600)
    assert desk.closes == [(T0 + MINUTE, ())]


def test_what_is_not_watched_any_more_is_not_waited_for() -> None:
    desk = Desk("A", "B")
    assert desk.follow("A", bars=3) == []
    assert desk.follow("A", bars=30) == [desk.stream("A")]
    desk.see("A", T0, T0 + MINUTE)
    assert desk.closes == [(T0 + MINUTE, ())]
    assert list(desk.table.names) == ["a@kline_1m"]


def test_nothing_filled_leaves_a_stream_as_it_was() -> None:
    desk = Desk("A")
    closed_ms = desk.stream("A").closed_ms
    desk.table.fill(desk.stream("A"), [])
    assert desk.stream("A").closed_ms == closed_ms
