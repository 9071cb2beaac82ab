"""The inbox: bounded, and never at the cost of what matters."""

from __future__ import annotations

import asyncio

from tests.builders import AT_MS, a_fill

from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.model.events import CandlesClosed, Event, FeedChanged, OrderFilled, TimerDue
from aitrader.model.ids import ClientOrderId, TimerId


def close(at_ms: int) -> Event:
    return CandlesClosed(at_ms=at_ms, intervals=("1m",))


FILLED = OrderFilled(at_ms=AT_MS, client_order_id=ClientOrderId("at1-x"), fill=a_fill())
DOWN = FeedChanged(at_ms=AT_MS, is_up=False, reason="silence")


def everything(inbox: BoundedInbox) -> list[Event | None]:
    async def story() -> list[Event | None]:
        return [await inbox.take() for _ in range(len(inbox))]

    return asyncio.run(story())


def test_events_come_out_as_they_went_in() -> None:
    inbox = BoundedInbox(Health())
    for event in (close(1), FILLED, close(2)):
        inbox.post(event)
    assert everything(inbox) == [close(1), FILLED, close(2)]


def test_a_full_inbox_takes_every_fill_and_timer() -> None:
    inbox = BoundedInbox(Health(), capacity=1)
    due = TimerDue(at_ms=AT_MS, timer_id=TimerId("t"))
    for event in (FILLED, FILLED, due):
        inbox.post(event)
    assert everything(inbox) == [FILLED, FILLED, due]


def test_a_full_inbox_keeps_the_newest_news_of_each_kind() -> None:
    health = Health()
    inbox = BoundedInbox(health, capacity=3)
    for event in (close(1), FILLED, close(2), close(3), DOWN, close(4)):
        inbox.post(event)
    assert everything(inbox) == [FILLED, close(3), DOWN, close(4)]
    assert health.counts()["error_inbox_full"] == 3


def test_a_waiting_reader_gets_what_comes() -> None:
    inbox = BoundedInbox(Health())

    async def story() -> Event | None:
        asyncio.get_running_loop().call_soon(inbox.post, FILLED)
        return await inbox.take()

    assert asyncio.run(story()) == FILLED


def test_a_waiting_reader_can_be_woken_for_nothing() -> None:
    inbox = BoundedInbox(Health())

    async def story() -> Event | None:
        asyncio.get_running_loop().call_soon(inbox.wake)
        return await inbox.take()

    assert asyncio.run(story()) is None
