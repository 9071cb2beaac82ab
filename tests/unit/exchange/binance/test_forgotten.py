"""Exits that only the exchange knows."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.builders import a_position
from tests.unit.exchange.binance.account_room import AccountRoom, tell

from aitrader.model.account import LIVE
from aitrader.model.commands import SubmitOrder
from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    OpenOrdersReported,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    Saved,
)
from aitrader.model.order import Leg

POSITION = a_position(account=LIVE)


async def restart(room: AccountRoom, saved: Saved) -> None:
    """Let another venue begin with what is remembered."""
    await room.venue.close()
    room.inbox.events.clear()
    room.venue = room.another()
    await room.venue.recover(saved)


def test_exits_after_the_remembered_ones_are_told_before_anything_is_decided() -> None:
    async def story(room: AccountRoom) -> None:
        entry = room.order()
        await room.submit(entry)
        stop, target = await room.protection()
        await room.submit(stop, target)
        assert await room.cancel_by_hand(stop) == 200
        sale = room.order(3, Leg.EXIT, quantity=stop.quantity)
        await room.submit(sale)

        await restart(room, Saved(positions=(POSITION,), orders=(entry, stop, target)))

        (report,) = room.inbox.of(OpenOrdersReported)
        assert [(row.client_order_id, row.kind) for row in report.orders] == [
            (sale.client_order_id, "MARKET")
        ]
        assert room.kinds(sale) == ["OrderAccepted", "OrderFilled"]
        order = [type(row) for row in room.inbox.events]
        assert order.index(OpenOrdersReported) < order.index(OrderFilled)
        assert OrderCanceled not in order[: order.index(OrderFilled)]

    tell(story)


def test_a_list_that_was_forgotten_and_still_rests_is_told_once() -> None:
    async def story(room: AccountRoom) -> None:
        entry = room.order()
        await room.submit(entry)
        stop, target = await room.protection()
        await room.submit(stop, target)

        await restart(room, Saved(positions=(POSITION,), orders=(entry,)))

        (report,) = room.inbox.of(OpenOrdersReported)
        assert sorted(row.client_order_id for row in report.orders) == sorted(
            (stop.client_order_id, target.client_order_id)
        )
        assert len(room.inbox.of(OrderAccepted)) == 2

    tell(story)


def test_exits_of_an_entry_that_is_remembered_as_on_its_way_are_told() -> None:
    async def story(room: AccountRoom) -> None:
        entry = room.order()
        await room.submit(entry)
        stop, target = await room.protection()
        await room.submit(stop, target)
        assert await room.cancel_by_hand(stop) == 200

        await restart(room, Saved(orders=(room.opened(entry),)))

        (report,) = room.inbox.of(OpenOrdersReported)
        assert {row.client_order_id for row in report.orders} == {
            stop.client_order_id,
            target.client_order_id,
        }
        told = [type(row) for row in room.inbox.events]
        assert told.index(OpenOrdersReported) < told.index(OrderFilled)
        assert room.kinds(entry) == ["OrderAccepted", "OrderFilled"]

    tell(story)


def test_what_follows_a_number_that_was_refused_is_told() -> None:
    async def story(room: AccountRoom) -> None:
        entry = room.order()
        await room.submit(entry)
        sale = room.order(7, Leg.EXIT, quantity=Decimal("0.005"))
        await room.submit(sale)

        await restart(room, Saved(positions=(POSITION,), orders=(entry,)))

        assert room.kinds(sale) == ["OrderAccepted", "OrderFilled"]

    tell(story)


def test_what_the_list_of_orders_does_not_have_yet_is_asked_for_by_name() -> None:
    async def story(room: AccountRoom) -> None:
        entry = room.order()
        await room.submit(entry)
        await room.fault("delay", path="allOrders", delay_ms=200, is_after=True, times=1)
        starting = asyncio.get_running_loop().create_task(
            restart(room, Saved(positions=(POSITION,), orders=(entry,)))
        )
        await asyncio.sleep(0.1)
        sale = room.order(1, Leg.EXIT, quantity=Decimal("0.005"))
        late = room.another()
        await late.submit(SubmitOrder(orders=(sale,)))
        room.inbox.events.clear()
        await starting
        await late.close()
        assert room.kinds(sale) == ["OrderAccepted", "OrderFilled"]

    tell(story)


def test_a_start_waits_long_for_what_it_must_know_and_is_then_given_up() -> None:
    async def story(room: AccountRoom) -> None:
        saved = Saved(positions=(POSITION,))
        await room.fault("lost_request", path="allOrders", times=5)
        await restart(room, saved)
        await room.fault("lost_request", path="allOrders", times=6)
        with pytest.raises(ConfigError, match="no account to trade with"):
            await restart(room, saved)

    tell(story)


def test_a_symbol_that_is_gone_does_not_hold_up_the_start() -> None:
    async def story(room: AccountRoom) -> None:
        gone = {"status": 400, "code": -1121, "message": "Invalid symbol."}
        await room.fault("status", path="allOrders", **gone)
        await restart(room, Saved(positions=(POSITION,)))
        assert room.inbox.of(OpenOrdersReported) == []

    tell(story)
