"""What goes over HTTP about jobs and about what is on disk; see `schemas` for the rules."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.api.schemas import (
    FillOut,
    In,
    Key,
    MaybeSource,
    Millis,
    OrderOut,
    Out,
    PastPosition,
    SignalDetail,
    Symbol,
)
from aitrader.model.job import JobState


class EquityOut(Out, frozen=True):
    """An account's worth at one instant, in quote."""

    at_ms: int
    equity: Decimal
    cash: Decimal
    open_positions: int


class Equity(Out, frozen=True):
    """A page of an account's worth, newest first."""

    account: str
    equity: tuple[EquityOut, ...]
    next_before_ms: int | None


class EventOut(Out, frozen=True):
    """One event: `seq` orders them, `body` is the event itself (docs/reference/events.md)."""

    seq: int
    at_ms: int
    kind: str
    body: msgspec.Raw


class Events(Out, frozen=True):
    """A page of events, newest first; `next_before_seq` asks for the next one."""

    events: tuple[EventOut, ...]
    next_before_seq: int | None


class Story(Out, frozen=True):
    """One position from its signal to its last fill; orders and fills oldest first.

    `notes`: what is to be known of its numbers, such as fees that are not counted.
    """

    position: PastPosition
    signal: SignalDetail | None
    orders: tuple[OrderOut, ...]
    fills: tuple[FillOut, ...]
    notes: tuple[str, ...]


class AnalysisOut(Out, frozen=True):
    """What an analyst decided about a signal, and what asking cost."""

    signal_id: str
    at_ms: int
    trader: str
    symbol: str
    choice: str
    reason: str
    cost_usd: str


class Analyses(Out, frozen=True):
    """The newest analyses, newest first."""

    analyses: tuple[AnalysisOut, ...]
    timestamp: int


class NewBacktest(In, frozen=True):
    """A trader that there is (`traderId`), or a trader file's text (`source`); not both.

    `symbols` replace its own; from `fromMs` up to `untilMs`, 0: all the candles there are.
    """

    trader_id: Key | None = None
    source: MaybeSource = ""
    symbols: tuple[Symbol, ...] = ()
    from_ms: Millis = 0
    until_ms: Millis = 0


class ResultOut(Out, frozen=True):
    """A backtest in numbers; the report has all of them and says how each is counted."""

    from_time: str
    to_time: str
    interval: str
    symbols: int
    candles: int
    signals: int
    trades: int
    start_cash: float
    final_equity: float
    return_pct: float
    buy_and_hold_pct: float
    max_drawdown_pct: float
    sharpe: float | None
    win_rate_pct: float | None
    profit_factor: float | None
    expectancy: float | None
    fees: float
    exposure_pct: float
    warnings: tuple[str, ...]


class JobOut(Out, frozen=True):
    """One job; `doneRatio` is 0 to 1, `text` says what it does now or why it ended."""

    id: str
    name: str
    state: JobState
    asked_ms: int
    ended_ms: int | None
    done_ratio: float
    text: str
    result: ResultOut | None


class Jobs(Out, frozen=True):
    """The jobs that are kept, newest first."""

    jobs: tuple[JobOut, ...]


class LineOut(Out, frozen=True):
    """One series of a filter, a value per candle from `open_ms` on; see the request's `LineRow`."""

    name: str
    pane: str
    interval: str
    open_ms: int
    values: tuple[float | None, ...]
    levels: tuple[float, ...]
