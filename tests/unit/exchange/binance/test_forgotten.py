"""Exits that only the exchange knows."""

from __future__ import annotations

from tests.builders import a_position
from tests.unit.exchange.binance.account_room import AccountRoom, tell

from aitrader.model.account import LIVE
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


def test_what_is_not_told_is_left_to_the_audit() -> None:
    async def story(room: AccountRoom) -> None:
        await room.fault("lost_request", path="order", verb="GET", times=9)
        await restart(room, Saved(positions=(POSITION,)))
        assert room.inbox.of(OpenOrdersReported) == []

    tell(story)
