"""`aitrader traders add|list|show|enable|disable|remove`: the traders of an engine."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from aitrader.config import Settings
from aitrader.model.control import AddTrader, AnyRequest, ReadTrader, RemoveTrader, SwitchTrader
from aitrader.model.errors import ConfigError
from aitrader.model.view import TraderRow
from aitrader.modes.data import say, say_json
from aitrader.modes.steering import Steered, steered
from aitrader.modes.traders import source_of

COLUMNS = "{:<24} {:<5} {:<3} {:<4} {:>7} {:>7} {:>5} {:>12}  {}"


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
            answer = await engine.ask(request(row))
            if not answer.is_ok:
                raise ConfigError(answer.text)
            say(answer.text)


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
