"""Candle frames become closed rows in the series, and closed rows become `CandlesClosed`.

Invariants: a row is written only when the exchange said it is closed (`x`) and nothing in it leaps
too far (`market.leaps`), or REST gave it after its end; a closed row is never opened again; a frame
that is late, repeated or out of order changes nothing that a newer one said. A stream is *ready*
from its back-fill until frames of it may be lost; closings wait for ready streams only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.tickers import PriceBoard
from aitrader.market.gaps import CloseAssembler, Key
from aitrader.market.leaps import HIGHEST_RATIO, LOWEST_RATIO
from aitrader.market.series import SeriesTable
from aitrader.model.candle import INTERVAL_MS, WEEK_OFFSET_MS, Row, open_of
from aitrader.model.commands import Stream
from aitrader.model.events import CandlesClosed
from aitrader.model.ports import Inbox

_NEVER_MS = -1


class CandleStream:
    """One symbol's candles of one interval, as the stream shows them.

    `forming` is the newest frame's candle, still open or just closed; it opened at `forming_ms`.
    `doubted` is the frame before, if its wick leapt too far to be believed at once.
    `epoch` grows when frames may have been lost: a back-fill begun before does not count.
    """

    __slots__ = (
        "bars",
        "closed_ms",
        "doubted",
        "epoch",
        "filled_ms",
        "forming",
        "forming_ms",
        "frame_ms",
        "interval",
        "is_ready",
        "is_subscribed",
        "offset",
        "step",
        "symbol",
        "unsure",
    )

    def __init__(self, symbol: str, interval: str, bars: int) -> None:
        self.symbol = symbol
        self.interval = interval
        self.bars = bars
        self.step = INTERVAL_MS[interval]
        self.offset = WEEK_OFFSET_MS if interval == "1w" else 0
        self.frame_ms = 0
        self.forming_ms = _NEVER_MS
        self.forming: wire.Kline | None = None
        self.doubted: wire.Kline | None = None
        self.closed_ms = _NEVER_MS
        """The instant the newest closed row ended."""
        self.filled_ms = _NEVER_MS
        """The instant at which the newest row that REST gave ended, until a frame confirms it."""
        self.unsure: set[int] = set()
        """The instants at which rows ended that REST gave perhaps too early."""
        self.is_subscribed = False
        self.is_ready = False
        self.epoch = 0


def stream_name(symbol: str, interval: str) -> str:
    """Return what the exchange calls this stream."""
    return f"{symbol.lower()}@kline_{interval}"


class CandleTable:
    """All candle streams; the only writer of the series while it runs."""

    def __init__(
        self,
        inbox: Inbox,
        series: SeriesTable,
        board: PriceBoard,
        dropped: Counter[str],
        *,
        on_missing: Callable[[int, tuple[Key, ...]], None],
        on_hole: Callable[[CandleStream], None],
    ) -> None:
        """`on_missing` asks REST for rows of one instant, `on_hole` for all a stream lacks."""
        self._inbox = inbox
        self._series = series
        self._board = board
        self._dropped = dropped
        self._on_missing = on_missing
        self._on_hole = on_hole
        self._closes = CloseAssembler()
        self._streams: dict[str, CandleStream] = {}
        self.closed = 0
        """Rows that closed while we watched, each counted once."""

    @property
    def names(self) -> Iterable[str]:
        """The exchange's names of all streams."""
        return self._streams

    @property
    def due_ms(self) -> int:
        """From this instant on `settle` has something to do."""
        return self._closes.due_ms

    def ready(self) -> int:
        """Return how many streams are ready."""
        return sum(stream.is_ready for stream in self._streams.values())

    def find(self, name: str) -> CandleStream | None:
        """Return the stream that the exchange calls so, None when it is not watched."""
        return self._streams.get(name)

    def follow(self, wanted: Iterable[Stream]) -> list[CandleStream]:
        """Keep exactly these streams; returns those known ones that need older rows now."""
        deeper = []
        streams: dict[str, CandleStream] = {}
        for one in wanted:
            name = stream_name(one.symbol, one.interval)
            stream = streams.get(name) or self._streams.get(name)
            if stream is None:
                stream = CandleStream(one.symbol, one.interval, one.bars)
            elif one.bars > stream.bars:
                stream.bars = one.bars
                deeper.append(stream)
            streams[name] = stream
        for name, stream in self._streams.items():
            if name not in streams:
                self._closes.forget(stream.symbol, stream.interval)
        self._streams = streams
        return deeper

    def lose(self, names: Iterable[str]) -> None:
        """Frames of these streams may be lost from now on."""
        for name in names:
            stream = self._streams.get(name)
            if stream is not None:
                stream.is_subscribed = stream.is_ready = False
                stream.epoch += 1
                self._closes.forget(stream.symbol, stream.interval)

    def fill(self, stream: CandleStream, rows: Sequence[tuple[int, Row]]) -> None:
        """Write closed rows that REST gave, oldest first."""
        if self._series.write_many(stream.symbol, stream.interval, rows):
            stream.filled_ms = rows[-1][0] + stream.step
            stream.closed_ms = max(stream.closed_ms, stream.filled_ms)

    def make_ready(self, stream: CandleStream, closed_by_ms: int) -> None:
        """Let closings wait for a stream that has its rows up to `closed_by_ms`."""
        closed_ms = max(stream.closed_ms, open_of(closed_by_ms, stream.interval))
        stream.is_ready = True
        self._closes.expect(stream.symbol, stream.interval, closed_ms=closed_ms)

    def bring(self, at_ms: int, key: Key, rows: Iterable[tuple[int, Row]]) -> CandleStream | None:
        """Write the row of one instant that the stream did not bring; returns its stream."""
        stream = self._streams.get(stream_name(*key))
        for open_ms, row in rows:
            if stream is not None and open_ms + stream.step == at_ms:
                self._close(stream, open_ms, row)
                stream.filled_ms = at_ms
                return stream
        return None

    def correct(self, stream: CandleStream, open_ms: int, row: Row) -> None:
        """Write what REST says later of a row that it gave, unless a frame has confirmed that."""
        closed_ms = open_ms + stream.step
        name = stream_name(stream.symbol, stream.interval)
        if closed_ms in stream.unsure and self._streams.get(name) is stream:
            self._series.write(stream.symbol, stream.interval, open_ms, row)
        stream.unsure.discard(closed_ms)

    def on_kline(self, name: str, frame: wire.KlineFrame, now_ms: int) -> None:
        """Take in one candle frame; `now_ms` is the exchange's time as far as it is known."""
        stream = self._streams.get(name)
        if stream is None:
            self._dropped["stream not watched"] += 1
            return
        candle = frame.kline
        open_ms = candle.open_ms
        if (
            candle.symbol != stream.symbol
            or not (open_ms == stream.forming_ms or _is_of(stream, candle))
            or not wire.is_sound(candle, frame.at_ms)
        ):
            self._dropped["no sound candle"] += 1
            return
        at_ms = frame.at_ms
        if at_ms > stream.frame_ms and open_ms >= stream.forming_ms:
            board = self._board
            if not board.take(board.tickers[stream.symbol], candle.close, at_ms):
                return
            before = stream.forming
            if (
                before is not None
                and (candle.high > before.high or candle.low < before.low)
                and self._is_sudden(stream, candle, before)
            ):
                return
            stream.frame_ms = at_ms
            stream.forming_ms = open_ms
            stream.forming = candle
        elif not candle.is_closed:
            self._dropped["late or repeated"] += 1
        elif not self._board.is_near(stream.symbol, candle.close, min(at_ms, candle.end_ms)):
            return
        if candle.is_closed:
            self._close(stream, open_ms, candle.row)
            self.settle(max(now_ms, stream.closed_ms))

    def _is_sudden(self, stream: CandleStream, candle: wire.Kline, before: wire.Kline) -> bool:
        """Tell, and count, that a wick grew too far since the frame before, of the same candle.

        It is believed when the next frame repeats it.
        """
        doubted, stream.doubted = stream.doubted, None
        if stream.forming_ms != candle.open_ms or not _has_leapt(candle, before):
            return False
        if doubted is not None and not _has_leapt(candle, doubted):
            return False
        stream.doubted = candle
        self._dropped["absurd jump"] += 1
        return True

    def _close(self, stream: CandleStream, open_ms: int, row: Row) -> None:
        """Write one row that closed now; holes before it are filled by REST.

        A closing frame is the last word on a row that REST gave: the server asked may lag behind
        the exchange's time, and have shown a candle that was still forming.
        """
        closed_ms = open_ms + stream.step
        stream.unsure.discard(closed_ms)
        if closed_ms == stream.closed_ms:
            if closed_ms == stream.filled_ms:
                stream.filled_ms = _NEVER_MS
                self._series.write(stream.symbol, stream.interval, open_ms, row)
            self._dropped["late or repeated"] += 1
            return
        if not self._series.write(stream.symbol, stream.interval, open_ms, row):
            self._dropped["older than the series"] += 1
            return
        if closed_ms < stream.closed_ms:
            return
        has_hole = stream.is_ready and open_ms > stream.closed_ms
        stream.closed_ms = closed_ms
        self.closed += 1
        self._closes.row(stream.symbol, stream.interval, closed_ms)
        if has_hole:
            self._on_hole(stream)

    def settle(self, now_ms: int) -> None:
        """Open, ask for and post the closings that are due at `now_ms`."""
        closes = self._closes
        if now_ms < closes.due_ms:
            return
        closes.advance(now_ms)
        for at_ms, keys in closes.wanted(now_ms):
            self._on_missing(at_ms, keys)
        for closing in closes.complete(now_ms):
            self._inbox.post(
                CandlesClosed(
                    at_ms=closing.at_ms, intervals=closing.intervals, missed=closing.missed
                )
            )

    def answered(self, at_ms: int) -> None:
        """REST has said all it will about an instant."""
        self._closes.answered(at_ms)


def _has_leapt(candle: wire.Kline, before: wire.Kline) -> bool:
    """Tell whether a wick grew beyond what a price may leap between two frames."""
    high, low = max(before.high, candle.close), min(before.low, candle.close)
    return candle.high >= high * HIGHEST_RATIO or candle.low <= low * LOWEST_RATIO


def _is_of(stream: CandleStream, candle: wire.Kline) -> bool:
    """Tell whether a candle is on this stream's grid."""
    open_ms = candle.open_ms
    return (
        candle.interval == stream.interval
        and (open_ms - stream.offset) % stream.step == 0
        and candle.end_ms == open_ms + stream.step - 1
    )
