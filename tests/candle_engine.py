"""A running engine whose paper venue takes whole candles, for comparison with a backtest.

Everything is what a demo on the simulated exchange in lockstep runs with, but for three parts. The
venue and the bands are shown a candle's open, and the whole of it at its end, built from the prices
that the frames bring. The disk is a list. And timers that fall due at an instant go off when the
engine has settled at it: a backtest lets a candle's fills and the close come first too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.memory_store import MemoryStore

from aitrader.backtest.bands import CandleBands
from aitrader.backtest.job import Terms
from aitrader.backtest.record import Recorder
from aitrader.engine.clock import Alarm, FrameClock
from aitrader.engine.dispatch import Dispatch, edge_handlers, on
from aitrader.engine.dump import Dumps
from aitrader.engine.engine import Engine
from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.journal import Journal
from aitrader.engine.recover import recover
from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings, FeedTime
from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.exchange.simulated.fills import PriceRange
from aitrader.exchange.simulated.options import Address
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.market.series import SeriesTable
from aitrader.market.universe import UniverseStage
from aitrader.model.account import PAPER
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.commands import ArmBand, DisarmBand
from aitrader.model.events import Event, InstrumentsLoaded, TraderSaved
from aitrader.model.instrument import Instrument
from aitrader.model.money import decimal_from_float
from aitrader.model.trader import Trader
from aitrader.positions.stage import PositionStage
from aitrader.screening.stage import ScreeningStage
from aitrader.signals.stage import SignalStage


class StepClock:
    """The frames' time; alarms wait until `release`."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms
        self._alarms = FrameClock(start_ms)

    def now_ms(self) -> int:
        return self._now_ms

    def advance_to(self, at_ms: int) -> None:
        self._now_ms = max(self._now_ms, at_ms)

    def call_at(self, at_ms: int, call: Callable[[], None]) -> Alarm:
        return self._alarms.call_at(at_ms, call)

    def release(self) -> None:
        self._alarms.advance_to(self._now_ms)


class StepPacer:
    """Settles, lets the timers of the instant go off, and settles again."""

    engine: Engine

    def __init__(self, clock: StepClock) -> None:
        self._clock = clock

    async def settled(self) -> None:
        await self.engine.settled()
        self._clock.release()
        await self.engine.settled()


class CandlePrices:
    """A listener that makes candles of the prices and shows them to venue and bands."""

    def __init__(self, venue: PaperVenue, bands: CandleBands, interval: str) -> None:
        self._venue, self._bands = venue, bands
        self._step_ms = INTERVAL_MS[interval]
        self._prices: dict[str, tuple[int, list[float]]] = {}
        self._over: dict[str, int] = {}

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        open_ms = (at_ms - 1) // self._step_ms * self._step_ms
        if self._over.get(symbol, -1) >= open_ms:
            return  # a second stream shows the last price of the candle again
        known_ms, prices = self._prices.get(symbol, (-1, []))
        if known_ms != open_ms:
            prices = []
            self._prices[symbol] = (open_ms, prices)
            if at_ms < open_ms + self._step_ms:
                self._venue.on_price(symbol, price, open_ms)
        prices.append(price)
        if at_ms == open_ms + self._step_ms:
            self._over[symbol] = open_ms
            opened, high, low, close = (
                decimal_from_float(row) for row in (prices[0], max(prices), min(prices), prices[-1])
            )
            candle = PriceRange(opened, high, low, close)
            self._venue.on_candle(symbol, candle, at_ms)
            self._bands.on_candle(symbol, candle, at_ms)


class Rules:
    """An observer that knows the newest rules and records what happens."""

    def __init__(self) -> None:
        self.record = Recorder()
        self.instruments: dict[str, Instrument] = {}

    def find(self, symbol: str) -> Instrument | None:
        return self.instruments.get(symbol)

    def update(self, facts: Sequence[Event]) -> None:
        for fact in facts:
            self.record.observe(fact)
            if isinstance(fact, InstrumentsLoaded):
                self.instruments = {row.symbol: row for row in fact.instruments}


async def play(
    address: Address,
    traders: Sequence[Trader],
    *,
    interval: str,
    terms: Terms,
    folder: Path,
) -> Recorder:
    """Run these traders on an exchange in lockstep until its replay ends."""
    health, clock = Health(), StepClock(address.now_ms)
    inbox, supervisor = BoundedInbox(health), Supervisor(health)
    series, rules, pacer = SeriesTable(), Rules(), StepPacer(clock)
    ended = asyncio.Event()
    market = BinanceMarket(
        inbox,
        clock,
        tasks=supervisor,
        series=series,
        settings=FeedSettings(rest_url=address.exchange, stream_url=address.stream),
        time=FeedTime(sink=clock, pacer=pacer, on_end=ended.set),
    )
    paper = PaperSettings(
        start_cash=terms.start_cash, fee_bps=terms.fee_bps, slippage_bps=terms.slippage_bps
    )
    venue = PaperVenue(inbox, clock, find_instrument=rules.find, settings=paper)
    bands = CandleBands(inbox, venue.rest_of)
    market.listen(CandlePrices(venue, bands, interval))
    screener = Screener(inbox, supervisor, clock=clock)
    handlers = edge_handlers(
        market, {PAPER: venue}, timers=ClockTimers(inbox, clock), screener=screener
    ) | dict((on(ArmBand, bands.arm), on(DisarmBand, bands.disarm)))
    execution = ExecutionSettings(
        start_cash=terms.start_cash,
        fee_bps=terms.fee_bps,
        max_open_positions=terms.max_open_positions,
        brakes=terms.brakes,
    )
    engine = Engine(
        inbox,
        (
            UniverseStage(max_symbols=100),
            ScreeningStage(series, series),
            SignalStage(),
            ExecutionStage(execution, market),
            PositionStage(market),
        ),
        journal=Journal(MemoryStore(), health),
        dispatch=Dispatch(handlers, supervisor, inbox=inbox, clock=clock),
        observers=(rules,),
        dumps=Dumps(folder / "dumps", health),
    )
    pacer.engine = engine
    await recover(MemoryStore(), {PAPER: venue}, market=market, inbox=inbox, clock=clock)
    for trader in traders:
        inbox.post(TraderSaved(at_ms=clock.now_ms(), trader=trader))
    supervisor.spawn("engine", engine.run())
    await ended.wait()
    await engine.settled()
    await market.close()
    engine.stop()
    screener.close()
    await supervisor.close()
    assert not (folder / "dumps").exists(), "a stage met something impossible"
    return rules.record
