"""The positions stage: what is held, and when it must be left.

It never hears the venue itself, only what execution says of its orders (`OrderPlanned`,
`OrderUpdated`), and answers with the position as it stands. What the venue cannot do is watched
here: the trailing stop by a band (armed anew whenever it fires and the trail is raised), the
greatest age by a timer, the trader's exit conditions and the person's wish by their events, and
the stop loss by a band while the venue does not hold it; each ends in one `ExitWanted`, which
execution carries out. A position that is closing is not watched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from aitrader.model import ids
from aitrader.model.account import ACCOUNTS
from aitrader.model.commands import Command
from aitrader.model.errors import InvariantBroken, Refused
from aitrader.model.events import (
    CloseAllAsked,
    CloseAsked,
    DustLeft,
    EntriesPaused,
    EntryRefused,
    EntryWanted,
    Event,
    ExitConditionsMet,
    ExitWanted,
    InstrumentsLoaded,
    OrderPlanned,
    OrderUpdated,
    PositionOpened,
    PositionUpdated,
    PriceLeft,
    Quarantined,
    Started,
    StopMoveAsked,
    StopMoveRefused,
    TimerDue,
)
from aitrader.model.ids import PositionId
from aitrader.model.money import ZERO
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, Side
from aitrader.model.ports import Prices
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide
from aitrader.positions.book import (
    HOLDING,
    closing,
    entering,
)
from aitrader.positions.exits import is_beyond, moved_stop
from aitrader.positions.guard import STOP_BAND
from aitrader.positions.keeping import Keeping
from aitrader.positions.watch import (
    AGE_TIMER,
    EVEN_BAND,
    TRAIL_BAND,
    Messages,
    even_left,
    even_over,
    left,
    trail_left,
)

STOP_LOSS, ENTRY, ENTERING = OrderKind.STOP_LOSS, Leg.ENTRY, PositionStatus.ENTERING


class PositionStage:
    """Keeps the book of positions and watches what the venue does not."""

    def __init__(self, prices: Prices) -> None:
        """Begin with nothing; `Started` brings what was before."""
        self._prices = prices
        self._keeping = Keeping()
        self._book = self._keeping.book
        self._signals: dict[PositionId, Signal] = {}
        self._is_closing_all = False
        self.handlers: Mapping[type[Event], Callable[..., Messages]] = {
            Started: self._started,
            InstrumentsLoaded: self._keeping.learn_rules,
            EntryWanted: self._entry_wanted,
            EntryRefused: self._entry_refused,
            OrderPlanned: self._order_planned,
            OrderUpdated: self._order_updated,
            PriceLeft: self._price_left,
            TimerDue: self._timer_due,
            ExitConditionsMet: self._exit_conditions_met,
            CloseAsked: self._close_asked,
            CloseAllAsked: self._close_all_asked,
            EntriesPaused: self._entries_paused,
            StopMoveAsked: self._stop_move_asked,
            ExitWanted: self._exit_wanted,
            DustLeft: self._keeping.left_as_dust,
        }

    def handle(self, event: Event) -> Iterable[Event | Command]:
        """Return what follows from one event, facts and requests in their order."""
        handler = self.handlers.get(type(event))
        return () if handler is None else handler(event)

    # -- the book -----------------------------------------------------------------------------

    def _started(self, event: Started) -> Messages:
        saved = event.saved
        self._signals = {
            ids.position_id(row.signal_id, account): row
            for row in saved.signals
            for account in ACCOUNTS
        }
        self._is_closing_all = saved.is_closing_all
        answer: Messages = []
        for position in saved.positions:
            self._book.put(position)
        for order in saved.orders:
            self._book.put_order(order)
            if order.leg is Leg.ENTRY:
                self._enter(order)
        for position in saved.positions:
            answer.extend(self._keeping.watch(position))
        return answer

    def _entry_wanted(self, event: EntryWanted) -> Messages:
        self._signals[ids.position_id(event.signal.signal_id, event.account)] = event.signal
        return []

    def _entry_refused(self, event: EntryRefused) -> Messages:
        for account in ACCOUNTS:
            self._signals.pop(ids.position_id(event.signal_id, account), None)
        return []

    def _order_planned(self, event: OrderPlanned) -> Messages:
        self._book.put_order(event.order)
        if event.order.leg is ENTRY:
            self._enter(event.order)
        return []

    def _enter(self, entry: Order) -> None:
        """Put the position that an entry order may open into the book, once."""
        signal = self._signals.pop(entry.position_id, None)
        if signal is None or self._book.find(entry.position_id) is not None:
            return
        side = PositionSide.LONG if entry.side is Side.BUY else PositionSide.SHORT
        self._book.put(entering(signal, entry, side=side))

    def _order_updated(self, event: OrderUpdated) -> Messages:
        order = event.order
        before = self._book.find_order(order)
        position = self._book.find(order.position_id)
        if before is None:
            return []
        self._book.put_order(order)
        if position is None:
            return _ownerless(before, order, at_ms=event.at_ms)
        if order.leg is ENTRY and position.status is ENTERING:
            answer = self._keeping.entered(position, order, at_ms=event.at_ms)
            return [*answer, *_unwanted(answer)] if self._is_closing_all else answer
        if order.fills is before.fills or order.filled == before.filled:
            # Only a stop that begins or ceases to rest changes what must be guarded.
            return self._keeping.protect(position) if order.kind is STOP_LOSS else []
        if position.status is ENTERING and _is_awaited(self._book.orders(position.position_id)):
            return []  # sold by an earlier run, which knew it as open: counted when it opens here
        if position.status not in HOLDING:
            reason = f"order {order.client_order_id} filled after the position's end"
            return [_quarantined(position, reason, event.at_ms)]
        try:
            return self._keeping.filled(position, before, order, at_ms=event.at_ms)
        except InvariantBroken as broken:
            ended = self._keeping.give_up(position, left=ZERO, at_ms=event.at_ms)
            return [*ended, _quarantined(position, str(broken), event.at_ms)]

    # -- when to leave ------------------------------------------------------------------------

    def _price_left(self, event: PriceLeft) -> Messages:
        position = self._find_open(event.band_id, TRAIL_BAND)
        if position is None:
            return self._even_left(event)
        tick_size = self._keeping.rules(position).tick_size
        after, answer = trail_left(position, event, tick_size=tick_size)
        self._book.put(after)
        return answer

    def _even_left(self, event: PriceLeft) -> Messages:
        position = self._find_open(event.band_id, EVEN_BAND)
        if position is None:
            return self._stop_left(event)
        tick_size = self._keeping.rules(position).tick_size
        after, answer = even_left(position, event, tick_size=tick_size)
        self._book.put(after)
        return [*answer, *self._keeping.protect(after)]

    def _stop_left(self, event: PriceLeft) -> Messages:
        """Return the wish to leave at the stop loss, unless the venue holds it by now.

        A price that left the band of a stop which has been moved since is nothing.
        """
        position = self._find_open(event.band_id, STOP_BAND)
        if position is None or position.stop_price is None:
            return []
        is_out = is_beyond(position.stop_price, event.price, side=position.side)
        if not is_out or not self._keeping.is_exposed(position):
            return []
        return left(position, ExitReason.STOP_LOSS, event.at_ms)

    def _timer_due(self, event: TimerDue) -> Messages:
        position = self._find_open(event.timer_id, AGE_TIMER)
        return [] if position is None else left(position, ExitReason.MAX_AGE, event.at_ms)

    def _exit_conditions_met(self, event: ExitConditionsMet) -> Messages:
        answer: Messages = []
        for position in self._book.open_now():
            if position.trader_id == event.trader_id and position.symbol == event.symbol:
                answer.extend(left(position, ExitReason.EXIT_CONDITIONS, event.at_ms))
        return answer

    def _close_asked(self, event: CloseAsked) -> Messages:
        position = self._book.find(event.position_id)
        if position is None or position.status is not PositionStatus.OPEN:
            return []
        return left(position, ExitReason.MANUAL, event.at_ms)

    def _close_all_asked(self, event: CloseAllAsked) -> Messages:
        self._is_closing_all = True
        answer: Messages = [EntriesPaused(at_ms=event.at_ms, is_paused=True)]
        for position in self._book.open_now():
            answer.extend(left(position, ExitReason.MANUAL, event.at_ms))
        return answer

    def _entries_paused(self, event: EntriesPaused) -> Messages:
        self._is_closing_all = self._is_closing_all and event.is_paused
        return []

    def _stop_move_asked(self, event: StopMoveAsked) -> Messages:
        """Return the position with its stop moved and guarded by a band, or the refusal."""
        position, at_ms = self._book.find(event.position_id), event.at_ms
        try:
            after = self._with_stop(position, event)
        except Refused as no:
            position_id, reason = event.position_id, no.reason
            return [StopMoveRefused(at_ms=at_ms, position_id=position_id, reason=reason)]
        self._book.put(after)
        bands = self._keeping.protect(after)
        return [PositionUpdated(at_ms=at_ms, position=after), *even_over(position), *bands]

    def _with_stop(self, position: Position | None, event: StopMoveAsked) -> Position:
        if position is None or position.status is not PositionStatus.OPEN:
            raise Refused(0, f"there is no open position {event.position_id}")
        mark = self._prices.last_price(position.symbol)
        tick_size = self._keeping.rules(position).tick_size
        stop = moved_stop(event.price, side=position.side, mark=mark, tick_size=tick_size)
        return msgspec.structs.replace(position, stop_price=stop, even_price=None)

    def _exit_wanted(self, event: ExitWanted) -> Messages:
        position = self._book.find(event.position_id)
        if position is None or position.status is not PositionStatus.OPEN:
            return []
        after = closing(position, event.reason)
        self._book.put(after)
        return [PositionUpdated(at_ms=event.at_ms, position=after), *self._keeping.unwatch(after)]

    def _find_open(self, name: str, prefix: str) -> Position | None:
        """Return the open position that a band or timer of ours belongs to."""
        if not name.startswith(prefix):
            return None
        position = self._book.find(PositionId(name.removeprefix(prefix)))
        if position is None or position.status is not PositionStatus.OPEN:
            return None
        return position


def _is_awaited(orders: Iterable[Order]) -> bool:
    """Return whether the entry among these orders may still be told to have filled."""
    return any(row.leg is ENTRY and not row.is_done for row in orders)


def _quarantined(position: Position, reason: str, at_ms: int) -> Quarantined:
    return Quarantined(
        at_ms=at_ms, trader_id=position.trader_id, symbol=position.symbol, reason=reason
    )


def _unwanted(answer: Messages) -> Messages:
    """Return the wish to leave what has opened although everything is to be closed."""
    opened = [row for row in answer if isinstance(row, PositionOpened)]
    return [wish for row in opened for wish in left(row.position, ExitReason.MANUAL, row.at_ms)]


def _ownerless(before: Order, order: Order, *, at_ms: int) -> Messages:
    """Return the alarm about a fill of an order whose signal nobody remembers."""
    if order.filled == before.filled:
        return []
    reason = f"order {order.client_order_id} filled and belongs to no position"
    return [Quarantined(at_ms=at_ms, trader_id=order.trader_id, symbol=order.symbol, reason=reason)]
