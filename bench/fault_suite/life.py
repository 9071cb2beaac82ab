"""One life of the engine's process, on a simulated exchange: `life.py PLAN`, the plan as JSON.

The same parts as `aitrader`'s own engine process, but for its store: that one can kill the process
(SIGKILL, by itself) before or after its n-th durable write, or refuse writes for a while before.
It says `{"up": true}` in one line once it runs, another when its book is known and protected
(`recovery`), one before it kills itself and one at an end in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from recovery import Recovery

from aitrader.config import read_settings
from aitrader.model.account import LIVE
from aitrader.model.control import AddTrader, AnyRequest, PauseEntries
from aitrader.model.errors import ConfigError, Transient
from aitrader.model.events import Event
from aitrader.model.ids import TraderId
from aitrader.model.trader import Mode
from aitrader.modes.build import Choices, Wired
from aitrader.modes.daemon import opened_store, serving, until_stopped
from aitrader.storage.projection import is_durable
from aitrader.storage.sqlite import SqliteStore

TRADERS = {
    "climber": '''"""Buys what rises; two targets."""
NAME = "Climber"
SYMBOLS = "all USDT"
INTERVAL = "1m"
EXITS = {"stop_loss": "0.15%", "take_profit": [("0.15%", 0.5), ("0.3%", 0.5)], "max_age": "3m"}
RISK = {"amount": 200, "max_open": 5}

def conditions(m):
    return {"rises": m.close > m.close[1]}
''',
    "diver": '''"""Buys what falls; leaves by itself a minute later, or where the price turns."""
NAME = "Diver"
SYMBOLS = "all USDT"
INTERVAL = "1m"
EXITS = {"stop_loss": "0.4%", "trailing": "0.1%", "max_age": "1m"}
RISK = {"amount": 150, "max_open": 4}

def conditions(m):
    return {"falls": m.close < m.close[1]}
''',
    "metronome": '''"""Bids every other minute, at a limit; one target, and conditions to leave."""
NAME = "Metronome"
SYMBOLS = "all USDT"
INTERVAL = "1m"
ENTRY = {"limit": "0.02%", "good_for": "3m"}
EXITS = {"stop_loss": "0.3%", "take_profit": "0.2%"}
RISK = {"amount": 120, "max_open": 3}

def conditions(m):
    return {"even": m.minute % 2 == 0}

def exit_conditions(m):
    return {"rises twice": m.close > m.close[1] and m.close[1] > m.close[2]}
''',
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a life is led. `dies_at`: the durable write it ends with, 0 for none of them."""

    folder: str
    rest_url: str
    stream_url: str
    account: str
    key: str
    start_ms: int
    spawned_s: float
    speed: float
    dies_at: int = 0
    is_written: bool = False
    refused: int = 0
    """So many writes before the last one the disk refuses."""
    is_paused: bool = False
    """No new entries: what is open is to come to rest."""


class MortalStore:
    """A store that ends the process, or refuses, at certain writes."""

    def __init__(self, store: SqliteStore, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._writes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def record(self, facts: Sequence[Event]) -> None:
        """Commit, unless it is time to die or to refuse."""
        plan = self._plan
        self._writes += any(is_durable(fact) for fact in facts)
        is_last = self._writes == plan.dies_at
        if is_last and not plan.is_written:
            self._die(facts)
        if 0 < plan.dies_at - self._writes <= plan.refused:
            raise Transient("the disk is full")
        await self._store.record(facts)
        if is_last:
            self._die(facts)

    def _die(self, facts: Sequence[Event]) -> None:
        kinds = sorted({type(fact).__name__ for fact in facts if is_durable(fact)})
        plan = self._plan
        say(up=False, died_at=plan.dies_at, is_written=plan.is_written, kinds=kinds)
        os.kill(os.getpid(), signal.SIGKILL)


async def live(plan: Plan) -> None:
    """Run the engine until it is told to stop, or dies."""
    flags = {
        "market_rest_url": plan.rest_url,
        "market_stream_url": plan.stream_url,
        "max_open_positions": 50,
        "max_symbols": 100,
        "log_level": "INFO",
    }
    if plan.account == LIVE:
        flags |= {
            "market": "simulator",
            "paper_trading": "false",
            "lock_folder": str(Path(plan.folder).parent / "locks"),
            "binance_api_key": plan.key,
            "binance_secret_key": plan.key,
            "order_rest_url": plan.rest_url,
            "order_ws_url": f"{plan.stream_url}/ws-api/v3",
        }
    settings = read_settings(data_folder=Path(plan.folder), flags=flags, environ={})
    recovery = Recovery(plan.spawned_s, plan.speed)
    choices = Choices(
        market_name="fault suite",
        is_frame_time=True,
        start_ms=plan.start_ms,
        observers=(recovery,),
    )
    async with opened_store(settings) as store:
        mortal = MortalStore(store, plan)
        async with serving(settings, choices, store=mortal, ready_fd=None) as wired:  # type: ignore[arg-type]
            await wired._parts.engine.begun()
            say(up=True)
            wired.tasks.spawn("recovery", _tell(recovery, wired))
            await _arrange(wired, plan, is_paused=wired.view.board.is_paused)
            await until_stopped(wired)
            errors = wired.view.status().errors
        say(up=False, errors=errors)


async def _tell(recovery: Recovery, wired: Wired) -> None:
    say(up=True, recovered=await recovery.measured(wired.view.status().now_ms))


async def _arrange(wired: Wired, plan: Plan, *, is_paused: bool) -> None:
    """Add the traders that are missing, let them trade on the plan's account, pause or not."""
    board = wired.view.board
    for name, source in TRADERS.items():
        if name not in board.traders:
            await _ask(wired, AddTrader(source))
    if plan.account == LIVE:
        from aitrader.model.control import SetMode

        for name in TRADERS:
            if board.traders[TraderId(name)].mode is not Mode.LIVE:
                await _ask(wired, SetMode(name, Mode.LIVE, True))
    if is_paused != plan.is_paused:
        await _ask(wired, PauseEntries(plan.is_paused))


async def _ask(wired: Wired, request: AnyRequest) -> None:
    """Ask until the answer is yes; a disk that refuses makes it no for a while."""
    for _ in range(50):
        answer = await wired.control.ask(request)
        if answer.is_ok:
            return
        await asyncio.sleep(0.05)
    raise ConfigError(answer.text)


def say(**words: object) -> None:
    """Tell the suite, in one line."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(live(msgspec.json.decode(sys.argv[1], type=Plan)))
    except ConfigError as error:
        say(up=False, refused=str(error))
        sys.exit(2)
