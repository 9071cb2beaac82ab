"""A sweep as one HTML file that needs nothing else: heat map, table, walk-forward, doubts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aitrader.backtest.html import head, html_table, signed, tiles
from aitrader.backtest.outcome import Outcome
from aitrader.backtest.parameters import Axis, Value
from aitrader.backtest.report import iso
from aitrader.backtest.statistics import Statistics
from aitrader.backtest.sweep import LEAST, value_of
from aitrader.backtest.sweep_report import COLUMNS, SweepReport

MOST_ROWS = 500
"""Shown in the page; all of them are in the Parquet file."""

MAP_STYLE = """
table.map{min-width:0;border-collapse:separate;border-spacing:2px}
table.map td,table.map th{text-align:center;min-width:48px;padding:4px 6px;border:0}
table.map td{border-radius:3px;color:#fff;font-size:12px}
table.map td.best{outline:2px solid var(--fg)}
"""

NO_AXIS = Axis("", ("",))


def sweep_page(report: SweepReport) -> str:
    """Return the whole file; the same report gives the same bytes."""
    doubts = report.overfitting
    title = f"{report.trader}: sweep"
    rows = (
        ("combinations", f"{len(report.outcomes):,} of {report.possible:,}"),
        ("deflated Sharpe ratio", _share(doubts.deflated)),
        ("probability of overfitting", _share(doubts.pbo)),
        (
            "Sharpe by luck alone",
            "-" if doubts.luck_sharpe is None else f"{doubts.luck_sharpe:.2f}",
        ),
    )
    parts = (
        head(title, more=MAP_STYLE),
        f"<h1>{escape(title)}</h1>",
        f"<p>Symbols: {len(report.symbols)}; {report.interval} candles, {report.from_time} to "
        f"{report.to_time} UTC</p>",
        *(f"<p class=note>{escape(text)}</p>" for text in report.warnings),
        _best(report),
        tiles(rows),
        _heat_map(report),
        _walk(report),
        f"<h2>Combinations by {_words(report.objective)}</h2>",
        _outcomes(report),
        "</body></html>\n",
    )
    return "\n".join(parts)


def _best(report: SweepReport) -> str:
    best = report.best
    if best is None or best.statistics is None:
        return ""
    chosen = ", ".join(f"{escape(name)} {escape(str(value))}" for name, value in best.values)
    numbers = best.statistics
    return (
        f"<p>The best by {_words(report.objective)}: <b>{chosen}</b>, "
        f"{_words(report.objective)} {value_of(best, report.objective):.2f}, return "
        f"{signed(numbers.return_pct, ' %')} in {numbers.trades:,} trades.</p>"
    )


def _heat_map(report: SweepReport) -> str:
    """Return the objective over two axes, or one, the best over the others in each cell."""
    wide = sorted((axis for axis in report.axes if len(axis.values) > 1), key=_width)[-2:]
    if not wide:
        return ""
    across, down = wide[-1], wide[0] if len(wide) > 1 else NO_AXIS
    cells = _best_cells(report, across, down)
    most = max((abs(_over(row, report.objective)) for row in cells.values()), default=0.0)
    lines = []
    for y in down.values:
        row = "".join(_cell(cells.get((x, y)), report, most) for x in across.values)
        lines.append(f"<tr><th>{escape(str(y))}</th>{row}</tr>")
    top = "".join(f"<th>{escape(str(x))}</th>" for x in across.values)
    others = len(report.axes) > len(wide)
    beside = f"{escape(down.name)} down and " if down is not NO_AXIS else ""
    return (
        f"<h2>{_words(report.objective)}, {beside}{escape(across.name)} across</h2>"
        f"{'<p>Each cell is the best over all others.</p>' if others else ''}"
        f"<div class=wide><table class=map><tr><th></th>{top}</tr>{''.join(lines)}</table></div>"
    )


def _best_cells(
    report: SweepReport, across: Axis, down: Axis
) -> dict[tuple[Value, Value], Outcome]:
    found: dict[tuple[Value, Value], Outcome] = {}
    for row in report.outcomes:  # the best first
        values = dict(row.values)
        if value_of(row, report.objective) > LEAST:
            found.setdefault((values[across.name], values.get(down.name, "")), row)
    return found


def _cell(outcome: Outcome | None, report: SweepReport, most: float) -> str:
    """Return a cell: green where something is won, red where it is lost, the more the fuller."""
    if outcome is None:
        return "<td></td>"
    over = _over(outcome, report.objective)
    share = abs(over) / most if most else 0.0
    hue, full, light = (145 if over > 0 else 4), 10 + 60 * share, 46 - 18 * share
    name = "best" if outcome is report.best else ""
    value = value_of(outcome, report.objective)
    style = f"background:hsl({hue} {full:.0f}% {light:.0f}%)"
    return f"<td class='{name}' style='{style}'>{value:.2f}</td>"


def _over(outcome: Outcome, objective: str) -> float:
    """Return how far an outcome is above what neither wins nor loses."""
    return value_of(outcome, objective) - (1.0 if objective == "profit_factor" else 0.0)


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
            signed(fold.statistics.return_pct),
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
    return f"{html_table(heads, rows)}{note}"


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
