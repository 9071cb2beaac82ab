"""The terminal app: panels on an engine, here or elsewhere, through View and Control alone.

Theory of operation. One task follows the view's frames, which come at most `hz` times a second, and
hands each to the board; a timer ages the board once a second. When the view ends the header says so
in red, everything turns grey and the app tries again, after `RETRY_S` and ever later up to
`RETRY_MOST_S`; it never shows an old number as if it were new. What the person asks goes to
Control, whose answer is shown in the last line.

Leaving is a question: `run()` returns a `Parting`, and whoever started the app acts on it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult, SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.containers import Container
from textual.reactive import Reactive
from textual.screen import Screen

from aitrader.model.control import Control
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.view import PositionRow, TraderRow, View
from aitrader.tui.asking import Asker
from aitrader.tui.board import Board
from aitrader.tui.commands import commands
from aitrader.tui.dialogs import Deed, Question, Reading
from aitrader.tui.doings import Doings
from aitrader.tui.keys import BINDINGS, HELP, check_keys
from aitrader.tui.lines import Lines
from aitrader.tui.looking import Looking
from aitrader.tui.panels.deploy import Place
from aitrader.tui.table import Table
from aitrader.tui.taste import Taste

RETRY_S, RETRY_MOST_S = 1.0, 16.0
DEFAULT_HZ = 5.0
WIDTHS = [(0, "-narrow"), (100, "-mid"), (140, "-wide"), (180, "-huge")]
HEIGHTS = [(0, "-short"), (30, "-tall")]
"""From so many cells on, the screen has this class; the layouts are in `theme.tcss`."""

FROM_DETAIL: Mapping[type, Mapping[str, tuple[str, str]]] = {
    TraderRow: {
        "b": ("backtest", "backtest"),
        "E": ("edit_trader", "edit"),
        "e": ("switch_trader", "on/off"),
        "L": ("set_mode", "live/paper"),
    },
    PositionRow: {"m": ("move_stop", "move stop"), "x": ("close_position", "close")},
}
"""What may be done from the window of a row: by its key the name of the doing, a short title."""

ONE_PLACE = ("ai", "log", "deploy")
"""Panels that share one place where not all of them fit; focus brings one to the front."""


class Parting(Enum):
    """What is to become of the engine after the app has ended."""

    KEEP = "KEEP"
    STOP = "STOP"
    CLOSE_FIRST = "CLOSE_FIRST"
    ENGINE_GONE = "ENGINE_GONE"
    HUNG_UP = "HUNG_UP"
    """The terminal was closed: nobody could be asked."""


def later(wait_s: float) -> float:
    """Return how long to wait after a wait that was in vain."""
    return min(2 * wait_s, RETRY_MOST_S)


class TraderApp(App[Parting]):
    """Markets, traders, signals, positions, analyses, logs and place of one engine."""

    TITLE = "aitrader"
    AUTO_FOCUS = ""
    CSS_PATH = Path(__file__).with_name("theme.tcss")
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    theme: Reactive[str] = Reactive("tokyo-night")
    """Set here, not later: the style sheet takes the theme's colors when the app is made."""

    def __init__(
        self,
        view: View,
        control: Control,
        *,
        hz: float = DEFAULT_HZ,
        taste: Taste | None = None,
        latency_ms: Callable[[], float | None] | None = None,
    ) -> None:
        """Take an engine to show; one that is far away also has a latency to it.

        Raises:
            ConfigError: The taste names a theme or a thing to do that there is not.
        """
        super().__init__()
        taste = taste or Taste()
        self.animation_level = "none"
        self._view = view
        self._hz = hz
        self._latency_ms = latency_ms
        self.board = Board()
        if latency_ms is not None:
            self.board.deploy.place = Place.DISTANT
        asker = Asker(self, control, self.say)
        self._doings = Doings(self, self.board, asker=asker, taste=taste, say=self.say)
        deeds = {kind: self._deeds(names) for kind, names in FROM_DETAIL.items()}
        self._looking = Looking(self, self.board, control, deeds=deeds)
        self._adopt(taste)

    def _deeds(self, names: Mapping[str, tuple[str, str]]) -> Mapping[str, Deed]:
        do = self._doings.do
        return {key: Deed(title, partial(do, name)) for key, (name, title) in names.items()}

    def _adopt(self, taste: Taste) -> None:
        check_keys(taste.keys)
        self._keys = taste.keys
        self.set_keymap(taste.keys)
        self.set_class(taste.is_ascii, "-ascii")
        if taste.theme not in self.available_themes:
            known = " ".join(sorted(self.available_themes))
            raise ConfigError(f"theme: there is no {taste.theme}; there are: {known}")
        if taste.theme != self.theme:
            self.theme = taste.theme

    def compose(self) -> ComposeResult:
        """Lay the empty panels out; rows come after the first paint."""
        yield self.board.status_bar
        with Container(id="panels", classes="-log"):
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
        self.set_interval(1.0, self._tick)
        self.run_worker(self._follow(), name="follow the engine", exit_on_error=True)

    def _tick(self) -> None:
        if self._latency_ms is not None:
            self.board.status_bar.measure(self._latency_ms())
        self.board.tick(self._now_s())

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    async def _follow(self) -> None:
        wait_s = RETRY_S
        while True:
            reason = "the engine has ended"
            try:
                async for frame in self._view.frames(self._hz):
                    self.board.show(frame, self._now_s())
                    wait_s = RETRY_S
            except (Transient, Refused) as exc:
                reason = exc.reason
            self.board.lose(reason, self._now_s(), again_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = later(wait_s)

    def say(self, message: str, *, is_ok: bool = True) -> None:
        """Show a sentence in the last line for a few seconds."""
        self.board.say(message, self._now_s(), is_ok=is_ok)

    # -- what the keys do ------------------------------------------------------------------------

    def action_panel(self, number: int) -> None:
        """Focus a panel; a zoomed view shows it instead."""
        self._focus_panel(self.board.panels[number - 1])

    def action_next_panel(self, step: int) -> None:
        """Focus the next panel or the one before."""
        here = next((i for i, panel in enumerate(self.board.panels) if panel.has_focus), 0)
        self._focus_panel(self.board.panels[(here + step) % len(self.board.panels)])

    def _focus_panel(self, panel: Lines) -> None:
        container = self.query_one("#panels")
        if panel.id in ONE_PLACE:
            for name in ONE_PLACE:
                container.set_class(name == panel.id, f"-{name}")
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

    def pop_screen(self) -> AwaitComplete:
        """Close the window on top, and let go of what it had painted.

        Textual remembers the colors of the newest 1024 widgets in a way that keeps whole windows
        of lines alive, a megabyte for a chart.
        """
        closed = super().pop_screen()
        StylesCache.get_inner_outer.cache_clear()
        return closed

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Reading("Keys", HELP))

    async def action_do(self, name: str) -> None:
        """Do one of `keys.DOINGS`."""
        await self._doings.do(name)

    def on_table_opened(self, message: Table.Opened) -> None:
        """Show a row in detail."""
        self._looking.open(message.table, message.key)

    async def action_quit(self) -> None:
        """Ask what is to become of the engine, then leave."""
        if self.board.trouble:
            self.exit(Parting.ENGINE_GONE)
            return
        count, _ = self.board.positions.open_pnl()
        stop, keep = ("s", "stop the engine"), ("k", "leave it running")
        question = "Leave aitrader?"
        choices = [stop, keep]
        if count:
            question = f"Leave aitrader with {count} open position{'s' if count > 1 else ''}?"
            stop = ("s", f"stop the engine; {self._what_stays()}")
            choices = [stop, keep, ("c", "close the positions first, then stop")]
        if self._latency_ms is not None:  # far away: leaving is no reason to end it
            choices = [keep, stop, *choices[2:]]
        self.push_screen(Question(question, choices, twice=choices[0][0]), self._part)

    def _what_stays(self) -> str:
        status = self.board.status_bar.status
        if status is None or status.mode == "PAPER":
            return "positions wait for its next start"
        return "the exchange keeps stop and target"

    def _part(self, key: str | None) -> None:
        partings = {"s": Parting.STOP, "k": Parting.KEEP, "c": Parting.CLOSE_FIRST}
        if key in partings:
            self.exit(partings[key])

    def action_command_palette(self) -> None:
        """Show everything that can be done, by name."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="what to do"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return what the palette offers: everything a key does."""
        return commands(self, self._keys)
