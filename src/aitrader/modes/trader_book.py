"""`aitrader traders add|list|show|enable|disable|live|paper|remove`: an engine's traders."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from aitrader.config import Settings
from aitrader.model.control import (
    AddTrader,
    AnyRequest,
    ReadTrader,
    RemoveTrader,
    SetMode,
    SwitchTrader,
)
from aitrader.model.errors import ConfigError
from aitrader.model.trader import Mode
from aitrader.model.view import TraderRow
from aitrader.modes.data import say, say_json
from aitrader.modes.steering import Steered, steered
from aitrader.modes.traders import source_of

COLUMNS = "{:<24} {:<5} {:<3} {:<4} {:>7} {:>7} {:>5} {:>12}  {}"

CONFIRM = "; ask again to confirm"
"""The end of what going live means; here the question follows at once."""


def add_traders(settings: Settings, files: Sequence[Path]) -> bool:
    """Check each file and start it on paper; True when all were taken.

    Raises:
        ConfigError: A file or the data folder cannot be used; files before it were taken.
    """
    return asyncio.run(_add(settings, files))


async def _add(settings: Settings, files: Sequence[Path]) -> bool:
    sources = [source_of(file) for file in files]
    is_ok = True
    async with steered(settings) as engine:
        for file, source in zip(files, sources, strict=True):
            answer = await engine.ask(AddTrader(source))
            say(answer.text if answer.is_ok else f"{file}: {answer.text}")
            is_ok = is_ok and answer.is_ok
    return is_ok


def list_traders(settings: Settings, *, as_json: bool) -> None:
    """Say which traders there are, what each does and has earned.

    Raises:
        ConfigError: The data folder cannot be used.
    """
    rows = asyncio.run(_list(settings))
    if as_json:
        say_json(rows)
        return
    if not rows:
        say("no trader yet: aitrader traders add FILE")
        return
    heads = ("trader", "mode", "on", "each", "symbols", "signals", "open", "pnl", "state")
    say(COLUMNS.format(*heads))
    for row in rows:
        say(
            COLUMNS.format(
                row.name[:24],
                row.mode,
                "yes" if row.is_enabled else "no",
                row.interval,
                row.symbols or "-",
                row.signals,
                row.open_positions,
                row.pnl,
                row.state,
            )
        )


async def _list(settings: Settings) -> tuple[TraderRow, ...]:
    async with steered(settings) as engine:
        return await engine.traders()


def show_trader(settings: Settings, name: str) -> None:
    """Print a trader's file.

    Raises:
        ConfigError: There is no such trader, or the data folder cannot be used.
    """
    asyncio.run(_ask_each(settings, [name], lambda row: ReadTrader(row.trader_id)))


def switch_traders(settings: Settings, names: Sequence[str], *, is_enabled: bool) -> None:
    """Start or stop looking for entries with these traders.

    Raises:
        ConfigError: There is no such trader, or the data folder cannot be used.
    """
    asyncio.run(_ask_each(settings, names, lambda row: SwitchTrader(row.trader_id, is_enabled)))


def set_mode(settings: Settings, name: str, mode: Mode, *, is_sure: bool) -> None:
    """Have a trader enter with paper or live money; live is explained and asked for, once.

    Raises:
        ConfigError: There is no such trader, or live trading is not possible now.
    """
    asyncio.run(_set_mode(settings, name, mode, is_sure=is_sure))


async def _set_mode(settings: Settings, name: str, mode: Mode, *, is_sure: bool) -> None:
    async with steered(settings) as engine:
        [row] = await _found(engine, [name])
        if mode is Mode.LIVE and row.mode != mode.value and not is_sure:
            meaning = await _answer(engine, SetMode(row.trader_id, mode))
            say(meaning.removesuffix(CONFIRM))
            click.confirm("Real money?", abort=True)
        say(await _answer(engine, SetMode(row.trader_id, mode, is_sure=True)))


async def _answer(engine: Steered, request: AnyRequest) -> str:
    answer = await engine.ask(request)
    if not answer.is_ok:
        raise ConfigError(answer.text)
    return answer.text


def remove_traders(settings: Settings, names: Sequence[str], *, is_sure: bool) -> None:
    """Forget these traders, after a question; their open positions stay guarded.

    Raises:
        ConfigError: There is no such trader, or the data folder cannot be used.
    """
    if not is_sure:
        click.confirm(f"Remove {', '.join(names)}?", abort=True)
    asyncio.run(_ask_each(settings, names, lambda row: RemoveTrader(row.trader_id)))


async def _ask_each(
    settings: Settings, names: Sequence[str], request: Callable[[TraderRow], AnyRequest]
) -> None:
    """Ask one thing of each trader that is named; none is asked when one is unknown."""
    async with steered(settings) as engine:
        rows = await _found(engine, names)
        for row in rows:
            say(await _answer(engine, request(row)))


async def _found(engine: Steered, names: Sequence[str]) -> list[TraderRow]:
    rows = await engine.traders()
    return [find_trader(rows, name) for name in names]


def find_trader(rows: Sequence[TraderRow], name: str) -> TraderRow:
    """Return the trader of this name or id, whatever the case of its letters.

    Raises:
        ConfigError: There is none; the nearest name is offered.
    """
    asked = name.casefold()
    for row in rows:
        if asked in {row.trader_id.casefold(), row.name.casefold()}:
            return row
    known = {row.name.casefold(): row.name for row in rows}
    near = difflib.get_close_matches(asked, known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "see aitrader traders list"
    raise ConfigError(f"there is no trader {name}: {hint}")
