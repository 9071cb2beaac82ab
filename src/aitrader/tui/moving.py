"""Another stop for an open position: typed as a price, a distance or `entry`, and asked once.

While a person types, the window says what it would mean: how far it is from the price of now and
what would be won or lost there. Whether it may be is the engine's to say.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

from aitrader.model.view import PositionRow
from aitrader.tui import text as words
from aitrader.tui.glyphs import plain
from aitrader.tui.text import clean

MOST = 24
DIGITS = 8
"""Significant digits of a stop that was typed as a distance; the engine rounds to the tick."""
HINT = "a price, a distance from it such as 1.5%, or entry"


class StopMover(ModalScreen[Decimal]):
    """Answers with the price of the new stop, None when the person thinks better of it."""

    def __init__(self, find: Callable[[], PositionRow]) -> None:
        """`find` returns the position as it stands now."""
        super().__init__()
        self._find = find
        self._typed = ""
        self._body = Static(classes="window")

    def compose(self) -> ComposeResult:
        """Show the question."""
        yield self._body

    def on_mount(self) -> None:
        """Say what is true now, once a second anew: the price moves on."""
        self.set_interval(1.0, self._show)
        self._show()

    def on_key(self, event: events.Key) -> None:
        """Type, take back, do it or leave it."""
        event.stop()
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
        elif event.key == "enter":
            price = wanted(self._typed, self._find())
            if price is not None:
                self.dismiss(price)
        elif event.key == "backspace":
            self._typed = self._typed[:-1]
        elif event.key == "ctrl+u":
            self._typed = ""
        elif event.is_printable and event.character:
            self._typed = (self._typed + event.character)[:MOST]
        self._show()

    def _show(self) -> None:
        theme, row = self.app.theme_variables, self._find()
        body = Text(f"Move the stop of {clean(row.symbol)} {row.side.lower()}?\n", style="bold")
        for label, value in (("entry", row.entry_price), ("now", row.mark_price)):
            body.append(f"\n  {label:<6}", style=theme["secondary"])
            body.append(words.price(value), style="not bold")
        body.append(f"\n  {'stop':<6}", style=theme["secondary"])
        body.append(words.price(row.stop_price), style="not bold")
        body.append(f"\n\n  {'new':<6}", style=theme["accent"])
        body.append(f"{clean(self._typed)}▏\n")
        body.append(f"  {'':<6}{meaning(self._typed, row)}\n", style="not bold")
        body.append("\n  enter  ", style=theme["accent"])
        body.append("move it", style="not bold")
        body.append("\n    esc  ", style=theme["accent"])
        body.append("leave it", style="not bold")
        self._body.update(Text(plain(body.plain)) if self.app.has_class("-ascii") else body)


def wanted(typed: str, row: PositionRow) -> Decimal | None:
    """Return the price that was typed: itself, so far from the price of now, or the entry's."""
    typed = typed.strip().replace(",", "").casefold()
    if typed == "entry":
        return _short(row.entry_price)
    try:
        value = Decimal(typed.removesuffix("%").strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or value <= 0:
        return None
    if not typed.endswith("%"):
        return value
    away = -float(value) / 100 if row.side == "LONG" else float(value) / 100
    price = row.mark_price * (1 + away)
    return _short(price) if price > 0 else None


def _short(price: float) -> Decimal:
    return Decimal(f"{price:.{DIGITS}g}")


def meaning(typed: str, row: PositionRow) -> str:
    """Return in words what the new stop would be, or how to say one."""
    price = wanted(typed, row)
    if price is None:
        return HINT
    at = float(price)
    away_pct = 100 * (at / row.mark_price - 1) if row.mark_price else 0.0
    is_long = row.side == "LONG"
    if (at >= row.mark_price) is is_long:
        side = "below" if is_long else "above"
        return f"{words.price(at)} would close it at once; a stop is {side} the price"
    won_pct = 100 * (at / row.entry_price - 1) * (1 if is_long else -1) if row.entry_price else 0.0
    return f"{words.signed(away_pct)} % from now; hit there it ends at {words.signed(won_pct)} %"
