"""What the streams bring, and what follows from it at once.

Frames arrive on the loop's callbacks, are decoded there and change tickers, bands and series on the
spot; what the engine must know is posted as an event. Nothing here waits and nothing is queued. A
stream first is subscribed, then back-filled by REST, and only then counts: candles close for ready
streams alone. After anything that may have lost frames, the streams concerned go through the same.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.candles import CandleTable
from aitrader.exchange.binance.lockstep import Lockstep, Pacer
from aitrader.exchange.binance.tickers import PriceBoard
from aitrader.market.series import SeriesTable
from aitrader.model.events import FeedChanged
from aitrader.model.ports import Clock, Inbox

_log = logging.getLogger(__name__)

_Ticker, _Kline, _Trade = wire.TickerFrame, wire.KlineFrame, wire.TradeFrame

_FUTURE_MS = 60_000
"""A frame stamped later than our clock by more than this is not believed."""


class TimeSink(Protocol):
    """A clock that the frames drive."""

    def advance_to(self, at_ms: int) -> None:
        """Move on; an earlier instant is nothing."""
        ...


class FeedTime(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes and who gives the time.

    `sink`: is driven by the frames (simulated exchanges). `pacer`: lockstep, with a sink only.
    `correct`: told what time it is where our clock is off (real exchanges).
    `on_end`: called when a simulated exchange has nothing more to show.
    """

    sink: TimeSink | None = None
    pacer: Pacer | None = None
    correct: Callable[[int], None] | None = None
    on_end: Callable[[], None] | None = None


class Intake:
    """The `StreamUser` of all connections."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        series: SeriesTable,
        backfill: Backfill,
        time: FeedTime,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._backfill = backfill
        self._time = time
        self._is_up: bool | None = None
        self._is_stale = False
        self.dropped: Counter[str] = Counter()
        """Frames that changed nothing, by reason."""
        self.messages = 0
        """Data frames since the start."""
        self.now_ms = 0
        """The exchange's time, as the frames or the pulse last told it."""
        self.board = PriceBoard(inbox, self.dropped)
        self.candles = CandleTable(
            inbox,
            series,
            self.board,
            self.dropped,
            on_missing=backfill.ask_missing,
            on_hole=backfill.ask,
        )
        self.is_pool_up: Callable[[], bool] = bool
        """Tells whether every connection is up; set by who joins the two."""
        self.on_up: Callable[[], object] = bool
        """Called when a connection was opened; set by who joins the parts."""
        self.lockstep: Lockstep | None = None
        self.is_closed = False

    # -- StreamUser

    def on_data(self, stream: str, data: wire.Data) -> None:
        """Take in one frame."""
        self.messages += 1
        at_ms = data.at_ms
        if at_ms > self.now_ms and not self._advance(at_ms):
            self.dropped["from the future"] += 1
            return
        kind = type(data)
        if kind is _Ticker:
            self.board.on_ticker(data)  # type: ignore[arg-type]
        elif kind is _Kline:
            self.candles.on_kline(stream, data, self.now_ms)  # type: ignore[arg-type]
        elif kind is _Trade:
            self.board.on_trade(data.symbol, data.price, at_ms)  # type: ignore[union-attr]
        elif kind is wire.SimulatedClockFrame and self.lockstep is not None:
            self.lockstep.on_instant(at_ms)
        elif kind is wire.SimulatedEndFrame and self._time.on_end is not None:
            self._time.on_end()
        else:
            self.dropped["not asked for"] += 1

    def on_unfit(self, reason: str) -> None:
        """Count a message that did not fit."""
        self.dropped["unfit"] += 1
        _log.debug("a message was dropped: %s", reason)

    def on_subscribed(self, names: frozenset[str]) -> None:
        """Fill the history of candle streams from which everything arrives now."""
        for name in sorted(names):
            stream = self.candles.find(name)
            if stream is not None:
                stream.is_subscribed = True
                self._backfill.ask(stream)
        self.stir()

    def on_lost(self, names: frozenset[str], reason: str) -> None:
        """Streams may have a gap from now on."""
        self.candles.lose(names)
        self.candles.settle(self.now_ms)

    def on_link(self, reason: str) -> None:
        """Say that the feed went up or down, once per change."""
        is_up = self.is_pool_up()
        if is_up:
            self.on_up()
        is_up = is_up and not self._is_stale
        if is_up != self._is_up and not self.is_closed:
            self._is_up = is_up
            at_ms = self._clock.now_ms()
            self._inbox.post(FeedChanged(at_ms=at_ms, is_up=is_up, reason=reason))
        self.stir()

    @property
    def has_own_time(self) -> bool:
        """True where the exchange is simulated: what it says drives our clock."""
        return self._time.sink is not None

    # -- when the stream fails

    @property
    def is_down(self) -> bool:
        """True while nothing can be expected of the stream."""
        return self._is_stale or not self.is_pool_up()

    def note_silence(self, reason: str) -> None:
        """Hold the feed for down from now on, though every connection is up; "" ends it."""
        if self._is_stale != bool(reason):
            self._is_stale = bool(reason)
            self.on_link(reason or "data comes again")

    def take_prices(self, prices: Iterable[tuple[str, float]], at_ms: int) -> None:
        """Take in prices that REST told at `at_ms`, in the place of the stream's."""
        if at_ms > self.now_ms and not self._advance(at_ms):
            return
        for symbol, price in prices:
            self.board.on_trade(symbol, price, at_ms)

    # -- time

    def _advance(self, at_ms: int) -> bool:
        """Let a frame's time pass; False when it is not believed."""
        if self._time.sink is None:
            return at_ms <= self.now_ms + _FUTURE_MS
        self._time.sink.advance_to(at_ms)
        self.pass_time(at_ms)
        return True

    def pass_time(self, now_ms: int) -> None:
        """It is `now_ms`: settle the closings that are due."""
        self.now_ms = now_ms
        self.candles.settle(now_ms)

    def on_work_done(self) -> None:
        """Some request by REST was answered."""
        self.candles.settle(self.now_ms)
        self.stir()

    def stir(self) -> None:
        """Something that lockstep waits for may have changed."""
        if self.lockstep is not None:
            self.lockstep.stir()
