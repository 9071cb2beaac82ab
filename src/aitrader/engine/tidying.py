"""What has grown old is forgotten, once a day, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from aitrader.model.candle import DAY_MS
from aitrader.model.errors import Transient
from aitrader.model.ports import Clock

log = logging.getLogger(__name__)

BETWEEN_S = 0.2
"""Between two small deletes: the engine's own commits go first."""

AGAIN_S = 86_400.0


class Forgetful(Protocol):
    """A store that can forget."""

    async def forget(self, *, before_ms: int) -> int:
        """Delete a few rows of before that instant, return how many; raises Transient."""
        ...


async def tidy(
    store: Forgetful,
    clock: Clock,
    *,
    keep_days: int,
    between_s: float = BETWEEN_S,
    again_s: float = AGAIN_S,
) -> None:
    """Forget what is older than `keep_days`, now and every day, for ever; 0: nothing, ever."""
    while keep_days:
        before_ms = clock.now_ms() - keep_days * DAY_MS
        deleted = 0
        try:
            while count := await store.forget(before_ms=before_ms):
                deleted += count
                await asyncio.sleep(between_s)
        except Transient as transient:
            log.warning("nothing old was forgotten: %s", transient.reason)
        if deleted:
            log.info("%d rows older than %d days were forgotten", deleted, keep_days)
        await asyncio.sleep(again_s)
