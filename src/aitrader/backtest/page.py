"""A report as one HTML file that needs nothing else: no script, no font, no address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import msgspec

from aitrader.backtest.charts import line_chart, means, trades_on_candles
from aitrader.backtest.equity import Curve, Marks
from aitrader.backtest.history import History
from aitrader.backtest.html import head, html_table, month_table, plain, signed, tiles, words
from aitrader.backtest.job import Job
from aitrader.backtest.record import Trade
from aitrader.backtest.report import Report, iso
from aitrader.filters.panel import Floats

MOST_ROWS = 2_000
"""Trades shown in the page; all of them are in the CSV."""


FEW_ROWS = 40
"""More than these are shown when asked for."""


@dataclass(frozen=True, eq=False, slots=True)
class Pictures:
    """What needs the candles: the worth of buying and holding (T,), and charts with trades."""

    held: Floats | None = None
    trades: str = ""


def pictures_of(job: Job, history: History, trades: Sequence[Trade]) -> Pictures:
    """Return the pictures of a run."""
    marks = Marks(history, interval=job.detail, from_ms=job.from_ms, to_ms=job.to_ms)
    return Pictures(
        held=marks.held(float(job.terms.start_cash)),
        trades=trades_on_candles(trades, history, job.detail),
    )


def page(report: Report, curve: Curve, pictures: Pictures) -> str:
    """Return the whole file; the same report gives the same bytes."""
    numbers = report.statistics
    title = ", ".join(report.traders)
    parts = (
        head(f"{title}: backtest"),
        f"<h1>{escape(title)}</h1>",
        f"<p>Symbols: {len(report.symbols)}; {report.interval} candles, {report.from_time} to "
        f"{report.to_time} UTC, {report.candles:,} candles</p>",
        *(f"<p class=note>{escape(text)}</p>" for text in report.warnings),
        _tiles(report),
        "<h2>Equity</h2>",
        line_chart(curve, curve.equity, "var(--ink)", is_filled=False, beside=pictures.held),
        "<p>Dashed: buy and hold, equal parts of every symbol.</p>",
        "<h2>Drawdown in percent</h2>",
        line_chart(curve, 0.0 - curve.drawdown_pct, "var(--down)", is_filled=True),
        "<h2>Mean exposure in percent of equity</h2>",
        line_chart(curve, means(curve.exposed / curve.equity * 100), "var(--ink)", is_filled=True),
        _guards(report),
        _stretches(report),
        "<h2>Months, return in percent</h2>",
        month_table(report.by_month),
        _slices(report),
        _conditions(report),
        pictures.trades,
        _refusals(report),
        f"<h2>Trades</h2>{_trades(report)}",
        "<h2>How it was counted</h2><ul>",
        *(f"<li>{escape(rule)}</li>" for rule in report.rules),
        "</ul><details><summary>Formulas</summary>",
        html_table(
            ("number", "formula"),
            ((escape(k), escape(v)) for k, v in report.formulas.items()),
            kind="text",
        ),
        f"</details><p>Fees {numbers.fees:,.2f} on {numbers.turnover:,.2f} traded.</p>",
        "</body></html>\n",
    )
    return "\n".join(parts)


def _tiles(report: Report) -> str:
    numbers = report.statistics
    rows = (
        ("return", signed(numbers.return_pct, " %")),
        ("a year", signed(numbers.cagr_pct, " %")),
        ("buy and hold", signed(numbers.buy_and_hold_pct, " %")),
        ("max drawdown", f"{numbers.max_drawdown_pct:,.2f} %"),
        ("longest below a high", f"{numbers.max_drawdown_days:,.1f} days"),
        ("Sharpe", plain(numbers.sharpe)),
        ("Sortino", plain(numbers.sortino)),
        ("Calmar", plain(numbers.calmar)),
        ("trades", f"{numbers.trades:,}"),
        ("won", f"{plain(numbers.win_rate_pct)} %"),
        ("profit factor", plain(numbers.profit_factor)),
        ("mean pnl of a trade", signed(numbers.expectancy)),
        ("mean holding time", f"{plain(numbers.mean_hold_hours)} h"),
        ("exposure", f"{numbers.exposure_pct:,.2f} %"),
        ("final equity", f"{numbers.final_equity:,.2f}"),
        ("fees", f"{numbers.fees:,.2f}"),
    )
    return tiles(rows)


def _slices(report: Report) -> str:
    tables = (
        ("exit reason", report.by_reason),
        ("symbol", report.by_symbol),
        ("trader", report.by_trader if len(report.by_trader) > 1 else ()),
        ("exit condition", report.by_exit_condition),
    )
    parts = []
    for name, rows in tables:
        cells = (
            (
                escape(words(row.name) if name == "exit reason" else row.name),
                f"{row.trades:,}",
                f"{row.win_rate_pct:.1f}",
                signed(row.pnl),
            )
            for row in rows
        )
        if rows:
            table = html_table((name, "trades", "won %", "pnl"), cells)
            parts.append(f"<h2>By {name}</h2>{table}")
    return "\n".join(parts)


def _guards(report: Report) -> str:
    """Return what chance and other pieces of the time say, "" when nothing was asked."""
    rows = []
    if report.chance is not None:
        found = report.chance
        rows.append(
            (
                "return, 95 % by resampled days",
                f"{found.return_low_pct:+,.2f} % to {found.return_high_pct:+,.2f} %",
            )
        )
        rows.append(
            ("Sharpe, 95 % by resampled days", f"{found.sharpe_low:.2f} to {found.sharpe_high:.2f}")
        )
    named = (
        ("the same trades at random times", report.random_times),
        ("random entries with the same exits", report.beside.random_entries),
    )
    rows += [
        (
            name,
            f"{row.mean:+,.2f} ({row.low:+,.2f} to {row.high:+,.2f}); {row.beaten_pct:.0f} % of "
            f"{row.rounds} rounds beaten",
        )
        for name, row in named
        if row is not None
    ]
    return f"<h2>Chance</h2>{html_table(('what', 'result'), rows, kind='text')}" if rows else ""


def _stretches(report: Report) -> str:
    rows = (
        (
            iso(row.from_ms)[:10],
            iso(row.to_ms)[:10],
            signed(row.statistics.return_pct),
            plain(row.statistics.sharpe),
            f"{row.statistics.max_drawdown_pct:.2f}",
            str(row.statistics.trades),
        )
        for row in report.beside.stretches
    )
    if not report.beside.stretches:
        return ""
    names = ("from", "to", "return %", "Sharpe", "drawdown %", "trades")
    return f"<h2>Stretch by stretch</h2>{html_table(names, rows)}"


def _conditions(report: Report) -> str:
    rows = (
        (
            escape(row.name),
            escape(row.trader),
            f"{row.held_pct:.2f}",
            f"{row.signals:,}",
            "-" if row.signals_without is None else f"{row.signals_without:,}",
        )
        for row in report.beside.conditions
    )
    if not report.beside.conditions:
        return ""
    names = ("condition", "trader", "holds on % of candles", "raised", "raised without it")
    return f"<h2>By condition</h2>{html_table(names, rows)}"


def _refusals(report: Report) -> str:
    if not report.refused:
        return ""
    rows = ((escape(reason), str(count)) for reason, count in report.refused[:30])
    return f"<h2>Entries refused</h2>{html_table(('why', 'times'), rows)}"


def _trades(report: Report) -> str:
    names = tuple(report.trades[0].__struct_fields__) if report.trades else ()
    shown = report.trades[:MOST_ROWS]
    rows = (tuple(escape(str(value)) for value in msgspec.structs.astuple(row)) for row in shown)
    table = html_table(names, rows)
    more = len(report.trades) - len(shown)
    if more:
        table += f"<p>{more:,} more are not shown.</p>"
    if len(shown) <= FEW_ROWS:
        return table
    return f"<details><summary>Show {len(shown):,} of them</summary>{table}</details>"
