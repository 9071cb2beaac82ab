"""A run in stages: those of a live engine, driven through past candles from one event to the next.

Theory of operation. Filters are answered for the whole history first (`answers`). Then the run
jumps: to the next close at which somebody would enter or an exit condition of something held is
true, to the next candle that touches an order or a band, or to the next timer, whichever is first.
Everything at one instant has a fixed order (`market.Phase`), over all symbols and traders. At each
stop the same stages work out what follows, and the same venue fills orders, on the run's own clock.

Same input, same output: nothing is drawn, no clock is read, no set is walked through.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.bands import CandleBands
from aitrader.backtest.equity import Marks
from aitrader.backtest.history import History
from aitrader.backtest.job import MOST_SYMBOLS, Job, Terms, finest, first_facts, settings_of
from aitrader.backtest.loop import Handler, Loop, Taker, on
from aitrader.backtest.market import CANDLE, CLOSE, OPEN, TIMER, CandleMarket, Phase, Wake
from aitrader.backtest.peaks import Peaks
from aitrader.backtest.record import Recorder
from aitrader.backtest.timers import NEVER_MS, VirtualClock, VirtualTimers
from aitrader.engine.routing import Handler as Answer
from aitrader.engine.routing import Stage
from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.execution.protect import LAME_TIMER
from aitrader.execution.stage import ExecutionStage
from aitrader.execution.watch import QUERY_TIMER
from aitrader.filters.panel import Panel
from aitrader.market.universe import UniverseStage
from aitrader.model.candle import INTERVAL_MS, open_of
from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    DisarmBand,
    QueryOrder,
    RankMarket,
    StartTimer,
    StopTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    CandlesClosed,
    EquityMarked,
    Event,
    MarketRanked,
    ScreenDone,
)
from aitrader.model.ids import TraderId
from aitrader.model.ports import Prices
from aitrader.model.signal import ExitMatch
from aitrader.positions.stage import PositionStage
from aitrader.screening.stage import ScreeningStage
from aitrader.signals.stage import SignalStage

NEVER: Wake = (NEVER_MS, OPEN)

ASKING = (QUERY_TIMER, LAME_TIMER)
"""Timers that wait for an answer of the venue."""


class _NoSeries:
    """Live candles are never asked for here: screening is answered from the whole history."""

    def panel(self, interval: str, *, closed_ms: int, bars: int) -> Panel:
        """Refuse."""
        raise LookupError(f"no live {interval} candles in a backtest")

    def filled(self, symbol: str, interval: str, closed_ms: int) -> int:
        """Return nothing."""
        return 0


class _Screened:
    """The screening stage of a run: nobody is sent to look at a close, as the answers are there."""

    def __init__(self) -> None:
        handlers = dict(ScreeningStage(_NoSeries(), _NoSeries()).handlers)
        del handlers[CandlesClosed]
        self.handlers: Mapping[type[Event], Answer] = handlers


def stages_of(terms: Terms, prices: Prices) -> tuple[Stage, ...]:
    """Return the stages of a live engine, in the order of the house."""
    return (
        UniverseStage(max_symbols=MOST_SYMBOLS),
        _Screened(),
        SignalStage(),
        ExecutionStage(settings_of(terms), prices),
        PositionStage(prices),
    )


class StagedRun:
    """A run that may do all that a trader file can ask for; its state."""

    def __init__(
        self, job: Job, history: History, answers: AnswerBook, clock: VirtualClock
    ) -> None:
        """Prepare the run; `answers` are those of the job's traders on this history."""
        self._job, self._history, self._answers = job, history, answers
        self._clock = clock
        self._record = Recorder()
        rules = {row.symbol: row for row in job.instruments}
        terms = job.terms
        self._loop = Loop()
        venue = PaperVenue(
            self._loop,
            self._clock,
            find_instrument=rules.get,
            settings=PaperSettings(
                start_cash=terms.start_cash,
                fee_bps=terms.fee_bps,
                slippage_bps=terms.slippage_bps,
                quote=terms.quote,
            ),
        )
        self._market = CandleMarket(
            history,
            job.detail,
            clock=self._clock,
            venue=venue,
            bands=CandleBands(self._loop, venue.rest_of),
        )
        self._peaks = _peaks_of(job, history, self._record)
        self._loop.join(stages_of(terms, self._market), _takers_of(self._record, self._peaks))
        self._timers = VirtualTimers(self._loop, self._clock)
        self._loop.handlers = self._doers()
        used = {row.plan.interval for row in job.traders} | {job.detail}
        self._intervals = tuple(row for row in INTERVAL_MS if row in used)
        self._plans = {row.trader_id: row.plan for row in job.traders}
        self._ranks = {symbol: place for place, symbol in enumerate(history.symbols)}
        self._wakes: list[tuple[Wake, int, str]] = []
        self._planned: dict[str, Wake | None] = {}
        self._has_exits = answers.has_exits

    def _doers(self) -> Mapping[type[object], Handler]:
        market, timers = self._market, self._timers
        return dict(
            (
                on(SubmitOrder, market.submit),
                on(CancelOrders, market.cancel),
                on(QueryOrder, market.query),
                on(ArmBand, market.arm),
                on(DisarmBand, market.disarm),
                on(StartTimer, self._start_timer),
                on(StopTimer, timers.stop),
                on(RankMarket, self._rank),
            )
        )

    def _start_timer(self, command: StartTimer) -> None:
        """Start a timer, unless it asks after an order: here the venue answers at once."""
        if not command.timer_id.startswith(ASKING):
            self._timers.start(command)

    def _rank(self, _command: RankMarket) -> None:
        now_ms = self._clock.at_ms
        volumes = self._history.volumes(self._job.detail, now_ms)
        self._loop.post(MarketRanked(at_ms=now_ms, volumes=volumes))

    # -- the jump -------------------------------------------------------------------------------

    def play(self) -> Recorder:
        """Run from the first instant to the last."""
        job = self._job
        for fact in first_facts(job):
            self._loop.post(fact)
        self._loop.settle()
        entries = self._answers.entry_instants(from_ms=job.from_ms, to_ms=job.to_ms)
        entries.reverse()
        last = (job.to_ms, CANDLE)
        while True:
            entry_ms = entries[-1][0] if entries else NEVER_MS
            at_ms, phase = now = min(
                self._next_wake(),
                (self._next_close(entry_ms), CLOSE),
                (self._timers.next_ms(), TIMER),
            )
            if now > last:
                return self._record
            at_ms, phase = self._stop_before(at_ms, phase)
            self._clock.at_ms, self._market.phase = max(at_ms, self._clock.at_ms), phase
            self._record.is_opening = phase is OPEN
            if phase is CLOSE:
                self._close(at_ms, entries.pop()[1] if entry_ms == at_ms else ())
            elif phase is TIMER:
                self._timers.go_off()
            else:
                self._show((at_ms, phase))
            self._loop.settle()
            self._plan_again()

    def _show(self, due: Wake) -> None:
        """Let every symbol that is due now open, or end, its candle, in the symbols' order."""
        at_ms, phase = due
        show = self._market.open_at if phase is OPEN else self._market.close_at
        while self._wakes and self._wakes[0][0] == due:
            _wake, _rank, symbol = heapq.heappop(self._wakes)
            if self._planned.get(symbol) == due:
                self._planned[symbol] = None
                show(symbol, at_ms)

    def _plan_again(self) -> None:
        """Find the next wake of every symbol whose orders or bands have changed."""
        for symbol in self._market.take_changed():
            wake = self._market.next_wake(symbol)
            if wake != self._planned.get(symbol):
                self._planned[symbol] = wake
                if wake is not None:
                    heapq.heappush(self._wakes, (wake, self._ranks[symbol], symbol))

    def _next_wake(self) -> Wake:
        wakes = self._wakes
        while wakes and self._planned.get(wakes[0][2]) != wakes[0][0]:
            heapq.heappop(wakes)
        return wakes[0][0] if wakes else NEVER

    # -- a close --------------------------------------------------------------------------------

    def _next_close(self, entry_ms: int) -> int:
        """Return the next close at which anything is answered yes."""
        if not self._has_exits:
            return entry_ms
        nearest = entry_ms
        for position in self._record.open.values():
            found = self._answers.find(position.trader_id, position.symbol)
            if found is None or not len(found.exits):
                continue
            exit_ms = found.next_exit(self._closed_ms)
            if exit_ms is not None and exit_ms < nearest:
                nearest = exit_ms
        return nearest

    def _stop_before(self, at_ms: int, phase: Phase) -> tuple[int, Phase]:
        """Return where to stop: here, or at an earlier close that is a new best of the account."""
        if self._peaks is None:
            return at_ms, phase
        until_ms = at_ms if phase > CLOSE else at_ms - 1
        peak_ms = self._peaks.find(after_ms=self._closed_ms, until_ms=until_ms)
        return (at_ms, phase) if peak_ms is None else (peak_ms, CLOSE)

    @property
    def _closed_ms(self) -> int:
        """The instant up to which closes have been worked on."""
        is_over = self._market.phase >= CLOSE
        return self._clock.at_ms if is_over else self._clock.at_ms - 1

    def _close(self, at_ms: int, candidates: Sequence[tuple[TraderId, str]]) -> None:
        """Have the candles that end now screened: the answers are there already."""
        held = self._record.held
        asked = [key for key in candidates if key not in held]
        matches = [self._answers.match(*key, at_ms) for key in asked if self._is_in_universe(*key)]
        exit_matches: tuple[ExitMatch, ...] = ()
        if self._has_exits:
            exits = [self._answers.exit_match(*key, at_ms) for key in held]
            exit_matches = tuple(row for row in exits if row is not None)
        if not matches and not exit_matches and self._peaks is None:
            return
        closing = tuple(row for row in self._intervals if open_of(at_ms, row) == at_ms)
        self._loop.post(CandlesClosed(at_ms=at_ms, intervals=closing))
        self._loop.post(
            ScreenDone(
                at_ms=at_ms,
                closed_ms=at_ms,
                matches=tuple(matches),
                exit_matches=exit_matches,
                warming=(),
                faults=(),
                checks=len(matches),
                cpu_ms=0.0,
            )
        )

    def _is_in_universe(self, trader_id: TraderId, symbol: str) -> bool:
        return symbol in self._record.universes.get(self._plans[trader_id].universe, ())


def _peaks_of(job: Job, history: History, record: Recorder) -> Peaks | None:
    """Return who finds the account's best, None where no limit counts from it."""
    if not job.terms.brakes.max_drawdown_pct:
        return None
    interval = finest(job.traders)
    marks = Marks(
        history, interval=interval, from_ms=open_of(job.from_ms, interval), to_ms=job.to_ms
    )
    return Peaks(marks, record.moves, start_cash=job.terms.start_cash)


def _takers_of(record: Recorder, peaks: Peaks | None) -> Mapping[type[Event], Taker]:
    return record.takers if peaks is None else {**record.takers, EquityMarked: peaks.observe}
