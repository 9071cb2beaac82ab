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

    The market is opened first, so that the exchange's rules stand in the inbox before `Started`;
    the venue learns what was open before any command can reach it.

    Raises:
        ConfigError: The disk cannot be read or the exchange cannot be reached, in one sentence.
    """
    saved = await store.load()
    await market.open()
    await venue.recover(saved)
    inbox.post(Started(at_ms=clock.now_ms(), saved=saved))
    if saved.is_paused:
        inbox.post(EntriesPaused(at_ms=clock.now_ms(), is_paused=True))
    log.info(
        "found %d traders, %d open positions, %d orders",
        len(saved.traders),
        len(saved.positions),
        len(saved.orders),
    )
    return saved
