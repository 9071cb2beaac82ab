"""A signal: a trader's conditions became true together on one symbol's closed candle."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from aitrader.model.ids import SignalId, TraderId
from aitrader.model.trader import Exits


class SignalStatus(Enum):
    """Where a signal stands between birth and its end."""

    __hash__ = object.__hash__  # members are one of a kind, and Enum's own is slow

    RAISED = "RAISED"
    WAITING = "WAITING"
    ENTERED = "ENTERED"
    SKIPPED = "SKIPPED"
    EXPIRED = "EXPIRED"


class Finding(msgspec.Struct, frozen=True):
    """One condition that held and the named values behind it at that candle."""

    condition: str
    values: tuple[tuple[str, float], ...] = ()


class Match(msgspec.Struct, frozen=True):
    """What screening found: the conditions became true on the candle opened at `candle_open_ms`.

    `close` is that candle's close; `exits` has every candle-dependent level resolved.
    """

    trader_id: TraderId
    symbol: str
    interval: str
    candle_open_ms: int
    close: float
    findings: tuple[Finding, ...]
    exits: Exits


class ExitMatch(msgspec.Struct, frozen=True):
    """A trader's exit conditions hold on this symbol's closed candle."""

    trader_id: TraderId
    symbol: str
    candle_open_ms: int
    condition: str


class Signal(msgspec.Struct, frozen=True):
    """One signal; `price` is the close it was raised at, `note` says why it ended as it did."""

    signal_id: SignalId
    trader_id: TraderId
    symbol: str
    interval: str
    candle_open_ms: int
    raised_ms: int
    price: Decimal
    findings: tuple[Finding, ...]
    exits: Exits
    status: SignalStatus
    note: str = ""
