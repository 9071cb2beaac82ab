"""What moves the exchange's time: the wall clock times a speed, or the client's acknowledgements.

Paced. Every tenth of a second, or when the next second of exchange time is due, the tape goes on to
where the clock stands and one burst is sent: each symbol's last state, before it the instants at
which it turned at its high or low, and every candle close. A host too slow for the speed asked for
does not fall behind for ever: past `MAX_LAG_S` of wall time the clock is set back to the tape.

Lockstep. The exchange is the clock: after all frames of an instant every listener is told
`simulatedClock` and nothing moves until each of them has acknowledged it. Without listeners time
stands still. Whoever comes later must first acknowledge the instant it finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from aitrader.exchange.simulated import book, frames
from aitrader.exchange.simulated.source import Listing
from aitrader.exchange.simulated.streams import Hub
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.candle import INTERVAL_MS

Wanted = TypeVar("Wanted")
BURST_S = 0.1
MAX_LAG_S = 5.0
PRICE_KINDS = ("bookTicker", "trade", "aggTrade")
"""Streams that show a symbol's prices one by one."""
DEPTH_KINDS = ("depth", "depth5", "depth10", "depth20")
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
        self.prices: dict[int, list[tuple[str, str]]] = {}
        self.depths: dict[int, list[tuple[str, str]]] = {}
        self.all_mini = frozenset({"!miniTicker@arr"}).intersection(hub.wanted)
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
            elif kind in PRICE_KINDS:
                self.prices.setdefault(rank, []).append((kind, name))
            elif kind.partition("@")[0] in DEPTH_KINDS:
                self.depths.setdefault(rank, []).append((kind.partition("@")[0], name))
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
        self._send_prices(columns)
        at_ms = self._tape.at_ms
        self._send_tickers(at_ms)
        self._send_depths(at_ms)
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
            for rank, _ in self._listed(self._plan.tickers)
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

    def _send_prices(self, columns: range) -> None:
        """Send book tickers and trades of every column passed."""
        for rank, kinds in self._listed(self._plan.prices):
            for column in columns:
                at_ms = self._tape.open_ms + self._tape.path.offsets_ms[column]
                price = float(self._tape.prices(column)[rank])
                for kind, name in kinds:
                    self._hub.publish(name, self._price_frame(kind, rank, at_ms, price))

    def _price_frame(self, kind: str, rank: int, at_ms: int, price: float) -> str:
        listing = self._listings[rank]
        if kind == "bookTicker":
            return frames.book_ticker(listing, at_ms, price)
        return frames.trade(listing, at_ms, price, is_aggregate=kind == "aggTrade")

    def _send_depths(self, at_ms: int) -> None:
        """Send the book: whole levels on `depth5` and the like, all of them as a change else."""
        for rank, kinds in self._listed(self._plan.depths):
            listing = self._listings[rank]
            bids, asks = book.shown(
                self._venue.last(listing.symbol),
                instrument=listing.instrument,
                depth=self._venue.settings.depth,
                limit=book.LEVELS,
            )
            for kind, name in kinds:
                count = int(kind.removeprefix("depth") or book.LEVELS)
                sides = (bids[:count], asks[:count])
                is_change = kind == "depth"
                payload = frames.depth(listing.symbol, at_ms, sides, is_change=is_change)
                self._hub.publish(name, payload)

    def _listed(self, wanted: Mapping[int, Wanted]) -> list[tuple[int, Wanted]]:
        """Return what is wanted of symbols that trade."""
        if not wanted:
            return []
        halted = self._venue.halted()
        return [
            (rank, found)
            for rank, found in wanted.items()
            if self._listings[rank].symbol not in halted
        ]

    def _send_tickers(self, at_ms: int) -> None:
        plan = self._plan
        if not plan.tickers and not plan.mini_tickers and not plan.all_mini:
            return
        days = self._tape.day().tolist()
        for name in plan.all_mini:
            listed = zip(self._listings, days, strict=True)
            rows = ",".join(frames.mini_ticker(each, at_ms, day) for each, day in listed)
            self._hub.publish(name, f"[{rows}]")
        for rank, name in self._listed(plan.tickers):
            self._hub.publish(name, frames.ticker(self._listings[rank], at_ms, days[rank]))
        for rank, name in self._listed(plan.mini_tickers):
            self._hub.publish(name, frames.mini_ticker(self._listings[rank], at_ms, days[rank]))

    def _send_klines(self, at_ms: int, interval: str, ranks: dict[int, str]) -> None:
        open_ms, candles = self._tape.candles(interval)
        span = (open_ms, open_ms + INTERVAL_MS[interval])
        rows, is_final = candles.tolist(), at_ms >= span[1]
        for rank, name in self._listed(ranks):
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
    while not tape.is_over:
        now_ms = clock.now_ms()
        if now_ms - tape.at_ms > MAX_LAG_S * 1000 * speed + 2 * tape.base_ms:
            clock.set_to(tape.at_ms)
            continue
        await catch_up(tape, broadcaster, now_ms)
        due_s = 0.0 if tape.is_candle_over else (tape.next_ms - clock.now_ms()) / 1000 / speed
        await asyncio.sleep(min(max(due_s, BURST_S), 1.0))


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
