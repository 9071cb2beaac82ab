"""Which instant's candles are all there: from single closed rows to one `CandlesClosed`.

Theory of operation. A stream that was back-filled is *expected* at each instant its candle ends.
When time passes an instant (`advance`) a closing opens for it and names every expected stream that
has not brought its row. A row takes its stream off. The closing is complete when nobody is
missing; otherwise after `ask_after_ms` what is missing is asked for by REST, and once the grace is
over and REST has answered, the closing is complete with the rest named in `missed`.

Invariants:
- Instants complete in the order of time, each once; a row for an instant that is done is nothing.
- When time leaps over several instants of an interval (a suspended machine), only the newest is
  opened: the older rows are the back-fill's, and nobody wants a signal on an old candle.
- A closing of which not one row came is dropped: there was no feed.
"""

from __future__ import annotations

import msgspec

from aitrader.model.candle import INTERVAL_MS, open_of

Key = tuple[str, str]
"""(symbol, interval)"""

_FAR = 1 << 62


class Closing(msgspec.Struct, frozen=True):
    """An instant whose candles are in the series, save those of `missed` (symbol, interval)."""

    at_ms: int
    intervals: tuple[str, ...]
    missed: tuple[Key, ...]


class _Open(msgspec.Struct):
    """A closing that waits: per interval the symbols that have not brought their row."""

    at_ms: int
    missing: dict[str, set[str]]
    lost: list[Key]
    rows: int = 0
    is_asked: bool = False
    is_answered: bool = False

    @property
    def is_full(self) -> bool:
        """True when nobody is waited for."""
        return not any(self.missing.values())


class CloseAssembler:
    """Collects closed rows into closings. Pure: time is told, never read."""

    def __init__(self, *, ask_after_ms: int = 1_500, grace_ms: int = 3_000) -> None:
        self._ask_after_ms = ask_after_ms
        self._grace_ms = grace_ms
        self._expected: dict[str, set[str]] = {}
        self._opens: dict[int, _Open] = {}
        self._next_ms: dict[str, int] = {}
        self._done_ms = 0
        self.due_ms = _FAR
        """`advance` has something to do from this instant on; before it, a call changes nothing."""

    def expect(self, symbol: str, interval: str, *, closed_ms: int) -> None:
        """Count a stream from now on; its rows up to the instant `closed_ms` are in the series."""
        symbols = self._expected.setdefault(interval, set())
        if not symbols:
            passed_ms = open_of(max(closed_ms, self._done_ms), interval)
            self._next_ms[interval] = passed_ms + INTERVAL_MS[interval]
        symbols.add(symbol)
        for at_ms, waiting in self._opens.items():
            if at_ms > closed_ms and interval in waiting.missing:
                waiting.missing[interval].add(symbol)
        self._plan()

    def forget(self, symbol: str, interval: str) -> None:
        """Do not wait for a stream any more: it is not watched, or frames of it may be lost."""
        symbols = self._expected.get(interval, set())
        if symbol not in symbols:
            return
        symbols.remove(symbol)
        if not symbols:
            del self._expected[interval], self._next_ms[interval]
        for waiting in self._opens.values():
            missing = waiting.missing.get(interval, set())
            if symbol in missing:
                missing.remove(symbol)
                waiting.lost.append((symbol, interval))
        self._plan()

    def is_expected(self, symbol: str, interval: str) -> bool:
        """Tell whether closings wait for this stream."""
        return symbol in self._expected.get(interval, ())

    def row(self, symbol: str, interval: str, closed_ms: int) -> None:
        """Note that the row which closed at `closed_ms` is in the series."""
        if closed_ms >= self._next_ms.get(interval, _FAR):
            self._pass(closed_ms)
        waiting = self._opens.get(closed_ms)
        if waiting is not None and interval in waiting.missing:
            waiting.rows += 1
            waiting.missing[interval].discard(symbol)
            if waiting.is_full:
                self._plan()

    def advance(self, now_ms: int) -> None:
        """Pass the time: open a closing for each instant that `now_ms` has reached."""
        if any(next_ms <= now_ms for next_ms in self._next_ms.values()):
            self._pass(now_ms)
        else:
            self._plan()

    def _pass(self, now_ms: int) -> None:
        for interval, next_ms in self._next_ms.items():
            if next_ms > now_ms:
                continue
            newest = open_of(now_ms, interval)
            self._next_ms[interval] = newest + INTERVAL_MS[interval]
            waiting = self._opens.setdefault(newest, _Open(newest, {}, []))
            waiting.missing[interval] = set(self._expected[interval])
        self._plan()

    def wanted(self, now_ms: int) -> tuple[tuple[int, tuple[Key, ...]], ...]:
        """Return, once per instant, the rows that REST must be asked for: (instant, streams)."""
        asks = []
        for at_ms, waiting in sorted(self._opens.items()):
            if waiting.is_asked or waiting.is_full or now_ms < at_ms + self._ask_after_ms:
                continue
            waiting.is_asked = True
            asks.append((at_ms, _keys(waiting.missing)))
        self._plan()
        return tuple(asks)

    def answered(self, at_ms: int) -> None:
        """Note that REST said all it will about an instant that was `wanted`."""
        waiting = self._opens.get(at_ms)
        if waiting is not None:
            waiting.is_answered = True
            self._plan()

    def complete(self, now_ms: int) -> tuple[Closing, ...]:
        """Return, and forget, the closings that are complete, in the order of time."""
        done = []
        for at_ms in sorted(self._opens):
            waiting = self._opens[at_ms]
            is_late = waiting.is_answered and now_ms >= at_ms + self._grace_ms
            if not (waiting.is_full or is_late):
                break
            del self._opens[at_ms]
            self._done_ms = at_ms
            if waiting.rows:
                missed = tuple(sorted(waiting.lost)) + _keys(waiting.missing)
                done.append(Closing(at_ms, tuple(_by_length(waiting.missing)), missed))
        self._plan()
        return tuple(done)

    def _plan(self) -> None:
        """Find the next instant at which time alone changes something."""
        due = min(self._next_ms.values(), default=_FAR)
        first = min(self._opens, default=_FAR)
        for at_ms, waiting in self._opens.items():
            if waiting.is_full:
                due = min(due, at_ms if at_ms == first else _FAR)
            elif not waiting.is_asked:
                due = min(due, at_ms + self._ask_after_ms)
            elif waiting.is_answered:
                due = min(due, at_ms + self._grace_ms)
        self.due_ms = due


def _by_length(intervals: dict[str, set[str]]) -> list[str]:
    return sorted(intervals, key=INTERVAL_MS.__getitem__)


def _keys(missing: dict[str, set[str]]) -> tuple[Key, ...]:
    return tuple(
        (symbol, interval)
        for interval in _by_length(missing)
        for symbol in sorted(missing[interval])
    )
