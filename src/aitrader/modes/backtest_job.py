"""`aitrader backtest --job`: a backtest that an engine asked for, in this process.

What it prints is read by a program: lines of JSON that say how far it is, then the result. It steps
back for the engine (`nice`) and ends when the engine does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from aitrader.backtest.job import Job
from aitrader.backtest.page import page, pictures_of
from aitrader.backtest.report import Report, report_of
from aitrader.backtest.run import answers_of, run
from aitrader.backtest.timers import VirtualClock
from aitrader.config import Settings
from aitrader.model.errors import ConfigError
from aitrader.model.job import BacktestResult, Progress
from aitrader.modes.backtest_asked import BacktestOptions, job_of

STDIN = 0
NICENESS = 10
OOM_SCORE = Path("/proc/self/oom_score_adj")
MOST_MB = 4096
"""What a job may take of memory; candles that lie in files are not counted."""

LOOK_S = 0.2
"""How often progress is said."""

READ, ANSWERED, PLAYED = 0.1, 0.4, 0.95
"""How far a job is, roughly, once candles are read, filters answered and the run played."""


def run_job(settings: Settings, options: BacktestOptions) -> None:
    """Run what the options ask for, and say how far it is.

    Raises:
        ConfigError: A file, the candles or an option cannot be used, in one sentence.
    """
    os.nice(NICENESS)
    step_back()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    gc.disable()  # a run makes millions of short-lived values and no cycles that matter
    try:
        _run(settings, options)
    except MemoryError as error:
        raise ConfigError(
            f"it needs more than {MOST_MB} MB: ask for fewer symbols or a shorter time"
        ) from error


def step_back(score: Path = OOM_SCORE) -> None:
    """Take no more memory than is fair; where the machine has none left, end before the engine."""
    most = MOST_MB << 20
    with contextlib.suppress(ValueError, OSError):  # a system, or a limit, that is stricter
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    with contextlib.suppress(OSError):  # Linux alone
        score.write_text("1000")


def _run(settings: Settings, options: BacktestOptions) -> None:
    _say(Progress(0.0, "reads candles"))
    job, loaded = job_of(settings, options)
    _say(Progress(READ, "asks the filters"))
    answers = answers_of(job, loaded.history)
    clock = VirtualClock(job.from_ms)
    with _watched(clock, job):
        record = run(job, loaded.history, answers, clock=clock)
    _say(Progress(PLAYED, "writes the report"))
    report, curve = report_of(job, loaded.history, record)
    path = options.html
    if path is not None:
        pictures = pictures_of(job, loaded.history, record.trades)
        try:
            path.write_text(page(report, curve, pictures), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error}") from error
    _say(result_of(report, path))


def result_of(report: Report, path: Path | None) -> BacktestResult:
    """Return what a face shows of a report that stands in `path`."""
    numbers = report.statistics
    return BacktestResult(
        from_time=report.from_time,
        to_time=report.to_time,
        interval=report.interval,
        symbols=len(report.symbols),
        candles=report.candles,
        signals=report.signals,
        trades=numbers.trades,
        start_cash=numbers.start_cash,
        final_equity=numbers.final_equity,
        return_pct=numbers.return_pct,
        buy_and_hold_pct=numbers.buy_and_hold_pct,
        max_drawdown_pct=numbers.max_drawdown_pct,
        sharpe=numbers.sharpe,
        win_rate_pct=numbers.win_rate_pct,
        profit_factor=numbers.profit_factor,
        expectancy=numbers.expectancy,
        fees=numbers.fees,
        exposure_pct=numbers.exposure_pct,
        warnings=report.warnings,
        report="" if path is None else str(path.absolute()),
    )


@contextlib.contextmanager
def _watched(clock: VirtualClock, job: Job) -> Iterator[None]:
    """Say during the block how far the run's clock has come; the run itself is not slowed."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(LOOK_S):
            played = (clock.at_ms - job.from_ms) / (job.to_ms - job.from_ms)
            _say(Progress(ANSWERED + (PLAYED - ANSWERED) * min(played, 1.0), "runs"))

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _say(news: Progress | BacktestResult) -> None:
    click.echo(msgspec.json.encode(news))
    sys.stdout.flush()


def _end_with_parent() -> None:
    """Wait for the end of stdin, which is the engine's end, and end at once."""
    # not sys.stdin.read: a thread that holds its lock makes the interpreter abort as it ends
    while os.read(STDIN, 1024):
        pass
    os._exit(1)
