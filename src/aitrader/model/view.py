"""What every face sees: immutable rows, and frames of changes. Also the schema on the wire.

A face first gets a frame with `is_snapshot=True` that holds everything, then frames that hold
changed rows only, at most `hz` per second. Rows replace the row with the same key. Numbers for
the eye are float, money of the account is text made from Decimal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from aitrader.model.account import PAPER


class CoinRow(msgspec.Struct, frozen=True):
    """Coins in an account that no position of ours holds, in their own units."""

    asset: str
    quantity: str


class AccountRow(msgspec.Struct, frozen=True):
    """One account's money in quote and how many positions it has open.

    `others`: what else lies in it, by name; it is left alone and counts in no money here.
    """

    account: str
    equity: str
    cash: str
    day_pnl: str
    total_pnl: str
    open_positions: int
    others: tuple[CoinRow, ...] = ()


class Status(msgspec.Struct, frozen=True):
    """The header: what runs, on what, how it is, and the counters since start.

    `feed`: "live", "stale" or "down"; `feed_age_ms`: since the last frame, wall time; a day
    where there is no connection.
    `is_paused`: no new entries. Money in `quote`. `analyst`: the model that is asked, "" when none
    is configured. `mode` is LIVE while a trader, or an open position, is live; `account` and the
    money are of that account then, else of the paper account. `accounts` has all of them.
    `version`, `process_id` and `uptime_s` are the engine process's own.
    """

    mode: str
    market: str
    account: str
    quote: str
    equity: str
    cash: str
    day_pnl: str
    total_pnl: str
    now_ms: int
    feed: str
    feed_age_ms: int
    messages_per_s: float
    is_paused: bool
    candles: int
    checks: int
    signals: int
    orders: int
    positions_opened: int
    positions_closed: int
    open_positions: int
    errors: int
    screen_ms: float
    notice: str = ""
    analyst: str = ""
    version: str = ""
    process_id: int = 0
    uptime_s: int = 0
    accounts: tuple[AccountRow, ...] = ()


class MarketRow(msgspec.Struct, frozen=True):
    """One symbol (key: `symbol`); volume in quote; `trend`: recent closes, oldest first."""

    symbol: str
    price: float
    change_24h_pct: float
    volume_24h: float
    trend: tuple[float, ...]
    at_ms: int


class TraderRow(msgspec.Struct, frozen=True):
    """One trader (key: `trader_id`); `state` in words: watching, warming up 40/223, paused, ..."""

    trader_id: str
    name: str
    mode: str
    is_enabled: bool
    state: str
    interval: str
    symbols: int
    signals: int
    open_positions: int
    pnl: str
    last_check_ms: int
    version: int = 0


class SignalRow(msgspec.Struct, frozen=True):
    """One signal (key: `signal_id`)."""

    signal_id: str
    at_ms: int
    trader: str
    symbol: str
    price: float
    conditions: tuple[str, ...]
    status: str
    note: str


class PositionRow(msgspec.Struct, frozen=True):
    """One position (key: `position_id`), open or closed since start; pnl net of fees, in quote."""

    position_id: str
    trader: str
    symbol: str
    side: str
    status: str
    quantity: str
    entry_price: float
    mark_price: float
    stop_price: float | None
    target_price: float | None
    pnl: float
    pnl_pct: float
    opened_ms: int
    closed_ms: int | None
    exit_reason: str
    trend: tuple[float, ...]
    account: str = PAPER


class AnalysisRow(msgspec.Struct, frozen=True):
    """What was decided for a trader that asks an analyst (key: `signal_id`).

    `choice`: ENTER, WAIT or SKIP; `cost_usd` is exact text.
    """

    signal_id: str
    at_ms: int
    trader: str
    symbol: str
    choice: str
    reason: str
    cost_usd: str


class LogRow(msgspec.Struct, frozen=True):
    """One line of the log (never replaced); level: DEBUG, INFO, WARNING, ERROR."""

    at_ms: int
    level: str
    text: str


class Frame(msgspec.Struct, frozen=True, tag="frame"):
    """Everything, or what changed since the frame before. `seq` grows by one per frame."""

    seq: int
    is_snapshot: bool
    status: Status
    markets: tuple[MarketRow, ...] = ()
    traders: tuple[TraderRow, ...] = ()
    signals: tuple[SignalRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()
    logs: tuple[LogRow, ...] = ()
    gone: tuple[str, ...] = ()
    """Keys of traders and symbols that are no longer shown."""
    analyses: tuple[AnalysisRow, ...] = ()


class View(Protocol):
    """An engine as a face sees it, near or far."""

    def frames(self, hz: float) -> AsyncIterator[Frame]:
        """Yield a snapshot, then changes at most `hz` times a second, until the engine ends.

        A slow reader gets fewer, larger frames; it never slows the engine.
        """
        ...
