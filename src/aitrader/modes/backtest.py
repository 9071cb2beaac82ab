"""`aitrader backtest`: trader files over past candles, and what came of it."""

from __future__ import annotations

import csv
import gc
from collections.abc import Iterable
from pathlib import Path

import msgspec

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.guards import (
    Stretch,
    conditions_of,
    in_stretches,
    numbers_of,
    with_random_entries,
)
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.page import page, pictures_of
from aitrader.backtest.record import Record
from aitrader.backtest.report import Beside, Report, TradeRow, report_of, summary
from aitrader.backtest.resampling import Baseline
from aitrader.backtest.run import answers_of, run
from aitrader.config import Settings
from aitrader.engine.clock import cpu_s
from aitrader.engine.health import rss_mb
from aitrader.model.errors import ConfigError
from aitrader.modes.backtest_asked import BacktestOptions, job_of
from aitrader.modes.data import say, say_json
from aitrader.storage.table_files import write_rows

NUMBERS = frozenset({"entry_price", "exit_price", "quantity", "fees", "pnl"})


class BacktestMore(msgspec.Struct, frozen=True, kw_only=True):
    """What else is asked of a backtest: a file of trades, stretches, rounds of random entries."""

    trades: Path | None = None
    walk_forward: int | None = None
    random_entries: int | None = None


NOTHING_MORE = BacktestMore()


def run_backtest(
    settings: Settings, options: BacktestOptions, more: BacktestMore = NOTHING_MORE
) -> None:
    """Run trader files over past candles and say what came of it.

    Raises:
        ConfigError: A file, the candles or an option cannot be used, in one sentence.
    """
    gc.disable()  # a run makes millions of short-lived values and no cycles that matter
    try:
        report, html = _ran(settings, options, more)
    finally:
        gc.enable()
    if options.html is not None:
        _write(options.html, html)
    if more.trades is not None:
        _write_trades(more.trades, report.trades)
    if options.as_json:
        cost = {"cpu_s": round(cpu_s(), 3), "rss_mb": round(rss_mb(), 1)}
        say_json({**msgspec.structs.asdict(report), **cost})
        return
    say(summary(report))
    say(f"\n  {report.candles:,} candles in {cpu_s():.2f} s of CPU, {rss_mb():.0f} MB")


def _ran(settings: Settings, options: BacktestOptions, more: BacktestMore) -> tuple[Report, str]:
    job, loaded = job_of(settings, options)
    history = loaded.history
    answers = answers_of(job, history)
    record = run(job, history, answers)
    beside = _beside(job, history, answers, record, more=more)
    report, curve = report_of(job, history, record, beside)
    if options.html is None:
        return report, ""
    return report, page(report, curve, pictures_of(job, history, record.trades))


def _beside(
    job: Job, history: History, answers: AnswerBook, record: Record, *, more: BacktestMore
) -> Beside:
    """Return what was asked for besides the run."""
    stretches: tuple[Stretch, ...] = ()
    entries: Baseline | None = None
    if more.walk_forward is not None:
        stretches = in_stretches(job, history, answers, count=more.walk_forward)
    if more.random_entries is not None:
        own = numbers_of(job, history, record).final_equity - float(job.terms.start_cash)
        entries = with_random_entries(job, history, answers, rounds=more.random_entries, own=own)
    return Beside(
        conditions=conditions_of(job, answers), random_entries=entries, stretches=stretches
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc}") from exc


def _write_trades(path: Path, trades: Iterable[TradeRow]) -> None:
    if path.suffix.lower() == ".parquet":
        write_rows(path, TradeRow.__struct_fields__, map(_with_numbers, trades))
        return
    try:
        with path.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines)
            writer.writerow(TradeRow.__struct_fields__)
            writer.writerows(msgspec.structs.astuple(row) for row in trades)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be written: {exc}") from exc


def _with_numbers(trade: TradeRow) -> tuple[str | float, ...]:
    """Return a row whose exact texts are numbers, as programs want them."""
    row = msgspec.structs.asdict(trade)
    return tuple(float(text) if name in NUMBERS else text for name, text in row.items())
