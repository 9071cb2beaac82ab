"""What Binance puts on the wire, as typed structs. The only module that uses Binance's words.

A frame or a body is decoded once, straight into these structs: numbers that come as text become
float (or Decimal for trading rules) in the decoder, keys we do not use are skipped. What does not
fit raises `Refused`, whatever it is; the caller counts it. Keys on the wire differ by case only.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType, field

from aitrader.model.candle import Row
from aitrader.model.errors import Refused

MAX_NUMBER = 1e300
"""Beyond it a product of two numbers would be infinite; no market has such a one."""

Milliseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**13)]
"""A UTC epoch time until the year 2286; microseconds, which we never ask for, are refused."""


# -- streams ------------------------------------------------------------------------------------


class TickerFrame(msgspec.Struct, tag_field="e", tag="24hrTicker", gc=False, kw_only=True):
    """The last 24 hours of one symbol, once a second; fields as they come, which decodes faster."""

    at_ms: Milliseconds = field(name="E")
    symbol: str = field(name="s")
    change_pct: float = field(name="P")
    last: float = field(name="c")
    bid: float = field(name="b", default=0.0)
    bid_size: float = field(name="B", default=0.0)
    ask: float = field(name="a", default=0.0)
    ask_size: float = field(name="A", default=0.0)
    quote_volume: float = field(name="q")


class MiniTickerFrame(msgspec.Struct, tag_field="e", tag="24hrMiniTicker", gc=False):
    """The short form of the ticker."""

    at_ms: Milliseconds = field(name="E")
    symbol: str = field(name="s")
    last: float = field(name="c")
    open: float = field(name="o")
    quote_volume: float = field(name="q")


class TradeFrame(msgspec.Struct, tag_field="e", tag="aggTrade", gc=False):
    """What one taker traded at one price, as it happens."""

    at_ms: Milliseconds = field(name="E")
    symbol: str = field(name="s")
    price: float = field(name="p")


class Kline(msgspec.Struct, gc=False):
    """One candle, still forming while `is_closed` is False."""

    open_ms: Milliseconds = field(name="t")
    end_ms: Milliseconds = field(name="T")
    symbol: str = field(name="s")
    interval: str = field(name="i")
    open: float = field(name="o")
    close: float = field(name="c")
    high: float = field(name="h")
    low: float = field(name="l")
    volume: float = field(name="v")
    trades: float = field(name="n")
    is_closed: bool = field(name="x")
    quote_volume: float = field(name="q")
    taker_buy_volume: float = field(name="V")

    @property
    def row(self) -> Row:
        """The numbers in the order of ROW_FIELDS."""
        return (
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.quote_volume,
            self.trades,
            self.taker_buy_volume,
        )


class KlineFrame(msgspec.Struct, tag_field="e", tag="kline", gc=False):
    """A candle's state, every two seconds and at its close."""

    at_ms: Milliseconds = field(name="E")
    kline: Kline = field(name="k")


class ShutdownFrame(msgspec.Struct, tag_field="e", tag="serverShutdown", gc=False):
    """The server will end this connection soon."""

    at_ms: Milliseconds = field(name="E")


class SimulatedClockFrame(msgspec.Struct, tag_field="e", tag="simulatedClock", gc=False):
    """The simulated exchange stands at this instant until it is acknowledged."""

    at_ms: Milliseconds = field(name="E")


class SimulatedEndFrame(msgspec.Struct, tag_field="e", tag="simulatedEnd", gc=False):
    """The simulated exchange has nothing more to show."""

    at_ms: Milliseconds = field(name="E")


Data: TypeAlias = (
    TickerFrame
    | MiniTickerFrame
    | TradeFrame
    | KlineFrame
    | SimulatedClockFrame
    | SimulatedEndFrame
)
"""Everything that a combined stream may carry for us, save the notice of its end."""


class WireError(msgspec.Struct, gc=False):
    """The exchange's number and words for a refusal."""

    code: int = 0
    msg: str = ""


class Envelope(msgspec.Struct, gc=False):
    """Data of a combined stream: what nearly every message is."""

    stream: str
    data: Data


class Message(msgspec.Struct, gc=False):
    """Any other text message of a stream connection.

    The answer to a control message has `id` and `result`, or `code` and `msg`, or `error`. A
    shutdown notice may stand alone (`e`), in `event`, or in `data` as if it were a stream's.
    """

    stream: str = ""
    data: Data | ShutdownFrame | UnsetType = UNSET
    id: int | str | UnsetType | None = UNSET
    code: int = 0
    msg: str = ""
    error: WireError | None = None
    event: ShutdownFrame | UnsetType = UNSET
    e: str = ""
    result: msgspec.Raw | UnsetType = UNSET


class Control(msgspec.Struct):
    """A control message to the exchange."""

    method: str
    params: list[str] | list[int]
    id: int


UNFIT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError)
"""What a decoder raises for bytes that do not fit."""

read_envelope = msgspec.json.Decoder(Envelope, strict=False).decode
"""Return the data of a combined stream; raises one of UNFIT for any other message.

The decoder itself and no function around it: nearly every message passes here.
"""

_messages = msgspec.json.Decoder(Message, strict=False)
_encoder = msgspec.json.Encoder()


def read_message(payload: bytes) -> Envelope | Message:
    """Return one text message of a stream.

    Raises:
        Refused: It is not JSON, of an unknown kind, or not of that kind's form.
    """
    try:
        return read_envelope(payload)
    except UNFIT:
        return read_other(payload)


def read_other(payload: bytes) -> Message:
    """Return a message that is not the data of a combined stream.

    Raises:
        Refused: It is not JSON, of an unknown kind, or not of that kind's form.
    """
    try:
        return _messages.decode(payload)
    except UNFIT as error:
        raise Refused(0, f"expected a frame of a known kind, found {error}") from error


def control(method: str, params: list[str] | list[int], id: int) -> bytes:
    """Return a control message as the exchange reads it."""
    return _encoder.encode(Control(method, params, id))


def is_sound(candle: Kline, at_ms: int) -> bool:
    """Tell whether a candle seen at `at_ms` can be one: in its time, and with sound numbers."""
    low, high = candle.low, candle.high
    return (
        0.0 < low <= candle.close <= high < MAX_NUMBER
        and low <= candle.open <= high
        and 0.0 <= candle.volume < inf
        and 0.0 <= candle.quote_volume < inf
        and 0.0 <= candle.trades < inf
        and 0.0 <= candle.taker_buy_volume < inf
        and (at_ms > candle.end_ms if candle.is_closed else at_ms >= candle.open_ms)
    )


def is_sound_row(row: Row) -> bool:
    """Tell whether a row can be a candle: finite, positive prices in order, no negative volume."""
    first, high, low, close, volume, quote_volume, trades, taker = row
    return (
        0.0 < low <= close <= high < MAX_NUMBER
        and low <= first <= high
        and 0.0 <= volume < inf
        and 0.0 <= quote_volume < inf
        and 0.0 <= trades < inf
        and 0.0 <= taker < inf
    )


# -- REST ---------------------------------------------------------------------------------------


class ServerTime(msgspec.Struct):
    """GET /api/v3/time."""

    at_ms: Milliseconds = field(name="serverTime")


class SymbolFilter(msgspec.Struct, rename="camel", gc=False):
    """One of a symbol's filters; only the numbers we obey, None where this filter has none."""

    filter_type: str
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    tick_size: Decimal | None = None
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    step_size: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    max_num_algo_orders: int = 0
    multiplier_up: Decimal | None = None
    multiplier_down: Decimal | None = None
    bid_multiplier_up: Decimal | None = None
    bid_multiplier_down: Decimal | None = None
    ask_multiplier_up: Decimal | None = None
    ask_multiplier_down: Decimal | None = None


class SymbolRow(msgspec.Struct, rename="camel", gc=False):
    """One symbol of exchangeInfo."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[SymbolFilter]
    base_asset_precision: int = 8
    quote_asset_precision: int = 8
    is_spot_trading_allowed: bool = True


class RateLimit(msgspec.Struct, rename="camel"):
    """One of the exchange's limits."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class ExchangeInfo(msgspec.Struct, rename="camel"):
    """GET /api/v3/exchangeInfo."""

    server_time: Milliseconds
    symbols: list[SymbolRow]
    rate_limits: list[RateLimit] = []


class TickerRow(msgspec.Struct, rename="camel", gc=False):
    """One symbol of GET /api/v3/ticker/24hr."""

    symbol: str
    last_price: float
    quote_volume: float
    price_change_percent: float = 0.0


class PriceRow(msgspec.Struct, gc=False):
    """One symbol of GET /api/v3/ticker/price."""

    symbol: str
    price: float


KlineRow: TypeAlias = tuple[
    Milliseconds,
    float,
    float,
    float,
    float,
    float,
    Milliseconds,
    float,
    float,
    float,
    float,
    str,
]
"""Open time, open, high, low, close, volume, end, quote volume, trades, taker base, quote, "0"."""

_times = msgspec.json.Decoder(ServerTime)
_infos = msgspec.json.Decoder(ExchangeInfo, strict=False)
_tickers = msgspec.json.Decoder(list[TickerRow], strict=False)
_klines = msgspec.json.Decoder(list[KlineRow], strict=False)
_prices = msgspec.json.Decoder(list[PriceRow], strict=False)
_errors = msgspec.json.Decoder(WireError)


def _unfit(what: str, error: Exception) -> Refused:
    return Refused(0, f"expected {what} of the exchange, found {error}")


def read_time(body: bytes) -> int:
    """Return the server's time.

    Raises:
        Refused: The body is something else.
    """
    try:
        return _times.decode(body).at_ms
    except UNFIT as error:
        raise _unfit("the time", error) from error


def read_exchange_info(body: bytes) -> ExchangeInfo:
    """Return the rules of all symbols.

    Raises:
        Refused: The body is something else.
    """
    try:
        return _infos.decode(body)
    except UNFIT as error:
        raise _unfit("the rules", error) from error


def read_tickers(body: bytes) -> list[TickerRow]:
    """Return the 24 h tickers of many symbols.

    Raises:
        Refused: The body is something else.
    """
    try:
        return _tickers.decode(body)
    except UNFIT as error:
        raise _unfit("tickers", error) from error


def read_prices(body: bytes) -> list[PriceRow]:
    """Return the last prices of some symbols.

    Raises:
        Refused: The body is something else.
    """
    try:
        return _prices.decode(body)
    except UNFIT as error:
        raise _unfit("prices", error) from error


class KlinePage(NamedTuple):
    """One answer: (open_ms, last millisecond, row) of what can be a candle.

    `taken` and `last_ms` (the newest open time, -1 without any) speak of the answer as it came, so
    that an unsound row does not look like the end of the history.
    """

    rows: list[tuple[int, int, Row]]
    taken: int
    last_ms: int


def read_klines(body: bytes) -> KlinePage:
    """Return a page of candles, unsound ones left out.

    Raises:
        Refused: The body is something else.
    """
    try:
        rows = _klines.decode(body)
    except UNFIT as error:
        raise _unfit("candles", error) from error
    candles: list[tuple[int, int, Row]] = []
    last_ms = -1
    for open_ms, first, high, low, close, volume, end_ms, quote, trades, taker, _, _ in rows:
        last_ms = max(last_ms, open_ms)
        row = (first, high, low, close, volume, quote, trades, taker)
        if is_sound_row(row):
            candles.append((open_ms, end_ms, row))
    return KlinePage(candles, len(rows), last_ms)


def read_error(body: bytes) -> WireError:
    """Return the exchange's refusal; code 0 and the start of the body when it is not JSON."""
    try:
        return _errors.decode(body)
    except UNFIT:
        return WireError(0, body[:120].decode("utf-8", "replace"))
