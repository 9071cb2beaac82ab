from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.builders import an_instrument

from aitrader.config import Settings
from aitrader.engine.clock import FrameClock, SystemClock
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.server import running
from aitrader.logs import Tail
from aitrader.model.control import AddTrader, PauseEntries, ReadCandles
from aitrader.model.errors import ConfigError
from aitrader.model.events import EntriesPaused, InstrumentsLoaded
from aitrader.model.view import Frame
from aitrader.modes.build import Choices, Rulebook, Wired, build, clock_of, open_store

BUSY = '''"""Enters on the first candle that rises."""
NAME = "Busy"
SYMBOLS = "top 3 USDT"
INTERVAL = "1m"
SIDE = "LONG"
EXITS = {"stop_loss": "1%", "take_profit": "2%", "max_age": "3m"}
RISK = {"size": "5%"}
ANALYST = None


def conditions(m):
    return {"rises": m.close > m.close[1]}
'''


def settings_in(folder: Path) -> Settings:
    return Settings(data_folder=folder, sqlite_path=folder / "aitrader.sqlite", max_symbols=3)


@contextlib.asynccontextmanager
async def a_wired(folder: Path, *, speed: float = 0.0) -> AsyncIterator[Wired]:
    """An engine on an exchange in the same loop, not yet started."""
    async with running(ExchangeOptions(symbols=3, seed=5, speed=speed)) as address:
        settings = msgspec.structs.replace(
            settings_in(folder),
            market_rest_url=address.exchange,
            market_stream_url=address.stream,
        )
        choices = Choices(
            market_name="simulated exchange",
            is_frame_time=True,
            start_ms=address.now_ms,
            is_lockstep=speed == 0.0,
        )
        store, clock = await open_store(settings), clock_of(choices)
        try:
            yield build(settings, choices, store=store, logs=Tail(times=clock), clock=clock)
        finally:
            await store.close()


async def first_frame(wired: Wired, is_wanted: Callable[[Frame], bool]) -> Frame:
    async with asyncio.timeout(20):
        async for frame in wired.view.frames(10.0):
            if is_wanted(frame):
                return frame
    raise AssertionError("the view ended before")


def tell(folder: Path, story: Callable[[Wired], Awaitable[None]]) -> None:
    async def play() -> None:
        async with a_wired(folder) as wired:
            await wired.start()
            try:
                await story(wired)
            finally:
                await wired.stop()

    asyncio.run(play())


def test_the_rulebook_knows_the_rules_it_was_told_last() -> None:
    rulebook = Rulebook()
    assert rulebook.find("BTCUSDT") is None
    rule = an_instrument(symbol="BTCUSDT")
    rulebook.update(
        [
            EntriesPaused(at_ms=1, is_paused=True),
            InstrumentsLoaded(at_ms=2, instruments=(rule,)),
        ]
    )
    assert rulebook.find("BTCUSDT") == rule
    rulebook.update([InstrumentsLoaded(at_ms=3, instruments=())])
    assert rulebook.find("BTCUSDT") is None


def test_frames_are_the_clock_of_a_simulated_exchange_alone() -> None:
    frames = clock_of(Choices(market_name="simulated", is_frame_time=True, start_ms=1_000))
    assert isinstance(frames, FrameClock)
    assert frames.now_ms() == 1_000
    assert isinstance(clock_of(Choices(market_name="Binance")), SystemClock)


def test_a_folder_that_is_a_file_has_no_store(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        asyncio.run(open_store(settings_in(tmp_path / "taken")))


def test_a_wired_engine_trades_what_its_trader_says(tmp_path: Path) -> None:
    async def story(wired: Wired) -> None:
        answer = await wired.control.ask(AddTrader(BUSY))
        assert answer.is_ok, answer.text
        frame = await first_frame(wired, lambda frame: frame.status.positions_closed > 0)
        assert frame.status.market == "simulated exchange"
        assert frame.status.mode == "PAPER"
        assert frame.status.signals >= frame.status.positions_opened >= 1
        assert frame.status.errors == 0
        candles = await wired.control.ask(ReadCandles("BTCUSDT", "1m", 5))
        assert len(candles.candles) == 5

    tell(tmp_path, story)


def test_what_was_paused_is_paused_after_the_next_start(tmp_path: Path) -> None:
    async def first(wired: Wired) -> None:
        await wired.control.ask(AddTrader(BUSY))
        await wired.control.ask(PauseEntries(is_paused=True))

    async def second(wired: Wired) -> None:
        frame = await first_frame(wired, lambda frame: bool(frame.traders))
        assert frame.status.is_paused
        assert [row.name for row in frame.traders] == ["Busy"]
        assert Decimal(frame.status.cash) > 0

    tell(tmp_path, first)
    tell(tmp_path, second)


def test_the_view_ends_when_the_engine_does(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_wired(tmp_path) as wired:
            await wired.start()
            frames = wired.view.frames(10.0)
            await anext(frames)
            await wired.stop()
            async with asyncio.timeout(10):
                async for _ in frames:
                    pass

    asyncio.run(play())


def test_an_engine_that_could_not_start_can_still_be_ended(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_wired(tmp_path):
            pass  # the exchange is found, and gone again
        settings = msgspec.structs.replace(
            settings_in(tmp_path), market_rest_url="http://127.0.0.1:9"
        )
        store = await open_store(settings)
        choices = Choices(market_name="Binance")
        clock = clock_of(choices)
        wired = build(settings, choices, store=store, logs=Tail(times=clock), clock=clock)
        try:
            with pytest.raises(ConfigError):
                await wired.start()
        finally:
            await wired.stop()
            await store.close()

    asyncio.run(play())


def test_with_a_key_there_are_two_accounts_and_the_live_one_has_what_the_exchange_says(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with running(ExchangeOptions(symbols=3, seed=5, speed=1.0)) as address:
            settings = msgspec.structs.replace(
                settings_in(tmp_path),
                market_rest_url=address.exchange,
                market_stream_url=address.stream,
                paper_trading=False,
                market="simulator",
                order_rest_url=address.exchange,
                binance_api_key="demo",
                binance_secret_key="demo",
                lock_folder=tmp_path / "locks",
            )
            store, clock = await open_store(settings), SystemClock()
            choices = Choices(market_name="simulated exchange")
            wired = build(settings, choices, store=store, logs=Tail(times=clock), clock=clock)
            await wired.start()
            await wired.settled()
            accounts = wired.view.status().accounts
            await wired.stop()
            await store.close()
            assert [(row.account, row.cash) for row in accounts] == [
                ("paper", "10000.00"),
                ("live", "10000.00"),
            ]

    asyncio.run(story())


def test_a_live_account_that_lacks_a_key_is_not_built(tmp_path: Path) -> None:
    async def story() -> None:
        settings = msgspec.structs.replace(settings_in(tmp_path), paper_trading=False)
        store, clock = await open_store(settings), SystemClock()
        choices = Choices(market_name="Binance")
        with pytest.raises(ConfigError, match="which takes no orders"):
            build(settings, choices, store=store, logs=Tail(times=clock), clock=clock)
        await store.close()

    asyncio.run(story())
