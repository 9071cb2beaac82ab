"""From commands to handlers."""

from __future__ import annotations

import asyncio

import pytest
from tests.builders import AT_MS, an_order
from tests.unit.engine.fakes import ListInbox

from aitrader.engine.clock import FrameClock
from aitrader.engine.dispatch import Dispatch, Handler, Venues, edge_handlers, on
from aitrader.engine.health import Health
from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.model.account import LIVE, PAPER
from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    Command,
    DisarmBand,
    QueryOrder,
    RankMarket,
    StartTimer,
    StopTimer,
    SubmitOrder,
    WatchMarket,
)
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import OrderOutcomeUnknown, Saved
from aitrader.model.ids import BandId, TimerId
from aitrader.model.order import Leg

SUBMIT = SubmitOrder(orders=(an_order(), an_order(Leg.EXIT)))


class Bench:
    """A dispatch with an inbox to look into."""

    def __init__(self, *handlers: tuple[type[Command], Handler]) -> None:
        self.inbox = ListInbox()
        self.health = Health()
        self.supervisor = Supervisor(self.health)
        self.dispatch = Dispatch(
            dict(handlers), self.supervisor, inbox=self.inbox, clock=FrameClock(AT_MS)
        )


def test_a_plain_handler_has_run_when_start_returns() -> None:
    done: list[StopTimer] = []
    bench = Bench(on(StopTimer, done.append))
    command = StopTimer(timer_id=TimerId("t"))
    bench.dispatch.start(command)
    assert done == [command]
    assert bench.dispatch.outstanding == 0


def test_a_coroutine_is_outstanding_until_it_ends() -> None:
    async def story() -> None:
        gate = asyncio.Event()

        async def submit(_: SubmitOrder) -> None:
            await gate.wait()

        bench = Bench(on(SubmitOrder, submit))
        quiet = asyncio.Event()
        bench.dispatch.on_end = quiet.set
        bench.dispatch.start(SUBMIT)
        bench.dispatch.start(SUBMIT)
        assert (bench.dispatch.outstanding, bench.dispatch.sending) == (2, 2)
        gate.set()
        while bench.dispatch.outstanding:
            quiet.clear()
            await quiet.wait()
        assert bench.dispatch.sending == 0

    asyncio.run(story())


def test_nobody_need_listen_for_ends() -> None:
    async def story() -> int:
        async def submit(_: SubmitOrder) -> None:
            ended.set()

        ended = asyncio.Event()
        bench = Bench(on(SubmitOrder, submit))
        bench.dispatch.start(SUBMIT)
        await ended.wait()
        await asyncio.sleep(0)
        return bench.dispatch.outstanding

    assert asyncio.run(story()) == 0


def test_an_order_whose_sending_died_has_an_unknown_outcome() -> None:
    async def story() -> Bench:
        async def submit(_: SubmitOrder) -> None:
            raise Transient("connection lost")

        bench = Bench(on(SubmitOrder, submit))
        quiet = asyncio.Event()
        bench.dispatch.on_end = quiet.set
        bench.dispatch.start(SUBMIT)
        await quiet.wait()
        await asyncio.sleep(0)
        return bench

    bench = asyncio.run(story())
    ids = [order.client_order_id for order in SUBMIT.orders]
    assert [e.client_order_id for e in bench.inbox.events] == ids  # type: ignore[attr-defined]
    assert all(isinstance(event, OrderOutcomeUnknown) for event in bench.inbox.events)
    assert bench.health.errors == 1


def test_a_plain_handler_that_dies_is_counted() -> None:
    def watch(_: WatchMarket) -> None:
        raise RuntimeError("no such symbol")

    bench = Bench(on(WatchMarket, watch))
    bench.dispatch.start(WatchMarket(streams=()))
    assert (bench.health.errors, bench.inbox.events) == (1, [])


def test_a_command_nobody_does_is_survived() -> None:
    bench = Bench()
    bench.dispatch.start(SUBMIT)
    assert bench.inbox.events == []


class Edges:
    """A market and a venue that note what they are asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def last_price(self, symbol: str) -> float | None:
        return None

    async def open(self) -> None:
        self.asked.append("open")

    async def close(self) -> None:
        self.asked.append("close")

    def watch(self, command: WatchMarket) -> None:
        self.asked.append("watch")

    async def rank(self, command: RankMarket) -> None:
        self.asked.append("rank")

    def arm(self, command: ArmBand) -> None:
        self.asked.append("arm")

    def disarm(self, command: DisarmBand) -> None:
        self.asked.append("disarm")

    async def recover(self, saved: Saved) -> None:
        self.asked.append("recover")

    async def submit(self, command: SubmitOrder) -> None:
        self.asked.append("submit")

    async def cancel(self, command: CancelOrders) -> None:
        self.asked.append("cancel")

    async def query(self, command: QueryOrder) -> None:
        self.asked.append("query")


def test_every_command_goes_to_the_edge_that_does_it() -> None:
    async def story() -> tuple[list[str], list[str]]:
        bench, edges = Bench(), Edges()
        timers = ClockTimers(bench.inbox, FrameClock(AT_MS))
        screener = Screener(bench.inbox, bench.supervisor, clock=FrameClock(AT_MS))
        table = edge_handlers(edges, {PAPER: edges}, timers=timers, screener=screener)
        dispatch = Dispatch(table, bench.supervisor, inbox=bench.inbox, clock=FrameClock(AT_MS))
        for command in (
            WatchMarket(streams=()),
            ArmBand(band_id=BandId("b"), symbol="BTCUSDT"),
            DisarmBand(band_id=BandId("b")),
            StartTimer(timer_id=TimerId("t"), due_ms=AT_MS),
            StopTimer(timer_id=TimerId("t")),
            RankMarket(),
            SUBMIT,
            CancelOrders(orders=(an_order(),)),
            QueryOrder(order=an_order()),
        ):
            dispatch.start(command)
        ended = asyncio.Event()
        dispatch.on_end = ended.set
        while dispatch.outstanding:
            ended.clear()
            await ended.wait()
        screener.close()
        return edges.asked, [type(event).__name__ for event in bench.inbox.events]

    asked, posted = asyncio.run(story())
    assert asked == ["watch", "arm", "disarm", "rank", "submit", "cancel", "query"]
    assert posted == ["TimerDue"]


def test_an_order_goes_to_the_venue_of_its_account() -> None:
    async def story() -> tuple[list[str], list[str], str]:
        paper, live = Edges(), Edges()
        venues = Venues({PAPER: paper, LIVE: live})
        order = an_order(account=LIVE)
        await venues.submit(SubmitOrder(orders=(order,)))
        await venues.query(QueryOrder(order=an_order()))
        await venues.cancel(CancelOrders(orders=(order,)))
        with pytest.raises(Refused) as refusal:
            await Venues({PAPER: paper}).query(QueryOrder(order=order))
        return paper.asked, live.asked, refusal.value.reason

    paper, live, reason = asyncio.run(story())
    assert (paper, live) == (["query"], ["submit", "cancel"])
    assert reason == "there is no live account here"
