"""Starting is recovering."""

from __future__ import annotations

import asyncio

from tests.builders import AT_MS, a_trader, an_order
from tests.memory_store import MemoryStore
from tests.unit.engine.fakes import ListInbox
from tests.unit.engine.test_dispatch import Edges

from aitrader.engine.clock import FrameClock
from aitrader.engine.recover import recover
from aitrader.model.events import (
    EntriesPaused,
    Event,
    OrderCanceled,
    OrderPlanned,
    Saved,
    Started,
    TraderSaved,
)


def start(store: MemoryStore) -> tuple[Saved, list[Event], list[str]]:
    edges, inbox = Edges(), ListInbox()
    saved = asyncio.run(recover(store, edges, market=edges, inbox=inbox, clock=FrameClock(AT_MS)))
    return saved, inbox.events, edges.asked


def test_a_first_day_starts_with_nothing() -> None:
    saved, events, asked = start(MemoryStore())
    assert saved == Saved()
    assert events == [Started(at_ms=AT_MS, saved=Saved())]
    assert asked == ["open", "recover"]


def test_what_was_open_is_told_to_the_stages() -> None:
    store = MemoryStore()
    store.facts = [
        TraderSaved(at_ms=AT_MS, trader=a_trader()),
        OrderPlanned(at_ms=AT_MS, order=an_order()),
    ]
    saved, events, _ = start(store)
    assert (saved.traders, saved.orders) == ((a_trader(),), (an_order(),))
    assert events == [Started(at_ms=AT_MS, saved=saved)]


def test_what_the_venue_says_comes_after_the_start() -> None:
    class TalkingEdges(Edges):
        async def recover(self, saved: Saved) -> None:
            inbox.post(canceled)

    canceled = OrderCanceled(at_ms=AT_MS, client_order_id=an_order().client_order_id)
    edges, inbox = TalkingEdges(), ListInbox()
    asyncio.run(recover(MemoryStore(), edges, market=edges, inbox=inbox, clock=FrameClock(AT_MS)))
    assert inbox.events == [Started(at_ms=AT_MS, saved=Saved()), canceled]


def test_a_pause_goes_on() -> None:
    store = MemoryStore()
    store.facts = [EntriesPaused(at_ms=AT_MS, is_paused=True)]
    _, events, _ = start(store)
    assert events[1:] == [EntriesPaused(at_ms=AT_MS, is_paused=True)]
