"""What moves the exchange's time: the wall clock times a speed, or the client's acknowledgements.

Paced. Every tenth of a second (or second of exchange time, if that is longer) the tape goes on to
where the clock stands and one burst is sent: each symbol's last state, before it the instants at
which it turned at its high or low, and every candle close. A host too slow for the speed asked for
does not fall behind for ever: past `MAX_LAG_S` of wall time the clock is set back to the tape.

Lockstep. The exchange is the clock: after all frames of an instant every listener is told
`simulatedClock` and nothing moves until each of them has acknowledged it. Without listeners time
stands still. Whoever comes later must first acknowledge the instant it finds.
"""

from __future__ import annotations

import asyncio

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.source import Listing
from aitrader.exchange.simulated.streams import Hub
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.candle import INTERVAL_MS

BURST_S = 0.1
MAX_LAG_S = 5.0
KLINE_EVERY_MS = 2000
"""Binance sends a forming candle every two seconds; sparser bursts send it every time."""


class Plan:
    """Which streams are wanted, sorted by what has to be computed for them."""

    def __init__(self, hub: Hub, listings: tuple[Listing, ...], base_interval: str) -> None:
        self.version = hub.version
        ranks = {each.symbol.lower(): rank for rank, each in enumerate(listings)}
        self.tickers: dict[int, str] = {}
        self.mini_tickers: dict[int, str] = {}
        self.klines: dict[str, dict[int, str]] = {}
        for name in hub.wanted:
            symbol, _, kind = name.partition("@")
            rank = ranks.get(symbol)
            interval = kind.removeprefix("kline_")
            if rank is None:
                continue
            if kind == "ticker":
                self.tickers[rank] = name
            elif kind == "miniTicker":
                self.mini_tickers[rank] = name
            elif interval != kind and interval in INTERVAL_MS:
                self.klines.setdefault(interval, {})[rank] = name
        base_ms = INTERVAL_MS[base_interval]
        self.klines = {
            name: ranks for name, ranks in self.klines.items() if not INTERVAL_MS[name] % base_ms
        }


class Broadcaster:
    """Turns what the tape has passed into frames for the hub and prices for the venue."""

    def __init__(self, tape: Tape, hub: Hub, venue: Venue) -> None:
        self._tape = tape
        self._hub = hub
        self._venue = venue
        self._listings = tape.source.listings
        self._plan = Plan(hub, self._listings, tape.source.interval)

    def send(self, columns: range) -> None:
        """Send the columns just passed, the last of which is where the tape stands."""
        if not columns:
            return
        if self._plan.version != self._hub.version:
            self._plan = Plan(self._hub, self._listings, self._tape.source.interval)
        for column in columns:
            self._tell_venue(column)
        self._send_turns(columns)
        at_ms = self._tape.at_ms
        self._send_tickers(at_ms)
        is_sparse = len(columns) > 1 or self._tape.path.turns is None
        if is_sparse or at_ms % KLINE_EVERY_MS == 0 or self._tape.is_candle_over:
            for interval, ranks in self._plan.klines.items():
                self._send_klines(at_ms, interval, ranks)
        self._hub.flush()

    def _tell_venue(self, column: int) -> None:
        ranks = self._venue.watched()
        if not ranks:
            return
        at_ms = self._tape.open_ms + self._tape.path.offsets_ms[column]
        prices = self._tape.prices(column)
        for rank in ranks:
            self._venue.on_price(rank, float(prices[rank]), at_ms)

    def _send_turns(self, columns: range) -> None:
        """Send tickers of the symbols that turned before the last of these columns."""
        turns = self._tape.path.turns
        passed = columns[:-1]
        if turns is None or not passed or not self._plan.tickers:
            return
        due = sorted(
            (column, rank)
            for rank in self._plan.tickers
            for column in turns[rank]
            if column in passed
        )
        if not due:
            return
        days, path = self._tape.day(), self._tape.path
        for column, rank in due:
            day = days[rank].tolist()
            day[3] = float(path.prices[rank, column])
            at_ms = self._tape.open_ms + path.offsets_ms[column]
            payload = frames.ticker(self._listings[rank], at_ms, day)
            self._hub.publish(self._plan.tickers[rank], payload)

    def _send_tickers(self, at_ms: int) -> None:
        plan = self._plan
        if not plan.tickers and not plan.mini_tickers:
            return
        days = self._tape.day().tolist()
        for rank, name in plan.tickers.items():
            self._hub.publish(name, frames.ticker(self._listings[rank], at_ms, days[rank]))
        for rank, name in plan.mini_tickers.items():
            self._hub.publish(name, frames.mini_ticker(self._listings[rank], at_ms, days[rank]))

    def _send_klines(self, at_ms: int, interval: str, ranks: dict[int, str]) -> None:
        open_ms, candles = self._tape.candles(interval)
        span = (open_ms, open_ms + INTERVAL_MS[interval])
        rows, is_final = candles.tolist(), at_ms >= span[1]
        for rank, name in ranks.items():
            payload = frames.kline(
                self._listings[rank], at_ms, rows[rank], interval=interval, span=span
            )
            self._hub.publish(name, payload, is_final=is_final)


class PacedClock:
    """Exchange time that runs `speed` times as fast as the loop's clock."""

    def __init__(self, start_ms: int, speed: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._speed = speed
        self.set_to(start_ms)

    def now_ms(self) -> int:
        """Return the exchange's time."""
        return self._start_ms + int((self._loop.time() - self._since_s) * 1000 * self._speed)

    def set_to(self, at_ms: int) -> None:
        """Go on from this instant."""
        self._start_ms, self._since_s = at_ms, self._loop.time()


async def run_paced(
    tape: Tape, broadcaster: Broadcaster, *, clock: PacedClock, speed: float
) -> None:
    """Keep the tape at the clock until the source is over."""
    period_s = max(1.0 / speed, BURST_S)
    while not tape.is_over:
        now_ms = clock.now_ms()
        if now_ms - tape.at_ms > MAX_LAG_S * 1000 * speed + 2 * tape.base_ms:
            clock.set_to(tape.at_ms)
            continue
        await catch_up(tape, broadcaster, now_ms)
        await asyncio.sleep(period_s)


async def catch_up(tape: Tape, broadcaster: Broadcaster, now_ms: int) -> None:
    """Send everything up to `now_ms`, candle by candle, giving way between them."""
    while not tape.is_over:
        if tape.is_candle_over:
            tape.enter_next()
        if tape.next_ms > now_ms:
            return
        broadcaster.send(tape.step_to(now_ms))
        await asyncio.sleep(0)


async def run_lockstep(tape: Tape, broadcaster: Broadcaster, hub: Hub) -> None:
    """Move one step each time every listener has acknowledged the last one."""
    await settled(hub, tape.at_ms)
    while not tape.is_over:
        if tape.is_candle_over:
            tape.enter_next()
        next_ms = tape.next_ms
        broadcaster.send(tape.step_to(next_ms))
        await settled(hub, next_ms)


async def settled(hub: Hub, at_ms: int) -> None:
    """Tell every listener that the exchange stands at `at_ms`; return once all acknowledged."""
    while True:
        hub.changed.clear()
        listeners = hub.listeners()
        if listeners and all(each.acked_ms >= at_ms for each in listeners):
            return
        for connection in listeners:
            if connection.told_ms < at_ms:
                connection.told_ms = at_ms
                hub.tell(connection, "!simulatedClock", frames.clock(at_ms))
        await hub.changed.wait()
