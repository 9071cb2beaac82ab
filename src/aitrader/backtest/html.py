"""What the pages of a run and of a sweep are made of: their looks, tables, tiles and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root{color-scheme:light dark;--fg:#1c2330;--soft:#69707d;--bg:#fff;--card:#f5f6f8;--line:#d9dce1;
--up:#0a7d4f;--down:#b3261e;--ink:#2f6fde}
@media(prefers-color-scheme:dark){:root{--fg:#e6e9ef;--soft:#9aa3b2;--bg:#12151b;--card:#1b2029;
--line:#2c333f;--up:#4cc38a;--down:#f2665c;--ink:#7aa7ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1000px;padding:24px;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:24px;margin:0}h3{font-size:14px;margin:16px 0 4px}
h2{font-size:17px;margin:32px 0 8px}p,li{color:var(--soft)}p{margin:8px 0}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:8px;margin:20px 0}
.tile{background:var(--card);border-radius:8px;padding:10px 14px}
.tile b{display:block;font-size:19px;font-variant-numeric:tabular-nums}
.tile>span{color:var(--soft);font-size:13px}
.up{color:var(--up)}.down{color:var(--down)}
.note{border-left:3px solid var(--down);padding:2px 12px;margin:6px 0}
.plot{position:relative;background:var(--card);border-radius:8px;overflow:hidden}
.plot svg{display:block;width:100%;height:auto}.plot.line svg{height:220px}
.plot>span{position:absolute;left:8px;padding:0 3px;border-radius:3px;background:var(--card);
color:var(--soft);font-size:12px;line-height:1.4;opacity:.85}
.plot>.hi{top:4px}.plot>.lo{bottom:4px}
.span{display:flex;justify-content:space-between;color:var(--soft);font-size:12px;padding:2px 8px}
.wide{overflow-x:auto}.wide>.plot,.wide>.span{min-width:680px}
table{border-collapse:collapse;min-width:min(100%,560px);font-size:13px;
font-variant-numeric:tabular-nums}
th,td{padding:4px 12px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:600}
th:first-child,td:first-child,td.t,th.t{text-align:left;padding-left:0}
table.tight th,table.tight td{padding-left:8px;padding-right:6px}
table.tight th:first-child,table.tight td:first-child{padding-left:0}
table.text{width:100%}table.text td{white-space:normal;text-align:left;overflow-wrap:anywhere}
table.text th{text-align:left}
.mark line{stroke:currentColor;stroke-width:1}.mark path,.mark circle{fill:currentColor}
details summary{cursor:pointer;color:var(--soft);margin:8px 0}
@media(max-width:600px){body{padding:16px}.tiles{grid-template-columns:repeat(2,1fr)}
.plot.line svg{height:160px}.tile b{font-size:17px}}
@media print{body{max-width:none}}
"""
"""Light or dark as the reader's system is; wide tables and charts scroll by themselves."""


def head(title: str, *, more: str = "") -> str:
    """Return the beginning of a page, up to its first heading; `more` is further style."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{STYLE}{more}</style></head><body>"
    )


def tiles(rows: Iterable[tuple[str, str]]) -> str:
    """Return names with their numbers, which are HTML already, as tiles."""
    cells = (f"<div class=tile><b>{value}</b><span>{name}</span></div>" for name, value in rows)
    return f"<div class=tiles>{''.join(cells)}</div>"


def html_table(names: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "") -> str:
    """Return a table of cells that are HTML already; the kind `text` has sentences
    in it, `tight` many columns."""
    top = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    opening = f"<table class={kind}>" if kind else "<table>"
    return (
        f"<div class=wide>{opening}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def month_table(months: Iterable[tuple[str, float]]) -> str:
    """Return gains such as ("2025-03", 1.2), a row per year, and what they make in the year."""
    years: dict[str, dict[int, float]] = {}
    for name, pct in months:
        year, _, month = name.partition("-")
        years.setdefault(year, {})[int(month)] = pct
    rows = []
    for year, gains in years.items():
        growth = 1.0
        for pct in gains.values():
            growth *= 1 + pct / 100
        cells = (signed(gains[month]) if month in gains else "" for month in range(1, 13))
        rows.append((year, *cells, f"<b>{signed((growth - 1) * 100)}</b>"))
    return html_table(("", *(f"{month:02}" for month in range(1, 13)), "year"), rows, kind="tight")


def words(name: str) -> str:
    """Return a name of the code, such as TAKE_PROFIT, as words."""
    return name.replace("_", " ").lower() if name.isupper() else name


def signed(value: float | None, unit: str = "") -> str:
    """Return a gain or loss in its color."""
    if value is None:
        return "-"
    return f"<span class={'up' if value >= 0 else 'down'}>{value:+,.2f}{unit}</span>"


def plain(value: float | None) -> str:
    """Return a number with two decimals."""
    return "-" if value is None else f"{value:,.2f}"
