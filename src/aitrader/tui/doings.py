"""What a person does from the keyboard or the palette, beside looking.

Where money moves, one question is asked first. What the engine answered is shown in the last line;
a request whose answer was lost is never sent again by itself.
"""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from textual.app import App, SuspendNotSupported

from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CloseAll,
    ClosePosition,
    Control,
    MoveStop,
    PauseEntries,
    ReadTrader,
    RemoveTrader,
    SwitchTrader,
)
from aitrader.model.errors import Refused, Transient
from aitrader.model.view import PositionRow, TraderRow
from aitrader.tui import text as words
from aitrader.tui.backtesting import Backtesting
from aitrader.tui.board import Board
from aitrader.tui.dialogs import Question
from aitrader.tui.editing import Editor
from aitrader.tui.export import to_csv, to_line, write
from aitrader.tui.moving import StopMover
from aitrader.tui.panels.log import Log
from aitrader.tui.panels.positions import CLOSED
from aitrader.tui.search import Search
from aitrader.tui.table import Table
from aitrader.tui.taste import Taste


class Say(Protocol):
    """Who shows a sentence in the last line."""

    def __call__(self, message: str, *, is_ok: bool = True) -> None:
        """Show it for a few seconds."""
        ...


class Asker:
    """Requests to the engine whose answers are said; a question before where money moves."""

    def __init__(self, app: App[Any], control: Control, say: Say) -> None:
        self._app = app
        self._control = control
        self._say = say

    async def answer(self, request: AnyRequest) -> Answer:
        """Return what came of a request; never raises."""
        try:
            return await self._control.ask(request)
        except (Transient, Refused) as exc:
            return Answer(0, False, f"{exc.reason}; look before you try again")

    def ask(self, request: AnyRequest) -> None:
        """Ask, and say what came of it."""
        self._app.run_worker(self._ask(request))

    async def _ask(self, request: AnyRequest) -> None:
        answer = await self.answer(request)
        self._say(answer.text, is_ok=answer.is_ok)

    def ask_once(self, question: str, meaning: str, request: AnyRequest) -> None:
        """Ask the person first."""

        def answered(key: str | None) -> None:
            if key == "y":
                self.ask(request)

        self._app.push_screen(Question(question, (("y", meaning),)), answered)


class Doings:
    """Every doing by its name, as the keys and the palette name them."""

    def __init__(
        self, app: App[Any], board: Board, *, asker: Asker, taste: Taste, say: Say
    ) -> None:
        self._app = app
        self._board = board
        self._asker = asker
        self._taste = taste
        self._say = say
        self._table: Mapping[str, Callable[[], Awaitable[None] | None]] = {
            "close_position": self._close_position,
            "move_stop": self._move_stop,
            "close_all": self._close_all,
            "pause": self._pause,
            "switch_trader": self._switch_trader,
            "add_trader": self._add_trader,
            "edit_trader": self._edit_trader,
            "backtest": self._backtest,
            "remove_trader": self._remove_trader,
            "search": self._search,
            "order": self._order,
            "copy": self._copy,
            "export": self._export,
            "picture": self._picture,
        }

    async def do(self, name: str) -> None:
        """Do it."""
        waiting = self._table[name]()
        if waiting is not None:
            await waiting

    # -- positions and entries -------------------------------------------------------------------

    def _position(self) -> PositionRow | None:
        row = self._board.positions.selected
        if row is None or row.status == CLOSED or not self._board.positions.has_focus:
            self._say("select an open position first (4)", is_ok=False)
            return None
        return row

    def _close_position(self) -> None:
        row = self._position()
        if row is not None:
            side = row.side.lower()
            question = f"Close {row.symbol} {side} now at market?  {words.signed(row.pnl)}"
            self._asker.ask_once(question, "close it", ClosePosition(row.position_id))

    def _move_stop(self) -> None:
        row = self._position()
        if row is None:
            return
        rows, key = self._board.positions.rows, row.position_id

        def answered(price: Decimal | None) -> None:
            if price is not None:
                self._asker.ask(MoveStop(key, price))

        self._app.push_screen(StopMover(lambda: rows.get(key, row)), answered)

    def _close_all(self) -> None:
        count, pnl = self._board.positions.open_pnl()
        question = f"Close all {count} open positions at market and pause entries?"
        self._asker.ask_once(f"{question}  {words.signed(pnl)}", "close all", CloseAll())

    def _pause(self) -> None:
        status = self._board.status_bar.status
        if status is None:
            return
        wanted = not status.is_paused
        question = "Pause new entries? Open positions stay guarded." if wanted else "Enter again?"
        meaning = "pause entries" if wanted else "allow entries"
        self._asker.ask_once(question, meaning, PauseEntries(is_paused=wanted))

    # -- traders ---------------------------------------------------------------------------------

    def _trader(self) -> TraderRow | None:
        row = self._board.traders.selected
        if row is None or not self._board.traders.has_focus:
            self._say("select a trader first (2)", is_ok=False)
            return None
        return row

    def _switch_trader(self) -> None:
        row = self._trader()
        if row is not None:
            self._asker.ask(SwitchTrader(row.trader_id, is_enabled=not row.is_enabled))

    def _remove_trader(self) -> None:
        row = self._trader()
        if row is not None:
            question = f"Remove {row.name}? Its open positions stay guarded."
            self._asker.ask_once(question, "remove it", RemoveTrader(row.trader_id))

    def _backtest(self) -> None:
        row = self._trader()
        if row is not None:
            write = partial(self._write, "backtest", "html", what="the report")
            self._app.push_screen(Backtesting(row, self._asker.answer, write=write))

    def _add_trader(self) -> None:
        self._app.push_screen(Editor("New trader", "", partial(self._save, "", 0)))

    async def _edit_trader(self) -> None:
        row = self._trader()
        if row is None:
            return
        answer = await self._asker.answer(ReadTrader(row.trader_id))
        if not answer.is_ok:
            self._say(answer.text, is_ok=False)
            return
        save = partial(self._save, row.trader_id, row.version)
        source = await self._edited_outside(answer.text)
        if source is None:
            self._app.push_screen(Editor(row.name, answer.text, save))
        elif source == answer.text:
            self._say(f"{row.name} is as it was")
        else:
            saved = await save(source)
            if not saved.is_ok:  # what was written is not lost: it goes on here, with the reason
                self._say(saved.text, is_ok=False)
                self._app.push_screen(Editor(row.name, source, save))

    async def _save(self, trader_id: str, version: int, source: str) -> Answer:
        answer = await self._asker.answer(AddTrader(source, trader_id, version))
        if answer.is_ok:
            self._say(answer.text)
        return answer

    async def _edited_outside(self, source: str) -> str | None:
        """Return what came of the person's own editor, None where there is none to run."""
        command = shlex.split(self._taste.editor)
        if not command:
            return None
        with tempfile.TemporaryDirectory(prefix="aitrader-") as folder:
            path = Path(folder) / "trader.py"
            await asyncio.to_thread(path.write_text, source, encoding="utf-8")
            try:
                with self._app.suspend():
                    subprocess.run([*command, str(path)], check=True)  # noqa: ASYNC221 - it has the screen
            except SuspendNotSupported:
                return None
            except (OSError, subprocess.CalledProcessError) as exc:
                self._say(f"{command[0]}: {exc}", is_ok=False)
                return None
            return await asyncio.to_thread(path.read_text, encoding="utf-8")

    # -- rows ------------------------------------------------------------------------------------

    def _search(self) -> None:
        panel = self._board.narrowed
        if panel is None:
            self._say("nothing to filter in this panel", is_ok=False)
            return

        def tell(needle: str, is_typing: bool) -> None:
            panel.narrow(needle)
            self._board.key_bar.prompt(f"/{needle}" if is_typing else None)
            self._board.title_panels()

        needle = panel.needle if isinstance(panel, Log) else panel.arrangement.needle
        self._app.push_screen(Search(needle, tell))

    def _order(self) -> None:
        panel = self._board.narrowed
        if panel is not None:
            panel.next_order()
            self._board.title_panels()

    def _copy(self) -> None:
        panel = self._board.focused
        if isinstance(panel, Table) and panel.selected is not None:
            self._app.copy_to_clipboard(to_line(panel.record(panel.selected)))
            self._say("copied")

    def _export(self) -> None:
        panel = self._board.narrowed
        if panel is not None:
            records = panel.records()
            self._write(str(panel.id), "csv", to_csv(records), what=f"{len(records)} rows")

    def _picture(self) -> None:
        self._write("screen", "svg", self._app.export_screenshot(), what="the screen")

    def _write(self, name: str, ending: str, text: str, *, what: str) -> None:
        status = self._board.status_bar.status
        now_ms = status.now_ms if status else 0
        try:
            path = write(self._taste.exports, name, ending, text=text, now_ms=now_ms)
        except OSError as exc:
            self._say(f"cannot write to {self._taste.exports}: {exc.strerror}", is_ok=False)
        else:
            self._say(f"{what}: {path}")
