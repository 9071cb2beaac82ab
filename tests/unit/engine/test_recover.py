"""Starting is recovering."""

from __future__ import annotations

import asyncio

from tests.builders import AT_MS, a_position, a_trader, an_order
from tests.memory_store import MemoryStore
from tests.unit.engine.fakes import ListInbox
from tests.unit.engine.test_dispatch import Edges

from aitrader.engine.clock import FrameClock
from aitrader.engine.recover import recover
from aitrader.model.account import LIVE, PAPER
from aitrader.model.events import (
    EntriesPaused,
    Event,
    OrderCanceled,
    OrderPlanned,
    PositionOpened,
    Saved,
    Started,
    TraderSaved,
)


def start(store: MemoryStore) -> tuple[Saved, list[Event], list[str]]:
    edges, inbox = Edges(), ListInbox()
    saved = asyncio.run(
        recover(store, {PAPER: edges}, market=edges, inbox=inbox, clock=FrameClock(AT_MS))
    )
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
    asyncio.run(
        recover(MemoryStore(), {PAPER: edges}, market=edges, inbox=inbox, clock=FrameClock(AT_MS))
    )
    assert inbox.events == [Started(at_ms=AT_MS, saved=Saved()), canceled]


def test_a_pause_goes_on() -> None:
    store = MemoryStore()
    store.facts = [EntriesPaused(at_ms=AT_MS, is_paused=True)]
    _, events, _ = start(store)
    assert events[1:] == [EntriesPaused(at_ms=AT_MS, is_paused=True)]


class TakingEdges(Edges):
    """Edges that keep what they are to recover."""

    saved = Saved()

    async def recover(self, saved: Saved) -> None:
        self.saved = saved


HELD = (
    OrderPlanned(at_ms=AT_MS, order=an_order()),
    OrderPlanned(at_ms=AT_MS, order=an_order(attempt=2, account=LIVE)),
    PositionOpened(at_ms=AT_MS, position=a_position(account=LIVE)),
)


def test_each_venue_learns_of_its_own_account_alone() -> None:
    store, paper, live = MemoryStore(), TakingEdges(), TakingEdges()
    store.facts = [*HELD]
    venues, inbox = {PAPER: paper, LIVE: live}, ListInbox()
    clock = FrameClock(AT_MS)
    saved = asyncio.run(recover(store, venues, market=paper, inbox=inbox, clock=clock))
    assert (len(saved.orders), len(saved.positions)) == (2, 1)
    assert (paper.saved, live.saved) == (saved.of(PAPER), saved.of(LIVE))
    assert paper.saved.orders == (an_order(),)


def test_what_an_account_without_a_venue_holds_is_left_alone() -> None:
    store = MemoryStore()
    store.facts = [*HELD]
    saved, events, _ = start(store)
    assert (saved.orders, saved.positions) == ((an_order(),), ())
    assert events == [Started(at_ms=AT_MS, saved=saved)]
