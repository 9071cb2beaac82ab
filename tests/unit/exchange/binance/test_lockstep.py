from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from tests.unit.exchange.binance.stub import T0, TestTasks, until

from aitrader.exchange.binance.lockstep import Lockstep


class Engine:
    """A pacer that settles when the test says so."""

    def __init__(self) -> None:
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def settled(self) -> None:
        await self.quiet.wait()


class Room:
    def __init__(self) -> None:
        self.engine = Engine()
        self.sent: list[int] = []
        self.is_at_rest = True
        self.lockstep = Lockstep(self.engine, self._send, lambda: self.is_at_rest)

    def _send(self, payload: bytes) -> None:
        message = json.loads(payload)
        assert message["method"] == "SIMULATED_CLOCK_ACK"
        self.sent.extend(message["params"])


def tell(story: Callable[[Room], Awaitable[None]]) -> None:
    async def play() -> None:
        room, tasks = Room(), TestTasks()
        tasks.spawn("lockstep", room.lockstep.run())
        await story(room)
        room.lockstep.close()
        await until(lambda: not tasks.tasks)
        assert tasks.deaths == []

    asyncio.run(play())


def test_a_quiet_instant_is_acknowledged_once() -> None:
    async def story(room: Room) -> None:
        room.lockstep.on_instant(T0)
        await until(lambda: room.sent == [T0])
        room.lockstep.stir()
        await asyncio.sleep(0.005)
        assert room.sent == [T0]

    tell(story)


def test_nothing_is_acknowledged_while_the_edge_or_the_engine_is_busy() -> None:
    async def story(room: Room) -> None:
        room.is_at_rest = False
        room.engine.quiet.clear()
        room.lockstep.on_instant(T0)
        await asyncio.sleep(0.005)
        room.is_at_rest = True
        room.lockstep.stir()
        await asyncio.sleep(0.005)
        assert room.sent == []
        room.engine.quiet.set()
        await until(lambda: room.sent == [T0])

    tell(story)


def test_work_that_the_engine_began_meanwhile_is_waited_for() -> None:
    async def story(room: Room) -> None:
        room.engine.quiet.clear()
        room.lockstep.on_instant(T0)
        await asyncio.sleep(0.005)
        room.is_at_rest = False
        room.lockstep.stir()
        room.engine.quiet.set()
        await asyncio.sleep(0.005)
        assert room.sent == []
        room.is_at_rest = True
        room.lockstep.stir()
        await until(lambda: room.sent == [T0])

    tell(story)


def test_of_two_instants_the_newer_is_acknowledged() -> None:
    async def story(room: Room) -> None:
        room.lockstep.on_instant(T0)
        room.lockstep.on_instant(T0 + 1)
        await until(lambda: room.sent == [T0 + 1])

    tell(story)
