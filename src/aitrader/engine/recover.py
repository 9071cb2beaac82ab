"""Starting is recovering: the one way in, after a crash as on the first day."""

from __future__ import annotations

import logging

from aitrader.model.events import EntriesPaused, Saved, Started
from aitrader.model.ports import Clock, Inbox, Market, Store, Venue

log = logging.getLogger(__name__)


async def recover(
    store: Store, venue: Venue, *, market: Market, inbox: Inbox, clock: Clock
) -> Saved:
    """Bring back what was open and return it; the stages learn of it by `Started`.

    To be awaited before the loop runs: what is posted here waits in the inbox in its order. The
    exchange's rules come first, then `Started`, then what the venue has to say about orders that
    ended meanwhile. No command leaves before the venue has learned what was open.

    Raises:
        ConfigError: The disk cannot be read or the exchange cannot be reached, in one sentence.
    """
    saved = await store.load()
    await market.open()
    inbox.post(Started(at_ms=clock.now_ms(), saved=saved))
    if saved.is_paused:
        inbox.post(EntriesPaused(at_ms=clock.now_ms(), is_paused=True))
    await venue.recover(saved)
    log.info(
        "found %d traders, %d open positions, %d orders",
        len(saved.traders),
        len(saved.positions),
        len(saved.orders),
    )
    return saved
