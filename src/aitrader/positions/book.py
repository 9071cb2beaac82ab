"""The book of positions: each is what the orders of one signal add up to.

Theory of operation. A position begins in memory as ENTERING when its entry order is planned; it is
a fact (`PositionOpened`) once that order is done with something filled. From then on each change of
an order of it is folded in: quantities, averages and pnl are counted anew from all fills, targets
shrink by what their orders filled. So a repeat changes nothing, and the order of the messages does
not matter to the numbers. What was never filled is forgotten late, since a fill may come after the
end of its order.

    ENTERING -> OPEN -> CLOSED            MOVES says which; an exit that was asked for leads
                  `-> CLOSING -> CLOSED   through CLOSING

Invariant: a position never holds less than nothing (more sold than had raises).
"""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.errors import InvariantBroken
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.instrument import Instrument
from aitrader.model.money import MONEY_STEP, ZERO, money_to_step
from aitrader.model.order import ExitReason, Leg, Order, OrderKind
from aitrader.model.position import Position, PositionStatus, TargetPrice
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide
from aitrader.positions.exits import even_price, stop_price, target_prices
from aitrader.positions.pnl import Tally, tally

S = PositionStatus
MOVES: frozenset[tuple[PositionStatus, PositionStatus]] = frozenset(
    {
        (S.ENTERING, S.OPEN),
        (S.OPEN, S.CLOSING),
        (S.OPEN, S.CLOSED),
        (S.CLOSING, S.CLOSED),
    }
)

HOLDING = frozenset({S.OPEN, S.CLOSING})
"""Statuses in which something is held."""

ENDED_KEPT = 64
"""Positions that are closed or were never opened, whose orders are still known."""

ENDED_LIMIT = 512
"""As many, at most, while the venue may still act on an order of one of them."""


def check_move(position: Position, status: PositionStatus) -> None:
    """Return if a position may take another status.

    Raises:
        InvariantBroken: MOVES has no such move.
    """
    if (position.status, status) not in MOVES:
        raise InvariantBroken(
            f"position {position.position_id}: {status.value} cannot follow {position.status.value}"
        )


def entering(signal: Signal, entry: Order, *, side: PositionSide) -> Position:
    """Return the position that an entry order may open."""
    return awaited(
        signal, entry.position_id, side=side, planned_ms=entry.planned_ms, account=entry.account
    )


def awaited(
    signal: Signal,
    position_id: PositionId,
    *,
    side: PositionSide,
    planned_ms: int,
    account: str = PAPER,
) -> Position:
    """Return the position that an entry planned for a signal may open."""
    return Position(
        position_id=position_id,
        trader_id=signal.trader_id,
        signal_id=signal.signal_id,
        symbol=signal.symbol,
        side=side,
        status=PositionStatus.ENTERING,
        exits=signal.exits,
        opened_ms=planned_ms,
        account=account,
    )


def opened(
    position: Position, orders: tuple[Order, ...], *, rules: Instrument, at_ms: int
) -> Position:
    """Return an ENTERING position as open: average fill price, stop, targets and trail."""
    now = tally(position.side, orders, least_quantity=rules.step_size)
    return opened_as(position, now, rules=rules, at_ms=at_ms)


def opened_as(position: Position, now: Tally, *, rules: Instrument, at_ms: int) -> Position:
    """Return the same from the numbers that its entry came to."""
    check_move(position, S.OPEN)
    exits, side, fill_price = position.exits, position.side, now.entry_price
    stop = stop_price(exits, side=side, fill_price=fill_price, tick_size=rules.tick_size)
    targets = target_prices(
        exits, side=side, fill_price=fill_price, quantity=now.quantity, rules=rules
    )
    after = msgspec.structs.replace(
        position,
        **_numbers(now),
        status=S.OPEN,
        opened_ms=at_ms,
        stop_price=stop,
        targets=targets,
        trail_price=fill_price if exits.trailing_pct is not None else None,
    )
    if exits.break_even_pct is None:
        return after
    price = even_price(after, exits.break_even_pct, tick_size=rules.tick_size)
    return msgspec.structs.replace(after, even_price=price)


def refilled(position: Position, orders: tuple[Order, ...], *, rules: Instrument) -> Position:
    """Return an open position after its entry order filled more; the last target takes it.

    Where a stop loss rests, what is new is covered by the stop alone.
    """
    now = tally(position.side, orders, least_quantity=rules.step_size)
    more = now.received - position.entry_quantity
    targets = position.targets
    if targets and position.stop_price is None:
        last = msgspec.structs.replace(targets[-1], quantity=targets[-1].quantity + more)
        targets = (*targets[:-1], last)
    return msgspec.structs.replace(_counted(position, now), targets=targets)


def reduced(
    position: Position, orders: tuple[Order, ...], *, before: Order, rules: Instrument, at_ms: int
) -> Position:
    """Return an open position after one of its exit orders filled more; CLOSED if none is left.

    Args:
        position: The position before.
        orders: All its orders as they stand now.
        before: The changed exit order as it was.
        rules: The symbol's steps; less than one step cannot be sold and is not held.
        at_ms: When it happened.

    Raises:
        InvariantBroken: More was closed than was opened.
    """
    now = tally(position.side, orders, least_quantity=rules.step_size)
    after = next(row for row in orders if row.client_order_id == before.client_order_id)
    targets = _less(position.targets, orders, after, filled=after.filled - before.filled)
    if now.quantity < ZERO:
        raise InvariantBroken(
            f"position {position.position_id}: closed {now.received - now.quantity} "
            f"of {now.received} held"
        )
    if now.quantity >= rules.step_size:
        return msgspec.structs.replace(position, **_numbers(now), targets=targets)
    check_move(position, S.CLOSED)
    return msgspec.structs.replace(
        position,
        **_numbers(now),
        status=S.CLOSED,
        exit_reason=after.reason or position.exit_reason,
        closed_ms=at_ms,
        targets=(),
    )


def closing(position: Position, reason: ExitReason) -> Position:
    """Return an open position whose exit was asked for."""
    check_move(position, S.CLOSING)
    return msgspec.structs.replace(position, status=S.CLOSING, exit_reason=reason)


def given_up(position: Position, *, left: Decimal, at_ms: int) -> Position:
    """Return the end of a position of which nothing can, or must, be sold; `left` is still held."""
    return msgspec.structs.replace(
        position, status=PositionStatus.CLOSED, quantity=left, targets=(), closed_ms=at_ms
    )


def as_dust(
    position: Position, orders: tuple[Order, ...], *, left: Decimal, at_ms: int
) -> Position:
    """Return the end of a position whose rest is too little for an order; it counts as lost."""
    now = tally(position.side, orders, least_quantity=left + 1)
    return given_up(_counted(position, now), left=left, at_ms=at_ms)


def left_by_hand(position: Position, moved: Decimal, *, price: Decimal) -> Position:
    """Return the end of a position of which somebody sold or moved so much, booked at a price."""
    sold = position.entry_quantity - position.quantity
    worth = position.exit_price * sold + price * moved
    return msgspec.structs.replace(
        position,
        quantity=position.quantity - moved,
        exit_price=money_to_step(worth / (sold + moved)),
        realized_pnl=money_to_step(position.realized_pnl + price * moved),
        exit_reason=ExitReason.BY_HAND,
    )


def rules_for(symbol: str, instruments: dict[str, Instrument]) -> Instrument:
    """Return the symbol's rules, or the finest grid there is while they are not known."""
    known = instruments.get(symbol)
    if known is not None:
        return known
    return Instrument(
        symbol=symbol,
        base="",
        quote="",
        tick_size=MONEY_STEP,
        step_size=MONEY_STEP,
        min_quantity=ZERO,
        max_quantity=ZERO,
        min_notional=ZERO,
    )


class Book:
    """Positions and their orders, by position; done ones are forgotten late."""

    def __init__(self) -> None:
        """Begin empty."""
        self._positions: dict[PositionId, Position] = {}
        self._orders: dict[PositionId, dict[ClientOrderId, Order]] = {}
        self._over: OrderedDict[PositionId, None] = OrderedDict()

    def find(self, position_id: PositionId) -> Position | None:
        """Return the position in whatever status, None if it is not known."""
        return self._positions.get(position_id)

    def open_now(self) -> tuple[Position, ...]:
        """Return those that are open and not being closed, oldest first."""
        return tuple(row for row in self._positions.values() if row.status is PositionStatus.OPEN)

    def orders(self, position_id: PositionId) -> tuple[Order, ...]:
        """Return the orders of a position as they were last seen."""
        return tuple(self._orders.get(position_id, {}).values())

    def find_order(self, order: Order) -> Order | None:
        """Return an order as it was last seen."""
        orders = self._orders.get(order.position_id)
        return None if orders is None else orders.get(order.client_order_id)

    def put_order(self, order: Order) -> None:
        """Keep an order as it stands now."""
        orders = self._orders.get(order.position_id)
        if orders is None:
            orders = self._orders[order.position_id] = {}
        orders[order.client_order_id] = order

    def put(self, position: Position) -> None:
        """Keep a position as it stands now."""
        self._positions[position.position_id] = position

    def forget_later(self, position_id: PositionId) -> None:
        """Let a position go when enough others have come to their end after it.

        Enough is 64; where the venue may still act on an order of the oldest, 512.
        """
        self._over[position_id] = None
        while len(self._over) > ENDED_KEPT:
            oldest = next(iter(self._over))
            is_over = all(order.is_done for order in self.orders(oldest))
            if not is_over and len(self._over) <= ENDED_LIMIT:
                return
            del self._over[oldest]
            self._positions.pop(oldest, None)
            self._orders.pop(oldest, None)

    def keep(self, position_id: PositionId) -> None:
        """Keep a position that came to life after its end."""
        self._over.pop(position_id, None)


def _counted(position: Position, now: Tally) -> Position:
    return msgspec.structs.replace(position, **_numbers(now))


def _numbers(now: Tally) -> dict[str, Decimal]:
    """Return the fields of a position that its fills say."""
    return {
        "entry_quantity": now.received,
        "quantity": max(now.quantity, ZERO),
        "entry_price": now.entry_price,
        "exit_price": now.exit_price,
        "realized_pnl": now.realized_pnl,
        "fees": now.fees,
    }


def _less(
    targets: tuple[TargetPrice, ...],
    orders: tuple[Order, ...],
    changed: Order,
    *,
    filled: Decimal,
) -> tuple[TargetPrice, ...]:
    """Return the targets without what an order of theirs (the limit or its stop) filled."""
    price = _target_of(changed, orders)
    rows = []
    for target in targets:
        if price is None or target.price != price:
            rows.append(target)
            continue
        taken = min(filled, target.quantity)
        filled -= taken
        if taken < target.quantity:
            rows.append(msgspec.structs.replace(target, quantity=target.quantity - taken))
    return tuple(rows)


def _target_of(order: Order, orders: tuple[Order, ...]) -> Decimal | None:
    """Return the target price an exit order belongs to: its own limit, or its list mate's."""
    if order.kind is OrderKind.LIMIT or not order.list_id:
        return order.price
    mates = (row for row in orders if row.list_id == order.list_id and row.leg is Leg.EXIT)
    return next((row.price for row in mates if row.kind is OrderKind.LIMIT), None)
