"""Mutated frames, thousands and a million: a change or a counted refusal, nothing else."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator

import numpy as np
import pytest
from tests.unit.exchange.binance.stub import (
    MINUTE,
    T0,
    ListInbox,
    ManualClock,
    TestTasks,
    kline_data,
    ticker_data,
)

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import Link, StreamTiming
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream
from aitrader.model.events import CandlesClosed

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
TRICKS = (b"NaN", b"-1", b"1e400", b'"', b"{", b"}", b"null", b"\xff", b"true", b"[[[[", b"99e99")


def frames() -> list[bytes]:
    """Sound frames of every kind that an edge takes."""
    found = []
    for symbol in SYMBOLS:
        name = symbol.lower()
        for second in (5, 30, 60):
            at_ms = T0 + second * 1_000
            data = [
                (f"{name}@kline_1m", kline_data(symbol, "1m", T0, at_ms)),
                (f"{name}@ticker", ticker_data(symbol, at_ms, b="101.4", a="101.6")),
                (f"{name}@aggTrade", {"e": "aggTrade", "E": at_ms, "s": symbol, "p": "101.5"}),
            ]
            found += [json.dumps({"stream": key, "data": row}).encode() for key, row in data]
    found.append(json.dumps({"stream": "!s", "data": {"e": "serverShutdown", "E": T0}}).encode())
    found.append(b'{"result":null,"id":1}')
    return found


def mutations(count: int, seed: int) -> Iterator[bytes]:
    """Frames with a few bytes changed, cut out, doubled or put in."""
    rng = random.Random(seed)
    sound = frames()
    for _ in range(count):
        frame = bytearray(sound[int(rng.random() * len(sound))])
        for _ in range(1 + int(rng.random() * 3)):
            place = int(rng.random() * len(frame))
            match int(rng.random() * 5):
                case 0:
                    frame[place : place + 1] = bytes([int(rng.random() * 256)])
                case 1:
                    del frame[place : place + 1 + int(rng.random() * 8)]
                case 2:
                    frame[place:place] = frame[place : place + 12]
                case 3:
                    frame[place:place] = TRICKS[int(rng.random() * len(TRICKS))]
                case _:
                    frame[place : place + 1] = b"%d" % int(rng.random() * 10)
            if not frame:
                break
        yield bytes(frame)


def take_in(count: int, seed: int) -> None:
    async def story() -> None:
        inbox, clock, series = ListInbox(), ManualClock(T0), SeriesTable()
        rest = BinanceRest("http://127.0.0.1:9", WeightLimiter())
        tasks = TestTasks()
        backfill = Backfill(rest, series, tasks=tasks, workers=1, again_s=1.0)
        intake = Intake(inbox, clock, series=series, backfill=backfill, time=FeedTime())
        backfill.join(intake.candles, intake.on_work_done)
        intake.pass_time(T0 + MINUTE)
        streams = [Stream(symbol, "1m", 30) for symbol in SYMBOLS]
        series.configure(streams)
        intake.candles.follow(streams)
        intake.board.follow(SYMBOLS)
        link = Link(intake, asyncio.Event(), StreamTiming())
        for payload in mutations(count, seed):
            link.on_text(payload)
        panel = series.panel("1m", closed_ms=T0 + MINUTE, bars=30)
        for row in np.moveaxis(np.array(list(panel.values.values())), 0, -1).reshape(-1, 8):
            assert np.isnan(row).all() or wire.is_sound_row(tuple(row.tolist()))
        for symbol in SYMBOLS:
            assert 0.0 < (intake.board.last_price(symbol) or 1.0) < wire.MAX_NUMBER
        assert intake.messages + intake.dropped["unfit"] <= count
        assert intake.dropped["unfit"] > count / 10
        assert all(event.at_ms == T0 + MINUTE for event in inbox.of(CandlesClosed))
        await tasks.close()
        await rest.close()

    asyncio.run(story())


def test_some_thousand_mutated_frames_raise_nothing() -> None:
    take_in(4_000, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_mutated_frames_raise_nothing() -> None:
    take_in(1_000_000, seed=2)
