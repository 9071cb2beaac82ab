"""What anybody may ask: rules, candles, tickers, the book and recent trades.

Binance's names, shapes and errors; each handler takes parameters and gives something msgspec can
write.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import msgspec

from aitrader.exchange.simulated import book, history
from aitrader.exchange.simulated.gate import Handler, Operation
from aitrader.exchange.simulated.limits import Limits
from aitrader.exchange.simulated.parameters import BAD_PARAMETER, Params, needed, whole
from aitrader.exchange.simulated.rules import Bounds
from aitrader.exchange.simulated.source import Listing, MarketSource
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.candle import DAY_MS, INTERVAL_MS, open_of
from aitrader.model.errors import Refused

BAD_INTERVAL = -1120
DEFAULT_CANDLES, MAX_CANDLES = 500, 1000
DEFAULT_LEVELS, MAX_LEVELS = 100, 5000
ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)


class Rest:
    """Market data, read from the tape, the source and the venue."""

    def __init__(
        self, tape: Tape, venue: Venue, *, limits: Limits, now_ms: Callable[[], int]
    ) -> None:
        self._tape = tape
        self._venue = venue
        self._limits = limits
        self._source: MarketSource = tape.source
        self._now_ms = now_ms
        bounds = venue.settings.bounds
        self._symbol_rows = [symbol_row(each, bounds) for each in self._source.listings]

    def operations(self) -> list[Operation]:
        """Return what can be asked."""
        table: tuple[tuple[str, str, Handler, int], ...] = (
            ("ping", "ping", lambda _: {}, 1),
            ("time", "time", lambda _: {"serverTime": self._now_ms()}, 1),
            ("exchangeInfo", "exchangeInfo", self.exchange_info, 20),
            ("klines", "klines", self.klines, 2),
            ("uiKlines", "uiKlines", self.klines, 2),
            ("ticker/24hr", "ticker.24hr", self.ticker_day, 2),
            ("ticker/price", "ticker.price", self.ticker_price, 2),
            ("ticker/bookTicker", "ticker.book", self.ticker_book, 2),
            ("avgPrice", "avgPrice", self.average_price, 2),
            ("depth", "depth", self.depth, 5),
            ("trades", "trades.recent", self.trades, 25),
            ("aggTrades", "trades.aggregate", self.aggregate_trades, 4),
        )
        return [
            Operation("GET", path, socket, handler, weight)
            for path, socket, handler, weight in table
        ]

    # -- handlers -------------------------------------------------------------------------------

    def exchange_info(self, params: Params) -> object:
        """Return the rules of all symbols, or of those asked for."""
        return {
            "timezone": "UTC",
            "serverTime": self._now_ms(),
            "rateLimits": self._limits.stated(),
            "exchangeFilters": [],
            "symbols": [self._symbol_row(rank) for rank in self._asked(params)],
        }

    def _symbol_row(self, rank: int) -> msgspec.Raw:
        listing = self._source.listings[rank]
        halted = self._venue.halted().get(listing.symbol)
        if halted is None:
            return self._symbol_rows[rank]
        return symbol_row(listing, self._venue.settings.bounds, status=halted)

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

    def ticker_book(self, params: Params) -> object:
        """Return the best bid and ask of one, some or all symbols."""
        rows = []
        for rank in self._asked(params):
            bids, asks = self._book(rank, 1)
            (bid, bid_size), (ask, ask_size) = bids[0], asks[0]
            rows.append(
                {
                    "symbol": self._source.listings[rank].symbol,
                    "bidPrice": f"{bid:.8f}",
                    "bidQty": f"{bid_size:.8f}",
                    "askPrice": f"{ask:.8f}",
                    "askQty": f"{ask_size:.8f}",
                }
            )
        return rows[0] if "symbol" in params else rows

    def average_price(self, params: Params) -> object:
        """Return the last price as the average: filters here look at nothing else."""
        (rank,) = self._asked(params, is_single=True)
        price = self._tape.prices()[rank]
        return {"mins": 5, "price": f"{price:.8f}", "closeTime": self._tape.at_ms}

    def depth(self, params: Params) -> object:
        """Return the levels of the book."""
        (rank,) = self._asked(params, is_single=True)
        limit = min(max(whole(params, "limit", DEFAULT_LEVELS), 1), MAX_LEVELS)
        bids, asks = self._book(rank, limit)
        return {"lastUpdateId": self._tape.at_ms, "bids": _pairs(bids), "asks": _pairs(asks)}

    def trades(self, params: Params) -> object:
        """Return one trade per price that the forming candle has shown, oldest first."""
        return [
            {
                "id": at_ms,
                "price": f"{price:.8f}",
                "qty": f"{quantity:.8f}",
                "quoteQty": f"{price * quantity:.8f}",
                "time": at_ms,
                "isBuyerMaker": is_sale,
                "isBestMatch": True,
            }
            for at_ms, price, quantity, is_sale in self._recent(params)
        ]

    def aggregate_trades(self, params: Params) -> object:
        """Return the same trades in the short form."""
        return [
            {
                "a": at_ms,
                "p": f"{price:.8f}",
                "q": f"{quantity:.8f}",
                "f": at_ms,
                "l": at_ms,
                "T": at_ms,
                "m": is_sale,
                "M": True,
            }
            for at_ms, price, quantity, is_sale in self._recent(params)
        ]

    # -- parts ----------------------------------------------------------------------------------

    def _book(self, rank: int, limit: int) -> tuple[list[book.Level], list[book.Level]]:
        listing = self._source.listings[rank]
        return book.shown(
            self._venue.last(listing.symbol),
            instrument=listing.instrument,
            depth=self._venue.settings.depth,
            limit=limit,
        )

    def _recent(self, params: Params) -> list[tuple[int, float, float, bool]]:
        (rank,) = self._asked(params, is_single=True)
        tape, size = self._tape, 10.0 ** (1 - self._source.listings[rank].quantity_decimals)
        rows, before = [], float(tape.prices(-1)[rank])
        for column in range(tape.column + 1):
            price = float(tape.prices(column)[rank])
            at_ms = tape.open_ms + tape.path.offsets_ms[column]
            rows.append((at_ms, price, size, price < before))
            before = price
        limit = min(max(whole(params, "limit", DEFAULT_CANDLES), 1), MAX_CANDLES)
        return rows[-limit:]

    def _asked(self, params: Params, *, is_single: bool = False) -> list[int]:
        """Return the indices of the symbols named by `symbol` or `symbols`; all if neither."""
        if is_single or "symbol" in params:
            return [self._venue.rank_of(needed(params, "symbol"))]
        if "symbols" not in params:
            return list(range(len(self._source.listings)))
        try:
            names = msgspec.json.decode(params["symbols"], type=list[str])
        except msgspec.MsgspecError as exc:
            message = "Illegal characters found in parameter 'symbols'."
            raise Refused(BAD_PARAMETER, message) from exc
        return [self._venue.rank_of(name) for name in names]


def _pairs(levels: list[book.Level]) -> list[list[str]]:
    return [[f"{price:.8f}", f"{quantity:.8f}"] for price, quantity in levels]


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


def symbol_row(listing: Listing, bounds: Bounds, status: str = "TRADING") -> msgspec.Raw:
    """Return one symbol's `exchangeInfo` row, encoded once."""
    rules = listing.instrument
    row = {
        "symbol": listing.symbol,
        "status": status,
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        **dict.fromkeys(_ABLE, True),
        **dict.fromkeys(_UNABLE, False),
        "filters": _filters(listing, bounds),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }
    return msgspec.Raw(json.dumps(row).encode())


def _filters(listing: Listing, bounds: Bounds) -> list[dict[str, object]]:
    rules = listing.instrument
    step, tick = f"{rules.step_size:.8f}", f"{rules.tick_size:.8f}"
    largest, highest = f"{rules.max_quantity:.8f}", f"{bounds.max_price:.8f}"
    up, down = f"{bounds.price_up}", f"{bounds.price_down}"
    found: list[dict[str, object]] = [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": highest, "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": largest, "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": _ZERO, "maxQty": largest, "stepSize": _ZERO},
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": up,
            "bidMultiplierDown": down,
            "askMultiplierUp": up,
            "askMultiplierDown": down,
            "avgPriceMins": 0,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": f"{rules.min_notional:.8f}",
            "applyMinToMarket": True,
            "maxNotional": f"{bounds.max_notional:.8f}",
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": bounds.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": bounds.max_stops},
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": bounds.max_lists},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": bounds.max_amends},
    ]
    if bounds.max_position is not None:
        position = f"{bounds.max_position:.8f}"
        found.append({"filterType": "MAX_POSITION", "maxPosition": position})
    return found


_ZERO = f"{Decimal(0):.8f}"
_ABLE = (
    "quoteOrderQtyMarketAllowed",
    "isSpotTradingAllowed",
    "ocoAllowed",
    "otoAllowed",
    "opoAllowed",
    "cancelReplaceAllowed",
    "amendAllowed",
)
_UNABLE = (
    "icebergAllowed",
    "allowTrailingStop",
    "pegInstructionsAllowed",
    "isMarginTradingAllowed",
)
