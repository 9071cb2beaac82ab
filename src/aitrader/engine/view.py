"""The `View` port: an engine as faces see it.

The loop tells the board facts; nothing is made of them until a face asks. When one does, and at
most twenty times a second, rows are made anew and put on shelves that know which of them differ.
Every reader keeps the versions it has seen: it gets a snapshot, then what changed, and a reader
that is slow gets fewer, larger frames without anybody waiting for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from aitrader import __version__
from aitrader.engine.board import Board
from aitrader.engine.clock import uptime_s
from aitrader.engine.health import Health
from aitrader.engine.rows import mark_of, money, unrealized, worth
from aitrader.engine.shelves import MarketReader, Seen, Shelves
from aitrader.model.account import LIVE, PAPER
from aitrader.model.events import (
    EntriesPaused,
    Event,
    PositionClosed,
    PositionOpened,
    SignalRaised,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.money import ZERO
from aitrader.model.ports import Clock
from aitrader.model.trader import Mode
from aitrader.model.view import AccountRow, Frame, LogRow, Status

BY_A_PERSON = (TraderSaved, TraderRemoved, EntriesPaused)
"""Whoever asked for these and was answered looks for them at once."""

REFRESH_S = 0.05
RATE_S = 1.0
STALE_MS = 10_000
"""Tickers come every second: ten of them missing is no accident."""


class LogSource(Protocol):
    """The newest lines of the log, as the log handler keeps them."""

    def since(self, count: int) -> tuple[int, Sequence[LogRow]]:
        """Return how many lines there were in all, and those kept after the first `count`."""
        ...


class ViewSettings(msgspec.Struct, frozen=True):
    """What a face's header says and the engine does not know; `start_cash` in quote.

    `analyst`: the model that is asked, "" when none is configured. `accounts`: those that there
    are; `mode` and `account` are what is said while nothing is live.
    """

    mode: str
    market: str
    account: str
    quote: str = "USDT"
    start_cash: Decimal = Decimal(10_000)
    analyst: str = ""
    accounts: tuple[str, ...] = (PAPER,)


class EngineView:
    """The rows of one engine; `update` is called by the loop, `frames` by any number of faces."""

    def __init__(
        self,
        settings: ViewSettings,
        market: MarketReader,
        *,
        clock: Clock,
        logs: LogSource,
        health: Health,
    ) -> None:
        self.board = Board(settings.start_cash)
        self._settings = settings
        self._market = market
        self._clock = clock
        self._logs = logs
        self._health = health
        self._rows = Shelves(self.board, market)
        self._refreshed_s = float("-inf")
        self._rate = Rate()
        self._ended = asyncio.Event()

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of facts that are on disk; what a person changed is in the next frame."""
        self.board.update(facts)
        if any(isinstance(fact, BY_A_PERSON) for fact in facts):
            self._refreshed_s = float("-inf")

    def end(self) -> None:
        """Let every reader have a last frame and its end."""
        self._ended.set()

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        """Yield a snapshot, then changes at most `hz` times a second, until the engine ends.

        Raises:
            ValueError: `hz` is not above zero.
        """
        if not hz > 0:
            raise ValueError(f"hz: expected a number above 0, found {hz}")
        seen = Seen()
        while True:
            is_last = self._ended.is_set()
            yield self._frame(seen, is_last=is_last)
            if is_last:
                return
            try:
                await asyncio.wait_for(self._ended.wait(), 1 / hz)
            except TimeoutError:
                continue

    def status(self) -> Status:
        """Return the header and the counters as they are now."""
        board, now_ms = self.board, self._clock.now_ms()
        accounts = {name: self._account(name, now_ms) for name in self._settings.accounts}
        shown = accounts[LIVE if self._is_live() else self._settings.account]
        counts = board.counts
        return Status(
            mode=Mode.LIVE.value if self._is_live() else self._settings.mode,
            market=self._settings.market,
            account=shown.account,
            quote=self._settings.quote,
            equity=shown.equity,
            cash=shown.cash,
            day_pnl=shown.day_pnl,
            total_pnl=shown.total_pnl,
            now_ms=now_ms,
            feed=self._feed(),
            feed_age_ms=self._market.feed_age_ms(),
            messages_per_s=self._rate.per_s,
            is_paused=board.is_paused,
            candles=self._market.candles,
            checks=board.checks,
            signals=counts[SignalRaised],
            orders=board.orders_planned(),
            positions_opened=counts[PositionOpened],
            positions_closed=counts[PositionClosed],
            open_positions=len(board.open_positions()),
            errors=self._health.errors,
            screen_ms=board.screen_ms,
            notice=self._notice(),
            analyst=self._settings.analyst,
            version=__version__,
            process_id=os.getpid(),
            uptime_s=int(uptime_s()),
            accounts=tuple(accounts.values()),
        )

    def _frame(self, seen: Seen, *, is_last: bool) -> Frame:
        self._refresh(is_forced=is_last)
        rows = self._rows
        count, logs = self._logs.since(seen.logs)
        frame = Frame(
            seq=seen.frames + 1,
            is_snapshot=seen.frames == 0,
            status=self.status(),
            markets=rows.markets.since(seen.markets),
            traders=rows.traders.since(seen.traders),
            signals=rows.signals.since(seen.signals),
            positions=rows.positions.since(seen.positions),
            logs=tuple(logs),
            gone=rows.gone(seen) if seen.frames else (),
            analyses=rows.analyses.since(seen.analyses),
        )
        rows.mark(seen)
        seen.logs, seen.frames = count, frame.seq
        return frame

    def _refresh(self, *, is_forced: bool) -> None:
        """Make all rows anew, at most twenty times a second however many readers there are."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._refreshed_s >= REFRESH_S or is_forced:
            self._refreshed_s = now_s
            self._rate.sample(self._market.messages, now_s)
            self._rows.refresh()

    def _is_live(self) -> bool:
        return LIVE in self._settings.accounts and self.board.is_live()

    def _account(self, account: str, now_ms: int) -> AccountRow:
        """Return an account's money: only a paper one began with a sum that is known."""
        board, tickers = self.board, self._market.tickers()
        held = [(p, mark_of(p, tickers.get(p.symbol))) for p in board.open_positions(account)]
        cash = board.accounts.cash(account)
        equity = cash + sum((worth(p, mark) for p, mark in held), ZERO)
        if account == PAPER:
            total = equity - self._settings.start_cash
        else:
            total = board.accounts.realized(account) + Decimal(
                sum(unrealized(p, mark) for p, mark in held)
            )
        return AccountRow(
            account=account,
            equity=money(equity),
            cash=money(cash),
            day_pnl=money(board.accounts.day_pnl(now_ms, account)),
            total_pnl=money(total),
            open_positions=len(held),
            others=board.accounts.coins_beside(
                account, (p for p, _ in held), quote=self._settings.quote
            ),
        )

    def _feed(self) -> str:
        if not self.board.is_feed_up:
            return "down"
        return "stale" if self._market.feed_age_ms() > STALE_MS else "live"

    def _notice(self) -> str:
        if self._health.store_fault:
            return f"no new entries: {self._health.store_fault}"
        return self.board.notices.text()


class Rate:
    """Messages a second, measured over at least one second."""

    def __init__(self) -> None:
        self.per_s = 0.0
        self._count = 0
        self._at_s: float | None = None

    def sample(self, count: int, now_s: float) -> None:
        """Take note of the count at an instant."""
        if self._at_s is None:
            self._count, self._at_s = count, now_s
        elif now_s - self._at_s >= RATE_S:
            self.per_s = (count - self._count) / (now_s - self._at_s)
            self._count, self._at_s = count, now_s
