"""Starting is recovering: the one way in, after a crash as on the first day."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from aitrader.model.account import LIVE_IS_OFF
from aitrader.model.events import EntriesPaused, Saved, Started
from aitrader.model.ports import Clock, Inbox, Market, Store, Venue

log = logging.getLogger(__name__)


async def recover(
    store: Store, venues: Mapping[str, Venue], *, market: Market, inbox: Inbox, clock: Clock
) -> Saved:
    """Bring back what was open and return it; the stages learn of it by `Started`.

    What belongs to an account that has no venue in this run stays on disk as it is.
    To be awaited before the loop runs: what is posted here waits in the inbox in its order. The
    exchange's rules come first, then `Started`, then what the venue has to say about orders that
    ended meanwhile. No command leaves before each venue has learned what was open in its account.

    Raises:
        ConfigError: The disk cannot be read or the exchange cannot be reached, in one sentence.
    """
    found = await store.load()
    saved = found.of(*venues)
    _tell_left_alone(found, saved)
    await market.open()
    inbox.post(Started(at_ms=clock.now_ms(), saved=saved))
    if saved.is_paused:
        inbox.post(EntriesPaused(at_ms=clock.now_ms(), is_paused=True))
    for account, venue in venues.items():
        await venue.recover(saved.of(account))
    log.info(
        "found %d traders, %d open positions, %d orders",
        len(saved.traders),
        len(saved.positions),
        len(saved.orders),
    )
    return saved


def _tell_left_alone(found: Saved, saved: Saved) -> None:
    count = len(found.positions) - len(saved.positions)
    if count:
        log.warning(
            "%d open live positions are not watched, only what rests at the exchange protects "
            "them: %s",
            count,
            LIVE_IS_OFF,
        )
