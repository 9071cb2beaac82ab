"""When an engine that has been started again knows its book and has it protected.

The time counts from the process's start to the moment when every order that had no answer on disk
has one, and every position that was open is covered by stops of which the exchange has told, or has
left. Where an order's window is still open at the start, nobody may know sooner: what is waited for
that is taken off, and told beside. So is how long the process was ready to run and no core was free
for it (`queued_s`, where the kernel tells): that is the machine's load, and `own_s` is without it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from aitrader.engine.clock import cpu_s
from aitrader.model.events import (
    Event,
    OrderPlanned,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Started,
)
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.money import ZERO
from aitrader.model.order import Order, OrderKind, OrderStatus
from aitrader.model.position import Position, PositionStatus

DUST_USDT = Decimal(6)
"""Less than this can neither be sold nor protected: the least order is 5 USDT."""


def queued_s() -> float:
    """Return how long this process was ready to run and had no core; 0 where nobody knows."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


class Recovery:
    """Is told every fact of an engine; `spawned_s` is when its process was begun."""

    def __init__(self, spawned_s: float, speed: float) -> None:
        self._spawned_s = spawned_s
        self._speed = speed
        self._orders: dict[ClientOrderId, Order] = {}
        self._positions: dict[PositionId, Position] = {}
        self._open_before: set[PositionId] = set()
        self._unclear: set[ClientOrderId] = set()
        self._told = asyncio.Event()

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of facts."""
        for fact in facts:
            match fact:
                case Started():
                    self._orders = {row.client_order_id: row for row in fact.saved.orders}
                    self._positions = {row.position_id: row for row in fact.saved.positions}
                    pending = [o for o in fact.saved.orders if o.status is OrderStatus.PENDING]
                    self._unclear = {row.client_order_id for row in pending}
                    self._open_before = {row.position_id for row in pending} | {*self._positions}
                case OrderPlanned() | OrderUpdated():
                    self._orders[fact.order.client_order_id] = fact.order
                case PositionOpened() | PositionUpdated() | PositionClosed():
                    self._positions[fact.position.position_id] = fact.position
        self._told.set()

    async def measured(self, now_ms: int) -> dict[str, float]:
        """Return wall and CPU seconds once all is clear; the engine has settled at `now_ms`."""
        settled_s = time.monotonic()
        late_ms = max((self._orders[each].not_after_ms for each in self._waited()), default=0)
        window_s = max(0, late_ms - now_ms) / 1000 / self._speed
        while not self._is_clear():
            self._told.clear()
            await self._told.wait()
        waited_s = time.monotonic() - settled_s
        beyond_s = max(0.0, waited_s - window_s)
        wall_s, queue_s = settled_s - self._spawned_s + beyond_s, queued_s()
        return {
            "wall_s": round(wall_s, 3),
            "own_s": round(max(0.0, wall_s - queue_s), 3),
            "queued_s": round(queue_s, 3),
            "window_s": round(waited_s - beyond_s, 3),
            "cpu_s": round(cpu_s(), 3),
        }

    def _waited(self) -> list[ClientOrderId]:
        return [each for each in self._unclear if self._orders[each].status is OrderStatus.PENDING]

    def _is_clear(self) -> bool:
        held = (row for row in self._positions.values() if row.position_id in self._open_before)
        return not self._waited() and all(self._is_protected(row) for row in held)

    def _is_protected(self, position: Position) -> bool:
        if position.status is not PositionStatus.OPEN or position.stop_price is None:
            return True
        stops = (
            order.remaining
            for order in self._orders.values()
            if order.position_id == position.position_id
            and order.kind is OrderKind.STOP_LOSS
            and order.status is OrderStatus.OPEN
        )
        return (position.quantity - sum(stops, ZERO)) * position.entry_price < DUST_USDT
