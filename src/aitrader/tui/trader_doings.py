"""What a person does with traders: add, edit, try, switch, give real money, remove."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from aitrader.model.control import (
    AddTrader,
    Answer,
    ReadTrader,
    RemoveTrader,
    SetMode,
    SwitchTrader,
)
from aitrader.model.trader import Mode
from aitrader.model.view import TraderRow
from aitrader.tui.asking import Asker, Say
from aitrader.tui.backtesting import Backtesting
from aitrader.tui.board import Board
from aitrader.tui.editing import Editor
from aitrader.tui.taste import Taste


class TraderDoings:
    """The doings on the selected trader, by name in `table`."""

    def __init__(
        self,
        app: App[Any],
        board: Board,
        *,
        asker: Asker,
        taste: Taste,
        say: Say,
        write_report: Callable[[str], None],
    ) -> None:
        self._app = app
        self._board = board
        self._asker = asker
        self._taste = taste
        self._say = say
        self._write_report = write_report
        self.table: Mapping[str, Callable[[], Awaitable[None] | None]] = {
            "switch_trader": self._switch_trader,
            "set_mode": self._set_mode,
            "add_trader": self._add_trader,
            "edit_trader": self._edit_trader,
            "backtest": self._backtest,
            "remove_trader": self._remove_trader,
        }

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
            self._app.push_screen(Backtesting(row, self._asker.answer, write=self._write_report))

    async def _set_mode(self) -> None:
        """Ask what live money would mean before it is asked for; paper is one question away."""
        row = self._trader()
        if row is None:
            return
        if row.mode == Mode.LIVE.value:
            question = f"{row.name}: back to paper money? What is open stays live and guarded."
            request = SetMode(row.trader_id, Mode.PAPER)
            self._asker.ask_once(question, "paper money from now on", request)
            return
        answer = await self._asker.answer(SetMode(row.trader_id, Mode.LIVE))
        if not answer.is_ok:
            self._say(answer.text, is_ok=False)
            return
        request = SetMode(row.trader_id, Mode.LIVE, is_sure=True)
        self._asker.ask_once(answer.text, "trade LIVE money", request)

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
        command = words_of(self._taste.editor)
        if not command:
            return None
        with tempfile.TemporaryDirectory(prefix="aitrader-") as folder:
            path = Path(folder) / "trader.py"
            await asyncio.to_thread(path.write_text, source, encoding="utf-8")
            try:
                # nothing is painted meanwhile, and the engine's frames are still taken
                with self._app.suspend(), self._app.batch_update():
                    found = await asyncio.to_thread(run_editor, [*command, str(path)])
            except SuspendNotSupported:
                return None
            if isinstance(found, OSError):
                self._say(f"the editor {command[0]}: {found.strerror}", is_ok=False)
                return None
            if found:  # an editor says so that nothing is to be saved
                return source
            return await asyncio.to_thread(path.read_text, encoding="utf-8")


def words_of(command: str) -> list[str]:
    """Return the words of a command line; one whose quotes do not end is one word."""
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


def run_editor(command: Sequence[str]) -> int | OSError:
    """Give the terminal to an editor until it ends; return its code, or why it did not begin.

    It never raises: Textual takes the terminal back only from one that ended quietly.
    """
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as exc:
        return exc
