"""What is on disk besides orders and signals: worth over time, events, a position's story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from aitrader.api.inside import END_OF_TIME_MS, Inside
from aitrader.api.outgoing_past import analysis_out, equity_out, event_out, story_out
from aitrader.api.policy import Access
from aitrader.api.problems import Failure
from aitrader.api.router import Operation
from aitrader.api.routes.trading import next_before
from aitrader.api.schemas import Key, Limit, Millis
from aitrader.api.schemas_past import Analyses, Equity, Events, Story
from aitrader.model.account import ACCOUNTS, PAPER
from aitrader.model.candle import DAY_MS

Kind = Annotated[str, Meta(pattern=r"^[A-Za-z]{0,60}$")]
Account = Annotated[str, Meta(pattern="^(" + "|".join(ACCOUNTS) + ")$")]
Step = Annotated[int, Meta(ge=1, le=31 * DAY_MS)]


class PastRoutes:
    """What was."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def operations(self) -> tuple[Operation, ...]:
        """Return the routes."""
        read = Access.READ
        return (
            Operation("GET", "/api/equity", self.equity, access=read),
            Operation("GET", "/api/events", self.events, access=read),
            Operation("GET", "/api/analyses", self.analyses, access=read, errors=(503,)),
            Operation(
                "GET", "/api/positions/{position_id}/story", self.story,
                access=read, errors=(404,),
            ),
        )  # fmt: skip

    async def equity(
        self,
        account: Account = PAPER,
        limit: Limit = 100,
        *,
        before_ms: Millis = END_OF_TIME_MS,
        every_ms: Step = 1,
    ) -> Equity:
        """An account's worth over time: the last of each `every_ms`, a page at a time."""
        rows = await self._inside.archive.equity(
            limit, before_ms=before_ms, every_ms=every_ms, account=account
        )
        page = tuple(map(equity_out, rows))
        begun_ms = [row.at_ms - row.at_ms % every_ms for row in rows]
        return Equity(account, page, next_before(begun_ms, limit))

    async def events(
        self, limit: Limit = 100, before_seq: Millis = END_OF_TIME_MS, kind: Kind = ""
    ) -> Events:
        """What happened and was written down, all of it or one kind, a page at a time."""
        rows = await self._inside.archive.events(limit, before_seq=before_seq, kind=kind)
        page = tuple(map(event_out, rows))
        return Events(page, _last([row.seq for row in rows], limit))

    async def analyses(self, limit: Limit = 100) -> Analyses:
        """What the analyst decided since the start, newest first."""
        frame = await self._inside.frame()
        rows = sorted(frame.analyses, key=lambda row: row.at_ms, reverse=True)
        return Analyses(tuple(map(analysis_out, rows[:limit])), frame.status.now_ms)

    async def story(self, position_id: Key) -> Story:
        """One position from the signal that raised it to its last fill, however long ago."""
        found = await self._inside.archive.find_story(position_id)
        if found is None:
            raise Failure(404, f"there is no position {position_id}")
        return story_out(found)


def _last(seqs: Sequence[int], limit: int) -> int | None:
    return seqs[-1] if len(seqs) == limit else None
