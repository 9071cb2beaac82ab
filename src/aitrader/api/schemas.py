"""What goes over HTTP and `/ws`: the rows of the view, named as programs name things.

Names are camelCase. Money is text made from Decimal, numbers for the eye are float, times are UTC
epoch milliseconds. What comes in refuses fields it does not know.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from aitrader.model.trader import Mode

MAX_SOURCE_CHARS = 10_240

Source = Annotated[str, Meta(min_length=1, max_length=MAX_SOURCE_CHARS)]
MaybeSource = Annotated[str, Meta(max_length=MAX_SOURCE_CHARS)]
Key = Annotated[str, Meta(min_length=1, max_length=120)]
Symbol = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,30}$")]
MaybeSymbol = Annotated[str, Meta(pattern=r"^[A-Z0-9]{0,30}$")]
Price = Annotated[str, Meta(pattern=r"^(?=.*[1-9])[0-9]{1,15}(\.[0-9]{1,18})?$")]
Limit = Annotated[int, Meta(ge=1, le=1000)]
Millis = Annotated[int, Meta(ge=0, le=2**53)]
Version = Annotated[int, Meta(ge=1, le=2**31)]


class Out(msgspec.Struct, frozen=True, rename="camel"):
    """What is sent."""


class In(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is taken."""


class Components(Out, frozen=True):
    """How each part is: engine and store "ok" or "failing", market "live", "stale" or "down"."""

    engine: str
    market: str
    store: str


class Health(Out, frozen=True):
    """`status` is "ok", "degraded" (it lives, a part does not) or "ended"."""

    status: str
    version: str
    timestamp: int
    components: Components


class CoinOut(Out, frozen=True):
    """Coins in an account that no position of ours holds."""

    asset: str
    quantity: str


class AccountOut(Out, frozen=True):
    """One account's money in quote: "paper", and "live" where live trading is on.

    `others`: coins that are not ours; they are left alone and count in no money here.
    """

    account: str
    equity: str
    cash: str
    day_pnl: str
    total_pnl: str
    open_positions: int
    others: tuple[CoinOut, ...]


class StatusOut(Out, frozen=True):
    """The whole header; see the view's `Status` for what each means."""

    version: str
    mode: str
    market: str
    account: str
    quote: str
    equity: str
    cash: str
    day_pnl: str
    total_pnl: str
    timestamp: int
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
    notice: str
    memory_mb: float
    cpu_s: float
    accounts: tuple[AccountOut, ...]


class MarketOut(Out, frozen=True):
    """One symbol; change in percent and volume in quote over the last 24 hours."""

    symbol: str
    price: float
    change24h: float
    volume24h: float
    at_ms: int


class TraderOut(Out, frozen=True):
    """One trader; `version` is what a change of it must name."""

    id: str
    name: str
    mode: str
    enabled: bool
    state: str
    interval: str
    symbols: int
    signals: int
    open_positions: int
    pnl: str
    last_check_ms: int
    version: int


class TraderFile(Out, frozen=True):
    """One trader and its file's text."""

    trader: TraderOut
    source: str


class SignalOut(Out, frozen=True):
    """One signal and the conditions that held."""

    id: str
    at_ms: int
    trader: str
    symbol: str
    price: float
    conditions: tuple[str, ...]
    status: str
    note: str


class PositionOut(Out, frozen=True):
    """One position; pnl in quote, net of fees."""

    id: str
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
    account: str


class Mark(Out, frozen=True):
    """What a price does to an open position."""

    id: str
    mark_price: float
    pnl: float
    pnl_pct: float


class PastSignal(Out, frozen=True):
    """One signal as it is on disk."""

    id: str
    trader_id: str
    symbol: str
    interval: str
    candle_open_ms: int
    raised_ms: int
    price: Decimal
    conditions: tuple[str, ...]
    status: str
    note: str


class Value(Out, frozen=True):
    """A named number behind a condition; None where it is not known."""

    name: str
    value: float | None


class ConditionOut(Out, frozen=True):
    """One condition and the values behind it; `truth`: true, false or unknown."""

    name: str
    truth: str
    values: tuple[Value, ...]


class SignalDetail(Out, frozen=True):
    """One signal with the values behind its conditions at the candle that raised it."""

    signal: PastSignal
    conditions: tuple[ConditionOut, ...]


class ExplanationOut(Out, frozen=True):
    """One trader on one symbol at its newest closed candle."""

    symbol: str
    candle_open_ms: int
    is_ready: bool
    is_signal: bool
    held_before: bool
    conditions: tuple[ConditionOut, ...]


class Explanations(Out, frozen=True):
    """Why a trader did or did not signal, the symbol nearest to a signal first."""

    explanations: tuple[ExplanationOut, ...]


class PastPosition(Out, frozen=True):
    """One position as it is on disk; prices are averages over fills."""

    id: str
    trader_id: str
    signal_id: str
    symbol: str
    side: str
    status: str
    opened_ms: int
    closed_ms: int | None
    entry_quantity: Decimal
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    stop_price: Decimal | None
    realized_pnl: Decimal
    fees: Decimal
    exit_reason: str
    account: str


class FillOut(Out, frozen=True):
    """One execution of part of an order."""

    id: str
    order_id: str
    symbol: str
    side: str
    at_ms: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str


class OrderOut(Out, frozen=True):
    """One order as it is on disk."""

    id: str
    trader_id: str
    position_id: str
    leg: str
    symbol: str
    side: str
    kind: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    status: str
    planned_ms: int
    note: str
    account: str


class CandleOut(Out, frozen=True):
    """One closed candle."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: float
    taker_buy_volume: float


class LogOut(Out, frozen=True):
    """One line of the log."""

    at_ms: int
    level: str
    text: str


class Markets(Out, frozen=True):
    """`timestamp` is the engine's time, as in every list."""

    markets: tuple[MarketOut, ...]
    timestamp: int


class Traders(Out, frozen=True):
    """All traders."""

    traders: tuple[TraderOut, ...]
    timestamp: int


class Signals(Out, frozen=True):
    """The newest signals, newest first."""

    signals: tuple[SignalOut, ...]
    timestamp: int


class Positions(Out, frozen=True):
    """Positions, newest first."""

    positions: tuple[PositionOut, ...]
    timestamp: int


class Logs(Out, frozen=True):
    """The newest lines, oldest first."""

    logs: tuple[LogOut, ...]
    timestamp: int


class PastSignals(Out, frozen=True):
    """A page of signals, newest first; `next_before_ms` asks for the next one, None at the end."""

    signals: tuple[PastSignal, ...]
    next_before_ms: int | None


class PastPositions(Out, frozen=True):
    """A page of positions, newest first."""

    positions: tuple[PastPosition, ...]
    next_before_ms: int | None


class Orders(Out, frozen=True):
    """A page of orders, newest first."""

    orders: tuple[OrderOut, ...]
    next_before_ms: int | None


class Fills(Out, frozen=True):
    """The fills of a page of orders, newest order first."""

    fills: tuple[FillOut, ...]
    next_before_ms: int | None


class Candles(Out, frozen=True):
    """The newest closed candles, oldest first."""

    symbol: str
    interval: str
    candles: tuple[CandleOut, ...]


class Done(Out, frozen=True):
    """What came of a request, in one sentence."""

    text: str


class NewTrader(In, frozen=True):
    """A trader file's text."""

    source: Source


class ChangedTrader(In, frozen=True):
    """A trader file's new text and the version it was made from."""

    source: Source
    version: Version


class Switch(In, frozen=True):
    """Whether a trader looks for entries."""

    enabled: bool


class Money(In, frozen=True):
    """With whose money a trader enters: PAPER or LIVE; `sure` after the answer was read."""

    mode: Mode
    sure: bool = False


class Pause(In, frozen=True):
    """Whether new entries of all traders are held back."""

    paused: bool


class NewStop(In, frozen=True):
    """Where a stop loss shall be, quote per base, as exact text such as "64000.5"."""

    price: Price
