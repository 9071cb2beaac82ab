"""What a person does from the keyboard or the palette, beside looking.

Where money moves, one question is asked first. What the engine answered is shown in the last line;
a request whose answer was lost is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from textual.app import App

from aitrader.model.control import (
    CloseAll,
    ClosePosition,
    MoveStop,
    PauseEntries,
)
from aitrader.model.view import PositionRow
from aitrader.tui import text as words
from aitrader.tui.asking import Asker, Say
from aitrader.tui.board import Board
from aitrader.tui.export import to_csv, to_line, write
from aitrader.tui.moving import StopMover
from aitrader.tui.panels.log import Log
from aitrader.tui.panels.positions import CLOSED
from aitrader.tui.search import Search
from aitrader.tui.table import Table
from aitrader.tui.taste import Taste
from aitrader.tui.trader_doings import TraderDoings


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
        report = partial(self._write, "backtest", "html", what="the report")
        traders = TraderDoings(app, board, asker=asker, taste=taste, say=say, write_report=report)
        self._table: Mapping[str, Callable[[], Awaitable[None] | None]] = {
            "close_position": self._close_position,
            "move_stop": self._move_stop,
            "close_all": self._close_all,
            "pause": self._pause,
            **traders.table,
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
