"""The process dies at every write to the disk, before or after it; a new one goes on from there.

The world does not wait: prices move on, what was on its way is lost. Whatever the point, in the
end one signal has led to at most one position, nothing is left over, and the money adds up to the
last digit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders import AT_MS, TRADER, a_match, a_plan, a_trader, an_instrument

from aitrader.engine.clock import FrameClock
from aitrader.engine.dispatch import Dispatch, edge_handlers
from aitrader.engine.dump import Dumps
from aitrader.engine.engine import Engine
from aitrader.engine.health import Health
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.journal import Journal
from aitrader.engine.recover import recover
from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model import ids
from aitrader.model.account import PAPER
from aitrader.model.commands import ArmBand, DisarmBand, RankMarket, WatchMarket
from aitrader.model.errors import Transient
from aitrader.model.events import (
    CandlesClosed,
    Event,
    FilterMatched,
    InstrumentsLoaded,
    Saved,
    StopMoveAsked,
    TraderSaved,
)
from aitrader.model.order import Leg, OrderStatus
from aitrader.model.ports import Inbox
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import EntryPlan
from aitrader.positions.stage import PositionStage
from aitrader.signals.stage import SignalStage
from aitrader.storage.history import History
from aitrader.storage.projection import is_durable
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me", "paper")
START_CASH = Decimal(10_000)
SECOND_MS = 1000
MOST_WRITES = 40
"""A whole story has fewer: each of them is a point to die at."""

STOPPED = [100.0, 100.1, 100.4, 98.0]
SOLD = [100.0, 100.1, 101.0, 103.6]
MOVED = [100.0, 100.1, 100.4, 100.4, 100.4, 99.7]
LIMITED = [100.0, 100.2, 100.4, 99.9, 99.4, 99.4, 98.0]
MISSED = [100.0, 100.2, 100.4, 99.9]
AT_A_LIMIT = EntryPlan(limit_pct=Decimal("0.5"), good_for_ms=7_000)
"""In LIMITED the price comes to 99.5 in time; in MISSED only when the order is over."""
PLACE = ids.position_id(
    ids.signal_id(
        TRADER,
        "BTCUSDT",
        candle_open_ms=AT_MS + 2 * SECOND_MS - 300_000,
        source=a_trader().source,
    )
)
AFTERWARDS = [*[0.0] * 8, *[80.0] * 12]
"""Seconds at the last price (0.0), enough for every window to pass; then a plunge to every stop."""


class Killed(BaseException):
    """The process is gone: nothing in it catches this."""


class MortalStore:
    """A store whose process dies at its n-th write, before it or after it (0: never).

    `full_for`: so many writes before that one the disk refuses, and what they held is in memory.
    """

    def __init__(
        self, store: SqliteStore, dies_at: int, *, is_written: bool, full_for: int = 0
    ) -> None:
        self._store = store
        self._dies_at = dies_at
        self._is_written = is_written
        self._full_for = full_for
        self.writes = 0

    async def load(self) -> Saved:
        return await self._store.load()

    async def record(self, facts: Sequence[Event]) -> None:
        self.writes += any(is_durable(fact) for fact in facts)
        is_last = self.writes == self._dies_at
        if is_last and not self._is_written:
            raise Killed
        if 0 < self._dies_at - self.writes <= self._full_for:
            raise Transient("the disk is full")
        await self._store.record(facts)
        if is_last:
            raise Killed


class World:
    """The market: it has one symbol, and a price whether anybody listens or not."""

    def __init__(self, inbox: Inbox, at_ms: int, price: float) -> None:
        self._inbox = inbox
        self._at_ms = at_ms
        self.price = price

    async def open(self) -> None:
        self._inbox.post(InstrumentsLoaded(at_ms=self._at_ms, instruments=(an_instrument(),)))

    async def close(self) -> None:
        pass

    def last_price(self, symbol: str) -> float | None:
        return self.price

    def watch(self, command: WatchMarket) -> None:
        pass

    async def rank(self, command: RankMarket) -> None:
        pass

    def arm(self, command: ArmBand) -> None:
        pass

    def disarm(self, command: DisarmBand) -> None:
        pass


class Life:
    """One process: the whole engine from signals on, on a paper venue and the real store."""

    def __init__(self, store: MortalStore, at_ms: int, price: float) -> None:
        self.health = Health()
        self.inbox = BoundedInbox(self.health)
        self.clock = FrameClock(at_ms)
        self.store = store
        self.world = World(self.inbox, at_ms, price)
        self.venue = PaperVenue(
            self.inbox,
            self.clock,
            find_instrument=an_instrument,
            settings=PaperSettings(start_cash=START_CASH),
        )
        supervisor = Supervisor(self.health)
        handlers = edge_handlers(
            self.world,
            {PAPER: self.venue},
            timers=ClockTimers(self.inbox, self.clock),
            screener=Screener(self.inbox, supervisor, clock=self.clock),
        )
        self.dispatch = Dispatch(handlers, supervisor, inbox=self.inbox, clock=self.clock)
        self.engine = Engine(
            self.inbox,
            (
                SignalStage(),
                ExecutionStage(ExecutionSettings(start_cash=START_CASH), self.world),
                PositionStage(self.world),
            ),
            journal=Journal(store, self.health),
            dispatch=self.dispatch,
            observers=(),
            dumps=Dumps(None, self.health),
        )

    async def begin(self) -> Saved:
        """Start as every process starts; return what was on disk."""
        saved = await recover(
            self.store,
            {PAPER: self.venue},
            market=self.world,
            inbox=self.inbox,
            clock=self.clock,
        )
        await self.work_off()
        return saved

    async def live(self, at_ms: int, price: float, *events: Event) -> None:
        """Let one second of the world happen."""
        self.clock.advance_to(at_ms)
        self.world.price = price
        self.venue.on_price("BTCUSDT", price, at_ms)
        for event in events:
            self.inbox.post(event)
        await self.work_off()

    async def work_off(self) -> None:
        """Handle every event and every answer there will be at this instant."""
        while len(self.inbox) or self.dispatch.outstanding:
            if not len(self.inbox):
                await asyncio.sleep(0)
                continue
            event = await self.inbox.take()
            assert event is not None
            await self.engine.handle(event)


class Story:
    """A world that goes on while processes die; `deaths` are the writes at which they do."""

    def __init__(self, folder: Path, prices: Sequence[float]) -> None:
        self._path = folder / "aitrader.sqlite"
        self._prices = [*prices, *(price or prices[-1] for price in AFTERWARDS)]
        self._second = -1
        is_limited = list(prices) in (LIMITED, MISSED)
        self._trader = a_trader(plan=a_plan(entry=AT_A_LIMIT)) if is_limited else a_trader()
        self.writes: list[int] = []
        self.errors = 0

    async def tell(self, deaths: Sequence[int], *, is_written: bool, full_for: int = 0) -> None:
        """Live to the end of the world in as many processes as it takes."""
        for dies_at in [*deaths, 0]:
            store = await SqliteStore.open(self._path, ME)
            mortal = MortalStore(store, dies_at, is_written=is_written, full_for=full_for)
            try:
                await self._one_life(mortal)
                if not full_for or not dies_at:
                    return
                self._prices += AFTERWARDS[-1:] * 20  # it died at the end, its disk still full
            except Killed:
                continue
            finally:
                self.writes.append(mortal.writes)
                await store.close()

    async def _one_life(self, store: MortalStore) -> None:
        life = Life(store, self._at_ms(), self._prices[max(self._second, 0)])
        saved = await life.begin()
        check_consistent(saved)
        while self._second + 1 < len(self._prices):
            self._second += 1
            await life.live(self._at_ms(), self._prices[self._second], *self._news())
        self.errors = life.health.errors

    def _at_ms(self) -> int:
        return AT_MS + (self._second + 1) * SECOND_MS

    def _news(self) -> tuple[Event, ...]:
        if self._second == 3 and self._prices[3] == MOVED[3]:
            asked = StopMoveAsked(at_ms=self._at_ms(), position_id=PLACE, price=Decimal("99.8"))
            return (asked,)
        if self._second != 1:
            return (TraderSaved(at_ms=self._at_ms(), trader=self._trader),) * (self._second == 0)
        at_ms = self._at_ms()
        return (
            CandlesClosed(at_ms=at_ms, intervals=("1m", "5m")),
            FilterMatched(at_ms=at_ms, match=a_match(candle_open_ms=at_ms - 300_000)),
        )


def check_consistent(saved: Saved) -> None:
    """Find every open position exactly as its fills made it, and no order that nobody waits for."""
    for position in saved.positions:
        orders = [order for order in saved.orders if order.position_id == position.position_id]
        entered = sum((o.filled for o in orders if o.leg is Leg.ENTRY), Decimal(0))
        left = sum((o.filled for o in orders if o.leg is Leg.EXIT), Decimal(0))
        assert position.entry_quantity == entered > 0
        assert position.quantity == entered - left
    awaited = {position.position_id for position in saved.positions}
    awaited |= {order.position_id for order in saved.orders if not order.is_done}
    assert all(order.position_id in awaited for order in saved.orders)


async def outcome(folder: Path) -> tuple[Saved, tuple[Position, ...]]:
    """Return what is on disk in the end; every order on it is done and adds up."""
    path = folder / "aitrader.sqlite"
    store = await SqliteStore.open(path, ME)
    history = History(path, ME)
    saved, orders = await store.load(), await history.orders(1000)
    positions = await history.positions(1000)
    await history.close()
    await store.close()
    entries = [order for order in orders if order.leg is Leg.ENTRY]
    filled = [order for order in entries if order.status is OrderStatus.FILLED]
    bought = sum((order.filled for order in entries), Decimal(0))
    sold = sum((order.filled for order in orders if order.leg is Leg.EXIT), Decimal(0))
    assert all(order.is_done for order in orders)
    assert len(filled) == len(positions) <= len(entries) <= 1
    assert bought == sold
    return saved, positions


def check_the_end(folder: Path, story: Story) -> None:
    """Find everything closed and the money right to the last digit."""
    saved, positions = asyncio.run(outcome(folder))
    assert saved.positions == saved.orders == ()
    assert [p.status for p in positions] == [PositionStatus.CLOSED] * len(positions)
    gained = sum((position.realized_pnl for position in positions), Decimal(0))
    account = saved.account(PAPER)
    cash = START_CASH if account.cash is None else account.cash
    assert cash == START_CASH + gained
    assert account.day_pnl == gained


def test_a_life_in_which_the_limit_is_not_reached_opens_nothing(tmp_path: Path) -> None:
    story = Story(tmp_path, MISSED)
    asyncio.run(story.tell([], is_written=False))
    check_the_end(tmp_path, story)
    assert asyncio.run(outcome(tmp_path))[1] == ()
    assert story.errors == 0


@pytest.mark.parametrize(
    "prices", [STOPPED, SOLD, MOVED, LIMITED], ids=["stopped", "sold", "moved", "limited"]
)
def test_a_life_without_deaths_ends_with_one_closed_position(
    tmp_path: Path, prices: list[float]
) -> None:
    story = Story(tmp_path, prices)
    asyncio.run(story.tell([], is_written=False))
    check_the_end(tmp_path, story)
    _, positions = asyncio.run(outcome(tmp_path))
    assert len(positions) == 1
    if prices is MOVED:
        assert (positions[0].stop_price, positions[0].exit_price) == (
            Decimal("99.8"),
            Decimal("99.68"),
        )
    assert story.errors == 0
    assert 8 < story.writes[0] < MOST_WRITES


@pytest.mark.faults
@pytest.mark.parametrize("is_written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "prices",
    [STOPPED, SOLD, MOVED, LIMITED, MISSED],
    ids=["stopped", "sold", "moved", "limited", "missed"],
)
@pytest.mark.parametrize("dies_at", range(1, MOST_WRITES))
def test_a_death_at_any_write_loses_nothing_and_doubles_nothing(
    tmp_path: Path, dies_at: int, prices: list[float], is_written: bool
) -> None:
    story = Story(tmp_path, prices)
    asyncio.run(story.tell([dies_at], is_written=is_written))
    check_the_end(tmp_path, story)
    assert story.errors == 0


@pytest.mark.faults
@pytest.mark.parametrize("again_at", [1, 2, 3])
@pytest.mark.parametrize("dies_at", range(1, MOST_WRITES, 2))
def test_a_death_while_recovering_from_a_death_is_survived_too(
    tmp_path: Path, dies_at: int, again_at: int
) -> None:
    story = Story(tmp_path, STOPPED)
    asyncio.run(story.tell([dies_at, again_at, again_at], is_written=True))
    check_the_end(tmp_path, story)
    assert story.errors == 0


@pytest.mark.faults
@pytest.mark.parametrize("prices", [STOPPED, SOLD, MOVED], ids=["stopped", "sold", "moved"])
@pytest.mark.parametrize("full_for", [1, 3, 8])
@pytest.mark.parametrize("dies_at", range(2, 15))
def test_a_disk_that_was_full_when_the_process_died_doubles_nothing(
    tmp_path: Path, dies_at: int, full_for: int, prices: list[float]
) -> None:
    for name, is_written in (("lost", False), ("written", True)):
        folder = tmp_path / name
        folder.mkdir()
        story = Story(folder, prices)
        asyncio.run(story.tell([dies_at], is_written=is_written, full_for=full_for))
        check_the_end(folder, story)
