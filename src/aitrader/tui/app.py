"""The terminal app: panels on an engine, here or elsewhere, through View and Control alone.

Theory of operation. One task follows the view's frames, which come at most `hz` times a second, and
hands the changed rows to their panels; each panel then settles once, which refreshes the changed
rows in sight. Nothing on that path asks for a layout. A second timer, once a second, ages what did
not change: grey prices, titles, the silence of the engine. When the view ends the header says so in
red, everything turns grey and the app tries again every `RETRY_S`; it never shows an old number as
if it were new. What the person asks goes to Control, whose answer is shown in the last line.

Leaving is a question: `run()` returns a `Parting`, and whoever started the app acts on it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from functools import partial
from typing import ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Container
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
from aitrader.model.view import Frame, TraderRow, View
from aitrader.tui import text as words
from aitrader.tui.bars import KeyBar, StatusBar
from aitrader.tui.dialogs import Question, Reading
from aitrader.tui.keys import BINDINGS, HELP
from aitrader.tui.lines import Lines
from aitrader.tui.panels.log import Log
from aitrader.tui.panels.markets import Markets
from aitrader.tui.panels.positions import CLOSED, Positions
from aitrader.tui.panels.signals import Signals
from aitrader.tui.panels.traders import Traders
from aitrader.tui.table import Table

RETRY_S = 2.0
MESSAGE_S = 6.0
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
    CSS_PATH = "theme.tcss"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    def __init__(self, view: View, control: Control, *, hz: float = DEFAULT_HZ) -> None:
        super().__init__()
        self.set_reactive(App.theme, "tokyo-night")
        self._view = view
        self._control = control
        self._hz = hz
        self._heard_s = 0.0
        self._said_s = 0.0
        self._trouble = ""
        self.status_bar = StatusBar()
        self.key_bar = KeyBar()
        self.markets = Markets()
        self.traders = Traders()
        self.signals = Signals()
        self.positions = Positions()
        self.log_panel = Log()
        self.panels: tuple[Lines, ...] = (
            self.markets,
            self.traders,
            self.signals,
            self.positions,
            self.log_panel,
        )

    def compose(self) -> ComposeResult:
        """Lay the empty panels out; rows come after the first paint."""
        yield self.status_bar
        with Container(id="panels"):
            yield from self.panels
        yield self.key_bar

    def on_mount(self) -> None:
        """Begin to follow the engine once the shell is on screen."""
        self._title_panels()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        gc.freeze()  # what was imported stays: the collector need not walk it on every frame
        gc.enable()  # whoever started us may have put it off until the first paint
        self.positions.focus()
        self._heard_s = self._now_s()
        self.set_interval(1.0, self._tick)
        self.run_worker(self._follow(), name="follow the engine", exit_on_error=True)

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    # -- the live path ---------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            try:
                async for frame in self._view.frames(self._hz):
                    self._show(frame)
                self._lose("the engine has ended")
            except (Transient, Refused) as exc:
                self._lose(exc.reason)
            await asyncio.sleep(RETRY_S)

    def _lose(self, reason: str) -> None:
        self._trouble = reason
        self.status_bar.tell(f"{reason}; looking for it")
        self._tick()

    def _show(self, frame: Frame) -> None:
        """Hand changed rows to their panels, then let each panel settle once."""
        self._heard_s = now_s = self._now_s()
        was_lost, self._trouble = bool(self._trouble), ""
        if frame.is_snapshot:
            self._forget(frame)
        if was_lost or self.status_bar.silent_s:
            self.status_bar.tell("")
        self.markets.is_stale = frame.status.feed == "down"
        for market in frame.markets:
            self.markets.show(market, now_s)
        for trader in frame.traders:
            self.traders.put(trader.trader_id, trader)
        for signal in frame.signals:
            self.signals.put(signal.signal_id, signal)
        for position in frame.positions:
            self.positions.put(position.position_id, position)
        if frame.gone:
            self.markets.drop(frame.gone)
            self.traders.drop(frame.gone)
        self.positions.now_ms = frame.status.now_ms
        for table in (self.markets, self.traders, self.signals, self.positions):
            table.settle()
        self.log_panel.extend(frame.logs)
        self.status_bar.show(frame.status)
        if frame.is_snapshot:
            self._tick()

    def _forget(self, snapshot: Frame) -> None:
        """Drop the rows that a new snapshot does not have."""
        self.log_panel.clear()
        self.markets.drop(set(self.markets.rows) - {row.symbol for row in snapshot.markets})
        self.traders.drop(set(self.traders.rows) - {row.trader_id for row in snapshot.traders})
        self.signals.drop(set(self.signals.rows) - {row.signal_id for row in snapshot.signals})
        held = {row.position_id for row in snapshot.positions}
        self.positions.drop(set(self.positions.rows) - held)

    def _tick(self) -> None:
        """Age what is on screen; once a second."""
        now_s = self._now_s()
        status = self.status_bar.status
        is_stale = bool(self._trouble) or status is None or status.feed == "down"
        self.markets.grow_old(now_s, is_stale=is_stale)
        self.markets.settle()
        self.positions.redraw()
        if self._trouble == "":
            self.status_bar.tell("", silent_s=float(int(now_s - self._heard_s)))
        if self.key_bar.message.text and now_s - self._said_s > MESSAGE_S:
            self.key_bar.say("")
        self._title_panels()

    def _title_panels(self) -> None:
        count, pnl = self.positions.open_pnl()
        is_live = [row.is_enabled for row in self.traders.rows.values()]
        titles = (
            ("1 Markets", f"{len(self.markets.rows)}"),
            ("2 Traders", f"{sum(is_live)} of {len(is_live)} on" if is_live else "0"),
            ("3 Signals", f"{len(self.signals.rows)}"),
            ("4 Positions", f"{count} open  {words.signed(pnl)}" if count else "0 open"),
            ("5 Log", "" if self.log_panel.is_following else "scrolled back"),
        )
        for panel, (title, note) in zip(self.panels, titles, strict=True):
            if panel.border_title != title:
                panel.border_title = title
            if panel.border_subtitle != note:
                panel.border_subtitle = note

    # -- what the person does --------------------------------------------------------------------

    def say(self, message: str, *, is_ok: bool = True) -> None:
        """Show a sentence in the last line for a few seconds."""
        self._said_s = self._now_s()
        self.key_bar.say(message, is_ok=is_ok)

    def action_panel(self, number: int) -> None:
        """Focus a panel; a zoomed view shows it instead."""
        self._focus_panel(self.panels[number - 1])

    def action_next_panel(self, step: int) -> None:
        """Focus the next panel or the one before."""
        here = next((i for i, panel in enumerate(self.panels) if panel.has_focus), 0)
        self._focus_panel(self.panels[(here + step) % len(self.panels)])

    def _focus_panel(self, panel: Lines) -> None:
        container = self.query_one("#panels")
        if container.has_class("-zoomed"):
            for other in self.panels:
                other.set_class(other is panel, "-zoom")
        panel.focus()

    def action_zoom(self) -> None:
        """Show the focused panel alone, or all again."""
        container = self.query_one("#panels")
        is_zoomed = not container.has_class("-zoomed")
        container.set_class(is_zoomed, "-zoomed")
        for panel in self.panels:
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
        if reading.is_attached:
            reading.show(self.traders.detail(row, text)[1])

    def action_close_position(self) -> None:
        """Ask, then close the selected position."""
        row = self.positions.selected
        if row is None or row.status == CLOSED or not self.positions.has_focus:
            self.say("select an open position first (4)", is_ok=False)
            return
        question = f"Close {row.symbol} {row.side.lower()} now at market?  {words.signed(row.pnl)}"
        self._ask_once(question, "close it", partial(self._ask, ClosePosition(row.position_id)))

    def action_pause(self) -> None:
        """Ask, then pause or resume new entries."""
        status = self.status_bar.status
        if status is None:
            return
        wanted = not status.is_paused
        question = "Pause new entries? Open positions stay guarded." if wanted else "Enter again?"
        meaning = "pause entries" if wanted else "allow entries"
        self._ask_once(question, meaning, partial(self._ask, PauseEntries(is_paused=wanted)))

    def action_switch_trader(self) -> None:
        """Start or stop the selected trader."""
        row = self.traders.selected
        if row is None or not self.traders.has_focus:
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
            self.say(f"not known whether it was done: {exc.reason}", is_ok=False)
        else:
            self.say(answer.text, is_ok=answer.is_ok)

    async def action_quit(self) -> None:
        """Ask what is to become of the engine, then leave."""
        if self._trouble:
            self.exit(Parting.ENGINE_GONE)
            return
        count, _ = self.positions.open_pnl()
        choices = [("s", "stop the engine"), ("k", "leave it running")]
        question = "Leave aitrader?"
        if count:
            question = f"Leave aitrader with {count} open position{'s' if count > 1 else ''}?"
            choices[0] = ("s", f"stop the engine; {self._what_stays()}")
            choices.append(("c", "close the positions first, then stop"))
        self.push_screen(Question(question, choices, twice="s"), self._part)

    def _what_stays(self) -> str:
        status = self.status_bar.status
        if status is None or status.mode == "PAPER":
            return "positions wait for its next start"
        return "the exchange keeps stop and target"

    def _part(self, key: str | None) -> None:
        partings = {"s": Parting.STOP, "k": Parting.KEEP, "c": Parting.CLOSE_FIRST}
        if key in partings:
            self.exit(partings[key])

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the palette offers: everything a key does."""
        for number, panel in enumerate(self.panels, 1):
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
