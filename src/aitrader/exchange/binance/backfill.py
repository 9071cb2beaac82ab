"""The past of a stream by REST: back-fill before it counts, and rows that the stream lost.

A few workers take streams from a queue, so that a start with hundreds of streams is bounded by the
exchange's weight and not by our memory. What the exchange cannot give now is asked for again later.
The exchange's own time, asked for after the stream was subscribed, says which rows have closed:
what closes after that instant is brought by the stream.

The server that gives a row may lag behind the one that tells the time, and give a candle as it was
before its last trades. So a row that REST gave within seconds of its end is unsure: a closing frame
is the last word on it, and where none comes REST is asked once more, a while later.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from aitrader.exchange.binance.candles import CandleStream, CandleTable
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.market.gaps import Key
from aitrader.market.series import SeriesTable
from aitrader.model.candle import INTERVAL_MS, open_of
from aitrader.model.errors import Refused, Transient
from aitrader.model.ports import Tasks

_log = logging.getLogger(__name__)

CHECK_S = 10.0
"""How long after REST gave an unsure row it is asked again."""

_UNSURE_MS = 5_000
"""A row that ended so recently may be unsure."""

_NOTHING_MS = -1

_MISSING_S = 5.0
"""A close waits no longer than this for rows that the stream did not bring."""


class Backfill:
    """Fills series by REST, at most `workers` requests at once."""

    def __init__(
        self,
        rest: BinanceRest,
        series: SeriesTable,
        *,
        tasks: Tasks,
        workers: int,
        again_s: float,
        check_s: float = CHECK_S,
    ) -> None:
        """What failed is asked for again after `again_s`, what is unsure after `check_s`."""
        self._rest = rest
        self._series = series
        self._tasks = tasks
        self._workers = workers
        self._again_s = again_s
        self._check_s = check_s
        self._unsure: list[tuple[CandleStream, int]] = []
        self._queue: deque[CandleStream] = deque()
        self._queued: set[CandleStream] = set()
        self._busy = 0
        self._started = 0
        self._asked = 0
        self._exchange_ms: int | None = None
        """The exchange's time after the newest `ask`, None until somebody needs it."""
        self._is_closed = False
        self._table: CandleTable | None = None
        self._on_done: Callable[[], None] = lambda: None

    def join(self, table: CandleTable, on_done: Callable[[], None]) -> None:
        """Give rows to `table` from now on and call `on_done` after each piece of work."""
        self._table = table
        self._on_done = on_done

    @property
    def is_idle(self) -> bool:
        """True when nothing is asked for."""
        return not self._busy and not self._queue

    def ask(self, stream: CandleStream) -> None:
        """Fill what this stream lacks of its bars, soon."""
        self._asked += 1
        self._exchange_ms = None
        if stream not in self._queued:
            self._queued.add(stream)
            self._queue.append(stream)
        if self._busy < self._workers:
            self._busy += 1
            self._started += 1
            self._tasks.spawn(f"candle history {self._started}", self._work())

    def ask_missing(self, at_ms: int, keys: tuple[Key, ...]) -> None:
        """Fetch the rows of one instant that the stream did not bring."""
        self._busy += 1
        self._tasks.spawn(f"missing candles {at_ms}", self._fetch_missing(at_ms, keys))

    def close(self) -> None:
        """Begin nothing new."""
        self._is_closed = True
        self._queue.clear()
        self._unsure.clear()

    async def _work(self) -> None:
        try:
            while self._queue and not self._is_closed:
                stream = self._queue.popleft()
                self._queued.discard(stream)
                await self._fill_or_later(stream)
                self._on_done()
        finally:
            self._busy -= 1
            self._on_done()

    async def _fill_or_later(self, stream: CandleStream) -> None:
        try:
            await self._fill(stream)
        except Refused as refused:
            _log.warning("%s %s has no history: %s", stream.symbol, stream.interval, refused)
        except Transient as transient:
            if self._is_closed:
                return
            _log.warning("the history of %s waits: %s", stream.symbol, transient)
            await asyncio.sleep(max(self._again_s, transient.retry_after_s or 0.0))
            self._exchange_ms = None
            if stream not in self._queued:
                self._queued.add(stream)
                self._queue.append(stream)

    async def _fill(self, stream: CandleStream) -> None:
        """Fetch until nothing is missing that the exchange has; then the stream may be ready.

        A closing frame that is lost while REST answers leaves a hole of which nobody else would
        know: a stream that is not ready does not look for holes.
        """
        table = self._table
        assert table is not None
        epoch, asked = stream.epoch, (_NOTHING_MS, _NOTHING_MS)
        while True:
            now_ms = await self._fetch_now()
            closed_by_ms = open_of(now_ms, stream.interval)
            gap_ms = self._series.first_gap_ms(
                stream.symbol,
                stream.interval,
                closed_ms=max(closed_by_ms, stream.closed_ms),
                bars=stream.bars,
            )
            if gap_ms is None or asked == (gap_ms, closed_by_ms):
                break
            asked = gap_ms, closed_by_ms
            await self._fetch_gap(stream, gap_ms, now_ms)
        if stream.is_subscribed and stream.epoch == epoch:
            table.make_ready(stream, closed_by_ms)

    async def _fetch_gap(self, stream: CandleStream, gap_ms: int, now_ms: int) -> None:
        """Fill what is missing from `gap_ms` on; the time may be asked for anew after it."""
        table = self._table
        assert table is not None
        closed_by_ms = open_of(now_ms, stream.interval)
        rows = await self._rest.fetch_rows(
            stream.symbol, stream.interval, start_ms=gap_ms, closed_by_ms=closed_by_ms
        )
        table.fill(stream, rows)
        if rows and now_ms - closed_by_ms < _UNSURE_MS:
            self._doubt(stream, rows[-1][0] + stream.step)
        if stream.closed_ms > closed_by_ms:
            self._exchange_ms = None

    async def _fetch_now(self) -> int:
        """Return the exchange's time; one answer serves all streams asked for before it."""
        if self._exchange_ms is not None:
            return self._exchange_ms
        asked = self._asked
        now_ms = await self._rest.fetch_time()
        if asked == self._asked:
            self._exchange_ms = now_ms
        return now_ms

    async def _fetch_missing(self, at_ms: int, keys: tuple[Key, ...]) -> None:
        table = self._table
        assert table is not None
        try:
            async with asyncio.timeout(_MISSING_S):
                if await self._rest.fetch_time() >= at_ms:
                    await self._bring(table, at_ms, keys)
        except (Transient, Refused, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            _log.warning("candles that closed at %d are missed: %s", at_ms, reason)
        finally:
            self._busy -= 1
            table.answered(at_ms)
            self._on_done()

    async def _bring(self, table: CandleTable, at_ms: int, keys: tuple[Key, ...]) -> None:
        for symbol, interval in keys:
            rows = await self._rest.fetch_rows(
                symbol, interval, start_ms=at_ms - INTERVAL_MS[interval], closed_by_ms=at_ms
            )
            stream = table.bring(at_ms, (symbol, interval), rows)
            if stream is not None:
                self._doubt(stream, at_ms)

    # -- rows that may not be final

    def _doubt(self, stream: CandleStream, closed_ms: int) -> None:
        """Ask again later for the row that ended at `closed_ms`, unless a frame confirms it."""
        stream.unsure.add(closed_ms)
        self._unsure.append((stream, closed_ms))
        if len(self._unsure) == 1:
            self._tasks.spawn("unsure candles", self._check())

    async def _check(self) -> None:
        """Ask for the unsure rows, the oldest first, until none is left."""
        while self._unsure and not self._is_closed:
            await asyncio.sleep(self._check_s)
            for stream, closed_ms in list(self._unsure):
                if closed_ms in stream.unsure:
                    await self._check_row(stream, closed_ms)
                if self._unsure:
                    self._unsure.pop(0)

    async def _check_row(self, stream: CandleStream, closed_ms: int) -> None:
        table = self._table
        assert table is not None
        try:
            rows = await self._rest.fetch_rows(
                stream.symbol,
                stream.interval,
                start_ms=closed_ms - stream.step,
                closed_by_ms=closed_ms,
            )
        except (Transient, Refused) as error:
            _log.warning("a row of %s stays unsure: %s", stream.symbol, error)
            return
        for open_ms, row in rows:
            table.correct(stream, open_ms, row)
