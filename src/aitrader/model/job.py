"""Long work that a face asked for: what was wished, how far it has come, what came of it."""

from __future__ import annotations

from enum import Enum

import msgspec


class JobState(Enum):
    """Where a job stands; the last three are for ever."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class BacktestWish(msgspec.Struct, frozen=True):
    """Which trader is to be run over the candles of the data folder.

    `symbols` replace the file's own; none: as the file says. From `from_ms` up to, not including,
    `until_ms` (UTC epoch ms); 0: from the first candle, up to the last.
    """

    name: str
    source: str
    symbols: tuple[str, ...] = ()
    from_ms: int = 0
    until_ms: int = 0


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far a job has come, 0 to 1, and what it does now."""

    done_ratio: float
    text: str


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True, tag="result"):
    """A backtest in numbers, as its report has them; None: cannot be known from so little.

    Money in quote, `_pct` in percent. `report`: the file with the whole page, on the engine's own
    computer; `ReadReport` brings it anywhere.
    """

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
    sharpe: float | None = None
    win_rate_pct: float | None = None
    profit_factor: float | None = None
    expectancy: float | None = None
    fees: float = 0.0
    exposure_pct: float = 0.0
    warnings: tuple[str, ...] = ()
    report: str = ""


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """One job; `name` is the trader's, `text` says what it does now or why it ended.

    `done_ratio` is 0 to 1; times are UTC epoch ms of the engine's clock.
    """

    job_id: str
    name: str
    state: JobState
    asked_ms: int
    ended_ms: int | None = None
    done_ratio: float = 0.0
    text: str = ""
    result: BacktestResult | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELED)
