"""What may happen to a market stream, and the series afterwards: those of an undisturbed run."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from picows import WSCloseCode, WSMsgType
from tests.faults.market import SYMBOLS, Day, live
from tests.unit.exchange.binance.room import Listener
from tests.unit.exchange.binance.stub import (
    MINUTE,
    T0,
    StubLink,
    close_of,
    kline_data,
    ticker_data,
    until,
)

from aitrader.engine.health import rss_mb
from aitrader.exchange.binance.intake import FeedTime
from aitrader.exchange.binance.rest import RestTiming
from aitrader.market.universe import UniverseStage
from aitrader.model.events import FeedChanged, InstrumentsLoaded

pytestmark = pytest.mark.faults


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def calm(day: Day) -> None:
    await day.pass_minutes(6)


def test_a_calm_day_fetches_each_history_once_and_misses_nothing() -> None:
    async def story(day: Day) -> None:
        await calm(day)
        assert day.stub.count("/api/v3/klines") == 6
        assert all(event.missed == () for event in day.closes)
        assert day.room.market.dropped == {}

    live(story)


# -- 1: connections that end


def reset(link: StubLink) -> None:
    link.abort()


def close_with(code: WSCloseCode) -> object:
    def close(link: StubLink) -> None:
        assert link.transport is not None
        link.transport.send_close(code, b"bye")
        link.transport.disconnect()

    return close


@pytest.mark.parametrize(
    "end",
    [reset, close_with(WSCloseCode.GOING_AWAY), close_with(WSCloseCode.POLICY_VIOLATION)],
    ids=["reset", "1001", "1008"],
)
def test_a_connection_that_ends_is_opened_again(end: object) -> None:
    async def story(day: Day) -> None:
        end(day.stub.alive[0])  # type: ignore[operator]
        await day.pass_minutes(3)
        await day.ready()
        assert day.room.market.reconnects == 1
        states = [event.is_up for event in day.room.inbox.of(FeedChanged)]
        assert states == [True, False, True]

    live(story)


def test_refused_connections_are_tried_without_end_and_never_too_often() -> None:
    async def story(day: Day) -> None:
        day.stub.accepts = False
        day.stub.alive[0].abort()
        began_s = now_s()
        await until(lambda: day.stub.refused >= 8)
        assert now_s() - began_s > 0.02
        await day.pass_minutes(3)
        day.stub.accepts = True

    live(story)


# -- 2 and 3: silence


def test_a_half_open_connection_is_given_up() -> None:
    async def story(day: Day) -> None:
        day.stub.alive[0].is_mute = True
        await day.pass_minutes(3)
        await until(lambda: day.room.market.reconnects >= 1)

    live(story, frame_silence_s=0.15)


def test_pings_without_data_do_not_pass_for_a_stream() -> None:
    async def story(day: Day) -> None:
        old = day.stub.alive[0]
        old.is_mute = True
        await day.pass_minutes(3)
        while old in day.stub.alive:
            assert old.transport is not None
            old.transport.send_ping(b"still here")
            day.publish(day.frames())
            await asyncio.sleep(0.01)
        await day.pass_minutes(2)

    live(story, data_silence_s=0.15)


# -- 4: the 24 hour cut and shutdown notices


@pytest.mark.parametrize(
    "notice",
    [
        {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": T0}},
        {"e": "serverShutdown", "E": T0},
        {"event": {"e": "serverShutdown", "E": T0}},
    ],
    ids=["combined", "raw", "event"],
)
def test_a_shutdown_notice_costs_no_frame(notice: object) -> None:
    async def story(day: Day) -> None:
        old = day.stub.alive[0]
        old.send(notice)
        while old in day.stub.alive:
            await day.pass_minutes(1)
            await asyncio.sleep(0.005)
        assert day.stub.count("/api/v3/klines") == 6
        assert all(event.missed == () for event in day.closes)
        assert all(event.is_up for event in day.room.inbox.of(FeedChanged))

    live(story)


def test_a_link_is_replaced_before_its_day_is_over_without_a_loss() -> None:
    async def story(day: Day) -> None:
        while day.room.market.reconnects < 3:
            await day.pass_minutes(1)
            await asyncio.sleep(0.01)
        assert day.stub.count("/api/v3/klines") == 6

    live(story, rotate_s=0.2, look_s=0.01)


# -- 5 and 6: gaps


def test_a_gap_is_filled_before_the_series_count_again() -> None:
    async def story(day: Day) -> None:
        day.stub.accepts = False
        day.stub.alive[0].abort()
        await until(lambda: day.room.market.ready_streams == 0)
        seen = len(day.closes)
        await day.pass_minutes(7)
        assert len(day.closes) == seen
        day.stub.accepts = True

    live(story)


def test_a_lost_close_is_fetched_when_the_next_candle_comes_first() -> None:
    async def story(day: Day) -> None:
        for _ in range(6):
            lost = [row for row in day.frames() if not is_close_of(row[1], "BUSDT")]
            day.pass_minute(lost)
            day.stub.publish(
                "busdt@kline_1m", kline_data("BUSDT", "1m", day.now_ms, day.now_ms + 2_000)
            )
            await until(lambda: day.closes[-1].at_ms == day.now_ms or day.room.series)
        await day.pass_minutes(1)

    live(story)


def is_close_of(data: dict[str, object], symbol: str) -> bool:
    candle = data.get("k")
    return isinstance(candle, dict) and candle["s"] == symbol and bool(candle["x"])


# -- 7 and 8: order, and who is right


def test_repeated_late_and_shuffled_frames_of_two_connections_change_nothing() -> None:
    async def story(day: Day) -> None:
        rng = random.Random(5)
        kept = []
        for _ in range(8):
            frames = day.frames()
            again = [*frames, *frames, *rng.sample(kept, min(9, len(kept)))]
            kept += frames
            rng.shuffle(again)
            day.pass_minute(again)
            await asyncio.sleep(0.002)

    live(story)


def test_rest_speaks_of_closed_candles_only() -> None:
    async def story(day: Day) -> None:
        day.stub.now_ms = day.now_ms + 20_000
        day.stub.alive[0].abort()
        await day.ready()
        stream = day.room.market._intake.candles.find("ausdt@kline_1m")
        assert stream is not None
        assert day.room.series.last_open_ms("AUSDT", "1m") == day.now_ms - MINUTE
        forming = kline_data("AUSDT", "1m", day.now_ms, day.now_ms + 30_000, v="3.0")
        day.stub.publish("ausdt@kline_1m", forming)
        await until(lambda: stream.forming is not None and stream.forming.volume == 3.0)
        assert day.room.series.last_open_ms("AUSDT", "1m") == day.now_ms - MINUTE

    live(story)


# -- 10: nonsense


def nonsense(day: Day) -> list[bytes | dict[str, object]]:
    at_ms = day.now_ms + 1_000
    candle = kline_data("AUSDT", "1m", day.now_ms, at_ms)
    wrong = [
        {"stream": "ausdt@kline_1m", "data": candle | {"k": candle["k"] | change}}
        for change in (
            {"c": "NaN"}, {"h": "inf"}, {"l": "-1"}, {"o": "0"}, {"c": "x"}, {"t": "soon"},
            {"i": "7m"}, {"s": "ZUSDT"}, {"T": 5}, {"x": "maybe"}, {"v": None},
            {"c": "9999", "h": "9999"}, {"l": "0.001"},
        )
    ]  # fmt: skip
    tickers = [
        {"stream": "ausdt@ticker", "data": ticker_data("AUSDT", at_ms, last=last)}
        for last in ("NaN", "0", "-5", "1e400", "", "4", "40000")
    ]
    return [
        b"", b"{", b"[]", b"null", b'{"stream":1}', b'{"stream":"x","data":{"e":"news"}}',
        b"\xff\xfe", b"x" * 2_000_000, b'{"stream":"ausdt@kline_1m","data":{"e":"kline"}}',
        *wrong, *tickers,
    ]  # fmt: skip


def test_nonsense_is_counted_and_dropped() -> None:
    async def story(day: Day) -> None:
        before = dict(day.room.market.dropped)
        sent = 0
        for _ in range(3):
            for message in nonsense(day):
                day.stub.alive[0].send(message)
                sent += 1
            await day.pass_minutes(1)
        await day.until_whole()
        dropped = day.room.market.dropped
        assert before == {}
        assert sent * 0.8 < sum(dropped.values()) <= sent * 1.2
        assert day.room.market.last_price("AUSDT") == close_of("AUSDT", day.now_ms - MINUTE)

    live(story)


def test_fragments_and_frames_against_the_protocol_are_survived() -> None:
    async def story(day: Day) -> None:
        link = day.stub.alive[0]
        assert link.transport is not None
        link.transport.send(WSMsgType.TEXT, b'{"stream":"x",', fin=False)
        link.transport.send(WSMsgType.PING, b"between")
        link.transport.send(WSMsgType.CONTINUATION, b'"data":{"e":"?"}}')
        await day.pass_minutes(1)
        link.transport.send(WSMsgType.TEXT, b"{}", rsv1=True)
        await until(lambda: day.room.market.reconnects == 1)
        await day.pass_minutes(1)

    live(story)


# -- 11: control messages


def test_a_refused_or_unanswered_subscription_is_asked_again() -> None:
    async def story(day: Day) -> None:
        for fault in ("refusal", "silence"):
            day.stub.refusal = "Too many requests" if fault == "refusal" else ""
            day.stub.is_answering = fault != "silence"
            links = len(day.stub.links)
            day.stub.alive[0].abort()
            await until(lambda links=links: len(day.stub.links) >= links + 2)  # type: ignore[misc]
            await day.pass_minutes(1)
            day.stub.refusal, day.stub.is_answering = "", True
            await day.ready()

    live(story, answer_s=0.05)


def test_control_messages_keep_to_the_limit_and_streams_are_spread() -> None:
    async def story(day: Day) -> None:
        assert day.room.market._pool is not None
        assert day.room.market._pool.connections == 5
        for link in day.stub.alive:
            gaps = [
                after - before
                for before, after in zip(link.control_s, link.control_s[1:], strict=False)
            ]
            assert all(gap > 0.04 for gap in gaps)
            assert len(link.names) <= 2
        await day.pass_minutes(2)

    live(story, names_per_connection=2, names_per_message=1, control_gap_s=0.05)


# -- 12 and 13: REST and the clock


@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {"retry-after": "1"}), (403, {}), (503, {}), (418, {"retry-after": "1"})],
)
def test_history_waits_as_long_as_the_exchange_says(status: int, headers: dict[str, str]) -> None:
    async def story(day: Day) -> None:
        day.stub.scripted["/api/v3/klines"] = [(status, headers, b"{}")] * 2
        asked = day.stub.count("/api/v3/klines")
        day.stub.alive[0].abort()
        await day.pass_minutes(2)
        await until(lambda: day.stub.count("/api/v3/klines") > asked)
        began_s = now_s()
        await day.ready()
        if headers:
            assert now_s() - began_s > 0.8

    live(story)


def test_an_endpoint_left_alone_is_asked_again_when_the_stream_is_back() -> None:
    async def story(day: Day) -> None:
        day.stub.scripted["/api/v3/klines"] = [(500, {}, b"")] * 500
        day.stub.alive[0].abort()
        asked = -1
        while asked != day.stub.count("/api/v3/klines"):
            asked = day.stub.count("/api/v3/klines")
            await asyncio.sleep(0.1)
        assert asked < 300
        day.stub.scripted["/api/v3/klines"] = []
        day.stub.alive[0].abort()
        await day.ready()

    live(story, rest=RestTiming(timeout_s=2.0, attempts=2, backoff_first_s=0.005))


def test_a_clock_that_is_three_seconds_off_is_corrected() -> None:
    told: list[int] = []

    async def story(day: Day) -> None:
        day.stub.now_ms = day.now_ms + 3_000
        await until(lambda: told and told[-1] >= day.now_ms + 3_000)
        await day.pass_minutes(4)

    live(story, time=FeedTime(correct=told.append), refresh_s=0.02)


# -- 14: symbols that stop trading


def test_a_symbol_that_stops_trading_leaves_cleanly() -> None:
    async def story(day: Day) -> None:
        market = day.room.market
        stage = UniverseStage(max_symbols=10)
        day.stub.halted.add("CUSDT")
        await market._reference.refresh()
        loaded = day.room.inbox.of(InstrumentsLoaded)[-1]
        assert [row.symbol for row in loaded.instruments if not row.is_trading] == ["CUSDT"]
        list(stage.handle(loaded))
        day.room.watch("AUSDT", "BUSDT", intervals=("1m", "5m"), bars=40)
        await until(lambda: market.ready_streams == 4)
        await day.pass_minutes(2)
        assert all(event.missed == () for event in day.closes)
        day.stub.halted.clear()
        day.room.watch(*SYMBOLS, intervals=("1m", "5m"), bars=40)

    live(story)


# -- 9 and 15: we ourselves stand still


MOST_GROWTH_MB = 40.0
"""Sixty thousand frames are 12 MB, and the exchange that sends them lives in this process too."""


class MemoryListener(Listener):
    """Looks at this process's memory now and then, while prices come."""

    peak_mb = 0.0

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        super().on_price(symbol, price, at_ms)
        if len(self.seen) % 500 == 0:
            self.peak_mb = max(self.peak_mb, rss_mb())


@pytest.mark.slow
def test_a_flood_over_a_blocked_loop_is_worked_off() -> None:
    async def story(day: Day) -> None:
        listener = MemoryListener()
        day.room.market.listen(listener)
        before_mb = rss_mb()
        for second in range(3):
            for number in range(20_000):
                at_ms = day.now_ms + second * 1_000 + number // 20
                last = f"{close_of('AUSDT', day.now_ms):.8f}"
                day.stub.publish("ausdt@ticker", ticker_data("AUSDT", at_ms, last=last))
            time.sleep(1.0)  # noqa: ASYNC251 - the loop is to be blocked
        day.pass_minute([row for row in day.frames() if "ticker" not in row[0]])
        await day.until_whole()
        assert day.room.market.reconnects == 0
        assert len(listener.seen) >= 3_000
        assert listener.peak_mb - before_mb < MOST_GROWTH_MB

    live(story)


def test_a_machine_that_slept_has_no_gap_afterwards() -> None:
    async def story(day: Day) -> None:
        reconnects = day.room.market.reconnects
        day.minute += 9
        day.stub.now_ms = day.room.clock.ms = day.now_ms
        await until(lambda: day.room.market.reconnects > reconnects)

    live(story, time=FeedTime())
