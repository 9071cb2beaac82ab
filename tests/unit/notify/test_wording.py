"""What a person is told, in which words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import AT_MS, TRADER, a_fill, a_position, a_signal, an_order

from aitrader.model.events import (
    CandlesClosed,
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
from aitrader.model.order import ExitReason
from aitrader.notify.wording import Topic, told_of

LOST = a_position(exit_reason=ExitReason.STOP_LOSS, realized_pnl=Decimal("-12.346"))
ODD = Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="odd")


@pytest.mark.parametrize(
    ("fact", "topic", "words"),
    [
        (SignalRaised(at_ms=AT_MS, signal=a_signal()), Topic.SIGNALS, "dip: signal on BTCUSDT at"),
        (OrderUpdated(at_ms=AT_MS, order=an_order(), fill=a_fill()), Topic.FILLS, "dip: buy"),
        (
            PositionClosed(at_ms=AT_MS, position=LOST),
            Topic.CLOSES,
            "dip: BTCUSDT closed by stop loss, -12.35",
        ),
        (PositionClosed(at_ms=AT_MS, position=a_position()), Topic.CLOSES, "closed by ?"),
        (FeedChanged(at_ms=AT_MS, is_up=False, reason="silence"), Topic.TROUBLE, "is down"),
        (FeedChanged(at_ms=AT_MS, is_up=True, reason="again"), Topic.TROUBLE, "is back: again"),
        (EntriesPaused(at_ms=AT_MS, is_paused=True), Topic.TROUBLE, "no new entries"),
        (EntriesPaused(at_ms=AT_MS, is_paused=False), Topic.TROUBLE, "entries again"),
        (CloseAllAsked(at_ms=AT_MS), Topic.TROUBLE, "every position is being closed"),
        (ODD, Topic.TROUBLE, "BTCUSDT is left alone from now on: odd"),
        (
            FilterFailed(at_ms=AT_MS, trader_id=TRADER, reason="odd"),
            Topic.TROUBLE,
            "its filter failed: odd",
        ),
    ],
)
def test_a_fact_is_told_in_words(fact: Event, topic: Topic, words: str) -> None:
    told = told_of(fact)
    assert told is not None
    assert told[0] is topic
    assert words in told[1]


def test_what_is_of_no_interest_is_not_told() -> None:
    assert told_of(CandlesClosed(at_ms=AT_MS, intervals=("1m",))) is None
    assert told_of(OrderUpdated(at_ms=AT_MS, order=an_order())) is None
