"""The signals stage: a match becomes a signal, a signal gets a decision, a decision has its end.

Each step is a fact that comes round to this stage again, so that a decision by rule, one by the
analyst and one after a restart take the same road: SignalRaised -> DecisionMade -> EntryWanted or
SignalUpdated. Signals are kept while something may still come of them. Of what has ended the newest
are kept for the word of a slow wire; per trader and symbol only the last id is remembered, which is
enough to know a repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from aitrader.model import ids
from aitrader.model.account import ACCOUNTS, LIVE_IS_OFF, PAPER
from aitrader.model.commands import Command, StartTimer
from aitrader.model.decision import Choice, Decision
from aitrader.model.errors import InvariantBroken
from aitrader.model.events import (
    DecisionMade,
    EntryRefused,
    EntryWanted,
    Event,
    FilterMatched,
    PositionOpened,
    Quarantined,
    SignalRaised,
    SignalUpdated,
    Started,
    TimerDue,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ids import SignalId, TimerId, TraderId
from aitrader.model.signal import Signal
from aitrader.model.trader import Trader, account_of
from aitrader.signals.lifecycle import ALIVE, TURN_OF, Turn, is_fresh, raised, turned

Messages: TypeAlias = list[Event | Command]

WAIT_TIMER = "signal-wait:"
"""Timer of a signal that is to be looked at again."""

DEFAULT_RECHECK_MS = 60_000

MOST_ENDED = 64
"""Signals that have ended and may still be entered, by a fill that comes late."""

BY_RULE = "the conditions decide"
NO_MODEL = "no model is configured"
TOO_OLD = "it was too old to enter when the engine started"
UNANSWERED = "no decision came in time"
TRADER_GONE = "the trader was removed"


class SignalStage:
    """Raises signals, has them decided and says how they ended."""

    def __init__(self, accounts: tuple[str, ...] = (PAPER,)) -> None:
        """Begin with nothing; `Started` brings what was before.

        Args:
            accounts: Those that there are; what would enter another is refused.
        """
        self._accounts = accounts
        self._traders: dict[TraderId, Trader] = {}
        self._alive: dict[SignalId, Signal] = {}
        self._ended: dict[SignalId, Signal] = {}
        self._newest: dict[tuple[TraderId, str], SignalId] = {}
        self.handlers: Mapping[type[Event], Callable[..., Messages]] = {
            Started: self._started,
            TraderSaved: self._trader_saved,
            TraderRemoved: self._trader_removed,
            FilterMatched: self._filter_matched,
            SignalRaised: self._signal_raised,
            DecisionMade: self._decision_made,
            EntryRefused: self._entry_refused,
            PositionOpened: self._position_opened,
            TimerDue: self._timer_due,
        }

    def handle(self, event: Event) -> Iterable[Event | Command]:
        """Return what follows from one event, facts and requests in their order."""
        handler = self.handlers.get(type(event))
        return () if handler is None else handler(event)

    def _started(self, event: Started) -> Messages:
        """Decide once more what was raised and not ordered, if it is still fresh."""
        saved = event.saved
        self._traders = {row.trader_id: row for row in saved.traders}
        ordered = {row.position_id for row in saved.orders}
        answer: Messages = []
        for signal in saved.signals:
            self._keep(signal)
            places = (ids.position_id(signal.signal_id, account) for account in ACCOUNTS)
            if not ordered.isdisjoint(places):
                continue
            if signal.trader_id not in self._traders:
                answer.extend(self._turn(signal, Turn.AGED, note=TRADER_GONE, at_ms=event.at_ms))
            elif is_fresh(signal, at_ms=event.at_ms):
                answer.append(self._decide(signal, at_ms=event.at_ms))
            else:
                answer.extend(self._turn(signal, Turn.AGED, note=TOO_OLD, at_ms=event.at_ms))
        return answer

    def _trader_saved(self, event: TraderSaved) -> Messages:
        self._traders[event.trader.trader_id] = event.trader
        return []

    def _trader_removed(self, event: TraderRemoved) -> Messages:
        self._traders.pop(event.trader_id, None)
        for key in [key for key in self._newest if key[0] == event.trader_id]:
            del self._newest[key]
        return []

    def _filter_matched(self, event: FilterMatched) -> Messages:
        match = event.match
        trader = self._traders.get(match.trader_id)
        if trader is None:
            return []
        signal = raised(match, source=trader.source, at_ms=event.at_ms)
        if self._newest.get((match.trader_id, match.symbol)) == signal.signal_id:
            return []
        self._keep(signal)
        return [SignalRaised(at_ms=event.at_ms, signal=signal)]

    def _signal_raised(self, event: SignalRaised) -> Messages:
        return [self._decide(event.signal, at_ms=event.at_ms)]

    def _decide(self, signal: Signal, *, at_ms: int) -> DecisionMade:
        """Return the decision of a trader without an analyst, or with one that nobody plays."""
        trader = self._traders.get(signal.trader_id)
        choice, reason = Choice.ENTER, BY_RULE
        if trader is None:
            choice, reason = Choice.SKIP, TRADER_GONE
        elif trader.plan.analyst is not None:
            choice, reason = Choice.SKIP, NO_MODEL
        decision = Decision(signal_id=signal.signal_id, choice=choice, reason=reason)
        return DecisionMade(at_ms=at_ms, decision=decision)

    def _decision_made(self, event: DecisionMade) -> Messages:
        decision = event.decision
        signal = self._alive.get(decision.signal_id)
        if signal is None:
            return []
        turn = TURN_OF[decision.choice]
        answer = self._turn(signal, turn, note=decision.reason, at_ms=event.at_ms)
        if decision.choice is Choice.ENTER:
            return [*answer, self._enter(self._alive[decision.signal_id], at_ms=event.at_ms)]
        if decision.choice is Choice.WAIT:
            due_ms = event.at_ms + (decision.recheck_after_ms or DEFAULT_RECHECK_MS)
            timer_id = TimerId(WAIT_TIMER + signal.signal_id)
            return [*answer, StartTimer(timer_id=timer_id, due_ms=due_ms)]
        return answer

    def _enter(self, signal: Signal, *, at_ms: int) -> EntryWanted | EntryRefused:
        """Return the wish for the account of the trader's mode; never for another one."""
        trader = self._traders.get(signal.trader_id)
        account = PAPER if trader is None else account_of(trader.mode)
        if account in self._accounts:
            return EntryWanted(at_ms=at_ms, signal=signal, account=account)
        return EntryRefused(at_ms=at_ms, signal_id=signal.signal_id, reason=LIVE_IS_OFF)

    def _entry_refused(self, event: EntryRefused) -> Messages:
        signal = self._find(event.signal_id)
        if signal is None:
            return []
        return self._turn(signal, Turn.REFUSED, note=event.reason, at_ms=event.at_ms)

    def _position_opened(self, event: PositionOpened) -> Messages:
        signal = self._find(event.position.signal_id)
        return [] if signal is None else self._turn(signal, Turn.OPENED, at_ms=event.at_ms)

    def _timer_due(self, event: TimerDue) -> Messages:
        if not event.timer_id.startswith(WAIT_TIMER):
            return []
        signal = self._alive.get(SignalId(event.timer_id.removeprefix(WAIT_TIMER)))
        if signal is None:
            return []
        if is_fresh(signal, at_ms=event.at_ms):
            return [self._decide(signal, at_ms=event.at_ms)]
        return self._turn(signal, Turn.AGED, note=UNANSWERED, at_ms=event.at_ms)

    # -- the memory ---------------------------------------------------------------------------

    def _find(self, signal_id: SignalId) -> Signal | None:
        return self._alive.get(signal_id) or self._ended.get(signal_id)

    def _keep(self, signal: Signal) -> None:
        self._newest[signal.trader_id, signal.symbol] = signal.signal_id
        if signal.status in ALIVE:
            self._alive[signal.signal_id] = signal
            return
        self._alive.pop(signal.signal_id, None)
        self._ended[signal.signal_id] = signal
        if len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]

    def _turn(self, signal: Signal, turn: Turn, *, note: str = "", at_ms: int) -> Messages:
        """Return the signal's new state if it has one."""
        try:
            after = turned(signal, turn, note=note)
        except InvariantBroken as broken:
            return [
                Quarantined(
                    at_ms=at_ms,
                    trader_id=signal.trader_id,
                    symbol=signal.symbol,
                    reason=str(broken),
                )
            ]
        if after is signal:
            return []
        self._keep(after)
        return [SignalUpdated(at_ms=at_ms, signal=after)]
