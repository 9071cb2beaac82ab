"""What each trader's file says of notices, and whose a decision of the analyst is."""

from __future__ import annotations

from collections.abc import Iterable

from aitrader.model.events import (
    DecisionMade,
    Event,
    SignalRaised,
    Started,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.ids import SignalId, TraderId
from aitrader.model.signal import Signal
from aitrader.model.trader import Trader
from aitrader.notify.wording import Told, analysis

MOST_SIGNALS = 200


class Wishes:
    """The traders as they are now, and the newest signals of those that have an analyst."""

    def __init__(self) -> None:
        self._traders: dict[TraderId, Trader] = {}
        self._signals: dict[SignalId, Signal] = {}

    def learn(self, fact: Event) -> None:
        """Take note of what later notices hang on."""
        if isinstance(fact, Started):
            self._traders = {row.trader_id: row for row in fact.saved.traders}
            self._keep(fact.saved.signals)
        elif isinstance(fact, TraderSaved):
            self._traders[fact.trader.trader_id] = fact.trader
        elif isinstance(fact, TraderRemoved):
            self._traders.pop(fact.trader_id, None)
        elif isinstance(fact, SignalRaised):
            self._keep((fact.signal,))

    def find_analysis(self, fact: DecisionMade) -> Told | None:
        """Return what a person is told of a decision; rules alone are no analysis."""
        signal = self._signals.get(fact.decision.signal_id)
        return None if signal is None else analysis(fact.decision, signal)

    def find(self, fact: Event) -> tuple[str, ...] | None:
        """Return which topics the fact's trader names, None where it leaves that to the settings.

        Only what is a trader's own, its signals and analyses, is its business.
        """
        if isinstance(fact, SignalRaised):
            signal: Signal | None = fact.signal
        elif isinstance(fact, DecisionMade):
            signal = self._signals.get(fact.decision.signal_id)
        else:
            return None
        trader = self._traders.get(signal.trader_id) if signal is not None else None
        return None if trader is None else trader.plan.notify

    def _keep(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            trader = self._traders.get(signal.trader_id)
            if trader is not None and trader.plan.analyst is not None:
                self._signals[signal.signal_id] = signal
        for signal_id in list(self._signals)[:-MOST_SIGNALS]:
            del self._signals[signal_id]
