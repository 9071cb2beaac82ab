"""The execution stage: from EntryWanted to a protected position, from ExitWanted to nothing held.

The only stage that plans and sends orders, those of one account: an engine with two accounts has
two of these, and each leaves alone what is not its own. It hears the venue's raw answers, folds
them into the order table and says `OrderUpdated` once per change; what follows from a change is
decided when that fact comes round, so that every road to a decision is the same one. Reading order:
`entries`, `orders`, `protect`, `closing`, `watch`, `reconcile`; their common memory is `desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from aitrader.execution import (
    adopt,
    balances,
    closing,
    entries,
    fees,
    protect,
    reconcile,
    transfers,
    watch,
)
from aitrader.execution.brakes import Highs
from aitrader.execution.desk import Desk, Messages
from aitrader.execution.orders import VenueAnswer
from aitrader.execution.risk import ExecutionSettings
from aitrader.model.commands import Command
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import (
    BalancesReported,
    CandlesClosed,
    EntriesPaused,
    EntryWanted,
    Event,
    ExitWanted,
    FeedChanged,
    InstrumentsLoaded,
    OpenOrdersReported,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quarantined,
    Started,
    Stopping,
    TimerDue,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.ledger import flow_of_fill
from aitrader.model.money import ZERO
from aitrader.model.order import Leg
from aitrader.model.ports import Prices

QUESTIONS: Mapping[type[VenueAnswer], Callable[..., Messages]] = {
    OrderOutcomeUnknown: watch.unknown,
    OrderNotFound: watch.not_found,
    OrderAccepted: watch.stray,
}
"""What an answer of the venue may make us ask it in turn."""

ENTRY = Leg.ENTRY


class ExecutionStage:
    """Sizes, plans, follows and repairs every order of one account."""

    def __init__(self, settings: ExecutionSettings, prices: Prices) -> None:
        """Begin with a new account; `Started` brings what was before."""
        self._desk = Desk(settings, prices)
        self._account = settings.account
        self._is_resumed = True
        self.handlers: Mapping[type[Event], Callable[..., Messages]] = {
            Started: self._started,
            Stopping: self._stopping,
            InstrumentsLoaded: self._instruments_loaded,
            TraderSaved: self._trader_saved,
            TraderRemoved: self._trader_removed,
            EntriesPaused: self._entries_paused,
            FeedChanged: self._feed_changed,
            Quarantined: self._quarantined,
            CandlesClosed: self._candles_closed,
            EntryWanted: self._entry_wanted,
            OrderAccepted: self._answered,
            OrderFilled: self._answered,
            OrderCanceled: self._answered,
            OrderRejected: self._answered,
            OrderExpired: self._answered,
            OrderNotFound: self._answered,
            OrderOutcomeUnknown: self._answered,
            BalancesReported: partial(balances.reported, self._desk),
            OpenOrdersReported: partial(adopt.adopt, self._desk),
            OrderUpdated: self._order_updated,
            PositionOpened: self._position_changed,
            PositionUpdated: self._position_changed,
            PositionClosed: self._position_closed,
            ExitWanted: partial(closing.leave, self._desk),
            TimerDue: self._timer_due,
        }

    def handle(self, event: Event) -> Iterable[Event | Command]:
        """Return what follows from one event, facts and requests in their order."""
        handler = self.handlers.get(type(event))
        return () if handler is None else handler(event)

    # -- what is known ------------------------------------------------------------------------

    def _started(self, event: Started) -> Messages:
        self._is_resumed = False
        answer = reconcile.rebuild(self._desk, event)
        if self._desk.settings.audit_ms:  # a real venue, which is to be heard out first
            return [*answer, reconcile.resume_timer(self._desk, at_ms=event.at_ms)]
        return [*answer, *self._resume(event.at_ms)]

    def _instruments_loaded(self, event: InstrumentsLoaded) -> Messages:
        self._desk.instruments = {row.symbol: row for row in event.instruments}
        self._desk.table.doubt()
        return self._resume(event.at_ms)

    def _resume(self, at_ms: int) -> Messages:
        if self._is_resumed or not self._desk.instruments:
            return []
        self._is_resumed = True
        return reconcile.resume(self._desk, at_ms=at_ms)

    def _timer_due(self, event: TimerDue) -> Messages:
        if event.timer_id != reconcile.resume_id(self._desk):
            return _timer_due(self._desk, event)
        return [*self._resume(event.at_ms), *protect.audit_timer(self._desk, at_ms=event.at_ms)]

    def _trader_saved(self, event: TraderSaved) -> Messages:
        self._desk.traders[event.trader.trader_id] = event.trader
        self._desk.free(event.trader.trader_id)
        return entries.withdrawn(self._desk, at_ms=event.at_ms)

    def _trader_removed(self, event: TraderRemoved) -> Messages:
        self._desk.traders.pop(event.trader_id, None)
        self._desk.free(event.trader_id)
        return entries.withdrawn(self._desk, at_ms=event.at_ms)

    def _entries_paused(self, event: EntriesPaused) -> Messages:
        self._desk.is_paused = event.is_paused
        if event.is_paused:
            return entries.called_off(self._desk, at_ms=event.at_ms)
        self._desk.peak, self._desk.highs = ZERO, Highs()  # the person has seen what is lost
        return [self._desk.marked(event.at_ms)]

    def _feed_changed(self, event: FeedChanged) -> Messages:
        self._desk.is_feed_up = event.is_up
        return []

    def _quarantined(self, event: Quarantined) -> Messages:
        self._desk.quarantined.add((event.trader_id, event.symbol))
        return entries.withdrawn(self._desk, at_ms=event.at_ms)

    def _candles_closed(self, event: CandlesClosed) -> Messages:
        desk = self._desk
        desk.account.close_candle(desk.collateral())
        answer = transfers.settled(desk, at_ms=event.at_ms)
        if desk.settings.is_marked:
            answer.append(desk.marked(event.at_ms))
        return [*answer, *protect.audit(desk, at_ms=event.at_ms)]

    def _stopping(self, _event: Stopping) -> Messages:
        self._desk.is_ending = True
        return [*entries.unattended(self._desk), *adopt.called_off(self._desk)]

    # -- orders -------------------------------------------------------------------------------

    def _entry_wanted(self, event: EntryWanted) -> Messages:
        if event.account != self._account:
            return []
        try:
            return entries.want(self._desk, event)
        except InvariantBroken as broken:
            signal = event.signal
            return [
                entries.refused(signal, reason="something impossible", at_ms=event.at_ms),
                Quarantined(
                    at_ms=event.at_ms,
                    trader_id=signal.trader_id,
                    symbol=signal.symbol,
                    reason=str(broken),
                ),
            ]

    def _answered(self, event: VenueAnswer) -> Messages:
        """Fold an answer of the venue into the table; what is not ours or not new is nothing."""
        desk = self._desk
        before = desk.table.find(event.client_order_id)
        if before is None:
            return adopt.answered(desk, event)
        if desk.doubted:
            watch.known(desk, event)
        if isinstance(event, OrderFilled):
            event = fees.valued(desk, event, symbol=before.symbol)
        if isinstance(event, watch.ENDS) and watch.is_ahead_of_fills(before, event):
            return watch.ask(before, at_ms=event.at_ms)
        try:
            after = desk.table.apply(event)
        except InvariantBroken as broken:
            return [
                Quarantined(
                    at_ms=event.at_ms,
                    trader_id=before.trader_id,
                    symbol=before.symbol,
                    reason=str(broken),
                )
            ]
        question = QUESTIONS.get(type(event))
        answer = question(desk, event) if question is not None else []
        if after is None:
            return answer
        if isinstance(event, OrderFilled):  # one that was seen before changes nothing
            flow = flow_of_fill(event.fill, symbol=after.symbol, side=after.side)
            if event.fill.at_ms > desk.balances_ms:
                desk.account.cash += flow.quote
            else:
                desk.unexplained -= flow.quote  # the report that had it has told its cash
            return [
                OrderUpdated(at_ms=event.at_ms, order=after, fill=event.fill),
                transfers.cash_changed(desk, at_ms=event.at_ms),
                *answer,
            ]
        return [OrderUpdated(at_ms=event.at_ms, order=after), *answer]

    def _order_updated(self, event: OrderUpdated) -> Messages:
        desk, order, at_ms = self._desk, event.order, event.at_ms
        if order.account != self._account:
            return []
        if order.leg is ENTRY:
            return entries.updated(desk, order, at_ms=at_ms)
        if order.position_id in desk.closing:
            return closing.updated(desk, order, at_ms=at_ms)
        if not order.is_done:
            return protect.moved_too_late(desk, order)
        answer = protect.lame_timers(desk, order, at_ms=at_ms)
        position = desk.positions.get(order.position_id)
        if event.fill is None and position is not None:
            # With a fill the position's own numbers are a message behind: PositionUpdated decides.
            answer.extend(protect.guard(desk, position, at_ms=at_ms))
        return answer

    # -- positions ----------------------------------------------------------------------------

    def _position_changed(self, event: PositionOpened | PositionUpdated) -> Messages:
        desk, position = self._desk, event.position
        if position.account != self._account:
            return []
        desk.positions[position.position_id] = position
        desk.entries.pop(position.position_id, None)
        desk.table.revive(position.position_id)
        if position.position_id in desk.closing:
            is_waiting = bool(desk.table.live(position.position_id, Leg.EXIT))
            return [] if is_waiting else closing.go_on(desk, position, at_ms=event.at_ms)
        return protect.guard(desk, position, at_ms=event.at_ms)

    def _position_closed(self, event: PositionClosed) -> Messages:
        position_id = event.position.position_id
        if event.position.account == self._account:
            self._desk.note_closed(event.position)
        self._desk.positions.pop(position_id, None)
        answer = closing.closed(self._desk, position_id)
        self._desk.table.retire(position_id)
        return answer


def _audited(desk: Desk, *, at_ms: int) -> Messages:
    """Return what is found between two closes.

    A lack of protection, a forgotten entry that still rests, a transfer that is certain.
    """
    moved = transfers.settled(desk, at_ms=at_ms)
    return [
        *moved,
        *([desk.marked(at_ms)] if moved else []),
        *protect.audit(desk, at_ms=at_ms),
        *adopt.called_off(desk),
        *protect.audit_timer(desk, at_ms=at_ms),
    ]


def _timer_due(desk: Desk, event: TimerDue) -> Messages:
    """Return what one of our alarms asks for; those of others are nothing."""
    timer_id, at_ms = event.timer_id, event.at_ms
    if timer_id == protect.audit_id(desk):
        return _audited(desk, at_ms=at_ms)
    if timer_id.startswith(watch.QUERY_TIMER):
        order_id = ClientOrderId(timer_id.removeprefix(watch.QUERY_TIMER))
        return watch.timer_due(desk, order_id, at_ms=at_ms)
    if timer_id.startswith(entries.REST_TIMER):
        order_id = ClientOrderId(timer_id.removeprefix(entries.REST_TIMER))
        return entries.rest_due(desk, order_id, at_ms=at_ms)
    if timer_id.startswith(protect.LAME_TIMER):
        order_id = ClientOrderId(timer_id.removeprefix(protect.LAME_TIMER))
        return protect.lame_due(desk, order_id, at_ms=at_ms)
    if timer_id.startswith(protect.AGAIN_TIMER):
        position_id = PositionId(timer_id.removeprefix(protect.AGAIN_TIMER))
        return protect.again_due(desk, position_id, at_ms=at_ms)
    if timer_id.startswith(closing.CLOSING_TIMER):
        position_id = PositionId(timer_id.removeprefix(closing.CLOSING_TIMER))
        return closing.timer_due(desk, position_id, at_ms=at_ms)
    return []
