"""What the engine answered to a question about a row, as text to read. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from aitrader.model.control import ConditionRow, ExplanationRow
from aitrader.model.signal import Signal
from aitrader.model.trader import Exits, Level, LevelKind
from aitrader.tui import text as words

SIGNS = {"true": "✓", "false": "✗", "unknown": "?"}
MOST_WHOLE = 3
"""So many symbols are shown with every condition and value, the rest in a line each."""


def number(value: float | None) -> str:
    """Return a value of a series, short enough to read and long enough to compare."""
    return "unknown" if value is None else f"{value:.6g}"


def signal_text(signal: Signal) -> str:
    """Return the values behind a signal's conditions, and how it means to leave."""
    lines = ["what held, and the values of that candle", ""]
    for finding in signal.findings:
        lines.append(f"✓ {finding.condition}")
        lines += [f"    {name} = {number(value)}" for name, value in finding.values]
    return "\n".join([*lines, "", "how it leaves", "", *exits_lines(signal.exits)])


def exits_lines(exits: Exits) -> list[str]:
    """Return the exits of a trader, a line each."""
    lines = [f"stop loss {_level(exits.stop_loss)}"] if exits.stop_loss else []
    lines += [
        f"take profit {_level(target.level)} for {100 * target.share:.0f} %"
        for target in exits.take_profit
    ]
    lines += [f"trailing {exits.trailing_pct} %"] if exits.trailing_pct is not None else []
    lines += [f"max age {words.age(exits.max_age_ms)}"] if exits.max_age_ms is not None else []
    if exits.break_even_pct is not None:
        lines.append(f"stop to break even at {exits.break_even_pct} %")
    return lines


def _level(level: Level) -> str:
    if level.kind is LevelKind.PERCENT:
        return f"{level.value.normalize():f} %"
    if level.kind is LevelKind.DISTANCE:
        return f"{words.price(float(level.value))} from the price paid"
    return f"at {words.price(float(level.value))}"


def explanation_text(rows: Sequence[ExplanationRow]) -> str:
    """Return why a trader did not signal: the symbols nearest to one in whole, then the rest."""
    if not rows:
        return ""
    at = words.clock(rows[0].candle_open_ms)[:5]
    lines = [f"why no signal? the candle of {at}, the nearest first", ""]
    for row in rows[:MOST_WHOLE]:
        lines.append(f"{row.symbol:<12} {_summary(row)}")
        for condition in row.conditions:
            lines.append(f"  {SIGNS.get(condition.truth, '?')} {condition.name}")
            lines += [f"      {name} = {number(value)}" for name, value in condition.values]
    lines += [f"{row.symbol:<12} {_summary(row)}{_lacking(row)}" for row in rows[MOST_WHOLE:]]
    return "\n".join(lines)


def _summary(row: ExplanationRow) -> str:
    held = sum(condition.truth == "true" for condition in row.conditions)
    counted = f"{held} of {len(row.conditions)}"
    if not row.is_ready:
        return f"{counted}  warming up"
    if row.is_signal:
        return f"{counted}  signal"
    if row.held_before and held == len(row.conditions):
        return f"{counted}  held before too: nothing became true"
    return counted


def _lacking(row: ExplanationRow) -> str:
    missing: list[ConditionRow] = [c for c in row.conditions if c.truth != "true"]
    names = ", ".join(f"{SIGNS.get(c.truth, '?')} {c.name}" for c in missing)
    return f"  {names}" if names else ""
