"""What every filter says about every candle of a history, found before the run begins.

All traders of one base interval are merged and evaluated on each symbol's whole history at once; a
trader that names other symbols is evaluated by itself, with those beside the screened one. What is
kept is sparse: the candles on which a signal would be raised, and those on which an exit condition
holds. A row counts under the rule of the live screening: the whole lookback and one row more.

Levels that depend on the candle (`"1.5 atr"`, `stop_loss(m)`) are worked out again for each signal
on just the rows that live screening would have, so that their last digits are the live ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from aitrader.backtest.history import History, until
from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.evaluate import Program
from aitrader.filters.panel import Bools, Panel, Times
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import TraderId
from aitrader.model.signal import ExitMatch, Match
from aitrader.model.trader import Exits
from aitrader.screening.match import needs_of


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """One trader's answers on one symbol: instants (UTC ms) at which candles close.

    `entries`: where a signal is raised. `exits`: where an exit condition holds, and which one
    (`names` by `exit_names`).
    """

    entries: Times
    exits: Times
    exit_names: Times
    names: tuple[str, ...]

    def exit_at(self, closed_ms: int) -> str | None:
        """Return the exit condition that holds at a close, None if none does."""
        place = int(np.searchsorted(self.exits, closed_ms))
        if place == len(self.exits) or self.exits[place] != closed_ms:
            return None
        return self.names[int(self.exit_names[place])]

    def next_exit(self, after_ms: int) -> int | None:
        """Return the first close after an instant at which an exit condition holds."""
        if not len(self.exits):
            return None
        place = int(np.searchsorted(self.exits, after_ms, side="right"))
        return int(self.exits[place]) if place < len(self.exits) else None


class Evaluated(NamedTuple):
    """One trader's answers on the whole of one symbol; a row counts where `is_ready`."""

    trader_id: TraderId
    symbol: str
    answers: Answers
    is_ready: Bools
    close_ms: Times


class AnswerBook:
    """All answers of a run."""

    def __init__(self, traders: Mapping[TraderId, CompiledTrader], history: History) -> None:
        """Evaluate everything; O(traders x symbols x candles)."""
        self._traders = traders
        self._history = history
        self._found: dict[tuple[TraderId, str], Found] = {}
        self._bars: dict[str, dict[str, int]] = {}
        self._alone: dict[TraderId, Program] = {}
        self._fixed = _fixed_of(traders)
        for interval, group in _groups(traders).items():
            self._bars[interval] = _most_bars(interval, group)
            for found in self._evaluate_group(group):
                self._found[found.trader_id, found.symbol] = _found(found)

    def alone(self, key: TraderId, *, named: TraderId) -> AnswerBook:
        """Return the answers of one trader under another name, as if it had been alone here."""
        book = AnswerBook({}, self._history)
        trader = self._traders[key]
        book._traders = {named: trader}
        book._fixed = _fixed_of(book._traders)
        book._bars = {trader.plan.interval: _most_bars(trader.plan.interval, {named: trader})}
        book._found = {
            (named, symbol): found for (owner, symbol), found in self._found.items() if owner == key
        }
        return book

    def evaluated(self, trader_id: TraderId) -> Iterator[Evaluated]:
        """Yield a trader's answers symbol by symbol, worked out again: they are not kept."""
        return self._evaluate_group({trader_id: self._traders[trader_id]})

    def answerable(self, trader_id: TraderId) -> dict[str, Times]:
        """Return per symbol the closes at which a trader could be asked to enter."""
        return {
            row.symbol: row.close_ms[row.is_ready & row.answers.has_levels[0]]
            for row in self.evaluated(trader_id)
        }

    def with_entries(self, entries: Mapping[tuple[TraderId, str], Times]) -> AnswerBook:
        """Return these answers with entries at other closes."""
        book = AnswerBook({}, self._history)
        book._traders, book._bars, book._fixed = self._traders, self._bars, self._fixed
        book._found = {
            key: replace(found, entries=entries[key]) for key, found in self._found.items()
        }
        return book

    @property
    def has_exits(self) -> bool:
        """Whether any trader has exit conditions."""
        return any(trader.exit_conditions for trader in self._traders.values())

    def find(self, trader_id: TraderId, symbol: str) -> Found | None:
        """Return a trader's answers on a symbol, None where it has no candles."""
        return self._found.get((trader_id, symbol))

    def entry_instants(
        self, *, from_ms: int, to_ms: int
    ) -> list[tuple[int, list[tuple[TraderId, str]]]]:
        """Return each instant of [from_ms, to_ms) with the traders and symbols that match then."""
        keys = list(self._found)
        times = [found.entries for found in self._found.values()]
        if not times:
            return []
        at_ms = np.concatenate(times)
        owner = np.repeat(np.arange(len(keys)), [len(row) for row in times])
        wanted = (at_ms >= from_ms) & (at_ms < to_ms)
        at_ms, owner = at_ms[wanted], owner[wanted]
        order = np.lexsort((owner, at_ms))
        instants: list[tuple[int, list[tuple[TraderId, str]]]] = []
        for instant, place in zip(at_ms[order].tolist(), owner[order].tolist(), strict=True):
            if not instants or instants[-1][0] != instant:
                instants.append((instant, []))
            instants[-1][1].append(keys[place])
        return instants

    def match(self, trader_id: TraderId, symbol: str, closed_ms: int) -> Match:
        """Return the match of a trader on the candle that closes at an instant."""
        trader = self._traders[trader_id]
        interval = trader.plan.interval
        open_ms = closed_ms - INTERVAL_MS[interval]
        series = self._history.find(symbol, interval)
        assert series is not None
        return Match(
            trader_id=trader_id,
            symbol=symbol,
            interval=interval,
            candle_open_ms=open_ms,
            close=series.closes[series.place(open_ms)],
            findings=(),
            exits=self._exits(trader_id, symbol, closed_ms),
        )

    def exit_match(self, trader_id: TraderId, symbol: str, closed_ms: int) -> ExitMatch | None:
        """Return the exit condition of a held symbol at a close, None if none holds."""
        found = self._found.get((trader_id, symbol))
        condition = None if found is None else found.exit_at(closed_ms)
        if condition is None:
            return None
        open_ms = closed_ms - INTERVAL_MS[self._traders[trader_id].plan.interval]
        return ExitMatch(trader_id, symbol, open_ms, condition)

    # -- evaluation -----------------------------------------------------------------------------

    def _evaluate_group(self, group: Mapping[TraderId, CompiledTrader]) -> Iterator[Evaluated]:
        plain = {key: row for key, row in group.items() if not row.symbols_named}
        if plain:
            yield from self._evaluate(Program(plain), plain, ())
        for key, trader in group.items():
            if trader.symbols_named:
                alone = {key: trader}
                yield from self._evaluate(Program(alone), alone, trader.symbols_named)

    def _evaluate(
        self,
        program: Program,
        group: Mapping[TraderId, CompiledTrader],
        named: Sequence[str],
    ) -> Iterator[Evaluated]:
        for symbol in self._history.symbols:
            panels = self._panels(program, symbol, named)
            if panels is None:
                continue
            base = panels[program.interval]
            answers = program.run(panels, last=base.bars)
            close_ms = base.open_ms + INTERVAL_MS[program.interval]
            for key, trader in group.items():
                is_ready = _is_whole(trader, panels, program.interval) & answers[key].ready[0]
                yield Evaluated(key, symbol, answers[key], is_ready, close_ms)

    def _panels(
        self, program: Program, symbol: str, named: Sequence[str]
    ) -> dict[str, Panel] | None:
        symbols = tuple(dict.fromkeys((symbol, *named)))
        panels = {}
        for interval in {program.interval: 1, **program.lookback}:
            panel = self._history.panel(symbols, interval)
            if panel is None:
                return None
            panels[interval] = panel
        return panels

    def _exits(self, trader_id: TraderId, symbol: str, closed_ms: int) -> Exits:
        trader = self._traders[trader_id]
        fixed = self._fixed.get(trader_id)
        if fixed is not None:
            return fixed
        program = self._alone.get(trader_id)
        if program is None:
            program = self._alone[trader_id] = Program({trader_id: trader})
        panels = self._panels(program, symbol, trader.symbols_named)
        assert panels is not None
        bars = self._bars[program.interval]
        window = {key: until(row, closed_ms, bars[key] + 1) for key, row in panels.items()}
        return program.run(window)[trader_id].exits(0)


def _groups(
    traders: Mapping[TraderId, CompiledTrader],
) -> dict[str, dict[TraderId, CompiledTrader]]:
    groups: dict[str, dict[TraderId, CompiledTrader]] = {}
    for key, trader in traders.items():
        groups.setdefault(trader.plan.interval, {})[key] = trader
    return groups


def _most_bars(interval: str, group: Mapping[TraderId, CompiledTrader]) -> dict[str, int]:
    """Return bars per interval that the live panels of these traders hold, less one."""
    bars = {interval: 1}
    for trader in group.values():
        for name, count in trader.lookback.items():
            bars[name] = max(bars.get(name, 0), count)
    return bars


def _has_levels(trader: CompiledTrader) -> bool:
    """Return whether a stop or target of a file depends on the candle."""
    plan = trader.exits
    roots = [] if plan.stop_loss is None else [plan.stop_loss.root]
    roots.extend(level.root for level, _share in plan.targets)
    return any(roots)


def _fixed_of(traders: Mapping[TraderId, CompiledTrader]) -> dict[TraderId, Exits]:
    """Return the exits of those files that need no candle for them."""
    return {key: _fixed_exits(row) for key, row in traders.items() if not _has_levels(row)}


def _fixed_exits(trader: CompiledTrader) -> Exits:
    """Return the exits of a file that needs no candle for them."""
    nothing = np.zeros((1, 1))
    none = np.zeros((1, 1), np.bool_)
    answers = Answers(trader, ("",), (), (), {}, {0: nothing}, none)
    return answers.exits(0)


def _found(evaluated: Evaluated) -> Found:
    _key, _symbol, answers, is_ready, close_ms = evaluated
    entries = np.flatnonzero(answers.entries[0] & is_ready)
    places = np.empty(0, np.int64)
    which = np.empty(0, np.int64)
    if answers.exit_rows:
        rows = np.stack([row[0] for row in answers.exit_rows])
        places = np.flatnonzero(rows.any(axis=0) & is_ready)
        which = rows[:, places].argmax(axis=0)
    return Found(close_ms[entries], close_ms[places], which, answers.trader.exit_conditions)


def _is_whole(trader: CompiledTrader, panels: Mapping[str, Panel], base: str) -> Bools:
    """Return per base row whether every series has its lookback and one row more, unbroken."""
    count = panels[base].bars
    whole = np.ones(count, np.bool_)
    close_ms = panels[base].open_ms + INTERVAL_MS[base]
    needs = [(0, {base: 1, **needs_of(trader, "")})]
    for named in trader.symbols_named:
        needs.append((panels[base].symbols.index(named), needs_of(trader, named)))
    for row, bars in needs:
        for interval, least in bars.items():
            panel = panels[interval]
            lengths = _run_lengths(panel, row)
            if interval == base:
                whole &= lengths > least
                continue
            step = INTERVAL_MS[interval]
            places = (close_ms - step - int(panel.open_ms[0])) // step
            inside = (places >= 0) & (places < panel.bars)
            there = np.where(inside, lengths[np.clip(places, 0, panel.bars - 1)], 0)
            whole &= there > least
    return whole


def _run_lengths(panel: Panel, row: int) -> Times:
    """Return how many rows up to each one are there without a break."""
    closes = panel.values["close"][row]
    places = np.arange(panel.bars)
    if np.isfinite(closes.sum()):
        return places + 1
    return places - np.maximum.accumulate(np.where(np.isnan(closes), places, -1))
