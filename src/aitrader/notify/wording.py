"""Which facts a person is told of, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from aitrader.model.decision import Decision
from aitrader.model.events import (
    CloseAllAsked,
    EntriesPaused,
    Event,
    FeedChanged,
    FilterFailed,
    OrderUpdated,
    PositionClosed,
    Quarantined,
    SignalRaised,
)
from aitrader.model.money import trimmed
from aitrader.model.signal import Signal


class Topic(Enum):
    """What a person may ask to be told of."""

    SIGNALS = "signals"
    ANALYSES = "analyses"
    FILLS = "fills"
    CLOSES = "closes"
    TROUBLE = "trouble"


Told = tuple[Topic, str]


def told_of(fact: Event) -> Told | None:
    """Return what a person is told of a fact, None if nothing."""
    tell = TABLE.get(type(fact))
    return None if tell is None else tell(fact)


def _signal(fact: SignalRaised) -> Told:
    signal = fact.signal
    why = ", ".join(finding.condition for finding in signal.findings)
    text = f"{signal.trader_id}: signal on {signal.symbol} at {trimmed(signal.price)} ({why})"
    return Topic.SIGNALS, text


def analysis(decision: Decision, signal: Signal) -> Told:
    """Return what a person is told of a decision of the analyst."""
    choice = decision.choice.value.lower()
    text = f"{signal.trader_id}: {choice} {signal.symbol}: {decision.reason}"
    return Topic.ANALYSES, text


def _fill(fact: OrderUpdated) -> Told | None:
    order, fill = fact.order, fact.fill
    if fill is None:
        return None
    what = f"{order.side.value.lower()} {trimmed(fill.quantity)} {order.symbol}"
    return Topic.FILLS, f"{order.trader_id}: {what} at {trimmed(fill.price)}"


def _closed(fact: PositionClosed) -> Told:
    position = fact.position
    reason = position.exit_reason.value.replace("_", " ").lower() if position.exit_reason else "?"
    pnl = f"{position.realized_pnl:+,.2f}"
    return Topic.CLOSES, f"{position.trader_id}: {position.symbol} closed by {reason}, {pnl}"


def _feed(fact: FeedChanged) -> Told:
    state = "is back" if fact.is_up else "is down, nothing is entered"
    return Topic.TROUBLE, f"the market stream {state}: {fact.reason}"


def _paused(fact: EntriesPaused) -> Told:
    return Topic.TROUBLE, "no new entries from now on" if fact.is_paused else "entries again"


def _close_all(_: CloseAllAsked) -> Told:
    return Topic.TROUBLE, "the kill switch: every position is being closed, no new entries"


def disk(fault: str) -> str:
    """Return what a person is told when the disk begins to refuse, or takes facts again ("")."""
    return f"no new entries, the disk refuses: {fault}" if fault else "the disk takes facts again"


def _quarantined(fact: Quarantined) -> Told:
    text = f"{fact.trader_id}: {fact.symbol} is left alone from now on: {fact.reason}"
    return Topic.TROUBLE, text


def _failed(fact: FilterFailed) -> Told:
    return Topic.TROUBLE, f"{fact.trader_id}: its filter failed: {fact.reason}"


TABLE: Mapping[type[Event], Callable[[Any], Told | None]] = {
    SignalRaised: _signal,
    OrderUpdated: _fill,
    PositionClosed: _closed,
    FeedChanged: _feed,
    EntriesPaused: _paused,
    CloseAllAsked: _close_all,
    Quarantined: _quarantined,
    FilterFailed: _failed,
}
