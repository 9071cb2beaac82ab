"""A seeded market: every minute of every symbol at any time, from (seed, symbol, UTC day) alone.

Theory. A symbol's log price at each UTC midnight is an *anchor*: its base price plus a slowly
forgetting sum of daily shocks, some the market's, some its own. A day's 1,440 minutes are a random
walk bridged between two anchors, so days join exactly and no day needs the ones before it:
resuming at any instant continues the same market. Minute returns mix the market's and the symbol's
own noise, scaled by a volatility that changes by the hour, with hourly trends and rare jumps;
volume follows the moves. Prices are whole ticks; an open is the close before it.

A symbol's numbers do not depend on how many symbols there are. A day of one symbol costs about
0.4 ms of CPU and 92 KB; about one day of each symbol is kept.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from functools import lru_cache

import msgspec
import numpy as np

from aitrader.exchange.simulated import symbols
from aitrader.exchange.simulated.source import Floats, Listing, Rows
from aitrader.exchange.simulated.symbols import Temper
from aitrader.model.candle import DAY_MS, MINUTE_MS

MINUTES = DAY_MS // MINUTE_MS
BLOCK_DAYS = 512
"""Daily shocks are drawn in blocks of so many days."""
MEMORY_DAYS = 256
FORGETTING = 0.97
"""A shock keeps this share of itself per day: prices wander for months and stay in their range."""
JUMPS_PER_DAY = 2.0
MARKET = "*"
"""The name under which the market's own noise is drawn."""


class MarketDay(msgspec.Struct, frozen=True):
    """What all symbols share on one UTC day: (1440,) unit returns, volatility and activity."""

    returns: Floats
    volatility: Floats
    activity: Floats


class SeededMarket:
    """A `MarketSource` that never ends."""

    interval = "1m"
    start_ms: int | None = None
    end_ms: int | None = None
    is_stepped = False

    def __init__(
        self, *, seed: int, listings: tuple[Listing, ...], tempers: tuple[Temper, ...]
    ) -> None:
        count = len(listings)
        self._seed = seed
        self._listings = listings
        self._tempers = tempers
        self._kept_days = count + 24
        self._days: OrderedDict[tuple[int, int], Rows] = OrderedDict()
        self._market_day = lru_cache(maxsize=64)(self._make_market_day)
        self._anchor = lru_cache(maxsize=4 * count + 128)(self._make_anchor)
        self._shocks = lru_cache(maxsize=4 * count + 4)(self._draw_shocks)

    @classmethod
    def of_size(cls, count: int, *, seed: int) -> SeededMarket:
        """Return the market of the `count` most traded symbols.

        Raises:
            ValueError: `count` is not within 1..MAX_SYMBOLS.
        """
        listings = symbols.listings(count)
        tempers = tuple(symbols.temper(each, rank) for rank, each in enumerate(listings))
        return cls(seed=seed, listings=listings, tempers=tempers)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The symbols, most traded first."""
        return self._listings

    def rows(self, index: int, first_ms: int, end_ms: int) -> Rows:
        """Return the minutes that open in [first_ms, end_ms)."""
        if end_ms <= first_ms:
            return np.empty((0, 8))
        parts = []
        for day in range(first_ms // DAY_MS, (end_ms - 1) // DAY_MS + 1):
            start = max(first_ms - day * DAY_MS, 0) // MINUTE_MS
            stop = min(end_ms - day * DAY_MS, DAY_MS) // MINUTE_MS
            parts.append(self._day(index, day)[start:stop])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _day(self, index: int, day: int) -> Rows:
        key = (index, day)
        found = self._days.get(key)
        if found is None:
            found = self._days[key] = self._make_day(index, day)
            found.flags.writeable = False
            if len(self._days) > self._kept_days:
                self._days.popitem(last=False)
        else:
            self._days.move_to_end(key)
        return found

    # -- drawing --------------------------------------------------------------------------------

    def _rng(self, name: str, purpose: str, number: int) -> np.random.Generator:
        text = f"{self._seed}|{name}|{purpose}|{number}".encode()
        key = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
        return np.random.Generator(np.random.SFC64(key))

    def _draw_shocks(self, name: str, block: int) -> Floats:
        return self._rng(name, "shocks", block).standard_normal(BLOCK_DAYS)

    def _make_anchor(self, name: str, day: int) -> float:
        """Return the forgetting sum of a name's daily shocks, about unit size per day."""
        block, last = divmod(day - 1, BLOCK_DAYS)
        drawn = (self._shocks(name, block - 1), self._shocks(name, block))
        shocks = np.concatenate(drawn)[: BLOCK_DAYS + last + 1]
        return float(np.dot(shocks[-MEMORY_DAYS:], _WEIGHTS))

    def _log_price(self, temper: Temper, symbol: str, day: int) -> float:
        share = temper.market_share
        own = self._anchor(symbol, day) * math.sqrt(1 - share * share)
        moved = share * self._anchor(MARKET, day) + own
        return math.log(temper.price) + temper.daily_volatility * moved

    def _make_market_day(self, day: int) -> MarketDay:
        rng = self._rng(MARKET, "day", day)
        returns = rng.standard_normal(MINUTES)
        knots = np.append(self._hours(day), self._hours(day + 1)[:1])
        volatility = np.exp(np.interp(np.arange(MINUTES) / 60, np.arange(25), knots))
        session = 1.0 + 0.35 * np.sin(2 * np.pi * (np.arange(MINUTES) / MINUTES - 0.37))
        return MarketDay(returns, volatility * session, session * volatility**1.3)

    def _hours(self, day: int) -> Floats:
        """Return 24 log volatilities: the day's own level and each hour's."""
        drawn = self._rng(MARKET, "hours", day).standard_normal(25)
        levels: Floats = 0.25 * drawn[0] + 0.35 * drawn[1:]
        return levels

    # -- one day of one symbol ------------------------------------------------------------------

    def _make_day(self, index: int, day: int) -> Rows:
        listing, temper = self._listings[index], self._tempers[index]
        symbol, market = listing.symbol, self._market_day(day)
        rng = self._rng(symbol, "day", day)
        noise = rng.standard_normal((4, MINUTES))
        scale = market.volatility * (temper.daily_volatility / MINUTES**0.5)
        moves, jumped = self._moves(rng, noise, market=market, share=temper.market_share)
        opened = self._log_price(temper, symbol, day)
        closed = self._log_price(temper, symbol, day + 1)
        path = np.cumsum(moves * scale)
        path += opened + np.arange(1, MINUTES + 1) / MINUTES * (closed - opened - path[-1])
        rows = np.empty((MINUTES, 8))
        ticks = _ticks(np.exp(path), first=float(np.exp(opened)), listing=listing)
        _fill_prices(rows, ticks, spread=scale * np.abs(noise[2:4]), listing=listing)
        boost = (0.35 + 0.8 * np.abs(moves)) * np.exp(0.45 * noise[1]) * (1 + 4 * jumped)
        worth = temper.daily_quote_volume / MINUTES * market.activity * boost
        _fill_volumes(rows, worth, lean=moves, listing=listing)
        return rows

    def _moves(
        self, rng: np.random.Generator, noise: Floats, *, market: MarketDay, share: float
    ) -> tuple[Floats, Floats]:
        """Return unit returns of each minute, and 1.0 where one is a jump."""
        hours = rng.standard_normal(24)
        trend = np.repeat(np.where(np.abs(hours) > 0.8, 0.1 * hours, 0.0), 60)
        jumped = (rng.random(MINUTES) < JUMPS_PER_DAY / MINUTES).astype(np.float64)
        own = math.sqrt(1 - share * share) * noise[0]
        return share * market.returns + own + trend + 4.0 * jumped * noise[1], jumped


_WEIGHTS = FORGETTING ** np.arange(MEMORY_DAYS - 1, -1, -1.0)


def _ticks(closes: Floats, *, first: float, listing: Listing) -> Floats:
    """Return (1441,) whole ticks: the day's first open, then each minute's close."""
    prices = np.append(first, closes)
    return np.maximum(np.rint(prices * 10.0**listing.price_decimals), 1.0)


def _fill_prices(rows: Rows, ticks: Floats, *, spread: Floats, listing: Listing) -> None:
    """Write open, high, low, close; `spread` is (2, n) relative reach beyond open and close."""
    opens, closes = ticks[:-1], ticks[1:]
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    unit = 10.0**listing.price_decimals
    rows[:, 0] = opens / unit
    rows[:, 1] = np.floor(top * (1 + 0.6 * spread[0])) / unit
    rows[:, 2] = np.maximum(np.ceil(bottom * (1 - 0.6 * spread[1])), 1.0) / unit
    rows[:, 3] = closes / unit


def _fill_volumes(rows: Rows, worth: Floats, *, lean: Floats, listing: Listing) -> None:
    """Write volumes in whole steps, quote volume, trades and what takers bought."""
    typical = (rows[:, 1] + rows[:, 2] + rows[:, 3]) / 3
    unit = 10.0**listing.quantity_decimals
    volume = np.maximum(np.rint(worth / typical * unit), 1.0)
    bought = np.rint(volume * (0.5 + 0.4 * lean / (1.0 + np.abs(lean))))
    rows[:, 4] = volume / unit
    rows[:, 5] = np.rint(volume * (typical / unit * 1e4)) / 1e4
    rows[:, 6] = np.maximum(np.rint(worth / 900.0), 1.0)
    rows[:, 7] = bought / unit
