"""Money is conserved and nothing is sold twice, whatever the wire does.

A small truthful venue stands behind a bad wire: orders are delayed, lost or refused, answers come
late, twice and in any order, entries rest at a limit or are called off, stops are moved, and the
account is killed and started again. At every
moment the venue itself checks that no more is closed than was opened; at the end all that is open
is closed, and the books must agree with the venue to the last digit.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import AT_MS, a_match, a_plan, a_trader
from tests.pipeline import Pipeline

from aitrader.model.commands import CancelOrders, Command, QueryOrder, StartTimer, SubmitOrder
from aitrader.model.events import (
    CandlesClosed,
    CloseAsked,
    EntriesPaused,
    EquityMarked,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    PositionClosed,
    PriceLeft,
    Quarantined,
    StopMoveAsked,
)
from aitrader.model.ids import BandId, ClientOrderId, FillId, PositionId
from aitrader.model.ledger import flow_of
from aitrader.model.order import Fill, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import PositionStatus
from aitrader.model.trader import EntryPlan, Exits, Level, LevelKind, PositionSide, Target

START_CASH = Decimal(10_000)
STEP = Decimal("0.001")
LEAST_NOTIONAL = Decimal(5)


class TruthfulVenue:
    """What really happens to the orders; its words are queued for a wire that may do anything."""

    def __init__(self, side: PositionSide, fee_asset: str) -> None:
        self.fee_asset = fee_asset
        self.sign = 1 if side is PositionSide.LONG else -1
        self.orders: dict[ClientOrderId, Order] = {}
        self.in_flight: list[tuple[Order, ...]] = []
        self.words: list[Event] = []
        self.now_ms = AT_MS
        self._fills = 0

    def arrive(self, orders: tuple[Order, ...], *, is_refused: bool = False) -> None:
        """A list arrives whole, in its window or not at all, and never a second time."""
        for order in orders:
            order_id = order.client_order_id
            assert order_id not in self.orders, "an order was sent twice"
            if is_refused:
                self.orders[order_id] = msgspec.structs.replace(order, status=OrderStatus.REJECTED)
                self.say(
                    OrderRejected(at_ms=self.now_ms, client_order_id=order_id, code=-1, reason="no")
                )
            elif self.now_ms <= order.not_after_ms:
                self.orders[order_id] = msgspec.structs.replace(order, status=OrderStatus.OPEN)
                self.say(OrderAccepted(at_ms=self.now_ms, client_order_id=order_id))

    def say(self, word: Event) -> None:
        self.words.append(word)

    def open_now(self) -> list[Order]:
        return [row for row in self.orders.values() if row.status is OrderStatus.OPEN]

    def fill(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        """Execute a part; the mate of a list is taken off in the same moment."""
        self._fills += 1
        in_base = self.fee_asset == "BTC" and order.side is Side.BUY
        paid = quantity if in_base else quantity * price
        fill = Fill(
            fill_id=FillId(f"f-{self._fills:04}"),
            at_ms=self.now_ms,
            quantity=quantity,
            price=price,
            fee=(paid / 1000).quantize(Decimal("1e-8")),
            fee_asset="BNB" if self.fee_asset == "BNB" else "BTC" if in_base else "USDT",
        )
        after = msgspec.structs.replace(order, fills=(*order.fills, fill))
        if not after.remaining:
            after = msgspec.structs.replace(after, status=OrderStatus.FILLED)
        self.orders[order.client_order_id] = after
        self.say(OrderFilled(at_ms=self.now_ms, client_order_id=order.client_order_id, fill=fill))
        for mate in self.open_now():
            if order.list_id and mate.list_id == order.list_id and mate is not after:
                self.take_off(mate)
        assert self.sign * flow_of(self.orders.values()).base >= 0, "sold more than was held"

    def take_off(self, order: Order) -> None:
        self.orders[order.client_order_id] = msgspec.structs.replace(
            order, status=OrderStatus.CANCELED
        )
        self.say_canceled(order)

    def say_canceled(self, order: Order) -> None:
        self.say(
            OrderCanceled(
                at_ms=self.now_ms, client_order_id=order.client_order_id, filled=order.filled
            )
        )

    def cancel(self, order_id: ClientOrderId) -> None:
        """A list is taken off as a whole."""
        order = self.orders.get(order_id)
        if order is None or order.status is not OrderStatus.OPEN:
            self.report(order_id)
            return
        for mate in self.open_now():
            if mate is order or (order.list_id and mate.list_id == order.list_id):
                self.take_off(mate)

    def report(self, order_id: ClientOrderId) -> None:
        order = self.orders.get(order_id)
        if order is None or order.status is OrderStatus.REJECTED:
            self.say(OrderNotFound(at_ms=self.now_ms, client_order_id=order_id))
            return
        if order.status is OrderStatus.OPEN:
            self.say(OrderAccepted(at_ms=self.now_ms, client_order_id=order_id))
        for fill in order.fills:
            self.say(OrderFilled(at_ms=self.now_ms, client_order_id=order_id, fill=fill))
        if order.status is OrderStatus.CANCELED:
            self.say_canceled(order)


class Wire:
    """An account and its venue, with everything that may go wrong between them."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        side = data.draw(st.sampled_from(PositionSide))
        self.venue = TruthfulVenue(side, data.draw(st.sampled_from(["USDT", "BTC", "BNB"])))
        plan = a_plan(side=side, entry=data.draw(st.sampled_from(ENTRIES)))
        self.account = Pipeline(traders=(a_trader(plan=plan),))
        self.account.prices.by_symbol["BTCUSDT"] = 100.0
        if data.draw(st.booleans()):
            self.account.prices.by_symbol["BNBUSDT"] = 600.0
        self.is_kind = False
        self._seen = 0
        self.account.match(a_match(exits=data.draw(st.sampled_from(EXITS))))
        self.obey()

    def draw(self, *choices: str) -> str:
        return choices[0] if self.is_kind else self.data.draw(st.sampled_from(choices))

    def obey(self) -> None:
        """Carry out what the account has asked since."""
        commands = [row for row in self.account.commands if not isinstance(row, StartTimer)]
        for command in commands[self._seen :]:
            self._obey_one(command)
        self._seen = len(commands)

    def _obey_one(self, command: Command) -> None:
        if isinstance(command, CancelOrders):
            for order in command.orders:
                if self.draw("cancel", "cancel", "lose") == "cancel":
                    self.venue.cancel(order.client_order_id)
        elif isinstance(command, QueryOrder):
            self.venue.report(command.order.client_order_id)
        elif isinstance(command, SubmitOrder):
            fate = self.draw(*["arrive"] * 6, "refuse", "delay", "lose", "arrive unheard")
            if fate in {"arrive", "refuse"}:
                self.venue.arrive(command.orders, is_refused=fate == "refuse")
                return
            if fate == "delay":
                self.venue.in_flight.append(command.orders)
            for order in command.orders:
                self.venue.say(
                    OrderOutcomeUnknown(
                        at_ms=self.venue.now_ms,
                        client_order_id=order.client_order_id,
                        reason="timeout",
                    )
                )
            if fate == "arrive unheard":
                heard = len(self.venue.words)
                self.venue.arrive(command.orders)
                del self.venue.words[heard:]

    def hear(self) -> None:
        """Deliver one word, any of them, perhaps to be delivered again."""
        if not self.venue.words:
            return
        last = len(self.venue.words) - 1
        place = 0 if self.is_kind else self.data.draw(st.integers(0, last))
        word = self.venue.words[place]
        if self.draw("once", "once", "again") == "once":
            del self.venue.words[place]
        self.account.post(word)
        self.obey()

    def wait(self, pause_ms: int) -> None:
        """Let time pass in steps, so that what a timer sends leaves at its own time."""
        end_ms = self.venue.now_ms + pause_ms
        while self.venue.now_ms < end_ms:
            self.venue.now_ms = min(self.venue.now_ms + 500, end_ms)
            self.account.timers(self.venue.now_ms)
            self.obey()

    def trade(self) -> None:
        """Execute part or all of one order that is open at the venue."""
        open_now = self.venue.open_now()
        if not open_now:
            return
        order = open_now[0] if self.is_kind else self.data.draw(st.sampled_from(open_now))
        steps = int(order.remaining / STEP)
        part = steps if self.draw("whole", "part") == "whole" else max(steps // 3, 1)
        price = order.price or order.stop_price or Decimal(100)
        self.venue.fill(order, part * STEP, price)

    def step(self) -> None:
        often = ["hear"] * 6 + ["trade"] * 2
        choice = self.draw(*often, "move", "favor", "wait", "arrive", "close", "pause", "crash")
        before = {} if choice == "move" else self.stops()
        self.do(choice)
        self.audit()
        for position_id, stop in self.stops().items():
            old = before.get(position_id, stop)
            assert self.venue.sign * (stop - old) >= 0, "a stop loosened by itself"

    def audit(self) -> None:
        """Find the account worth its cash and what its orders brought, to the last digit."""
        followed = self.account.post(CandlesClosed(at_ms=self.venue.now_ms, intervals=("1m",)))
        (mark,) = [row for row in followed if isinstance(row, EquityMarked)]
        held = {row.position_id for row in self.account.saved().positions}
        orders = [row for row in self.account.saved().orders if row.position_id in held]
        entering = [row for row in self.account.saved().orders if row.position_id not in held]
        assert mark.cash == self.account.cash
        assert mark.equity == mark.cash + 100 * flow_of((*orders, *entering)).base
        self.obey()

    def stops(self) -> dict[PositionId, Decimal]:
        """Return the stop of each open position that has one."""
        return {
            row.position_id: row.stop_price
            for row in self.account.saved().positions
            if row.stop_price is not None
        }

    def favor(self) -> None:
        """Let the price be far in favor for a moment."""
        price = Decimal(100 + 3 * self.venue.sign)
        for position in self.account.saved().positions:
            for name in ("even", "trail"):
                band_id = BandId(f"{name}:{position.position_id}")
                self.account.post(PriceLeft(at_ms=self.venue.now_ms, band_id=band_id, price=price))
        self.obey()

    def do(self, choice: str) -> None:
        match choice:
            case "favor":
                self.favor()
            case "hear":
                self.hear()
            case "trade":
                self.trade()
            case "move":
                self.move()
            case "wait":
                self.wait(self.data.draw(st.sampled_from([1, 400, 2_000, 6_000])))
            case "arrive":
                if self.venue.in_flight:
                    self.venue.arrive(self.venue.in_flight.pop())
            case "close":
                self.close()
            case "pause":
                self.pause()
            case _:
                self.account = self.account.restarted(after_ms=0)
                self._seen = 0
                self.obey()

    def close(self) -> None:
        """The person closes all there is."""
        for position in self.account.saved().positions:
            wish = CloseAsked(at_ms=self.venue.now_ms, position_id=position.position_id)
            self.account.post(wish)
        self.obey()

    def pause(self) -> None:
        """The person wants no entries now, or wants them again."""
        is_paused = self.data.draw(st.booleans())
        self.account.post(EntriesPaused(at_ms=self.venue.now_ms, is_paused=is_paused))
        self.obey()

    def move(self) -> None:
        """The person moves the stop, tighter or looser, or to where it cannot be."""
        price = self.data.draw(st.sampled_from(["97", "98.5", "99.5", "101", "102.5"]))
        for position in self.account.saved().positions:
            self.account.post(
                StopMoveAsked(
                    at_ms=self.venue.now_ms,
                    position_id=position.position_id,
                    price=Decimal(price),
                )
            )
        self.obey()

    def settle(self) -> None:
        """Let the wire be good from now on until everything is closed."""
        self.is_kind = True
        self.venue.in_flight.clear()
        for _ in range(200):
            while self.venue.words:
                self.hear()
            saved = self.account.saved()
            if not saved.positions and not saved.orders and not self.venue.open_now():
                return
            for position in saved.positions:
                wish = CloseAsked(at_ms=self.venue.now_ms, position_id=position.position_id)
                self.account.post(wish)
            self.obey()
            if any(row.kind is OrderKind.MARKET for row in self.venue.open_now()):
                self.trade()
            for _ in range(14):  # heard at once: what an old answer causes would leave too late
                self.wait(500)
                while self.venue.words:
                    self.hear()
        raise AssertionError("not everything came to its end")


def pct(value: str) -> Level:
    return Level(LevelKind.PERCENT, Decimal(value))


ENTRIES = (
    EntryPlan(),
    EntryPlan(limit_pct=Decimal("0.2")),
    EntryPlan(limit_pct=Decimal("0.2"), good_for_ms=10_000),
)

EXITS = (
    Exits(stop_loss=pct("1"), take_profit=(Target(pct("2"), Decimal(1)),)),
    Exits(
        stop_loss=pct("1"),
        take_profit=(Target(pct("2"), Decimal("0.5")), Target(pct("4"), Decimal("0.3"))),
    ),
    Exits(stop_loss=pct("1")),
    Exits(take_profit=(Target(pct("2"), Decimal("0.6")), Target(pct("3"), Decimal("0.4")))),
    Exits(trailing_pct=Decimal(1), max_age_ms=5_000),
    Exits(stop_loss=pct("1"), break_even_pct=Decimal("0.5")),
    Exits(
        stop_loss=pct("1"),
        take_profit=(Target(pct("2"), Decimal("0.5")),),
        break_even_pct=Decimal(1),
    ),
)


def live(data: st.DataObject, steps: int) -> None:
    """Tell one story to its end and compare the books with the venue."""
    wire = Wire(data)
    for _ in range(steps):
        wire.step()

    wire.settle()

    account, orders = wire.account, wire.venue.orders.values()
    flow = flow_of(orders)
    assert account.cash == START_CASH + flow.quote
    assert 0 <= wire.venue.sign * flow.base * 100 < LEAST_NOTIONAL  # dust at most
    positions = account.known_positions()
    assert {row.status for row in positions} <= {PositionStatus.CLOSED}
    price = Decimal(account.prices.by_symbol.get("BNBUSDT", 0))
    fees = (fill.fee for order in orders for fill in order.fills if fill.fee_asset == "BNB")
    aside = sum((fee * price for fee in fees), Decimal(0))
    earned = sum((row.realized_pnl for row in positions), Decimal(0))
    assert earned == account.cash - START_CASH - aside
    assert not [row for row in account.of(Quarantined) if "could not be sold" not in row.reason]
    assert len(account.of(PositionClosed)) <= 1


@settings(max_examples=12)
@given(st.data(), st.integers(0, 25))
def test_money_is_conserved_and_nothing_is_sold_twice(data: st.DataObject, steps: int) -> None:
    live(data, steps)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data(), st.integers(20, 80))
def test_money_is_conserved_through_long_trouble(data: st.DataObject, steps: int) -> None:
    live(data, steps)
