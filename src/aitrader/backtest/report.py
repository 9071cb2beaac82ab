"""What a person, or a program, is told about a run: one document, three ways to show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from aitrader.backtest.equity import Curve, Marks, curve_of
from aitrader.backtest.guards import ConditionRow, Stretch
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.record import Record, Trade
from aitrader.backtest.resampling import Baseline, Interval, at_random_times, interval_of
from aitrader.backtest.statistics import (
    FORMULAS,
    Slice,
    Statistics,
    buy_and_hold_pct,
    daily_returns,
    monthly_returns,
    slices,
    statistics_of,
)
from aitrader.model.money import trimmed

FEW_TRADES = 30
"""Below it one lucky trade changes every number; a rule of thumb of statistics, not a proof."""

MOST_OF_IT = 0.5
SURE_PCT = 95.0
LAST_WARNING = (
    "These are past candles of symbols that still exist; a trader tuned on them looks better here "
    "than it will be: no stretch of them was kept unseen."
)
RULES = (
    "A signal counts at a candle's close and is filled at the next open, with slippage and fee.",
    "Stops and targets count from the fill price and are tested from the entry candle on.",
    "An entry at a limit fills when a candle touches it; in that candle its stop is tested, its "
    "target only by the close.",
    "Within one candle a stop comes before a target; a gap through a stop is filled at the open.",
    "A trailing stop is checked along open, low, high, close of a rising candle (open, high, low, "
    "close of a falling one); it, greatest age and exit conditions leave at the next open.",
    "An entry is filled whole or refused; cash is what it was at the close.",
)
"""The fill rules, as every report prints them; docs/backtesting.md explains each."""


class TradeRow(msgspec.Struct, frozen=True):
    """One round trip as it is written out; times ISO in UTC."""

    trader: str
    symbol: str
    side: str
    entry_time: str
    entry_price: str
    exit_time: str
    exit_price: str
    quantity: str
    fees: str
    pnl: str
    pnl_pct: float
    exit_reason: str
    exit_condition: str


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What was worked out besides the run itself, as far as it was asked for."""

    conditions: tuple[ConditionRow, ...] = ()
    random_entries: Baseline | None = None
    stretches: tuple[Stretch, ...] = ()


NOTHING = Beside()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one run but the curves."""

    traders: tuple[str, ...]
    symbols: tuple[str, ...]
    interval: str
    from_time: str
    to_time: str
    candles: int
    signals: int
    refused: tuple[tuple[str, int], ...]
    still_open: int
    statistics: Statistics
    by_symbol: tuple[Slice, ...]
    by_trader: tuple[Slice, ...]
    by_reason: tuple[Slice, ...]
    by_exit_condition: tuple[Slice, ...]
    by_month: tuple[tuple[str, float], ...]
    chance: Interval | None
    random_times: Baseline | None
    beside: Beside
    warnings: tuple[str, ...]
    rules: tuple[str, ...]
    formulas: dict[str, str]
    trades: tuple[TradeRow, ...]


def report_of(
    job: Job, history: History, record: Record, beside: Beside = NOTHING
) -> tuple[Report, Curve]:
    """Return the document of a run, and its equity curve."""
    marks = Marks(history, interval=job.detail, from_ms=job.from_ms, to_ms=job.to_ms)
    curve = curve_of(record.moves, marks, start_cash=job.terms.start_cash)
    held = buy_and_hold_pct(history, job.detail, from_ms=job.from_ms, to_ms=job.to_ms)
    trades = sorted(record.trades, key=_by_time)
    numbers = statistics_of(
        trades,
        curve,
        fees=float(record.fees),
        turnover=float(record.turnover),
        buy_and_hold_pct=held,
    )
    chance = interval_of(daily_returns(curve))
    random_times = at_random_times(trades, marks, slippage_bps=float(job.terms.slippage_bps))
    by_symbol = slices(trades, lambda row: row.symbol)
    report = Report(
        traders=tuple(row.plan.name for row in job.traders),
        symbols=history.symbols,
        interval=job.detail,
        from_time=iso(job.from_ms),
        to_time=iso(job.to_ms),
        candles=_candles(job, history),
        signals=record.signals,
        refused=tuple(record.refusals.most_common()),
        still_open=record.still_open,
        statistics=numbers,
        by_symbol=by_symbol,
        by_trader=slices(trades, lambda row: row.trader),
        by_reason=slices(trades, lambda row: row.exit_reason),
        by_exit_condition=slices(
            (row for row in trades if row.exit_condition), lambda row: row.exit_condition
        ),
        by_month=monthly_returns(curve),
        chance=chance,
        random_times=random_times,
        beside=beside,
        warnings=(
            *_warnings(job, record, numbers, by_symbol),
            *_doubts(numbers, chance, random_times),
            LAST_WARNING,
        ),
        rules=RULES,
        formulas=FORMULAS,
        trades=tuple(_row(trade) for trade in trades),
    )
    return report, curve


def _by_time(row: Trade) -> tuple[int, int, str, str]:
    return row.exit_ms, row.entry_ms, row.symbol, row.trader


def summary(report: Report) -> str:
    """Return a run as a person reads it in a terminal."""
    numbers = report.statistics
    lines = [
        f"{', '.join(report.traders)}: {_symbols(report)}, {report.interval} candles, "
        f"{report.from_time} to {report.to_time}",
        "",
    ]
    pairs = (
        ("final equity", f"{numbers.final_equity:,.2f} of {numbers.start_cash:,.2f}"),
        ("return", _pct(numbers.return_pct)),
        ("  a year", _pct(numbers.cagr_pct)),
        ("buy and hold", _pct(numbers.buy_and_hold_pct)),
        (
            "max drawdown",
            f"{_pct(-numbers.max_drawdown_pct)}, {numbers.max_drawdown_days:.1f} days",
        ),
        ("Sharpe, Sortino, Calmar", ", ".join(map(_number, _ratios(numbers)))),
        ("trades", f"{numbers.trades}, {_number(numbers.win_rate_pct)} % won"),
        ("profit factor", _number(numbers.profit_factor)),
        ("mean pnl of a trade", _number(numbers.expectancy)),
        ("mean holding time", f"{_number(numbers.mean_hold_hours)} h"),
        ("fees", f"{numbers.fees:,.2f} on {numbers.turnover:,.0f} traded"),
        ("exposure", _pct(numbers.exposure_pct)),
        ("signals", f"{report.signals}, {sum(n for _why, n in report.refused)} refused"),
    )
    lines += [f"  {name:<24}{value}" for name, value in pairs]
    by_trader = report.by_trader if len(report.by_trader) > 1 else ()
    tables = (("exit", report.by_reason), ("symbol", report.by_symbol), ("trader", by_trader))
    for title, rows in tables:
        if not rows:
            continue
        lines += ["", f"  {'by ' + title:<24}{'trades':>7}{'won %':>8}{'pnl':>12}"]
        lines += [_slice_line(row) for row in _ends(rows)]
    lines += _guard_lines(report)
    if report.refused:
        lines += ["", f"  {'not entered':<24}{'times':>7}"]
        lines += [f"  {count:>31}  {reason}" for reason, count in report.refused[:5]]
    if report.warnings:
        lines += ["", *(f"! {text}" for text in report.warnings)]
    return "\n".join(lines)


def _guard_lines(report: Report) -> list[str]:
    lines = []
    if report.chance is not None:
        low, high = report.chance.return_low_pct, report.chance.return_high_pct
        lines.append(f"  {'95 % by chance':<24}{low:+,.2f} % to {high:+,.2f} %")
    pairs = (
        ("random times", report.random_times),
        ("random entries", report.beside.random_entries),
    )
    lines += [
        f"  {name:<24}{row.mean:+,.2f} ({row.low:+,.2f} to {row.high:+,.2f}), "
        f"{row.beaten_pct:.0f} % beaten"
        for name, row in pairs
        if row is not None
    ]
    if report.beside.stretches:
        lines += ["", f"  {'stretch from':<24}{'trades':>7}{'return %':>10}{'drawdown %':>12}"]
        lines += [
            f"  {iso(row.from_ms):<24}{row.statistics.trades:>7}{row.statistics.return_pct:>10.2f}"
            f"{row.statistics.max_drawdown_pct:>12.2f}"
            for row in report.beside.stretches
        ]
    if report.beside.conditions:
        lines += ["", f"  {'condition':<34}{'holds %':>9}{'raised':>9}{'without it':>12}"]
        lines += [
            f"  {row.name:<34}{row.held_pct:>9.2f}{row.signals:>9}{_count(row.signals_without):>12}"
            for row in report.beside.conditions
        ]
    return ["", *lines] if lines else []


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def iso(at_ms: int) -> str:
    """Return an instant as people write it, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _symbols(report: Report) -> str:
    return report.symbols[0] if len(report.symbols) == 1 else f"{len(report.symbols)} symbols"


def _ratios(numbers: Statistics) -> tuple[float | None, ...]:
    return numbers.sharpe, numbers.sortino, numbers.calmar


def _ends(rows: Sequence[Slice]) -> list[Slice | None]:
    """Return all of a short table, the best and the worst of a long one."""
    return list(rows) if len(rows) <= 10 else [*rows[:5], None, *rows[-5:]]


def _slice_line(row: Slice | None) -> str:
    if row is None:
        return "  ..."
    return f"  {row.name:<24}{row.trades:>7}{row.win_rate_pct:>8.1f}{row.pnl:>12,.2f}"


def _pct(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _candles(job: Job, history: History) -> int:
    series = (history.find(symbol, job.detail) for symbol in history.symbols)
    return sum(
        max(min(row.place(job.to_ms), len(row)) - row.place(job.from_ms), 0)
        for row in series
        if row is not None
    )


def _warnings(
    job: Job, record: Record, numbers: Statistics, by_symbol: Sequence[Slice]
) -> tuple[str, ...]:
    found = list(job.notes)
    if numbers.trades < FEW_TRADES:
        found.append(
            f"{numbers.trades} trades are few: with fewer than {FEW_TRADES} the result is "
            "mostly chance."
        )
    gains = sum(row.pnl for row in by_symbol if row.pnl > 0)
    if len(by_symbol) > 2 and gains > 0 and by_symbol[0].pnl > MOST_OF_IT * gains:
        share = by_symbol[0].pnl / gains * 100
        found.append(f"{by_symbol[0].name} alone made {share:.0f} % of all gains.")
    before_fees = numbers.final_equity - numbers.start_cash + numbers.fees
    if numbers.fees > 0 and before_fees > 0 and numbers.fees > MOST_OF_IT * before_fees:
        found.append(
            f"Fees took {numbers.fees:,.2f} of {before_fees:,.2f} earned before them: a little "
            "more slippage turns the result."
        )
    if record.still_open:
        found.append(f"{record.still_open} positions are still open and valued at the last close.")
    found.extend(f"Something went wrong: {fault}" for fault in record.faults)
    return tuple(found)


def _doubts(
    numbers: Statistics, chance: Interval | None, random_times: Baseline | None
) -> tuple[str, ...]:
    found = []
    if chance is not None and chance.return_low_pct < 0 < numbers.return_pct:
        found.append(
            f"With other days of the same kind the return lies between "
            f"{chance.return_low_pct:+.2f} % and {chance.return_high_pct:+.2f} %: it may well be "
            "chance."
        )
    if random_times is not None and random_times.beaten_pct < SURE_PCT:
        found.append(
            f"Entries at random times with the same holding times did better in "
            f"{100 - random_times.beaten_pct:.0f} of 100 rounds."
        )
    return tuple(found)


def _row(trade: Trade) -> TradeRow:
    return TradeRow(
        trader=trade.trader,
        symbol=trade.symbol,
        side=trade.side.value,
        entry_time=iso(trade.entry_ms),
        entry_price=_text(trade.entry_price),
        exit_time=iso(trade.exit_ms),
        exit_price=_text(trade.exit_price),
        quantity=_text(trade.quantity),
        fees=_text(trade.fees),
        pnl=_text(trade.pnl),
        pnl_pct=round(trade.pnl_pct, 4),
        exit_reason=trade.exit_reason,
        exit_condition=trade.exit_condition,
    )


def _text(value: Decimal) -> str:
    return trimmed(value)
