"""A position: what we hold because of one signal, and when we leave it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.ids import PositionId, SignalId, TraderId
from aitrader.model.money import ZERO
from aitrader.model.order import ExitReason
from aitrader.model.trader import Exits, PositionSide


class PositionStatus(Enum):
    """ENTERING: the entry order may still fill. CLOSING: an exit was asked for."""

    __hash__ = object.__hash__  # members are one of a kind, and Enum's own is slow

    ENTERING = "ENTERING"
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class TargetPrice(msgspec.Struct, frozen=True):
    """One take profit as prices: at `price`, close `quantity` base units."""

    price: Decimal
    quantity: Decimal


class Position(msgspec.Struct, frozen=True):
    """What the fills of one signal add up to.

    `entry_quantity` is the base units received, `quantity` those still held; `entry_price` and
    `exit_price` are averages over fills; `realized_pnl` and `fees` are in quote, pnl net of fees.
    `stop_price` and `targets` are what rests at the venue; `trail_price` is the best price since
    entry that the trailing stop counts from. `even_price` is where the stop moves to break even,
    None when it is not to or has been moved. `account`: where its orders go until it is closed.
    """

    position_id: PositionId
    trader_id: TraderId
    signal_id: SignalId
    symbol: str
    side: PositionSide
    status: PositionStatus
    exits: Exits
    opened_ms: int
    entry_quantity: Decimal = ZERO
    quantity: Decimal = ZERO
    entry_price: Decimal = ZERO
    exit_price: Decimal = ZERO
    stop_price: Decimal | None = None
    targets: tuple[TargetPrice, ...] = ()
    trail_price: Decimal | None = None
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    exit_reason: ExitReason | None = None
    closed_ms: int | None = None
    account: str = PAPER
    even_price: Decimal | None = None
