"""The terminal app: panels on an engine, here or elsewhere, through View and Control alone.

Theory of operation. One task follows the view's frames, which come at most `hz` times a second, and
hands each to the board; a timer ages the board once a second. When the view ends the header says so
in red, everything turns grey and the app tries again every `RETRY_S`; it never shows an old number
as if it were new. What the person asks goes to Control, whose answer is shown in the last line.

Leaving is a question: `run()` returns a `Parting`, and whoever started the app acts on it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import Reactive
from textual.screen import Screen

from aitrader.model.control import (
    AnyRequest,
    ClosePosition,
    Control,
    PauseEntries,
    ReadTrader,
    SwitchTrader,
)
from aitrader.model.errors import Refused, Transient
from aitrader.model.view import TraderRow, View
from aitrader.tui import text as words
from aitrader.tui.board import Board
from aitrader.tui.dialogs import Question, Reading
from aitrader.tui.keys import BINDINGS, HELP
from aitrader.tui.lines import Lines
from aitrader.tui.panels.positions import CLOSED
from aitrader.tui.table import Table

RETRY_S = 2.0
DEFAULT_HZ = 5.0
WIDTHS = [(0, "-narrow"), (100, "-mid"), (140, "-wide"), (180, "-huge")]
HEIGHTS = [(0, "-short"), (30, "-tall")]
"""From so many cells on, the screen has this class; the layouts are in `theme.tcss`."""


class Parting(Enum):
    """What is to become of the engine after the app has ended."""

    KEEP = "KEEP"
    STOP = "STOP"
    CLOSE_FIRST = "CLOSE_FIRST"
    ENGINE_GONE = "ENGINE_GONE"


class TraderApp(App[Parting]):
    """Markets, traders, signals, positions and log of one engine."""

    TITLE = "aitrader"
    AUTO_FOCUS = ""
    CSS_PATH = Path(__file__).with_name("theme.tcss")
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    theme: Reactive[str] = Reactive("tokyo-night")
    """Set here, not later: the style sheet takes the theme's colors when the app is made."""

    def __init__(self, view: View, control: Control, *, hz: float = DEFAULT_HZ) -> None:
        super().__init__()
        self._view = view
        self._control = control
        self._hz = hz
        self.board = Board()

    def compose(self) -> ComposeResult:
        """Lay the empty panels out; rows come after the first paint."""
        yield self.board.status_bar
        with Container(id="panels"):
            yield from self.board.panels
        yield self.board.key_bar

    def on_mount(self) -> None:
        """Begin to follow the engine once the shell is on screen."""
        self.board.title_panels()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        gc.freeze()  # what was imported stays: the collector need not walk it on every frame
        gc.enable()  # whoever started us may have put it off until the first paint
        self.board.positions.focus()
        self.board.begin(self._now_s())
        self.set_interval(1.0, lambda: self.board.tick(self._now_s()))
        self.run_worker(self._follow(), name="follow the engine", exit_on_error=True)

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    async def _follow(self) -> None:
        while True:
            try:
                async for frame in self._view.frames(self._hz):
                    self.board.show(frame, self._now_s())
                self.board.lose("the engine has ended", self._now_s())
            except (Transient, Refused) as exc:
                self.board.lose(exc.reason, self._now_s())
            await asyncio.sleep(RETRY_S)

    # -- what the person does --------------------------------------------------------------------

    def say(self, message: str, *, is_ok: bool = True) -> None:
        """Show a sentence in the last line for a few seconds."""
        self.board.say(message, self._now_s(), is_ok=is_ok)

    def action_panel(self, number: int) -> None:
        """Focus a panel; a zoomed view shows it instead."""
        self._focus_panel(self.board.panels[number - 1])

    def action_next_panel(self, step: int) -> None:
        """Focus the next panel or the one before."""
        here = next((i for i, panel in enumerate(self.board.panels) if panel.has_focus), 0)
        self._focus_panel(self.board.panels[(here + step) % len(self.board.panels)])

    def _focus_panel(self, panel: Lines) -> None:
        container = self.query_one("#panels")
        if container.has_class("-zoomed"):
            for other in self.board.panels:
                other.set_class(other is panel, "-zoom")
        self.screen.set_focus(panel)

    def action_zoom(self) -> None:
        """Show the focused panel alone, or all again."""
        container = self.query_one("#panels")
        is_zoomed = not container.has_class("-zoomed")
        container.set_class(is_zoomed, "-zoomed")
        for panel in self.board.panels:
            panel.set_class(is_zoomed and panel.has_focus, "-zoom")

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Reading("Keys", HELP))

    def on_table_opened(self, message: Table.Opened) -> None:
        """Show a row in detail; a trader's file is fetched after."""
        table = message.table
        row = table.rows[message.key]
        reading = Reading(*table.detail(row))
        self.push_screen(reading)
        if isinstance(row, TraderRow):
            self.run_worker(self._read_trader(row, reading))

    async def _read_trader(self, row: TraderRow, reading: Reading) -> None:
        try:
            answer = await self._control.ask(ReadTrader(row.trader_id))
            text = answer.text
        except (Transient, Refused) as exc:
            text = exc.reason
        reading.show(text)

    def action_close_position(self) -> None:
        """Ask, then close the selected position."""
        row = self.board.positions.selected
        if row is None or row.status == CLOSED or not self.board.positions.has_focus:
            self.say("select an open position first (4)", is_ok=False)
            return
        question = f"Close {row.symbol} {row.side.lower()} now at market?  {words.signed(row.pnl)}"
        self._ask_once(question, "close it", partial(self._ask, ClosePosition(row.position_id)))

    def action_pause(self) -> None:
        """Ask, then pause or resume new entries."""
        status = self.board.status_bar.status
        if status is None:
            return
        wanted = not status.is_paused
        question = "Pause new entries? Open positions stay guarded." if wanted else "Enter again?"
        meaning = "pause entries" if wanted else "allow entries"
        self._ask_once(question, meaning, partial(self._ask, PauseEntries(is_paused=wanted)))

    def action_switch_trader(self) -> None:
        """Start or stop the selected trader."""
        row = self.board.traders.selected
        if row is None or not self.board.traders.has_focus:
            self.say("select a trader first (2)", is_ok=False)
            return
        self.run_worker(self._ask(SwitchTrader(row.trader_id, is_enabled=not row.is_enabled)))

    def _ask_once(self, question: str, meaning: str, act: Callable[[], Awaitable[None]]) -> None:
        def answered(key: str | None) -> None:
            if key == "y":
                self.run_worker(act())

        self.push_screen(Question(question, (("y", meaning),)), answered)

    async def _ask(self, request: AnyRequest) -> None:
        try:
            answer = await self._control.ask(request)
        except (Transient, Refused) as exc:
            self.say(f"{exc.reason}; look before you try again", is_ok=False)
        else:
            self.say(answer.text, is_ok=answer.is_ok)

    async def action_quit(self) -> None:
        """Ask what is to become of the engine, then leave."""
        if self.board.trouble:
            self.exit(Parting.ENGINE_GONE)
            return
        count, _ = self.board.positions.open_pnl()
        choices = [("s", "stop the engine"), ("k", "leave it running")]
        question = "Leave aitrader?"
        if count:
            question = f"Leave aitrader with {count} open position{'s' if count > 1 else ''}?"
            choices[0] = ("s", f"stop the engine; {self._what_stays()}")
            choices.append(("c", "close the positions first, then stop"))
        self.push_screen(Question(question, choices, twice="s"), self._part)

    def _what_stays(self) -> str:
        status = self.board.status_bar.status
        if status is None or status.mode == "PAPER":
            return "positions wait for its next start"
        return "the exchange keeps stop and target"

    def _part(self, key: str | None) -> None:
        partings = {"s": Parting.STOP, "k": Parting.KEEP, "c": Parting.CLOSE_FIRST}
        if key in partings:
            self.exit(partings[key])

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the palette offers: everything a key does."""
        for number, panel in enumerate(self.board.panels, 1):
            title = str(panel.border_title)[2:]
            yield SystemCommand(
                f"Go to {title}", f"Key {number}", partial(self.action_panel, number)
            )
        yield SystemCommand("Zoom", "Show the focused panel alone", self.action_zoom)
        yield SystemCommand("Close position", "The selected one", self.action_close_position)
        yield SystemCommand("Pause or resume entries", "All traders", self.action_pause)
        yield SystemCommand("Trader on/off", "The selected one", self.action_switch_trader)
        yield SystemCommand("Theme", "Other colors", self.action_change_theme)
        yield SystemCommand("Help", "All keys", self.action_help)
        yield SystemCommand("Quit", "Leave aitrader", self.action_quit)
