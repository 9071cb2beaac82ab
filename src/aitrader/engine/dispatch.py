"""From commands to the edges: each kind has one handler, which answers by events, later.

A plain handler runs on the spot; a coroutine runs as a task and is outstanding until it ends.
An edge is not expected to raise. If it does, the order it was to send may or may not exist, so
its fate is reported as unknown and the venue is asked.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    Command,
    DisarmBand,
    QueryOrder,
    RankMarket,
    Screen,
    StartTimer,
    StopTimer,
    SubmitOrder,
    WatchMarket,
)
from aitrader.model.errors import Refused
from aitrader.model.events import OrderOutcomeUnknown
from aitrader.model.ports import Clock, Inbox, Market, Venue

log = logging.getLogger(__name__)

TO_THE_VENUE: tuple[type[Command], ...] = (SubmitOrder, CancelOrders, QueryOrder)

Handler = Callable[[Command], Awaitable[None] | None]
C = TypeVar("C", bound=Command)


def on(
    kind: type[C], handle: Callable[[C], Awaitable[None] | None]
) -> tuple[type[Command], Handler]:
    """Return one entry of the table kind -> handler; `handle` is given only this kind."""
    return kind, cast(Handler, handle)


class Venues:
    """The venue of each account; an order goes to that of its own account and to no other."""

    def __init__(self, by_account: Mapping[str, Venue]) -> None:
        self._by_account = dict(by_account)

    def submit(self, command: SubmitOrder) -> Awaitable[None]:
        """Return the sending of one order, or one list; the orders of a list are one account's."""
        return self._of(command.orders[0].account).submit(command)

    def cancel(self, command: CancelOrders) -> Awaitable[None]:
        """Return the taking off of orders of one account."""
        return self._of(command.orders[0].account).cancel(command)

    def query(self, command: QueryOrder) -> Awaitable[None]:
        """Return the question about one order."""
        return self._of(command.order.account).query(command)

    def _of(self, account: str) -> Venue:
        venue = self._by_account.get(account)
        if venue is None:
            raise Refused(0, f"there is no {account} account here")
        return venue


def edge_handlers(
    market: Market, venues: Mapping[str, Venue], *, timers: ClockTimers, screener: Screener
) -> dict[type[Command], Handler]:
    """Return who does which command when these are the edges; `venues` by account."""
    venue = Venues(venues)
    return dict(
        (
            on(WatchMarket, market.watch),
            on(RankMarket, market.rank),
            on(ArmBand, market.arm),
            on(DisarmBand, market.disarm),
            on(SubmitOrder, venue.submit),
            on(CancelOrders, venue.cancel),
            on(QueryOrder, venue.query),
            on(StartTimer, timers.start_command),
            on(StopTimer, timers.stop_command),
            on(Screen, screener.screen),
        )
    )


class Dispatch:
    """Starts commands and knows which are outstanding; `on_end` is called when one has ended."""

    def __init__(
        self,
        handlers: Mapping[type[Command], Handler],
        supervisor: Supervisor,
        *,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self._handlers = dict(handlers)
        self.supervisor = supervisor
        self._inbox = inbox
        self._clock = clock
        self._running: Counter[type[Command]] = Counter()
        self.on_end: Callable[[], None] = _nothing

    @property
    def outstanding(self) -> int:
        """How many commands have begun and not ended."""
        return self._running.total()

    @property
    def sending(self) -> int:
        """How many of these the venue is to answer."""
        return sum(self._running[kind] for kind in TO_THE_VENUE)

    def start(self, command: Command) -> None:
        """Hand a command to its handler, without waiting for what comes of it."""
        name = type(command).__name__
        handle = self._handlers.get(type(command))
        if handle is None:
            log.error("nobody does %s: it is not done", name)
            return
        report = self._reporter(command)
        answer = self.supervisor.attempt(name, lambda: handle(command), on_death=report)
        if answer is not None:
            self._running[type(command)] += 1
            self.supervisor.spawn(name, self._finish(type(command), answer), on_death=report)

    async def _finish(self, kind: type[Command], answer: Awaitable[None]) -> None:
        try:
            await answer
        finally:
            self._running[kind] -= 1
            self.on_end()

    def _reporter(self, command: Command) -> Callable[[Exception], None]:
        def report(exc: Exception) -> None:
            for order in command.orders if isinstance(command, SubmitOrder) else ():
                self._inbox.post(
                    OrderOutcomeUnknown(
                        at_ms=self._clock.now_ms(),
                        client_order_id=order.client_order_id,
                        reason=f"sending it failed: {exc}",
                    )
                )

        return report


def _nothing() -> None:
    pass
