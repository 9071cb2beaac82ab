"""The line on top that says what runs and how it is, and the line below that says the keys.

Both are made of parts with a rank; when the width is short, whole parts leave, the highest rank
first. Rank 0 never leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.strip import Strip

from aitrader.model.view import AccountRow, Status
from aitrader.tui import text as words
from aitrader.tui.columns import Cell
from aitrader.tui.lines import Lines

FEED_STYLES = {"live": "up", "stale": "warn", "down": "down"}
SLOW_MS = 500.0
"""A way to a distant engine that takes so long is worth a warning."""

SILENT_S = 5.0
"""An engine that says nothing for so long is said to be silent."""


NO_LINK_MS = 86_400_000
"""What a stream without a connection gives as its age."""


class Part(NamedTuple):
    """Cells that stay or leave together."""

    cells: tuple[Cell, ...]
    rank: int = 0

    @property
    def width(self) -> int:
        """Cells on screen."""
        return sum(cell_len(cell.text) for cell in self.cells)


def fit_parts(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Cell]:
    """Return the parts that fit, one group at each end of `width` cells."""
    left, right = list(left), list(right)
    while sum(part.width for part in (*left, *right)) + 1 > width:
        last = max((*left, *right), key=lambda part: part.rank)
        if last.rank == 0:
            break
        (left if last in left else right).remove(last)
    gap = width - sum(part.width for part in (*left, *right))
    cells = [cell for part in left for cell in part.cells]
    cells.append(Cell(" " * max(0, gap)))
    return cells + [cell for part in right for cell in part.cells]


class StatusBar(Lines):
    """One line, or two where there is room: mode, account, money, feed; then the counters."""

    DEFAULT_CSS = """
    StatusBar { height: 1; dock: top; background: $surface; }
    StatusBar.-live { background: $error 35%; }
    """

    def __init__(self) -> None:
        super().__init__(name="status")
        self.status: Status | None = None
        self.trouble = ""
        self.silent_s = 0.0
        self.latency_ms: float | None = None

    def show(self, status: Status) -> None:
        """Show the newest numbers."""
        if status != self.status:
            self.status = status
            self.set_class(status.mode == "LIVE", "-live")
            self.refresh()

    def measure(self, latency_ms: float | None) -> None:
        """Show how far away a distant engine is, None while it is not known."""
        if latency_ms != self.latency_ms:
            self.latency_ms = latency_ms
            self.refresh()

    def tell(self, trouble: str, *, silent_s: float = 0.0) -> None:
        """Say in red that the engine is gone ("" when it is not), and how long it is silent."""
        if (trouble, silent_s) != (self.trouble, self.silent_s):
            self.trouble, self.silent_s = trouble, silent_s
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the first or the second line."""
        width = self.size.width
        if self.status is None:
            note = self.trouble or "waiting for the engine …"
            style = "alarm" if self.trouble else "dim"
            cells = [Cell(" aitrader ", "title"), Cell(f" {words.clean(note)} ", style)]
            return self.strip(cells if y == 0 else [], width)
        if y == 0:
            left, right = self._first(self.status), self._health(self.status)
        else:
            left, right = self._second(self.status), []
        return self.strip(fit_parts(left, right, width), width)

    def _first(self, status: Status) -> list[Part]:
        day = words.amount(status.day_pnl)
        arrow = "▲ " if day > 0 else "▼ " if day < 0 else ""
        mode = "paper" if status.mode == "PAPER" else "live"
        name = "LIVE MONEY" if status.mode == "LIVE" else words.clean(status.mode)
        parts = [Part((Cell(f" {name} ", mode),))]
        if self.trouble:
            trouble = words.fit(words.clean(self.trouble), max(12, self.size.width - 36)).rstrip()
            return [*parts, Part((Cell(f" {trouble} ", "alarm"),))]
        if status.is_paused:
            parts.append(Part((Cell(" ‖ entries paused", "warn"),)))
        money = f"{words.money(status.equity)} {words.clean(status.quote)}"
        if status.notice and self.size.height < 2:
            notice = words.fit(words.clean(status.notice), max(12, self.size.width - 50)).rstrip()
            return [
                *parts,
                Part((Cell(f"  {notice}", "warn"),)),
                Part((Cell(f"  {money}", "text"),), 6),
            ]
        market = f"  {words.clean(status.market)} · {words.clean(status.account)}"
        parts += [
            Part((Cell(market, "dim"),), 5),
            Part((Cell("  equity", "dim"),), 4),
            Part((Cell(f" {money}", "text"),)),
            Part((Cell("  day", "dim"),), 3),
            Part((Cell(f" {arrow}{words.signed(day)}", words.direction(day) or "dim"),)),
        ]
        return [
            *parts,
            *(self._other(row) for row in status.accounts if row.account != status.account),
        ]

    @staticmethod
    def _other(row: AccountRow) -> Part:
        """Return another account of the same engine: its name, its equity and its day."""
        day = words.amount(row.day_pnl)
        cells = (
            Cell(f"   {words.clean(row.account)}", "dim"),
            Cell(f" {words.money(row.equity)}", "dim"),
            Cell(f" {words.signed(day)}", words.direction(day) or "dim"),
        )
        return Part(cells, 4)

    def _health(self, status: Status) -> list[Part]:
        clock = Part((Cell(f"  {words.clock(status.now_ms)} ", "dim"),), 2)
        if self.trouble:
            seen = f" as of {words.clock(status.now_ms)}"
            ago = f" {words.age(self.silent_s * 1000)} ago "
            return [Part((Cell(seen, "dim"),), 2), Part((Cell(ago, "warn"),), 1)]
        if self.silent_s >= SILENT_S:
            silence = f" no word from the engine for {words.age(self.silent_s * 1000)} "
            return [Part((Cell(silence, "alarm"),)), clock]
        style = FEED_STYLES.get(status.feed, "warn")
        mark = "●" if status.feed == "live" else "○"
        feed = Part((Cell(f" {mark} {words.clean(status.feed)}", style),))
        age = Part((Cell(f" {feed_age(status.feed_age_ms)}", "dim"),), 1)
        if self.latency_ms is None:
            return [feed, age, clock]
        slow = "warn" if self.latency_ms > SLOW_MS else "dim"
        way = Part((Cell(f"  {self.latency_ms:,.0f} ms away", slow),), 3)
        return [feed, age, way, clock]

    def _second(self, status: Status) -> list[Part]:
        if status.notice:
            return [Part((Cell(f" {words.clean(status.notice)}", "warn"),))]
        counters = [
            ("candles", f"{status.candles:,}", 3),
            ("checks", f"{status.checks:,}", 2),
            ("signals", f"{status.signals:,}", 0),
            ("orders", f"{status.orders:,}", 0),
            ("open", f"{status.open_positions:,}", 0),
            ("closed", f"{status.positions_closed:,}", 1),
            ("screening", f"{status.screen_ms:.1f} ms", 4),
            ("stream", f"{status.messages_per_s:,.0f}/s", 5),
        ]
        parts = [
            Part((Cell(f" {name} ", "dim"), Cell(f"{value} ", "text")), rank)
            for name, value, rank in counters
        ]
        if status.errors:
            parts.insert(0, Part((Cell(f" {status.errors:,} errors ", "down"),)))
        return parts


def feed_age(age_ms: int) -> str:
    """Return how old the last frame of the stream is, calm below a second; a day is no link."""
    if age_ms >= NO_LINK_MS:
        return "no connection"
    return "<1s" if age_ms < 1000 else words.age(age_ms)


KEYS = (
    ("1-7", "panel", 1),
    ("enter", "detail", 2),
    ("z", "zoom", 4),
    ("/", "filter", 5),
    ("s", "sort", 6),
    ("a", "add", 3),
    ("e", "on/off", 7),
    ("x", "close", 0),
    ("p", "pause", 0),
    ("^p", "palette", 8),
    ("?", "help", 0),
    ("q", "quit", 0),
)


class KeyBar(Lines):
    """The keys; for a few seconds what came of the last one."""

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; background: $surface; }"

    def __init__(self) -> None:
        super().__init__(name="keys")
        self.message = Cell("")
        self._typed: str | None = None

    def prompt(self, typed: str | None) -> None:
        """Show what is being typed instead of everything else; None brings the rest back."""
        self._typed = typed
        self.refresh()

    def say(self, message: str, *, is_ok: bool = True) -> None:
        """Show a sentence instead of the keys; "" brings the keys back."""
        self.message = Cell(words.clean(message), "up" if is_ok else "down")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        width = self.size.width
        if self._typed is not None:
            typed = words.fit(words.clean(self._typed), max(1, width - 40)).rstrip()
            cells = [Cell(f" {typed}", "key"), Cell("▏", "text")]
            return self.strip([*cells, Cell("  enter keeps it, esc shows all", "dim")], width)
        if self.message.text:
            message = words.fit(self.message.text, max(1, width - 2))
            return self.strip([Cell(f" {message}", self.message.style)], width)
        parts = [
            Part((Cell(f" {key} ", "key"), Cell(f"{what} ", "dim")), rank)
            for key, what, rank in KEYS
        ]
        return self.strip(fit_parts(parts, [], width), width)
