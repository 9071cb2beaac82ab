"""Starts of a live engine on the simulated exchange after its disk refused or was put back.

What the exchange knows of our orders is taken up before anything is decided: no order is sent whose
id was used, and nothing is sold twice, also where the account has coins of its owner's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from tests.live_engine import LiveEngine, until_so
from tests.memory_store import MemoryStore
from tests.unit.exchange.binance.account_room import AccountRoom, an_account
from tests.unit.exchange.binance.stub import until

from aitrader.engine.clock import SystemClock
from aitrader.model.events import CloseAsked, OrderUpdated, Quarantined
from aitrader.model.order import OrderStatus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


async def sold(engine: LiveEngine) -> list[str]:
    """Return the ids of what was sold at market."""
    rows = await engine.orders()
    return [
        row["clientOrderId"]
        for row in rows
        if (row["side"], row["type"], row["status"]) == ("SELL", "MARKET", "FILLED")
    ]


def refused(store: MemoryStore) -> int:
    """Return how many orders were refused, as far as it is written down."""
    ends = [fact.order.status for fact in store.facts if isinstance(fact, OrderUpdated)]
    return ends.count(OrderStatus.REJECTED)


async def own_coins(room: AccountRoom, quantity: str) -> None:
    """Let the account's owner buy some of the same coin by hand."""
    answer = await room.signed(
        "POST", "order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=quantity
    )
    assert answer.status_code == 200, answer.text


def tell(story: Callable[[AccountRoom], Awaitable[None]], **changes: float) -> None:
    async def play() -> None:
        async with an_account(clock=SystemClock(), **changes) as room:
            await story(room)

    asyncio.run(play())


@pytest.mark.parametrize("has_own_coins", [True, False])
def test_a_sale_that_was_never_written_down_is_not_repeated_and_nobody_is_blamed(
    has_own_coins: bool,
) -> None:
    async def story(room: AccountRoom) -> None:
        store = MemoryStore()
        first = LiveEngine(room, store)
        await first.start()
        position = await first.enter()
        if has_own_coins:
            await own_coins(room, "0.01")
        refusal = {"status": 400, "code": -2010, "message": "This action is disabled."}
        await until_so(lambda: first.orders(is_open_only=True))
        await room.fault("status", path="order", verb="POST", times=2, **refusal)
        first.post(CloseAsked(at_ms=first.clock.now_ms(), position_id=position.position_id))
        await until(lambda: refused(store) == 2)
        store.refusal = "the disk is full"
        await until_so(lambda: sold(first))
        await first.kill()
        store.refusal = ""

        second = LiveEngine(room, store)
        await second.start()
        await until(lambda: not second.positions())
        ids = Counter(row["clientOrderId"] for row in await second.orders())
        assert max(ids.values()) == 1
        assert len(await sold(second)) == 1
        assert not [fact for fact in store.facts if isinstance(fact, Quarantined)]
        await second.kill()

    tell(story)


def test_protection_that_was_never_written_down_is_known_and_its_ids_are_not_used_again() -> None:
    async def story(room: AccountRoom) -> None:
        store = MemoryStore()
        first = LiveEngine(room, store)
        await first.start()
        refusal = {"status": 400, "code": -2010, "message": "This action is disabled."}
        await room.fault("status", path="orderList", verb="POST", times=1, **refusal)
        await first.enter()
        await until(lambda: refused(store) == 2)
        store.refusal = "the disk is full"
        await until_so(lambda: first.orders(is_open_only=True))
        await first.kill()
        store.refusal = ""
        (stop, _target) = await first.orders(is_open_only=True)
        named = {"symbol": stop["symbol"], "origClientOrderId": stop["clientOrderId"]}
        assert (await room.signed("DELETE", "order", **named)).status_code == 200

        second = LiveEngine(room, store)
        await second.start()
        await until_so(lambda: second.orders(is_open_only=True))
        ids = Counter(row["clientOrderId"] for row in await second.orders())
        assert len(ids) == 1 + 2 + 2
        assert max(ids.values()) == 1
        await second.kill()

    tell(story)


@pytest.mark.parametrize("is_listed", [True, False])
def test_what_the_exchange_denied_for_a_while_and_has_after_all_is_taken_off(
    is_listed: bool,
) -> None:
    async def story(room: AccountRoom) -> None:
        engine = LiveEngine(room, MemoryStore())
        await engine.start()
        position = await engine.enter()
        await until_so(lambda: engine.orders(is_open_only=True))
        unknown = {"status": 400, "code": -2011, "message": "Unknown order sent."}
        await room.fault("status", path="orderList", verb="DELETE", times=1, **unknown)
        missing = {"status": 400, "code": -2013, "message": "Order does not exist."}
        await room.fault("status", path="order", verb="GET", times=8, **missing)
        if not is_listed:
            hidden = {"status": 400, "code": -1121, "message": "Invalid symbol."}
            await room.fault("status", path="openOrders", verb="GET", times=2, **hidden)
        engine.post(CloseAsked(at_ms=engine.clock.now_ms(), position_id=position.position_id))
        await until(lambda: not engine.positions())
        assert await engine.orders(is_open_only=True) == []
        assert len(await sold(engine)) == 1
        await engine.kill()

    tell(story, entry_s=0.2, clock_s=3.0)
