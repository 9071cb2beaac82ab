"""The account on a venue as bad as a network can make it, while the process dies now and then.

Requests are lost, late or refused; answers are lost, late, repeated, out of order; orders fill in
parts; a list ends as Binance ends it; fees are taken in either coin. Seeded and synchronous. The
venue checks no balance: it is the engine that must never close more than a position holds, never
use an id twice, and know in the end exactly what the venue knows.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, a_match, a_plan, a_trader, an_instrument
from tests.pipeline import Pipeline

from aitrader.model.commands import (
    CancelOrders,
    Command,
    QueryOrder,
    StartTimer,
    StopTimer,
    SubmitOrder,
)
from aitrader.model.events import (
    CandlesClosed,
    CloseAsked,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    Quarantined,
    Saved,
    TimerDue,
)
from aitrader.model.ids import ClientOrderId, FillId, PositionId, TimerId
from aitrader.model.ledger import flow_of
from aitrader.model.money import quantity_to_step
from aitrader.model.order import Fill, Leg, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Exits, Level, LevelKind, Limits, PositionSide, SizeKind, Target

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
RULES = tuple(an_instrument(symbol) for symbol in SYMBOLS)
STEP = Decimal("0.001")
START_CASH = Decimal(10_000)
TICK_MS = 250


def pct(value: str) -> Level:
    return Level(LevelKind.PERCENT, Decimal(value))


EXITS = (
    Exits(stop_loss=pct("1"), take_profit=(Target(pct("1"), Decimal(1)),)),
    Exits(
        stop_loss=pct("1"),
        take_profit=(Target(pct("1"), Decimal("0.5")), Target(pct("2"), Decimal("0.3"))),
        max_age_ms=120_000,
    ),
    Exits(stop_loss=pct("2")),
    Exits(take_profit=(Target(pct("1"), Decimal(1)),), max_age_ms=90_000),
)


class NastyVenue:
    """What the exchange did (`orders`), and what of it gets through to the engine, and when."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.now_ms = AT_MS
        self.orders: dict[ClientOrderId, Order] = {}
        self.sent: set[ClientOrderId] = set()
        self._works: list[tuple[int, int, Callable[[], None]]] = []
        self._posts: list[tuple[int, int, Event]] = []
        self._number = 0

    # -- requests -----------------------------------------------------------------------------

    def submit(self, command: SubmitOrder) -> None:
        ids = {order.client_order_id for order in command.orders}
        assert not ids & self.sent, "an id was sent twice"
        self.sent |= ids
        luck = self.dice.random()
        if luck < 0.15:
            for order in command.orders:
                self._tell(self._unknown(order), at_most_ms=3_000)
        if luck > 0.08:
            late_ms = 6_000 if luck > 0.9 else 60
            self._later(late_ms, lambda: self._arrive(command.orders))

    def cancel(self, command: CancelOrders) -> None:
        luck = self.dice.random()
        if luck < 0.1:
            for order in command.orders:
                self._tell(self._unknown(order), at_most_ms=3_000)
        if luck > 0.05:
            self._later(500, lambda: self._cancel(command.orders))

    def query(self, command: QueryOrder) -> None:
        if self.dice.random() < 0.1:
            self._tell(self._unknown(command.order), at_most_ms=3_000)
        else:
            self._later(500, lambda: self.report(command.order))

    def recover(self, saved: Saved) -> None:
        """The engine is new: nothing said to the old one arrives; it asks after what was open."""
        self._posts.clear()
        for order in saved.orders:
            if not order.is_done and order.client_order_id in self.orders:
                self.report(order)

    # -- what happens -------------------------------------------------------------------------

    def pass_time(self) -> list[Event]:
        """Do what is due and return what the engine hears of."""
        self.now_ms += TICK_MS
        while self._works and self._works[0][0] <= self.now_ms:
            heapq.heappop(self._works)[2]()
        for order in list(self.orders.values()):
            rests = order.status is OrderStatus.OPEN and order.kind is not OrderKind.MARKET
            if rests and self.dice.random() < 0.004:
                self._trade(order.client_order_id, parts=self.dice.choice((1, 1, 2, 3)))
        heard = []
        while self._posts and self._posts[0][0] <= self.now_ms:
            heard.append(heapq.heappop(self._posts)[2])
        return heard

    def report(self, asked: Order) -> None:
        """Say all that is known of an order."""
        order = self.orders.get(asked.client_order_id)
        if order is None:
            name = asked.client_order_id
            self._tell(OrderNotFound(at_ms=self.now_ms, client_order_id=name))
            return
        if order.status is not OrderStatus.REJECTED:
            self._tell(OrderAccepted(at_ms=self.now_ms, client_order_id=order.client_order_id))
        for fill in order.fills:
            self._tell_fill(order, fill)
        self._tell_end(order)

    def _arrive(self, orders: tuple[Order, ...]) -> None:
        is_refused = self.now_ms > orders[0].not_after_ms or self.dice.random() < 0.05
        for order in orders:
            status = OrderStatus.REJECTED if is_refused else OrderStatus.OPEN
            self.orders[order.client_order_id] = msgspec.structs.replace(order, status=status)
            if is_refused:
                if self.now_ms > order.not_after_ms:
                    del self.orders[order.client_order_id]  # nothing of it exists
                self._tell(self._rejected(order))
                continue
            self._tell(OrderAccepted(at_ms=self.now_ms, client_order_id=order.client_order_id))
            if order.kind is OrderKind.MARKET:
                self._trade(order.client_order_id, parts=self.dice.choice((1, 1, 1, 2, 3)))

    def _trade(self, name: ClientOrderId, *, parts: int) -> None:
        """Execute some of an order now and the rest later, or never."""
        order = self.orders[name]
        if order.is_done:
            return
        share = order.remaining / parts
        quantity = order.remaining if parts == 1 else quantity_to_step(share, STEP)
        if quantity > 0:
            order = self._fill(order, quantity)
            self._end_mates(order)
        if order.status is OrderStatus.OPEN:
            if self.dice.random() < 0.1:
                self._end(order, OrderStatus.EXPIRED)
            else:
                self._later(2_500, lambda: self._trade(name, parts=max(parts - 1, 1)))

    def _fill(self, order: Order, quantity: Decimal) -> Order:
        self._number += 1
        price = Decimal(self.dice.randint(9_700, 10_300)) / 100
        is_in_base = order.side is Side.BUY and order.position_id < "p-i"
        fill = Fill(
            fill_id=FillId(f"f{self._number}"),
            at_ms=self.now_ms,
            quantity=quantity,
            price=price,
            fee=quantity / 1000 if is_in_base else quantity * price / 1000,
            fee_asset=order.symbol.removesuffix("USDT") if is_in_base else "USDT",
        )
        fills = (*order.fills, fill)
        status = OrderStatus.FILLED if quantity == order.remaining else OrderStatus.OPEN
        after = msgspec.structs.replace(order, fills=fills, status=status)
        self.orders[order.client_order_id] = after
        self._check(order.position_id)
        self._tell_fill(after, fill)
        return after

    def _check(self, position_id: PositionId) -> None:
        orders = [row for row in self.orders.values() if row.position_id == position_id]
        entry = next(row for row in orders if row.leg is Leg.ENTRY)
        left = flow_of(orders).base * (1 if entry.side is Side.BUY else -1)
        assert left >= 0, f"{position_id} was closed twice: {left}"

    def _end_mates(self, order: Order) -> None:
        for mate in list(self.orders.values()):
            is_mate = mate.list_id == order.list_id and mate is not order
            if order.list_id and is_mate and mate.status is OrderStatus.OPEN:
                self._end(mate, OrderStatus.CANCELED)

    def _cancel(self, orders: tuple[Order, ...]) -> None:
        for asked in orders:
            order = self.orders.get(asked.client_order_id)
            if order is None or order.is_done:
                self.report(asked)
            else:
                self._end(order, OrderStatus.CANCELED)
                self._end_mates(self.orders[order.client_order_id])

    def _end(self, order: Order, status: OrderStatus) -> None:
        after = msgspec.structs.replace(order, status=status)
        self.orders[order.client_order_id] = after
        self._tell_end(after)

    # -- what is said -------------------------------------------------------------------------

    def _tell_fill(self, order: Order, fill: Fill) -> None:
        self._tell(OrderFilled(at_ms=fill.at_ms, client_order_id=order.client_order_id, fill=fill))

    def _tell_end(self, order: Order) -> None:
        at_ms, name = self.now_ms, order.client_order_id
        if order.status is OrderStatus.CANCELED:
            self._tell(OrderCanceled(at_ms=at_ms, client_order_id=name, filled=order.filled))
        elif order.status is OrderStatus.EXPIRED:
            end = OrderExpired(at_ms=at_ms, client_order_id=name, reason="", filled=order.filled)
            self._tell(end)
        elif order.status is OrderStatus.REJECTED:
            self._tell(self._rejected(order))

    def _rejected(self, order: Order) -> Event:
        name = order.client_order_id
        return OrderRejected(at_ms=self.now_ms, client_order_id=name, code=-1, reason="no")

    def _unknown(self, order: Order) -> Event:
        name = order.client_order_id
        return OrderOutcomeUnknown(at_ms=self.now_ms, client_order_id=name, reason="timeout")

    def _tell(self, event: Event, *, at_most_ms: int = 600) -> None:
        for _ in range(2 if self.dice.random() < 0.1 else 1):
            self._number += 1
            due_ms = self.now_ms + self.dice.randint(1, at_most_ms)
            heapq.heappush(self._posts, (due_ms, self._number, event))

    def _later(self, at_most_ms: int, work: Callable[[], None]) -> None:
        self._number += 1
        due_ms = self.now_ms + self.dice.randint(1, at_most_ms)
        heapq.heappush(self._works, (due_ms, self._number, work))


class Life:
    """An account, its venue and its timers."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.venue = NastyVenue(self.dice)
        plan = a_plan(
            side=self.dice.choice(list(PositionSide)),
            limits=Limits(SizeKind.AMOUNT, Decimal(1000), max_open=3),
        )
        self.account = Pipeline(traders=(a_trader(plan=plan),), instruments=RULES)
        self.account.prices.by_symbol.update(dict.fromkeys(SYMBOLS, 100.0))
        self.timers: dict[TimerId, int] = {}
        self.seen = 0
        self.crashes = 0

    def step(self, *, is_trading: bool) -> None:
        """Let a quarter of a second happen."""
        for event in self.venue.pass_time():
            self.post(event)
        for timer_id, due_ms in sorted(self.timers.items(), key=lambda row: row[1]):
            if due_ms <= self.venue.now_ms and self.timers.get(timer_id) == due_ms:
                del self.timers[timer_id]
                self.post(TimerDue(at_ms=self.venue.now_ms, timer_id=timer_id))
        if is_trading and self.dice.random() < 0.02:
            self.match()
        if self.dice.random() < (0.001 if is_trading else 0.05):
            self.close_all()

    def post(self, event: Event) -> None:
        """Work an event out and send what it asks for, unless the process dies before that."""
        # Only "not found" says when it was asked: an answer that was slow proves nothing.
        at_ms = event.at_ms if isinstance(event, OrderNotFound) else self.venue.now_ms
        self.account.post(msgspec.structs.replace(event, at_ms=at_ms))
        if self.dice.random() < 0.02:
            self.crash()
            return
        self.obey()

    def obey(self) -> None:
        commands, self.seen = self.account.commands[self.seen :], len(self.account.commands)
        for command in commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        match command:
            case SubmitOrder():
                self.venue.submit(command)
            case CancelOrders():
                self.venue.cancel(command)
            case QueryOrder():
                self.venue.query(command)
            case StartTimer():
                self.timers[command.timer_id] = command.due_ms
            case StopTimer():
                self.timers.pop(command.timer_id, None)
            case _:
                pass  # bands: the prices here reach none

    def crash(self) -> None:
        self.crashes += 1
        self.timers.clear()
        late_ms = self.dice.choice((0, 3_000)) + self.venue.now_ms - self.account.now_ms
        self.account = self.account.restarted(after_ms=late_ms)
        self.seen = 0
        self.venue.recover(self.account.saved())
        self.obey()

    def match(self) -> None:
        open_ms = self.venue.now_ms - 300_000
        symbol = self.dice.choice(SYMBOLS)
        saved = self.account.saved()
        if symbol not in {row.symbol for row in (*saved.positions, *saved.signals)}:
            exits = self.dice.choice(EXITS)
            self.post(CandlesClosed(at_ms=self.venue.now_ms, intervals=("5m",)))
            self.account.match(a_match(symbol=symbol, candle_open_ms=open_ms, exits=exits))
            self.obey()

    def close_all(self) -> None:
        for position in self.account.saved().positions:
            self.post(CloseAsked(at_ms=self.venue.now_ms, position_id=position.position_id))


def live(seed: int, seconds: int) -> Life:
    life = Life(seed)
    for _ in range(seconds * 1000 // TICK_MS):
        life.step(is_trading=True)
    for _ in range(600 * 1000 // TICK_MS):
        life.step(is_trading=False)
        if not life.account.saved().positions and not life.account.saved().orders:
            break
    return life


def check(life: Life) -> None:
    account, venue = life.account, life.venue
    saved = account.saved()
    assert (saved.orders, saved.positions, saved.signals) == ((), (), ())
    assert {row.status for row in account.known_positions()} <= {PositionStatus.CLOSED}
    assert [row for row in venue.orders.values() if not row.is_done] == []
    for order in venue.orders.values():
        assert set(account.order(order.client_order_id).fills) == set(order.fills)
    assert account.cash == START_CASH + flow_of(venue.orders.values()).quote
    gained = sum((row.realized_pnl for row in account.known_positions()), Decimal(0))
    assert gained == account.cash - START_CASH
    assert not [row for row in account.of(Quarantined) if "could not be sold" not in row.reason]


@pytest.mark.parametrize("seed", range(6))
def test_the_engine_knows_in_the_end_what_a_nasty_venue_knows(seed: int) -> None:
    life = live(seed, 240)
    check(life)
    assert life.account.known_positions()


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.timeout(300)
def test_many_nasty_days_end_well() -> None:
    for seed in range(100, 160):
        check(live(seed, 600))
