"""A sweep as one HTML file that needs nothing else: heat map, table, walk-forward, doubts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aitrader.backtest.outcome import Outcome
from aitrader.backtest.page import STYLE, html_table
from aitrader.backtest.parameters import Axis, Value
from aitrader.backtest.report import iso
from aitrader.backtest.statistics import Statistics
from aitrader.backtest.sweep import LEAST, value_of
from aitrader.backtest.sweep_report import COLUMNS, SweepReport

MOST_ROWS = 500
"""Shown in the page; all of them are in the Parquet file."""

MAP_STYLE = """
table.map{width:auto}table.map td,table.map th{text-align:center;min-width:44px;border:0}
table.map td{border-radius:3px;color:#fff;font-size:12px}
table.map td.best{outline:2px solid var(--fg)}
"""


def sweep_page(report: SweepReport) -> str:
    """Return the whole file; the same report gives the same bytes."""
    doubts = report.overfitting
    title = f"{report.trader}: sweep"
    tiles = (
        ("combinations", f"{len(report.outcomes):,} of {report.possible:,}"),
        ("deflated Sharpe ratio", _share(doubts.deflated)),
        ("probability of overfitting", _share(doubts.pbo)),
        (
            "Sharpe by luck alone",
            "-" if doubts.luck_sharpe is None else f"{doubts.luck_sharpe:.2f}",
        ),
    )
    cells = (f"<div class=tile><b>{value}</b><span>{name}</span></div>" for name, value in tiles)
    parts = (
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(title)}</title><style>{STYLE}{MAP_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>Symbols: {len(report.symbols)}; {report.interval} candles, {report.from_time} to "
        f"{report.to_time} UTC</p>",
        *(f"<p class=note>{escape(text)}</p>" for text in report.warnings),
        f"<div class=tiles>{''.join(cells)}</div>",
        _heat_map(report),
        _walk(report),
        f"<h2>Combinations by {_words(report.objective)}</h2>",
        _outcomes(report),
        "</body></html>\n",
    )
    return "\n".join(parts)


def _heat_map(report: SweepReport) -> str:
    """Return the objective over two axes, the best over the others in each cell; "" with one."""
    wide = sorted((axis for axis in report.axes if len(axis.values) > 1), key=_width)[-2:]
    if len(wide) < 2:
        return ""
    across, down = wide[1], wide[0]
    cells = _best_cells(report, across, down)
    known = [value_of(row, report.objective) for row in cells.values()]
    low, high = min(known, default=0.0), max(known, default=0.0)
    lines = []
    for y in down.values:
        row = "".join(_cell(cells.get((x, y)), report, low, high) for x in across.values)
        lines.append(f"<tr><th>{escape(str(y))}</th>{row}</tr>")
    head = "".join(f"<th>{escape(str(x))}</th>" for x in across.values)
    others = len(report.axes) > 2
    return (
        f"<h2>{_words(report.objective)}, {escape(down.name)} down and {escape(across.name)} "
        f"across</h2>{'<p>Each cell is the best over all others.</p>' if others else ''}"
        f"<div class=wide><table class=map><tr><th></th>{head}</tr>{''.join(lines)}</table></div>"
    )


def _best_cells(
    report: SweepReport, across: Axis, down: Axis
) -> dict[tuple[Value, Value], Outcome]:
    found: dict[tuple[Value, Value], Outcome] = {}
    for row in report.outcomes:  # the best first
        values = dict(row.values)
        if value_of(row, report.objective) > LEAST:
            found.setdefault((values[across.name], values[down.name]), row)
    return found


def _cell(outcome: Outcome | None, report: SweepReport, low: float, high: float) -> str:
    if outcome is None:
        return "<td></td>"
    value = value_of(outcome, report.objective)
    share = (value - low) / (high - low) if high > low else 1.0
    hue = 4 + 140 * share
    name = "best" if outcome is report.best else ""
    return f"<td class='{name}' style='background:hsl({hue:.0f} 55% 34%)'>{value:.2f}</td>"


def _walk(report: SweepReport) -> str:
    walk = report.walk
    if walk is None:
        return ""
    rows = (
        (
            iso(fold.from_ms)[:10],
            escape(", ".join(f"{name} {value}" for name, value in fold.values)),
            f"{fold.before_sharpe:.2f}",
            _number(fold.statistics.sharpe),
            f"{fold.statistics.return_pct:+.2f}",
            str(fold.statistics.trades),
        )
        for fold in walk.folds
    )
    names = ("from", "chosen", "Sharpe before", "Sharpe", "return %", "trades")
    return (
        f"<h2>Walk-forward: {walk.return_pct:+,.2f} %</h2><p>Chosen by the days before each "
        f"stretch, then run over the stretch.</p>{html_table(names, rows)}"
    )


def _outcomes(report: SweepReport) -> str:
    names = [axis.name for axis in report.axes]
    done = [(row, row.statistics) for row in report.outcomes if row.statistics is not None]
    rows = (_row(outcome, numbers, names) for outcome, numbers in done[:MOST_ROWS])
    more = len(done) - MOST_ROWS
    note = f"<p>{more:,} more are not shown.</p>" if more > 0 else ""
    heads = (*names, *map(_words, COLUMNS))
    return f"<div class=wide>{html_table(heads, rows)}</div>{note}"


def _row(outcome: Outcome, numbers: Statistics, names: Sequence[str]) -> tuple[str, ...]:
    values = dict(outcome.values)
    cells = (_number(getattr(numbers, name)) for name in COLUMNS)
    return (*(escape(str(values[name])) for name in names), *cells)


def _width(axis: Axis) -> int:
    return len(axis.values)


def _words(name: str) -> str:
    return {"sharpe": "Sharpe", "sortino": "Sortino", "calmar": "Calmar"}.get(
        name, name.replace("_pct", " %").replace("_", " ")
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.0f} %"
