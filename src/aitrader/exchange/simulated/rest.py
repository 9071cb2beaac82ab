"""The public REST endpoints: Binance's paths, shapes, errors and weights.

Each handler takes checked parameters and gives something msgspec can write; `Rest` holds what they
read. Weights are counted per minute of exchange time and shown in the header; nothing is refused
for them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aitrader.exchange.simulated import history
from aitrader.exchange.simulated.source import Listing, MarketSource
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.venue import UNKNOWN_SYMBOL
from aitrader.model.candle import DAY_MS, INTERVAL_MS, MINUTE_MS, open_of
from aitrader.model.errors import Refused

Params = Mapping[str, str]
Handler = Callable[[Params], object]
Endpoint = Callable[[Request], Awaitable[Response]]

BAD_INTERVAL, BAD_PARAMETER, MISSING_PARAMETER = -1120, -1100, -1102
DEFAULT_CANDLES, MAX_CANDLES = 500, 1000
WEIGHT_LIMIT = 6000


class WeightCount:
    """Weight used in the current minute of exchange time."""

    def __init__(self) -> None:
        self._minute = -1
        self._used = 0

    def add(self, weight: int, at_ms: int) -> int:
        """Count a request; return what the minute has used."""
        minute = at_ms // MINUTE_MS
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += weight
        return self._used


class Rest:
    """Market data over REST, read from the tape and the source."""

    def __init__(self, tape: Tape, *, now_ms: Callable[[], int]) -> None:
        self._tape = tape
        self._source: MarketSource = tape.source
        self._now_ms = now_ms
        self._weights = WeightCount()
        listings = self._source.listings
        self._ranks = {each.symbol: rank for rank, each in enumerate(listings)}
        self._symbol_rows = [symbol_row(each) for each in listings]

    def routes(self) -> list[Route]:
        """Return the routes under `/api/v3`."""
        table: tuple[tuple[str, Handler, int], ...] = (
            ("ping", lambda _: {}, 1),
            ("time", lambda _: {"serverTime": self._now_ms()}, 1),
            ("exchangeInfo", self.exchange_info, 20),
            ("klines", self.klines, 2),
            ("uiKlines", self.klines, 2),
            ("ticker/24hr", self.ticker_day, 2),
            ("ticker/price", self.ticker_price, 2),
        )
        return [
            Route(f"/api/v3/{path}", self.endpoint(handler, weight), methods=["GET"])
            for path, handler, weight in table
        ]

    def endpoint(self, handler: Handler, weight: int) -> Endpoint:
        """Return an endpoint that answers with the handler's value or with its refusal."""

        async def answer(request: Request) -> Response:
            return self.respond(handler, request.query_params, weight=weight)

        return answer

    def respond(self, handler: Handler, params: Params, *, weight: int) -> Response:
        """Return a handler's answer with the headers Binance sends."""
        used = self._weights.add(weight, self._now_ms())
        headers = {"X-MBX-USED-WEIGHT-1M": str(used), "X-MBX-USED-WEIGHT": str(used)}
        try:
            value, status = handler(params), 200
        except Refused as refusal:
            value, status = {"code": refusal.code, "msg": refusal.reason}, 400
        return Response(msgspec.json.encode(value), status, headers, "application/json")

    # -- handlers -------------------------------------------------------------------------------

    def exchange_info(self, params: Params) -> object:
        """Return the rules of all symbols, or of those asked for."""
        rows = self._symbol_rows
        if "symbol" in params or "symbols" in params:
            rows = [rows[rank] for rank in self._asked(params)]
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
        return {
            "timezone": "UTC",
            "serverTime": self._now_ms(),
            "rateLimits": [{**limit, "limit": WEIGHT_LIMIT}],
            "exchangeFilters": [],
            "symbols": rows,
        }

    def klines(self, params: Params) -> object:
        """Return candles, oldest first, the last one still forming if it reaches to now."""
        (rank,) = self._asked(params, is_single=True)
        interval = needed(params, "interval")
        if not history.is_served(self._source, interval):
            raise Refused(BAD_INTERVAL, "Invalid interval.")
        length, (now_open, forming) = INTERVAL_MS[interval], self._tape.candles(interval)
        limit = min(whole(params, "limit", DEFAULT_CANDLES), MAX_CANDLES)
        last = min(open_of(whole(params, "endTime", now_open), interval), now_open)
        first = last - (limit - 1) * length
        if "startTime" in params:
            start = max(whole(params, "startTime", 0), 0)
            first = open_of(start + length - 1, interval)
            last = min(last, first + (limit - 1) * length)
        end_ms = max(min(last + length, now_open), first)
        closed = history.closed_candles(self._source, rank, interval, first_ms=first, end_ms=end_ms)
        candles = [
            kline_row(row, first + number * length, length)
            for number, row in enumerate(closed.tolist())
        ]
        if first <= now_open <= last:
            candles.append(kline_row(forming[rank].tolist(), now_open, length))
        return candles

    def ticker_day(self, params: Params) -> object:
        """Return the rolling 24 h of one, some or all symbols."""
        days, now_ms = self._tape.day(), self._tape.at_ms
        is_mini = params.get("type") == "MINI"
        rows = [
            ticker_row(self._source.listings[rank], days[rank].tolist(), now_ms, is_mini=is_mini)
            for rank in self._asked(params)
        ]
        return rows[0] if "symbol" in params else rows

    def ticker_price(self, params: Params) -> object:
        """Return the last price of one, some or all symbols."""
        prices = self._tape.prices()
        rows = [
            {"symbol": self._source.listings[rank].symbol, "price": f"{prices[rank]:.8f}"}
            for rank in self._asked(params)
        ]
        return rows[0] if "symbol" in params else rows

    # -- parts ----------------------------------------------------------------------------------

    def _asked(self, params: Params, *, is_single: bool = False) -> list[int]:
        """Return the indices of the symbols named by `symbol` or `symbols`; all if neither."""
        if is_single or "symbol" in params:
            return [self._rank(needed(params, "symbol"))]
        if "symbols" not in params:
            return list(range(len(self._source.listings)))
        try:
            names = msgspec.json.decode(params["symbols"], type=list[str])
        except msgspec.MsgspecError as exc:
            message = "Illegal characters found in parameter 'symbols'."
            raise Refused(BAD_PARAMETER, message) from exc
        return [self._rank(name) for name in names]

    def _rank(self, symbol: str) -> int:
        try:
            return self._ranks[symbol]
        except KeyError:
            raise Refused(UNKNOWN_SYMBOL, "Invalid symbol.") from None


def needed(params: Params, name: str) -> str:
    """Return a mandatory parameter.

    Raises:
        Refused: It is missing.
    """
    value = params.get(name, "")
    if not value:
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise Refused(MISSING_PARAMETER, message)
    return value


def whole(params: Params, name: str, default: int) -> int:
    """Return a whole number.

    Raises:
        Refused: It is something else.
    """
    text = params.get(name, "")
    if not text:
        return default
    if not text.lstrip("-").isdecimal():
        message = (
            f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
        raise Refused(BAD_PARAMETER, message)
    return int(text)


def kline_row(row: list[float], open_ms: int, length_ms: int) -> list[object]:
    """Return one candle as REST gives it."""
    opened, high, low, close, volume, quote_volume, trades, taker_volume = row
    taker_quote = taker_volume * quote_volume / volume if volume else 0.0
    return [
        open_ms,
        f"{opened:.8f}",
        f"{high:.8f}",
        f"{low:.8f}",
        f"{close:.8f}",
        f"{volume:.8f}",
        open_ms + length_ms - 1,
        f"{quote_volume:.8f}",
        int(trades),
        f"{taker_volume:.8f}",
        f"{taker_quote:.8f}",
        "0",
    ]


def ticker_row(
    listing: Listing, day: list[float], at_ms: int, *, is_mini: bool
) -> dict[str, object]:
    """Return the rolling 24 h of one symbol as REST gives it."""
    opened, high, low, last, volume, quote_volume, trades, _ = day
    ask, size = last + 10.0**-listing.price_decimals, 10.0 ** (1 - listing.quantity_decimals)
    row: dict[str, object] = {"symbol": listing.symbol}
    if not is_mini:
        row |= {
            "priceChange": f"{last - opened:.8f}",
            "priceChangePercent": f"{(last - opened) / opened * 100:.3f}",
            "weightedAvgPrice": f"{quote_volume / volume if volume else last:.8f}",
            "prevClosePrice": f"{opened:.8f}",
            "lastQty": f"{size:.8f}",
            "bidPrice": f"{last:.8f}",
            "bidQty": f"{size:.8f}",
            "askPrice": f"{ask:.8f}",
            "askQty": f"{size:.8f}",
        }
    return row | {
        "openPrice": f"{opened:.8f}",
        "highPrice": f"{high:.8f}",
        "lowPrice": f"{low:.8f}",
        "lastPrice": f"{last:.8f}",
        "volume": f"{volume:.8f}",
        "quoteVolume": f"{quote_volume:.8f}",
        "openTime": at_ms - DAY_MS,
        "closeTime": at_ms,
        "firstId": at_ms - int(trades) + 1,
        "lastId": at_ms,
        "count": int(trades),
    }


def symbol_row(listing: Listing) -> msgspec.Raw:
    """Return one symbol's `exchangeInfo` row, encoded once."""
    rules = listing.instrument
    step, tick = f"{rules.step_size:.8f}", f"{rules.tick_size:.8f}"
    largest = f"{rules.max_quantity:.8f}"
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": _MAX, "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": largest, "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": _ZERO, "maxQty": largest, "stepSize": _ZERO},
        {
            "filterType": "NOTIONAL",
            "minNotional": f"{rules.min_notional:.8f}",
            "applyMinToMarket": True,
            "maxNotional": f"{Decimal(9_000_000):.8f}",
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
    row = {
        "symbol": listing.symbol,
        "status": "TRADING" if rules.is_trading else "HALT",
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "TAKE_PROFIT"],
        **dict.fromkeys(_ABLE, True),
        **dict.fromkeys(_UNABLE, False),
        "filters": filters,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }
    return msgspec.Raw(json.dumps(row).encode())


_ZERO, _MAX = "0.00000000", "1000000.00000000"
_ABLE = ("quoteOrderQtyMarketAllowed", "isSpotTradingAllowed")
_UNABLE = (
    "icebergAllowed",
    "ocoAllowed",
    "otoAllowed",
    "opoAllowed",
    "allowTrailingStop",
    "cancelReplaceAllowed",
    "amendAllowed",
    "pegInstructionsAllowed",
    "isMarginTradingAllowed",
)
