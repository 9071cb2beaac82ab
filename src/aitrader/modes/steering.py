"""The engine of a data folder as a command steers it: the one that runs, else what is on disk.

A command that changes settings of the person (a trader, the pause) must work with no engine
running. Then the same `EngineControl` answers it over the database itself, held by the folder's
lock, so that there is one set of rules for what may be asked; what needs a market is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from msgspec.structs import replace

from aitrader.config import Settings
from aitrader.engine.board import Board
from aitrader.engine.clock import SystemClock
from aitrader.engine.control import EngineControl
from aitrader.engine.explainer import FilterExplainer
from aitrader.engine.reading import Reading
from aitrader.engine.rows import trader_row
from aitrader.filters.traderfile import compile_trader
from aitrader.market.series import SeriesTable
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    CheckTrader,
    PauseEntries,
    ReadTrader,
    RemoveTrader,
    SetMode,
    SwitchTrader,
)
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.events import Event, Started
from aitrader.model.ports import Store
from aitrader.model.trader import Mode
from aitrader.model.view import TraderRow
from aitrader.modes.build import open_store
from aitrader.modes.local import find_engine
from aitrader.remote.client import RemoteEngine

AT_REST = (AddTrader, CheckTrader, PauseEntries, ReadTrader, RemoveTrader, SwitchTrader)
"""What can be asked while no engine runs."""


class Steered(Protocol):
    """An engine as commands need it."""

    async def traders(self) -> tuple[TraderRow, ...]:
        """Return the traders there are."""
        ...

    async def ask(self, request: AnyRequest) -> Answer:
        """Return what came of a request; a refusal is an answer."""
        ...


@asynccontextmanager
async def steered(settings: Settings) -> AsyncIterator[Steered]:
    """Hold the engine of these settings for the block, running or at rest.

    Raises:
        ConfigError: The folder cannot be used, or the engine went away meanwhile.
    """
    engine = await asyncio.to_thread(find_engine, settings.data_folder)
    try:
        if engine is not None:
            yield _Running(engine)
            return
        store = await open_store(settings)
        try:
            yield await _at_rest(settings, store)
        finally:
            await store.close()
    except (Transient, Refused) as error:
        raise ConfigError(f"{error}: ask again when it is back") from error


class _Running:
    """An engine process that answers on its socket."""

    def __init__(self, engine: RemoteEngine) -> None:
        self._engine = engine

    async def traders(self) -> tuple[TraderRow, ...]:
        """Return what its first frame shows."""
        async for frame in self._engine.frames(1.0):
            return frame.traders
        raise Transient("the engine has ended")

    async def ask(self, request: AnyRequest) -> Answer:
        """Return its answer."""
        return await self._engine.ask(request)


class _AtRest:
    """What the last run left on disk, and the rules by which it may be changed."""

    def __init__(self, settings: Settings, board: Board, control: EngineControl) -> None:
        self._folder = settings.data_folder
        self._board = board
        self._control = control

    async def traders(self) -> tuple[TraderRow, ...]:
        """Return the saved traders, none of them at work."""
        board = self._board
        rows = (
            trader_row(trader, board.tally_of(trader.trader_id), board.around(trader))
            for trader in board.traders.values()
        )
        return tuple(replace(row, state="no engine runs") for row in rows)

    async def ask(self, request: AnyRequest) -> Answer:
        """Return what came of it, or that it needs an engine."""
        if not (isinstance(request, AT_REST) or _is_to_paper(request)):
            raise ConfigError(
                f"no engine runs on {self._folder}: start it with aitrader, then ask again"
            )
        return await self._control.ask(request)


def _is_to_paper(request: AnyRequest) -> bool:
    """Whether this takes a trader off live money, which needs no engine; the way to it does."""
    return isinstance(request, SetMode) and request.mode is Mode.PAPER


async def _at_rest(settings: Settings, store: Store) -> _AtRest:
    saved = await store.load()
    board, clock, series = Board(settings.start_cash), SystemClock(), SeriesTable()
    board.update([Started(at_ms=clock.now_ms(), saved=saved)])
    control = EngineControl(
        _Settler(store, board),
        board,
        clock=clock,
        compile_trader=compile_trader,
        reading=Reading(board, clock=clock, candles=series, explainer=FilterExplainer(series)),
    )
    return _AtRest(settings, board, control)


class _Settler:
    """The loop of an engine that does not run: a fact is written down and that is all."""

    def __init__(self, store: Store, board: Board) -> None:
        self._store = store
        self._board = board

    async def begun(self) -> None:
        """Return at once: all that was saved is known."""

    async def settle(self, event: Event) -> Sequence[Event]:
        """Commit the event; raises Transient."""
        await self._store.record([event])
        self._board.update([event])
        return [event]
