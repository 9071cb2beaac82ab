"""One round of screening: which filters hold on the candles that just closed.

`screen` is pure and runs in a worker thread: a `Round` is immutable, and of the series it reads
only rows that are closed and will not be written again. A trader looks at a symbol only when every
interval it reads has its whole lookback, and one bar more, as a signal is the change from one row
to the next; before that it is warming up. A symbol whose candle is missing for this close is left
out. A trader whose evaluation fails is named with its reason, the others are answered all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

import msgspec

from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.panel import Panel, PanelSource
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import FilterFault
from aitrader.model.events import ScreenDone
from aitrader.model.ids import TraderId
from aitrader.model.signal import ExitMatch, Match

EVALUATION_ERRORS = (
    FilterFault,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What a graph may raise on numbers nobody thought of; it costs its trader, not the round."""

Key: TypeAlias = tuple[str, str]


class Filled(Protocol):
    """Who knows how many closed rows a series has."""

    def filled(self, symbol: str, interval: str, closed_ms: int) -> int:
        """Return the unbroken closed rows up to `closed_ms`."""
        ...


class Evaluator(Protocol):
    """Merged traders of one base interval; `filters.evaluate.Program` is one."""

    def run(self, panels: Mapping[str, Panel], last: int = 2) -> Mapping[TraderId, Answers]:
        """Return each trader's answers on the last rows of every symbol."""
        ...


class Watcher(msgspec.Struct, frozen=True):
    """One trader's part: `symbols` it may enter, best first, and those it holds."""

    trader_id: TraderId
    compiled: CompiledTrader
    symbols: tuple[str, ...]
    held: tuple[str, ...]


class Group(msgspec.Struct, frozen=True):
    """The traders of one base interval; `alone` makes the evaluator of a single one."""

    interval: str
    evaluator: Evaluator
    watchers: tuple[Watcher, ...]
    alone: Callable[[Mapping[TraderId, CompiledTrader]], Evaluator]


class Round(msgspec.Struct, frozen=True):
    """Everything to screen at one instant; `missed` are (symbol, interval) without their row."""

    closed_ms: int
    groups: tuple[Group, ...]
    missed: frozenset[Key]


class _Report:
    """What a round has found so far."""

    def __init__(self) -> None:
        self.matches: list[Match] = []
        self.exit_matches: list[ExitMatch] = []
        self.warming: list[tuple[TraderId, int, int]] = []
        self.faults: list[tuple[TraderId, str]] = []
        self.checks = 0


def screen(work: Round, panels: PanelSource, series: Filled) -> ScreenDone:
    """Return what every trader of the round sees; `cpu_ms` is for the caller to measure."""
    report = _Report()
    readiness = _Readiness(work, series)
    for group in work.groups:
        closed = _panels(group, panels, work.closed_ms)
        able = _able(group, closed, report)
        if not able.watchers:
            continue
        answers = _evaluated(able, closed, report)
        for watcher in able.watchers:
            if watcher.trader_id in answers:
                found = _Found(watcher, answers[watcher.trader_id], closed[group.interval])
                _look(found, readiness, work.closed_ms, report)
    return ScreenDone(
        at_ms=work.closed_ms,
        closed_ms=work.closed_ms,
        matches=tuple(report.matches),
        exit_matches=tuple(report.exit_matches),
        warming=tuple(report.warming),
        faults=tuple(report.faults),
        checks=report.checks,
        cpu_ms=0.0,
    )


def _panels(group: Group, source: PanelSource, closed_ms: int) -> dict[str, Panel]:
    """Return the panels of a group; an interval that nobody keeps yet is left out."""
    bars = {group.interval: 1}
    for watcher in group.watchers:
        for interval, count in watcher.compiled.lookback.items():
            bars[interval] = max(bars.get(interval, 0), count)
    closed = {}
    for interval, count in bars.items():
        try:
            closed[interval] = source.panel(interval, closed_ms=closed_ms, bars=count + 1)
        except LookupError:
            continue
    return closed


def _able(group: Group, panels: Mapping[str, Panel], report: _Report) -> Group:
    """Return the group without the traders that read an interval nobody keeps yet."""
    able = []
    for watcher in group.watchers:
        needs = {group.interval: 1, **watcher.compiled.lookback}
        if needs.keys() <= panels.keys():
            able.append(watcher)
        else:
            report.warming.append((watcher.trader_id, 0, max(needs.values()) + 1))
    if len(able) == len(group.watchers):
        return group
    traders = {row.trader_id: row.compiled for row in able}
    evaluator = group.alone(traders) if able else group.evaluator
    return Group(group.interval, evaluator, tuple(able), group.alone)


def _evaluated(
    group: Group, panels: Mapping[str, Panel], report: _Report
) -> Mapping[TraderId, Answers]:
    """Return all answers; if the whole fails, each trader's alone, and name those that fail."""
    try:
        return group.evaluator.run(panels)
    except EVALUATION_ERRORS:
        pass
    answers: dict[TraderId, Answers] = {}
    for watcher in group.watchers:
        try:
            lone = group.alone({watcher.trader_id: watcher.compiled})
            answers.update(lone.run(panels))
        except EVALUATION_ERRORS as error:
            report.faults.append((watcher.trader_id, f"{type(error).__name__}: {error}"))
    return answers


class _Found(msgspec.Struct, frozen=True):
    """One trader's answers and the panel whose rows they speak of."""

    watcher: Watcher
    answers: Answers
    panel: Panel


class _Readiness:
    """Which symbols have all candles that a trader reads; each series is asked once per round."""

    def __init__(self, work: Round, series: Filled) -> None:
        self._closed_ms = work.closed_ms
        self._series = series
        self._rows: dict[str, dict[str, int]] = {}
        self._missed: dict[str, set[str]] = {}
        self._none: frozenset[str] = frozenset()
        for symbol, interval in work.missed:
            self._missed.setdefault(interval, set()).add(symbol)

    def unready(
        self, symbols: Iterable[str], needs: Mapping[str, int], lacks: list[tuple[int, int]]
    ) -> set[str]:
        """Return the symbols that miss a row; add (rows there, rows needed) of those too short."""
        found: set[str] = set()
        for interval, bars in needs.items():
            rows = self._rows.setdefault(interval, {})
            gone = self._missed.get(interval, self._none)
            for symbol in symbols:
                if symbol in gone:
                    found.add(symbol)
                    continue
                there = rows.get(symbol)
                if there is None:
                    there = self._series.filled(symbol, interval, self._closed_ms)
                    rows[symbol] = there
                if there <= bars:
                    found.add(symbol)
                    lacks.append((there, bars + 1))
        return found


def _look(found: _Found, readiness: _Readiness, closed_ms: int, report: _Report) -> None:
    """Add one trader's matches, exits and warming to the report."""
    watcher, compiled = found.watcher, found.watcher.compiled
    lacks: list[tuple[int, int]] = []
    blocking: set[str] = set()
    for named in compiled.symbols_named:
        blocking |= readiness.unready((named,), needs_of(compiled, named), lacks)
    symbols = dict.fromkeys((*watcher.symbols, *watcher.held))
    own = {found.panel.interval: 1, **needs_of(compiled, "")}
    unready = readiness.unready(symbols, own, lacks)
    if not blocking:
        _judge(found, [row for row in symbols if row not in unready], closed_ms, report)
    if lacks:
        there, needed = min(lacks, key=lambda row: (row[0] / row[1], row))
        report.warming.append((watcher.trader_id, there, needed))


def needs_of(compiled: CompiledTrader, symbol: str) -> dict[str, int]:
    """Return bars per interval that a trader reads of a named symbol, "" for the screened one."""
    reads = compiled.reads
    return {key: bars for key, bars in compiled.lookback.items() if (key, symbol) in reads}


def _judge(found: _Found, ready: list[str], closed_ms: int, report: _Report) -> None:
    """Add what the answers say of the symbols that are ready."""
    watcher, answers, panel = found.watcher, found.answers, found.panel
    place = {symbol: row for row, symbol in enumerate(panel.symbols)}
    open_ms = closed_ms - INTERVAL_MS[panel.interval]
    entries = answers.entries[:, -1].tolist()
    for symbol in ready:
        row = place.get(symbol)
        if row is None:
            continue
        report.checks += 1
        if symbol in watcher.held:
            condition = answers.exit_condition(row)
            if condition is not None:
                report.exit_matches.append(ExitMatch(watcher.trader_id, symbol, open_ms, condition))
        elif entries[row]:
            match = Match(
                trader_id=watcher.trader_id,
                symbol=symbol,
                interval=panel.interval,
                candle_open_ms=open_ms,
                close=float(panel.values["close"][row, -1]),
                findings=answers.findings(row),
                exits=answers.exits(row),
            )
            report.matches.append(match)
