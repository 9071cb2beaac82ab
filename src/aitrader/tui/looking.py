"""A row in detail: a chart for what has a price, a text with what the engine adds for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from textual.app import App

from aitrader.model.control import (
    Answer,
    AnyRequest,
    Control,
    ExplainTrader,
    ReadSignal,
    ReadTrader,
)
from aitrader.model.errors import Refused, Transient
from aitrader.model.view import PositionRow, SignalRow, TraderRow
from aitrader.tui.answers import explanation_text, signal_text
from aitrader.tui.board import Board
from aitrader.tui.chart import ChartScreen, Scene, Watcher, position_scene
from aitrader.tui.columns import Pairs
from aitrader.tui.dialogs import Deed, Reading
from aitrader.tui.panels.markets import Market
from aitrader.tui.panels.positions import CLOSED
from aitrader.tui.record import record
from aitrader.tui.table import Table

DEFAULT_INTERVAL = "1m"


class Looking:
    """Opens the window of a row."""

    def __init__(
        self,
        app: App[Any],
        board: Board,
        control: Control,
        *,
        deeds: Mapping[type, Mapping[str, Deed]],
    ) -> None:
        """`deeds` may be done from the window of a row of their type, by key."""
        self._deeds = deeds
        self._app = app
        self._board = board
        self._control = control

    def open(self, table: Table[Any], key: str) -> None:
        """Show the window of a row; what the engine knows more comes after."""
        row = table.rows[key]
        if isinstance(row, Market | PositionRow):
            self._chart(table, row)
            return
        title, pairs = table.detail(row)
        if isinstance(row, TraderRow):
            pairs = (*pairs, *self._record(row.name), ("", ""))
        reading = Reading(title, pairs, deeds=self._deeds.get(type(row)))
        self._app.push_screen(reading)
        if isinstance(row, TraderRow):
            self._app.run_worker(self._read_trader(row, reading))
        elif isinstance(row, SignalRow):
            self._app.run_worker(self._read_signal(row, reading))

    def _record(self, trader: str) -> Pairs:
        signals, positions = self._board.signals.rows, self._board.positions.rows
        return record(
            [row for row in signals.values() if row.trader == trader],
            [row for row in positions.values() if row.trader == trader],
        )

    def _chart(self, table: Table[Any], row: Market | PositionRow) -> None:
        if isinstance(row, Market):
            symbol, interval, scene = row.row.symbol, "", partial(self._market_scene, table, row)
        else:
            symbol, interval = row.symbol, self._interval_of(row.trader)
            scene = partial(self._position_scene, table, row)
        interval = interval or self._interval_on(symbol)
        deeds = self._deeds.get(type(row))
        self._app.push_screen(
            ChartScreen(self._control, symbol, interval, scene=scene, deeds=deeds)
        )

    def _interval_of(self, trader: str) -> str:
        found = (row.interval for row in self._board.traders.rows.values() if row.name == trader)
        return next(found, "")

    def _interval_on(self, symbol: str) -> str:
        """Return the interval of a trader that knows the symbol, else the fastest."""
        positions, signals = self._board.positions.rows, self._board.signals.rows
        names = [row.trader for row in positions.values() if row.symbol == symbol]
        names += [row.trader for row in signals.values() if row.symbol == symbol]
        return next(filter(None, map(self._interval_of, names)), DEFAULT_INTERVAL)

    def _market_scene(self, table: Table[Any], row: Market) -> Scene:
        row = table.rows.get(row.row.symbol, row)
        symbol = row.row.symbol
        held = [p for p in self._board.positions.rows.values() if p.symbol == symbol]
        marks, lines = position_scene(held)
        title, pairs = self._facts(table, row)
        traders = [p.trader for p in held] or [
            s.trader for s in self._board.signals.rows.values() if s.symbol == symbol
        ]
        counted = sum(p.status != CLOSED for p in held)
        more = (("held", f"{counted} open, {len(held) - counted} closed"),)
        return Scene(title, (*pairs, *more), marks, lines, self._watchers(traders))

    def _position_scene(self, table: Table[Any], row: PositionRow) -> Scene:
        row = table.rows.get(row.position_id, row)
        title, pairs = self._facts(table, row)
        return Scene(title, pairs, *position_scene([row]), self._watchers([row.trader]))

    def _watchers(self, first: Sequence[str]) -> list[Watcher]:
        """Return the traders whose lines may be drawn, those who know the symbol first."""
        rows = sorted(
            self._board.traders.rows.values(),
            key=lambda row: first.index(row.name) if row.name in first else len(first),
        )
        return [Watcher(row.trader_id, row.name) for row in rows]

    def _facts(self, table: Table[Any], row: object) -> tuple[str, Pairs]:
        """Return a row's lines without its trend: the candles are beside them.

        A chart covers the header: what is wrong with its prices is said here too.
        """
        title, pairs = table.detail(row)
        old = self._board.staleness
        first = (("OLD", old), ("", "")) if old else ()
        return title, (*first, *(pair for pair in pairs if pair[0] != "trend"))

    async def _read_trader(self, row: TraderRow, reading: Reading) -> None:
        file = await self._answered(ReadTrader(row.trader_id))
        reading.show(file.text)
        why = await self._answered(ExplainTrader(row.trader_id))
        reasons = explanation_text(why.explanations) if why.explanations else why.text
        parts = [reasons, "", "its file", "", file.text] if reasons else [file.text]
        reading.show("\n".join(parts))

    async def _read_signal(self, row: SignalRow, reading: Reading) -> None:
        answer = await self._answered(ReadSignal(row.signal_id))
        reading.show(signal_text(answer.signal) if answer.signal else answer.text)

    async def _answered(self, request: AnyRequest) -> Answer:
        try:
            return await self._control.ask(request)
        except (Transient, Refused) as exc:
            return Answer(0, False, exc.reason)
