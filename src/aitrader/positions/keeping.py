"""A position as its orders change: opened, more or less of it, closed; watched as it stands.

The only writer of the book. Each change is one fact, and with it goes what must be watched now.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.events import (
    DustLeft,
    InstrumentsLoaded,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
)
from aitrader.model.instrument import Instrument
from aitrader.model.order import Leg, Order
from aitrader.model.position import Position, PositionStatus
from aitrader.positions.book import (
    HOLDING,
    Book,
    as_dust,
    given_up,
    left_by_hand,
    opened,
    reduced,
    refilled,
    rules_for,
)
from aitrader.positions.guard import StopGuard, is_exposed
from aitrader.positions.watch import Messages, unwatched, watched


class Keeping:
    """The book of positions, the bands at their stops, and the rules of their symbols."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.book = Book()
        self.instruments: dict[str, Instrument] = {}
        self._guard = StopGuard()

    def learn_rules(self, event: InstrumentsLoaded) -> Messages:
        """Take the exchange's rules as they are now."""
        self.instruments = {row.symbol: row for row in event.instruments}
        return []

    def entered(self, position: Position, entry: Order, *, at_ms: int) -> Messages:
        """Return the opening of a position whose entry order has come to its end."""
        position_id = position.position_id
        if not entry.is_done:
            return []
        if not entry.fills:
            self.book.forget_later(position_id)
            return []
        self.book.keep(position_id)
        rules = self.rules(position)
        after = opened(position, self.book.orders(position_id), rules=rules, at_ms=at_ms)
        if after.quantity < rules.step_size:
            # too small ever to be sold, or sold by an earlier run that had no disk
            reasons = [row.reason for row in self.book.orders(position_id) if row.filled]
            after = msgspec.structs.replace(after, exit_reason=reasons[-1])
            ended = self.give_up(after, left=after.quantity, at_ms=at_ms)
            return [PositionOpened(at_ms=at_ms, position=after), *ended]
        self.book.put(after)
        return [PositionOpened(at_ms=at_ms, position=after), *self.watch(after)]

    def filled(self, position: Position, before: Order, order: Order, *, at_ms: int) -> Messages:
        """Return the position after more of one of its orders filled."""
        rules = self.rules(position)
        orders = self.book.orders(position.position_id)
        if order.leg is Leg.ENTRY:
            after = refilled(position, orders, rules=rules)
        else:
            after = reduced(position, orders, before=before, rules=rules, at_ms=at_ms)
        self.book.put(after)
        if after.status is not PositionStatus.CLOSED:
            return [PositionUpdated(at_ms=at_ms, position=after), *self.protect(after)]
        self.book.forget_later(after.position_id)
        return [PositionClosed(at_ms=at_ms, position=after), *self.unwatch(after)]

    def give_up(self, position: Position, *, left: Decimal, at_ms: int) -> Messages:
        """Return the end of a position of which nothing can, or must, be sold any more."""
        return self._ended(given_up(position, left=left, at_ms=at_ms), at_ms=at_ms)

    def left_as_dust(self, event: DustLeft) -> Messages:
        """Return the end of a position of which too little is left for an order."""
        position = self.book.find(event.position_id)
        if position is None or position.status not in HOLDING:
            return []
        orders = self.book.orders(event.position_id)
        after = as_dust(position, orders, left=event.quantity, at_ms=event.at_ms)
        if event.moved:
            after = left_by_hand(after, event.moved, price=event.price)
        return self._ended(after, at_ms=event.at_ms)

    def _ended(self, after: Position, *, at_ms: int) -> Messages:
        self.book.put(after)
        self.book.forget_later(after.position_id)
        return [PositionClosed(at_ms=at_ms, position=after), *self.unwatch(after)]

    def is_exposed(self, position: Position) -> bool:
        """Return whether the venue does not hold the whole stop of an open position."""
        orders = self.book.orders(position.position_id)
        return is_exposed(position, orders, step_size=self.rules(position).step_size)

    def watch(self, position: Position) -> Messages:
        """Return all that must be watched for a position from now on."""
        bands = watched(position, tick_size=self.rules(position).tick_size)
        return [*bands, *self.protect(position)]

    def unwatch(self, position: Position) -> Messages:
        """Return the end of all that is watched for a position."""
        return [*unwatched(position), *self.protect(position)]

    def protect(self, position: Position) -> Messages:
        """Return the band at the stop loss, or its end, as the venue holds the stop or not."""
        orders = self.book.orders(position.position_id)
        return self._guard.follow(position, orders, step_size=self.rules(position).step_size)

    def rules(self, position: Position) -> Instrument:
        """Return the rules of a position's symbol, or the finest grid there is."""
        return rules_for(position.symbol, self.instruments)
