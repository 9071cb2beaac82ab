# ruff: noqa: ANN401 - frames are JSON, of any shape here

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.exchange.binance.room import BARS, Listener, Room, a_room, tell
from tests.unit.exchange.binance.stub import (
    MINUTE,
    T0,
    ManualClock,
    close_of,
    kline_data,
    ticker_data,
    until,
)

from aitrader.exchange.binance.intake import FeedTime
from aitrader.model.commands import ArmBand, DisarmBand, RankMarket
from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    CandlesClosed,
    FeedChanged,
    InstrumentsLoaded,
    MarketRanked,
    PriceLeft,
)
from aitrader.model.ids import BandId


def test_opening_posts_the_rules_and_that_the_feed_is_up() -> None:
    async def story(room: Room) -> None:
        loaded = (await room.seen(InstrumentsLoaded, 1))[0]
        assert [row.symbol for row in loaded.instruments] == room.stub.symbols
        assert loaded.instruments[0].tick_size == Decimal("0.01")
        changes = await room.seen(FeedChanged, 1)
        assert [change.is_up for change in changes] == [True]
        assert room.market.feed_age_ms() < 2_000

    tell(story)


def test_an_exchange_that_cannot_be_reached_is_one_sentence() -> None:
    async def story() -> None:
        async with a_room(rest_url="http://127.0.0.1:9") as room:
            with pytest.raises(ConfigError, match=r"watch: http://127.0.0.1:9 is not reachable"):
                await room.market.open()
            assert room.market.feed_age_ms() == 86_400_000
            assert room.market.reconnects == 0

    asyncio.run(story())


def test_a_stream_is_back_filled_before_it_counts() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT", intervals=("1m", "5m"))
        await room.ready(4)
        assert room.series.filled("AUSDT", "1m", T0) == BARS
        assert room.series.filled("BUSDT", "5m", T0) == BARS
        assert room.series.last_open_ms("AUSDT", "1m") == T0 - MINUTE
        assert room.market.closes("AUSDT", 2)[-1] == close_of("AUSDT", T0 - MINUTE)
        assert room.market.closes("ZUSDT", 2) == ()
        assert set(room.market.tickers()) == {"AUSDT", "BUSDT"}
        names = room.stub.links[0].names
        assert {"ausdt@ticker", "busdt@ticker", "ausdt@kline_1m", "busdt@kline_5m"} <= names

    tell(story)


def test_candles_close_once_for_all_streams_and_intervals_of_an_instant() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT", intervals=("1m", "5m"))
        await room.ready(4)
        for minute in range(1, 6):
            room.stub.close_minute(T0 + minute * MINUTE, "AUSDT", "BUSDT")
        room.stub.close_minute(T0 + 5 * MINUTE, "AUSDT", "BUSDT", interval="5m")
        closed = await room.seen(CandlesClosed, 5)
        assert [event.at_ms for event in closed] == [T0 + n * MINUTE for n in range(1, 6)]
        assert [event.intervals for event in closed] == [("1m",)] * 4 + [("1m", "5m")]
        assert all(event.missed == () for event in closed)
        assert room.market.candles == 12
        assert room.series.filled("AUSDT", "1m", T0 + 5 * MINUTE) == BARS + 5
        assert room.clock.now_ms() == T0 + 5 * MINUTE

    tell(story)


def test_a_close_that_the_stream_lost_is_fetched() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT")
        await room.ready(2)
        room.stub.close_minute(T0 + MINUTE, "AUSDT")
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + MINUTE + 1_600))
        closed = await room.seen(CandlesClosed, 1)
        assert closed[0].missed == ()
        assert room.series.last_open_ms("BUSDT", "1m") == T0

    tell(story)


def test_a_close_that_nobody_has_is_named_after_the_grace() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT")
        await room.ready(2)
        room.stub.holes.add(T0)
        room.stub.close_minute(T0 + MINUTE, "AUSDT")
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + MINUTE + 1_600))
        await until(lambda: room.stub.count("/api/v3/klines") >= 3)
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + MINUTE + 3_000))
        closed = await room.seen(CandlesClosed, 1)
        assert closed[0].missed == (("BUSDT", "1m"),)

    tell(story)


def test_rest_is_not_believed_about_an_instant_it_has_not_reached() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT")
        await room.ready(2)
        room.stub.close_minute(T0 + MINUTE, "AUSDT")
        room.stub.now_ms = T0 + MINUTE - 1
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + MINUTE + 3_600))
        closed = await room.seen(CandlesClosed, 1)
        assert closed[0].missed == (("BUSDT", "1m"),)

    tell(story)


def test_repeated_late_and_reordered_frames_change_nothing() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        name = "ausdt@kline_1m"
        frames = [kline_data("AUSDT", "1m", T0, T0 + ms) for ms in (2_000, 4_000, MINUTE)]
        following = kline_data("AUSDT", "1m", T0 + MINUTE, T0 + MINUTE + 2_000)
        for data in [*frames, following, frames[2], frames[0], frames[1], following]:
            room.stub.publish(name, data)
        await room.taken(8)
        closed = room.inbox.of(CandlesClosed)
        assert [event.at_ms for event in closed] == [T0 + MINUTE]
        assert room.market.candles == 1
        assert room.market.dropped["late or repeated"] == 4
        assert room.market.last_price("AUSDT") == close_of("AUSDT", T0 + MINUTE)

    tell(story)


def test_a_close_that_arrives_after_the_next_candle_began_still_counts() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        late = kline_data("AUSDT", "1m", T0, T0 + MINUTE + 10)
        room.stub.publish(
            "ausdt@kline_1m", kline_data("AUSDT", "1m", T0 + MINUTE, T0 + MINUTE + 20)
        )
        room.stub.publish("ausdt@kline_1m", late)
        closed = await room.seen(CandlesClosed, 1)
        assert closed[0].missed == ()

    tell(story)


@pytest.mark.parametrize(
    "data",
    [
        kline_data("AUSDT", "1m", T0, T0 + 2_000, c="NaN"),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, c="0"),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, h="1"),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, v="-1"),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, v="inf"),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, x=True),
        kline_data("AUSDT", "1m", T0 + 1, T0 + 2_000),
        kline_data("AUSDT", "1m", T0 + MINUTE, T0 + 2_000),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, T=T0 + 5),
        kline_data("BUSDT", "1m", T0, T0 + 2_000),
        kline_data("AUSDT", "5m", T0, T0 + 2_000),
        kline_data("AUSDT", "1m", T0, T0 + 2_000, n="many"),
        ticker_data("AUSDT", T0 + 9, last="-1"),
        ticker_data("AUSDT", T0 + 9, last="inf"),
        ticker_data("AUSDT", T0 + 9, P="nan"),
        ticker_data("AUSDT", T0 + 9, q="-1"),
        ticker_data("ZUSDT", T0 + 9),
        ticker_data("AUSDT", -5),
        {"e": "24hrMiniTicker", "E": 5, "s": "AUSDT", "c": "1", "o": "1", "q": "1"},
        {"e": "simulatedClock", "E": T0},
        {"e": "simulatedEnd", "E": T0},
        {"e": "unheard of"},
    ],
)
def test_data_that_is_wrong_is_dropped_and_counted(data: Any) -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        room.stub.publish("ausdt@kline_1m", data)
        await until(lambda: sum(room.market.dropped.values()) == 1)
        assert room.market.last_price("AUSDT") is None
        room.stub.close_minute(T0 + MINUTE, "AUSDT")
        assert (await room.seen(CandlesClosed, 1))[0].missed == ()

    tell(story)


def test_frames_of_streams_that_are_not_watched_are_dropped() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        frame = {"stream": "x@kline_1m", "data": kline_data("X", "1m", T0, T0 + 5)}
        room.stub.links[0].send(frame)
        await until(lambda: room.market.dropped["stream not watched"] == 1)

    tell(story)


def test_listeners_see_each_price_before_the_bands_do() -> None:
    async def story(room: Room) -> None:
        listener = Listener()
        room.market.listen(listener)
        room.watch("AUSDT")
        await room.ready(1)
        room.market.arm(ArmBand(band_id=BandId("b"), symbol="AUSDT", below=100.0, above=110.0))
        room.market.arm(ArmBand(band_id=BandId("c"), symbol="AUSDT", below=50.0))
        room.market.disarm(DisarmBand(band_id=BandId("c")))
        for place, last in enumerate(["105.0", "99.5", "90.0"]):
            room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + place, last=last))
        await room.taken(3)
        assert room.inbox.of(PriceLeft) == [
            PriceLeft(at_ms=T0 + 1, band_id=BandId("b"), price=Decimal("99.5"))
        ]
        assert listener.seen == [
            ("AUSDT", 105.0, T0), ("AUSDT", 99.5, T0 + 1), ("AUSDT", 90.0, T0 + 2)
        ]  # fmt: skip

    tell(story)


def test_a_band_fires_while_it_is_armed_if_the_price_is_out() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + 1, last="105"))
        await room.taken()
        room.market.arm(ArmBand(band_id=BandId("b"), symbol="AUSDT", above=104.0))
        assert [event.band_id for event in room.inbox.of(PriceLeft)] == ["b"]
        ticker = room.market.tickers()["AUSDT"]
        assert (ticker.last, ticker.change_24h_pct, ticker.volume_24h) == (105.0, 2.5, 12345.6)
        assert (ticker.at_ms, ticker.version) == (T0 + 1, 2)

    tell(story)


def test_an_older_price_does_not_replace_a_newer_one() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + 2_500, last="105"))
        room.stub.publish("ausdt@kline_1m", kline_data("AUSDT", "1m", T0, T0 + 2_000))
        await room.taken(2)
        assert room.market.last_price("AUSDT") == 105.0

    tell(story)


def test_a_broken_connection_is_replaced_and_its_gap_filled() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        room.stub.close_minute(T0 + MINUTE, "AUSDT")
        await room.seen(CandlesClosed, 1)
        room.stub.links[0].abort()
        await room.seen(FeedChanged, 2)
        room.stub.now_ms = T0 + 4 * MINUTE + 9_000
        await room.ready(1)
        assert [change.is_up for change in room.inbox.of(FeedChanged)] == [True, False, True]
        assert room.series.filled("AUSDT", "1m", T0 + 4 * MINUTE) == BARS + 4
        room.stub.close_minute(T0 + 5 * MINUTE, "AUSDT")
        closed = await room.seen(CandlesClosed, 2)
        assert [event.at_ms for event in closed] == [T0 + MINUTE, T0 + 5 * MINUTE]
        assert room.market.reconnects == 1

    tell(story)


def test_a_hole_in_a_living_stream_is_filled() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        room.stub.close_minute(T0 + 4 * MINUTE, "AUSDT")
        await room.seen(CandlesClosed, 1)
        await until(lambda: room.series.filled("AUSDT", "1m", T0 + 4 * MINUTE) == BARS + 4)

    tell(story)


def test_guarded_symbols_get_every_trade_and_without_a_stream_rests_price() -> None:
    async def story(room: Room) -> None:
        listener = Listener()
        room.market.listen(listener, guards=lambda: ["BUSDT"])
        room.watch("AUSDT", "BUSDT", "CUSDT")
        await room.ready(3)
        room.market.arm(ArmBand(band_id=BandId("b"), symbol="AUSDT", below=50.0))
        link = room.stub.links[0]
        await until(lambda: {"ausdt@aggTrade", "busdt@aggTrade"} <= link.names)
        assert "cusdt@aggTrade" not in link.names
        trade = {"e": "aggTrade", "E": T0 + 5, "s": "AUSDT", "p": "100.5"}
        room.stub.publish("ausdt@aggTrade", trade)
        await room.taken()
        assert listener.seen[-1] == ("AUSDT", 100.5, T0 + 5)
        room.stub.prices = {"AUSDT": 49.0, "BUSDT": 7.0}
        room.stub.now_ms = T0 + 120_000
        room.stub.accepts = False
        link.abort()
        await room.seen(PriceLeft, 1)
        assert ("BUSDT", 7.0, T0 + 120_000) in listener.seen
        assert room.inbox.of(FeedChanged)[-1].is_up is False
        assert len(room.inbox.of(FeedChanged)) == 2

    tell(story, guard_s=0.01)


def test_watching_other_streams_changes_only_the_difference() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT")
        await room.ready(2)
        requests = room.stub.count("/api/v3/klines")
        room.watch("BUSDT", "CUSDT")
        await room.ready(2)
        link = room.stub.links[0]
        await until(
            lambda: link.names == {f"{s}usdt@{k}" for s in "bc" for k in ("ticker", "kline_1m")}
        )
        assert room.stub.count("/api/v3/klines") == requests + 1
        assert set(room.market.tickers()) == {"BUSDT", "CUSDT"}
        room.watch("BUSDT", "CUSDT", bars=50)
        await until(lambda: room.series.filled("BUSDT", "1m", T0) == 50)
        room.stub.close_minute(T0 + MINUTE, "BUSDT", "CUSDT")
        assert (await room.seen(CandlesClosed, 1))[0].missed == ()

    tell(story)


def test_history_that_cannot_be_had_now_is_asked_for_again() -> None:
    async def story(room: Room) -> None:
        room.stub.scripted["/api/v3/klines"] = [(503, {}, b"busy")] * 3
        room.watch("AUSDT")
        await room.ready(1)
        assert room.stub.count("/api/v3/klines") == 4

    tell(story)


def test_a_symbol_without_history_never_counts_and_disturbs_nobody() -> None:
    async def story(room: Room) -> None:
        room.stub.scripted["/api/v3/klines"] = [
            (400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')
        ]
        room.watch("AUSDT", bars=5)
        await until(lambda: room.stub.count("/api/v3/klines") == 1)
        room.watch("AUSDT", "BUSDT", bars=5)
        await room.ready(1)
        room.stub.close_minute(T0 + MINUTE, "BUSDT")
        assert (await room.seen(CandlesClosed, 1))[0].missed == ()

    tell(story)


def test_ranking_names_the_known_symbols_by_volume() -> None:
    async def story(room: Room) -> None:
        room.stub.scripted["/api/v3/ticker/24hr"] = [(500, {}, b"")] * 3
        await room.market.rank(RankMarket())
        ranked = room.inbox.of(MarketRanked)[0]
        assert [symbol for symbol, _ in ranked.volumes] == ["CUSDT", "BUSDT", "AUSDT"]
        await room.market.close()
        await room.market.rank(RankMarket())
        assert len(room.inbox.of(MarketRanked)) == 1

    tell(story)


def test_on_the_computers_time_the_pulse_ends_the_grace_and_rules_are_refreshed() -> None:
    corrections: list[int] = []

    async def story(room: Room) -> None:
        room.watch("AUSDT", "BUSDT")
        await room.ready(2)
        room.stub.publish("ausdt@ticker", ticker_data("AUSDT", T0 + 90_000))
        await until(lambda: room.market.dropped["from the future"] == 1)
        room.stub.holes.add(T0)
        room.clock.ms = T0 + MINUTE
        room.stub.close_minute(T0 + MINUTE, "AUSDT")
        room.clock.ms = T0 + MINUTE + 3_000
        closed = await room.seen(CandlesClosed, 1)
        assert closed[0].missed == (("BUSDT", "1m"),)
        room.stub.symbols.append("NEWUSDT")
        loaded = await room.seen(InstrumentsLoaded, 2)
        assert len(loaded[1].instruments) == 4
        room.stub.scripted["/api/v3/time"] = [(500, {}, b"")] * 2
        await until(lambda: not room.stub.scripted["/api/v3/time"])
        room.stub.now_ms = T0 + 10 * MINUTE
        await until(lambda: corrections and corrections[-1] == T0 + 10 * MINUTE)

    tell(story, time=FeedTime(correct=corrections.append), refresh_s=0.05)


def test_a_machine_that_slept_connects_anew() -> None:
    async def story(room: Room) -> None:
        room.watch("AUSDT")
        await room.ready(1)
        room.stub.now_ms = room.clock.ms = T0 + 60 * MINUTE
        await until(lambda: room.market.reconnects == 1)
        await until(lambda: room.series.filled("AUSDT", "1m", T0 + 60 * MINUTE) == BARS)

    tell(story, time=FeedTime())


class CountingPacer:
    def __init__(self) -> None:
        self.waits = 0

    async def settled(self) -> None:
        self.waits += 1
        await asyncio.sleep(0)


def test_in_lockstep_an_instant_is_acknowledged_once_history_and_engine_are_quiet() -> None:
    pacer = CountingPacer()
    ended: list[bool] = []
    clock = ManualClock()

    async def story(room: Room) -> None:
        link = room.stub.links[0]
        room.watch("AUSDT", "BUSDT")
        for ms in (0, 1):
            link.send({"stream": "!simulatedClock", "data": {"e": "simulatedClock", "E": T0 + ms}})
        acks = lambda: [c for c in link.controls if c["method"] == "SIMULATED_CLOCK_ACK"]  # noqa: E731
        await until(lambda: len(acks()) == 1)
        assert room.market.ready_streams == 2
        assert acks()[0]["params"] == [T0 + 1]
        assert pacer.waits >= 1
        assert clock.now_ms() == T0 + 1
        link.send({"stream": "!simulatedClock", "data": {"e": "simulatedClock", "E": T0 + 7}})
        await until(lambda: len(acks()) == 2)
        link.send({"stream": "!simulatedEnd", "data": {"e": "simulatedEnd", "E": T0 + 8}})
        await until(lambda: ended == [True])
        assert room.market.dropped == {}

    time = FeedTime(sink=clock, pacer=pacer, on_end=lambda: ended.append(True))

    async def play() -> None:
        async with a_room(time=time) as room:
            await room.market.open()
            await until(lambda: bool(room.stub.links))
            await story(room)

    asyncio.run(play())


def test_the_clock_is_put_right_when_somebody_asks_for_it() -> None:
    async def story(room: Room) -> None:
        room.stub.now_ms += 5_000
        await room.market.set_clock()
        assert room.clock.now_ms() == room.stub.now_ms
        room.stub.scripted["/api/v3/time"] = [(500, {}, b"")] * 9
        await room.market.set_clock()
        assert room.clock.now_ms() == room.stub.now_ms

    tell(story)
