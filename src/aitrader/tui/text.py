"""Numbers, times and foreign text as cells of a terminal.

Everything that came from outside passes through `clean` before it is drawn: no control character,
no escape sequence and no change of writing direction reaches the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isnan

from rich.cells import cell_len, set_cell_size

BARS = "▁▂▃▄▅▆▇█"
DASH = "—"
ELLIPSIS = "…"
_NARROW = re.compile(f"[ -~\u2500-\u25fc{DASH}{ELLIPSIS}·✓]*")
"""Text whose every character is one cell: measuring anything else costs five times as much."""


def clean(text: str) -> str:
    """Return the text in one line, with what is not printable replaced by a space."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)


def fit(text: str, width: int, *, is_right: bool = False) -> str:
    """Return the text in exactly `width` cells; what does not fit ends in an ellipsis."""
    size = len(text) if _NARROW.fullmatch(text) else cell_len(text)
    if size > width:
        if width <= 1:
            return set_cell_size(text, width)
        return set_cell_size(text, width - 1) + ELLIPSIS
    pad = " " * (width - size)
    return pad + text if is_right else text + pad


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the last `width` values as bars between their own least and most."""
    shown = [value for value in values[-width:] if not isnan(value)]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if high <= low:
        return BARS[3] * len(shown)
    scale = 7.999 / (high - low)
    return "".join([BARS[int((value - low) * scale)] for value in shown])


def price(value: float | None) -> str:
    """Return a price with decimals by its size, so that a column of one symbol never jumps."""
    if value is None or isnan(value):
        return DASH
    size = abs(value)
    if size >= 1000:
        return f"{value:,.2f}"
    if size >= 100:
        return f"{value:.3f}"
    if size >= 1:
        return f"{value:.4f}"
    if size >= 0.01:
        return f"{value:.6f}"
    return f"{value:.8f}"


def volume(value: float) -> str:
    """Return a large number in four or five characters: `4.1B`, `320M`."""
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        short = value / limit
        if short >= 0.9995:  # what rounds to a thousand of a unit is one of the next
            return f"{short:.1f}{unit}" if short < 99.95 else f"{short:.0f}{unit}"
    return f"{value:.0f}"


def signed(value: float, *, decimals: int = 2) -> str:
    """Return a number with its sign; nothing lost and nothing won has none."""
    text = f"{value:+,.{decimals}f}"
    return text[1:] if not text.strip("+-0.,") else text


def gain(value: float, width: int, *, unit: str = "") -> str:
    """Return a number with its sign in at most `width` cells: first its decimals go."""
    short = f"{'-' if value < 0 else '+'}{volume(abs(value))}"
    return shortest(width, signed(value) + unit, signed(value, decimals=0) + unit, short + unit)


def quantity(text: str, width: int) -> str:
    """Return exact text as it is, or with as many decimals as there is room for."""
    value = amount(text)
    rounded = (f"{value:.{decimals}f}" for decimals in (6, 4, 2, 0))
    return shortest(width, text, *rounded, volume(value))


def shortest(width: int, *texts: str) -> str:
    """Return the first text that fits, else the last: a number is never cut."""
    return next((text for text in texts if len(text) <= width), texts[-1])


def direction(value: float) -> str:
    """Return the style of a gain or a loss."""
    return "up" if value > 0 else "down" if value < 0 else ""


def slope(value: float) -> str:
    """Return the softer style of a line that rises or falls."""
    return "rise" if value > 0 else "fall" if value < 0 else "dim"


def clock(at_ms: int) -> str:
    """Return the UTC time of day, or a dash for an instant that never was."""
    if at_ms <= 0:
        return DASH
    seconds = at_ms // 1000 % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def day(at_ms: int) -> str:
    """Return the UTC date and time."""
    if at_ms <= 0:
        return DASH
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def age(span_ms: float) -> str:
    """Return a time span in its two largest units: `12s`, `5m`, `3h12`, `2d`."""
    seconds = max(0, int(span_ms // 1000))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds // 60 % 60:02d}"
    return f"{seconds // 86_400}d"


def money(text: str) -> str:
    """Return an amount that came as exact text, grouped and with two decimals."""
    try:
        return f"{float(text):,.2f}"
    except ValueError:
        return clean(text)


def amount(text: str) -> float:
    """Return the value of exact text for the eye, 0 if it is no number."""
    try:
        return float(text)
    except ValueError:
        return 0.0
