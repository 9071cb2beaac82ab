"""Ports: what the engine and the stages need from the outside, as Protocols.

An edge makes one of them true and never imports the engine. Edges answer commands by events
through `Inbox.post`.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Protocol

from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    DisarmBand,
    QueryOrder,
    RankMarket,
    SubmitOrder,
    WatchMarket,
)
from aitrader.model.events import Event, Saved
from aitrader.model.ids import TimerId
from aitrader.model.job import BacktestWish, JobRow


class Clock(Protocol):
    """The exchange's time as well as it is known."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds; never goes back."""
        ...


class Timers(Protocol):
    """One-shot alarms in the clock's time; each posts `TimerDue` to the inbox."""

    def start(self, timer_id: TimerId, due_ms: int) -> None:
        """Arm or replace."""
        ...

    def stop(self, timer_id: TimerId) -> None:
        """Disarm; unknown ids are nothing."""
        ...


class Tasks(Protocol):
    """Long-lived work of an edge, watched by the supervisor."""

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Run `work` as a named task; its death by an exception is logged and counted."""
        ...


class Inbox(Protocol):
    """The one door into the engine; bounded."""

    def post(self, event: Event) -> None:
        """Put an event in; from the loop's own thread only."""
        ...


class Prices(Protocol):
    """Last prices, read in memory."""

    def last_price(self, symbol: str) -> float | None:
        """Quote per base of the newest trade seen, None before the first."""
        ...


class PriceListener(Protocol):
    """Somebody who must see every price of the stream, on the stream's own callback."""

    def on_price(self, symbol: str, price: float, at_ms: int) -> None:
        """Called synchronously for each new price; must be quick and never raise."""
        ...


class Market(Prices, Protocol):
    """The market edge: streams, history, bands. The only writer of the series."""

    async def open(self) -> None:
        """Fetch the rules (posts `InstrumentsLoaded`) and start the stream.

        Raises:
            ConfigError: The exchange cannot be reached, in one sentence.
        """
        ...

    async def close(self) -> None:
        """Stop streams and requests."""
        ...

    def watch(self, command: WatchMarket) -> None:
        """Follow exactly these streams from now on."""
        ...

    async def rank(self, command: RankMarket) -> None:
        """Post `MarketRanked`."""
        ...

    def arm(self, command: ArmBand) -> None:
        """Watch a band; fires at once if the last price is already out."""
        ...

    def disarm(self, command: DisarmBand) -> None:
        """Forget a band."""
        ...


class Venue(Protocol):
    """Where orders go. Every answer is an event in the inbox, in any order, any number of times."""

    async def recover(self, saved: Saved) -> None:
        """Learn what was open before any command is sent."""
        ...

    async def submit(self, command: SubmitOrder) -> None:
        """Send one order, or one list of two, once."""
        ...

    async def cancel(self, command: CancelOrders) -> None:
        """Take orders off."""
        ...

    async def query(self, command: QueryOrder) -> None:
        """Report what is known of one order."""
        ...


class Store(Protocol):
    """The disk. One writer; `record` returns once the facts are committed."""

    async def load(self) -> Saved:
        """Return what the last run left."""
        ...

    async def record(self, facts: Sequence[Event]) -> None:
        """Commit the durable ones among these facts and their rows in one transaction.

        Raises:
            Transient: The disk refused (full, read-only); nothing of it was written.
        """
        ...


class Jobs(Protocol):
    """Long work that a face asked for, beside the engine; nobody waits for it."""

    async def start_backtest(self, wish: BacktestWish) -> JobRow:
        """Return the row of a job that begins as soon as it may.

        Raises:
            Refused: It cannot begin, in one sentence.
        """
        ...

    async def find(self, job_id: str) -> JobRow | None:
        """Return a job as it stands, None if there is none of that id."""
        ...

    async def newest(self) -> tuple[JobRow, ...]:
        """Return all jobs that are kept, newest first."""
        ...

    async def cancel(self, job_id: str) -> JobRow | None:
        """Return a job that will not go on; one that is over stays as it is."""
        ...

    async def find_report(self, job_id: str) -> str | None:
        """Return a job's report as HTML, None if it has none."""
        ...
