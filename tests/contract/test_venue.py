"""What every venue promises, run on paper and on the live venue against the simulated exchange.

The live one is asked over REST alone and over the WebSocket API too. A story says only what the
port promises: answers come as events, in any order and any number of times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Protocol

import pytest
from tests.builders import an_instrument, an_order
from tests.unit.exchange.binance.account_room import WallClock, an_account
from tests.unit.exchange.binance.stub import ListInbox, until

from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.execution.orders import VenueAnswer, apply
from aitrader.model.account import LIVE, PAPER
from aitrader.model.commands import CancelOrders, QueryOrder, SubmitOrder
from aitrader.model.events import Event, OrderNotFound, Saved
from aitrader.model.order import Leg, Order, OrderKind, OrderStatus
from aitrader.model.ports import Clock, Venue

PRICE = Decimal(100)
PATIENCE_S = 10.0


class Place(Protocol):
    """Where a story plays: a venue that has recovered from nothing, and its market."""

    venue: Venue
    clock: Clock
    inbox: ListInbox
    account: str

    async def price(self) -> Decimal: ...

    def move(self) -> None: ...

    async def restarted(self, saved: Saved) -> Venue: ...


class PaperPlace:
    account = PAPER

    def __init__(self) -> None:
        self.inbox, self.clock = ListInbox(), WallClock()
        self.venue = self._new()

    def _new(self) -> PaperVenue:
        def find(symbol: str) -> object:
            return an_instrument(step_size=Decimal("0.00001"), min_notional=Decimal(1))

        venue = PaperVenue(
            self.inbox,
            self.clock,
            find_instrument=find,  # type: ignore[arg-type]
            settings=PaperSettings(),
        )
        venue.know_price("BTCUSDT", float(PRICE))
        return venue

    async def price(self) -> Decimal:
        return PRICE

    def move(self) -> None:
        assert isinstance(self.venue, PaperVenue)
        self.venue.on_price("BTCUSDT", float(PRICE), self.clock.now_ms())

    async def restarted(self, saved: Saved) -> Venue:
        self.venue = self._new()
        await self.venue.recover(saved)
        return self.venue


@asynccontextmanager
async def a_place(kind: str) -> AsyncIterator[Place]:
    if kind == "paper":
        place = PaperPlace()
        await place.venue.recover(Saved())
        yield place
        return
    async with an_account(has_socket=kind == "live over the socket") as room:
        await room.venue.recover(Saved())
        if kind == "live over the socket":
            await until(lambda: room.venue.is_stream_up)

        class LivePlace:
            account = LIVE
            venue: Venue = room.venue
            clock: Clock = room.clock
            inbox = room.inbox

            async def price(self) -> Decimal:
                return await room.price()

            def move(self) -> None:
                pass  # the simulated market moves by itself

            async def restarted(self, saved: Saved) -> Venue:
                await room.venue.close()
                room.venue = room.another()
                await room.venue.recover(saved)
                self.venue = room.venue
                return room.venue

        yield LivePlace()


Story = Callable[[Place], Awaitable[None]]


@pytest.fixture(params=["paper", "live over REST", "live over the socket"])
def tell(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    def play(story: Story) -> None:
        async def whole() -> None:
            async with a_place(request.param) as place:
                await story(place)

        asyncio.run(whole())

    return play


def an_entry(place: Place, attempt: int = 1, **changes: object) -> Order:
    now_ms = place.clock.now_ms()
    standard = {
        "leg": Leg.ENTRY,
        "account": place.account,
        "quantity": Decimal("0.1") if place.account == PAPER else Decimal("0.01"),
        "planned_ms": now_ms,
        "not_after_ms": now_ms + 5_000,
    }
    return an_order(attempt=attempt, **{**standard, **changes})


async def a_protection(place: Place) -> tuple[Order, Order]:
    price = await place.price()
    common = {
        "leg": Leg.EXIT,
        "list_id": "at1-list",
        "quantity": an_entry(place).quantity / 2,
    }
    side = an_order(Leg.EXIT).side
    stop = an_entry(
        place,
        11,
        side=side,
        kind=OrderKind.STOP_LOSS,
        stop_price=(price * Decimal("0.9")).quantize(Decimal("0.01")),
        **common,
    )
    target = an_entry(
        place,
        12,
        side=side,
        kind=OrderKind.LIMIT,
        price=(price * Decimal("1.1")).quantize(Decimal("0.01")),
        **common,
    )
    return stop, target


def heard(place: Place, order: Order) -> list[Event]:
    name = order.client_order_id
    return [e for e in place.inbox.events if getattr(e, "client_order_id", None) == name]


def as_heard(place: Place, order: Order) -> Order:
    """Return the order as the stage folds what was said of it, twice over."""
    for _ in range(2):
        for event in heard(place, order):
            assert isinstance(event, VenueAnswer)
            order = apply(order, event)
    return order


async def submit(place: Place, *orders: Order) -> None:
    await place.venue.submit(SubmitOrder(orders=orders))


async def becomes(place: Place, order: Order, status: OrderStatus) -> Order:
    await until(lambda: as_heard(place, order).status is status, PATIENCE_S)
    return as_heard(place, order)


async def held(place: Place) -> None:
    entry = an_entry(place)
    await submit(place, entry)
    place.move()
    await becomes(place, entry, OrderStatus.FILLED)


def test_a_market_order_is_filled_to_the_last_unit(tell: Callable[[Story], None]) -> None:
    async def story(place: Place) -> None:
        entry = an_entry(place)
        await submit(place, entry)
        place.move()
        filled = await becomes(place, entry, OrderStatus.FILLED)
        assert filled.filled == entry.quantity
        assert filled.venue_order_id
        assert all(fill.fee > 0 and fill.price > 0 for fill in filled.fills)

    tell(story)


def test_stop_and_target_rest_together_and_are_taken_off_together(
    tell: Callable[[Story], None],
) -> None:
    async def story(place: Place) -> None:
        await held(place)
        stop, target = await a_protection(place)
        await submit(place, stop, target)
        for order in (stop, target):
            await becomes(place, order, OrderStatus.OPEN)
        await place.venue.cancel(CancelOrders(orders=(stop, target)))
        for order in (stop, target):
            ended = await becomes(place, order, OrderStatus.CANCELED)
            assert ended.filled == 0

    tell(story)


def test_one_of_a_list_takes_its_mate_along(tell: Callable[[Story], None]) -> None:
    async def story(place: Place) -> None:
        await held(place)
        stop, target = await a_protection(place)
        await submit(place, stop, target)
        await place.venue.cancel(CancelOrders(orders=(stop,)))
        for order in (stop, target):
            await becomes(place, order, OrderStatus.CANCELED)

    tell(story)


def test_what_the_account_cannot_pay_is_refused_with_a_reason(
    tell: Callable[[Story], None],
) -> None:
    async def story(place: Place) -> None:
        price = await place.price()
        dear = an_entry(place, quantity=(Decimal(50_000) / price).quantize(Decimal("0.01")))
        await submit(place, dear)
        refused = await becomes(place, dear, OrderStatus.REJECTED)
        assert refused.note

    tell(story)


def test_an_order_that_nobody_sent_is_not_found(tell: Callable[[Story], None]) -> None:
    async def story(place: Place) -> None:
        now_ms = place.clock.now_ms()
        never = an_entry(place, 7, planned_ms=now_ms - 2_000, not_after_ms=now_ms - 1_000)
        await place.venue.query(QueryOrder(order=never))
        (said,) = heard(place, never)
        assert isinstance(said, OrderNotFound)
        assert said.at_ms > never.not_after_ms

    tell(story)


def test_a_question_tells_all_again(tell: Callable[[Story], None]) -> None:
    async def story(place: Place) -> None:
        await held(place)
        before = as_heard(place, an_entry(place))
        await place.venue.query(QueryOrder(order=an_entry(place)))
        after = as_heard(place, an_entry(place))
        assert after.fills == before.fills

    tell(story)


def test_taking_off_what_has_filled_brings_its_fills(tell: Callable[[Story], None]) -> None:
    async def story(place: Place) -> None:
        await held(place)
        place.inbox.events.clear()
        entry = an_entry(place)
        await place.venue.cancel(CancelOrders(orders=(entry,)))
        await becomes(place, entry, OrderStatus.FILLED)

    tell(story)


def test_what_rests_outlives_the_process(tell: Callable[[Story], None]) -> None:
    async def story(place: Place) -> None:
        await held(place)
        entry = as_heard(place, an_entry(place))
        stop, target = await a_protection(place)
        await submit(place, stop, target)
        resting = tuple([await becomes(place, each, OrderStatus.OPEN) for each in (stop, target)])
        venue = await place.restarted(Saved(orders=(entry, *resting)))
        place.inbox.events.clear()
        await venue.query(QueryOrder(order=stop))
        assert as_heard(place, stop).status is OrderStatus.OPEN
        await venue.cancel(CancelOrders(orders=resting))
        await becomes(place, target, OrderStatus.CANCELED)

    tell(story)
