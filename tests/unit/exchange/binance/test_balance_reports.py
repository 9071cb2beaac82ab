"""What was true last of the balances is told last, whichever way is the quicker one."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.unit.exchange.binance.account_room import AccountRoom, tell
from tests.unit.exchange.binance.stub import until

from aitrader.exchange.binance.balance_reports import MOST_ASKED
from aitrader.exchange.binance.wire_orders import AccountPosition, AssetRow
from aitrader.model.events import BalancesReported


def a_change(at_ms: int, free: str = "1") -> AccountPosition:
    return AccountPosition(at_ms, [AssetRow("USDT", Decimal(free), Decimal(0))])


def reports_of(room: AccountRoom) -> list[BalancesReported]:
    return room.inbox.of(BalancesReported)


def cash(room: AccountRoom) -> Decimal:
    """What the last report says of the quote."""
    last = reports_of(room)[-1]
    return next(row.total for row in last.balances if row.asset == "USDT")


async def slow_answers(room: AccountRoom, times: int) -> None:
    await room.fault("delay", path="account", verb="GET", delay_ms=60, times=times)


def test_an_answer_that_was_overtaken_is_asked_for_again() -> None:
    async def story(room: AccountRoom) -> None:
        balances = room.venue._inquiries.balances
        room.inbox.events.clear()
        await slow_answers(room, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(balances.ask())
            await asyncio.sleep(0.02)
            assert not balances.hear(a_change(room.clock.now_ms()))
            assert cash(room) == 1
        assert [report.is_whole for report in reports_of(room)] == [False, True]

    tell(story)


def test_answers_that_are_overtaken_again_and_again_leave_it_to_the_stream() -> None:
    async def story(room: AccountRoom) -> None:
        balances = room.venue._inquiries.balances
        room.inbox.events.clear()
        await slow_answers(room, MOST_ASKED)
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(balances.ask())
            while not asked.done():
                balances.hear(a_change(room.clock.now_ms()))
                await asyncio.sleep(0.02)
        assert not any(report.is_whole for report in reports_of(room))

    tell(story)


@pytest.mark.parametrize("is_asked_before", [True, False])
def test_what_the_stream_tells_late_is_asked_for_again(is_asked_before: bool) -> None:
    async def story(room: AccountRoom) -> None:
        told_ms = room.clock.now_ms()
        balances = room.venue._inquiries.balances
        if is_asked_before:
            await balances.ask()
        else:
            assert not balances.hear(a_change(told_ms + 60_000, "2"))
        room.inbox.events.clear()
        room.venue._on_told(a_change(told_ms - 1_000))
        assert cash(room) == 1
        await until(lambda: reports_of(room)[-1].is_whole)
        assert cash(room) > 1

    tell(story)


def test_what_the_stream_tells_in_time_is_asked_for_no_more() -> None:
    async def story(room: AccountRoom) -> None:
        room.inbox.events.clear()
        room.venue._on_told(a_change(room.clock.now_ms() + 1_000))
        room.venue._on_told(a_change(room.clock.now_ms() + 1_000, "2"))
        assert not any(task.get_name() == "account balances" for task in room.tasks.tasks)
        assert [report.is_whole for report in reports_of(room)] == [False, False]

    tell(story)
