"""A report as one HTML file that needs nothing else: no script, no font, no address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import msgspec
import numpy as np

from aitrader.backtest.equity import Curve
from aitrader.backtest.report import Report, iso
from aitrader.filters.panel import Floats

WIDTH, HEIGHT = 960, 240
MOST_POINTS = 960
MOST_ROWS = 2_000
"""Trades shown in the page; all of them are in the CSV."""

STYLE = """
:root{color-scheme:light dark;--fg:#1c2330;--soft:#69707d;--bg:#fff;--card:#f5f6f8;--line:#d9dce1;
--up:#0a7d4f;--down:#b3261e;--ink:#2f6fde}
@media(prefers-color-scheme:dark){:root{--fg:#e6e9ef;--soft:#9aa3b2;--bg:#12151b;--card:#1b2029;
--line:#2c333f;--up:#4cc38a;--down:#f2665c;--ink:#7aa7ff}}
body{margin:0 auto;max-width:1000px;padding:24px;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:24px;margin:0}h2{font-size:17px;margin:32px 0 8px}p,li{color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:8px;margin:20px 0}
.tile{background:var(--card);border-radius:8px;padding:10px 14px}
.tile b{display:block;font-size:19px;font-variant-numeric:tabular-nums}
.tile>span{color:var(--soft);font-size:13px}
.up{color:var(--up)}.down{color:var(--down)}
.note{border-left:3px solid var(--down);padding:2px 12px;margin:6px 0}
svg{width:100%;height:auto;background:var(--card);border-radius:8px}
svg text{fill:var(--soft);paint-order:stroke;stroke:var(--card);stroke-width:4px;
font:12px system-ui,sans-serif}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child,td.t,th.t{text-align:left}
.wide{overflow-x:auto}details summary{cursor:pointer}
"""


def page(report: Report, curve: Curve) -> str:
    """Return the whole file; the same report gives the same bytes."""
    numbers = report.statistics
    title = ", ".join(report.traders)
    parts = (
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(title)}: backtest</title><style>{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>Symbols: {len(report.symbols)}; {report.interval} candles, {report.from_time} to "
        f"{report.to_time} UTC, {report.candles:,} candles</p>",
        *(f"<p class=note>{escape(text)}</p>" for text in report.warnings),
        _tiles(report),
        "<h2>Equity</h2>",
        _chart(curve, curve.equity, "var(--ink)", is_filled=False),
        "<h2>Drawdown in percent</h2>",
        _chart(curve, 0.0 - curve.drawdown_pct, "var(--down)", is_filled=True),
        "<h2>Months</h2>",
        html_table(("month", "return %"), ((name, _signed(pct)) for name, pct in report.by_month)),
        *(
            f"<h2>By {name}</h2>"
            + html_table(
                (name, "trades", "won %", "pnl"),
                (
                    (escape(row.name), str(row.trades), f"{row.win_rate_pct:.1f}", _signed(row.pnl))
                    for row in rows
                ),
            )
            for name, rows in (
                ("exit reason", report.by_reason),
                ("symbol", report.by_symbol),
                ("trader", report.by_trader),
            )
        ),
        _refusals(report),
        f"<h2>Trades</h2>{_trades(report)}",
        "<h2>How it was counted</h2><ul>",
        *(f"<li>{escape(rule)}</li>" for rule in report.rules),
        "</ul><details><summary>Formulas</summary>",
        html_table(
            ("number", "formula"), ((escape(k), escape(v)) for k, v in report.formulas.items())
        ),
        f"</details><p>Fees {numbers.fees:,.2f} on {numbers.turnover:,.2f} traded.</p>",
        "</body></html>\n",
    )
    return "\n".join(parts)


def _tiles(report: Report) -> str:
    numbers = report.statistics
    tiles = (
        ("return", _signed(numbers.return_pct, " %")),
        ("a year", _signed(numbers.cagr_pct, " %")),
        ("buy and hold", _signed(numbers.buy_and_hold_pct, " %")),
        ("max drawdown", f"{numbers.max_drawdown_pct:,.2f} %"),
        ("longest below a high", f"{numbers.max_drawdown_days:,.1f} days"),
        ("Sharpe", _plain(numbers.sharpe)),
        ("Sortino", _plain(numbers.sortino)),
        ("Calmar", _plain(numbers.calmar)),
        ("trades", f"{numbers.trades:,}"),
        ("won", f"{_plain(numbers.win_rate_pct)} %"),
        ("profit factor", _plain(numbers.profit_factor)),
        ("mean pnl of a trade", _signed(numbers.expectancy)),
        ("mean holding time", f"{_plain(numbers.mean_hold_hours)} h"),
        ("exposure", f"{numbers.exposure_pct:,.2f} %"),
        ("final equity", f"{numbers.final_equity:,.2f}"),
        ("fees", f"{numbers.fees:,.2f}"),
    )
    cells = (f"<div class=tile><b>{value}</b><span>{name}</span></div>" for name, value in tiles)
    return f"<div class=tiles>{''.join(cells)}</div>"


def _chart(curve: Curve, values: Floats, color: str, *, is_filled: bool) -> str:
    """Return a line over time; of a long one the extremes of each stretch are kept."""
    places = _kept(values)
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    x = places / max(len(values) - 1, 1) * WIDTH
    y = (high - values[places]) / span * (HEIGHT - 20) + 10
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    if is_filled:
        shape = f"<polygon points='0,10 {points} {WIDTH},10' fill='{color}' opacity='.35'/>"
    else:
        shape = f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='1.5'/>"
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role=img>{shape}"
        f"<text x=6 y=20>{high:,.2f}</text><text x=6 y={HEIGHT - 6}>{low:,.2f}</text>"
        f"<text x={WIDTH - 6} y={HEIGHT - 6} text-anchor=end>{iso(int(curve.at_ms[-1]))}</text>"
        "</svg>"
    )


def _kept(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), MOST_POINTS // 2 + 1).astype(np.int64)
    kept = {0, len(values) - 1}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        stretch = values[start:stop]
        kept |= {start + int(stretch.argmin()), start + int(stretch.argmax())}
    return np.array(sorted(kept), np.int64)


def _refusals(report: Report) -> str:
    if not report.refused:
        return ""
    rows = ((escape(reason), str(count)) for reason, count in report.refused[:30])
    return f"<h2>Entries refused</h2>{html_table(('why', 'times'), rows)}"


def _trades(report: Report) -> str:
    names = tuple(report.trades[0].__struct_fields__) if report.trades else ()
    shown = report.trades[:MOST_ROWS]
    rows = (tuple(escape(str(value)) for value in msgspec.structs.astuple(row)) for row in shown)
    more = len(report.trades) - len(shown)
    note = f"<p>{more:,} more are not shown.</p>" if more else ""
    return f"<div class=wide>{html_table(names, rows)}</div>{note}"


def html_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _signed(value: float | None, unit: str = "") -> str:
    if value is None:
        return "-"
    return f"<span class={'up' if value >= 0 else 'down'}>{value:+,.2f}{unit}</span>"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
