"""The newest price of every watched symbol, and who must see each one.

A price comes from a ticker, a trade, a candle frame or, while there is no stream, from REST. What
leaps too far is held back (`market.leaps`). Listeners see a price first (a resting stop fills
before a band asks for an exit), then the watch bands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from math import inf

from aitrader.exchange.binance import wire
from aitrader.market.bands import BandTable
from aitrader.market.leaps import (
    FRESH_MS,
    HIGHEST_RATIO,
    LOWEST_RATIO,
    LeapTable,
    is_in_book,
    is_plain,
)
from aitrader.market.offers import Offer
from aitrader.model.commands import ArmBand
from aitrader.model.events import PriceLeft
from aitrader.model.ids import BandId
from aitrader.model.money import decimal_from_float
from aitrader.model.order import Side
from aitrader.model.ports import Inbox, PriceListener


class Ticker:
    """One symbol as it stands; read by anybody, written by its board alone.

    `last` is 0.0 before the first price; `volume_24h` is in quote. `version` grows with every
    change. `book` is the newest frame with the best bid and ask. `at_ms` is the exchange's time of
    `last`, `ticker_ms` that of the 24 h numbers. Between `below` and `above` no band fires.
    """

    __slots__ = (
        "above",
        "at_ms",
        "below",
        "book",
        "change_24h_pct",
        "last",
        "symbol",
        "ticker_ms",
        "version",
        "volume_24h",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.last = 0.0
        self.change_24h_pct = 0.0
        self.volume_24h = 0.0
        self.at_ms = 0
        self.ticker_ms = 0
        self.version = 0
        self.book: wire.TickerFrame | None = None
        self.below = -inf
        self.above = inf


class PriceBoard:
    """All tickers, the bands armed on them, and the listeners."""

    def __init__(self, inbox: Inbox, dropped: Counter[str]) -> None:
        """`dropped` counts, by reason, the frames that changed nothing."""
        self._inbox = inbox
        self._dropped = dropped
        self._bands = BandTable()
        self._leaps = LeapTable()
        self._held = self._leaps.held
        self._listeners: tuple[PriceListener, ...] = ()
        self.tickers: Mapping[str, Ticker] = {}
        """Every watched symbol."""

    def follow(self, symbols: Iterable[str]) -> None:
        """Keep exactly these symbols."""
        known = self.tickers
        self.tickers = {symbol: known.get(symbol) or Ticker(symbol) for symbol in symbols}
        for ticker in self.tickers.values():
            ticker.below, ticker.above = self._bands.edges(ticker.symbol)

    def listen(self, listener: PriceListener) -> None:
        """Show every price to `listener` from now on."""
        self._listeners = (*self._listeners, listener)

    def banded(self) -> Collection[str]:
        """Return the symbols with an armed band."""
        return self._bands.symbols

    def last_price(self, symbol: str) -> float | None:
        """Return the newest price, None before the first."""
        ticker = self.tickers.get(symbol)
        return ticker.last if ticker is not None and ticker.last > 0.0 else None

    def find_offer(self, symbol: str, side: Side) -> Offer | None:
        """Return what an order of this side may take at the best price, None if unknown."""
        ticker = self.tickers.get(symbol)
        book = None if ticker is None else ticker.book
        if book is None:
            return None
        is_buy = side is Side.BUY
        price, quantity = (book.ask, book.ask_size) if is_buy else (book.bid, book.bid_size)
        if not (0.0 < price < wire.MAX_NUMBER and 0.0 < quantity < wire.MAX_NUMBER):
            return None
        return Offer(price, quantity, book.at_ms)

    def arm(self, command: ArmBand) -> None:
        """Watch a band; it fires at once when the newest price is out already."""
        self.disarm(command.band_id)
        self._bands.arm(command)
        ticker = self.tickers.get(command.symbol)
        if ticker is None:
            return
        ticker.below, ticker.above = self._bands.edges(command.symbol)
        if ticker.last > 0.0:
            self._check(ticker)

    def disarm(self, band_id: BandId) -> None:
        """Forget a band."""
        symbol = self._bands.disarm(band_id)
        ticker = self.tickers.get(symbol or "")
        if ticker is not None:
            ticker.below, ticker.above = self._bands.edges(ticker.symbol)

    def on_ticker(self, frame: wire.TickerFrame) -> None:
        """Take in one ticker frame."""
        ticker = self.tickers.get(frame.symbol)
        if ticker is None:
            self._dropped["symbol not watched"] += 1
        elif frame.at_ms <= ticker.ticker_ms:
            self._dropped["late or repeated"] += 1
        elif not (
            0.0 < frame.last < wire.MAX_NUMBER
            and 0.0 <= frame.quote_volume < inf
            and -inf < frame.change_pct < inf
        ):
            self._dropped["no sound number"] += 1
        else:
            ticker.ticker_ms = frame.at_ms
            ticker.change_24h_pct = frame.change_pct
            ticker.volume_24h = frame.quote_volume
            ticker.version += 1
            ticker.book = frame
            if not self.take(ticker, frame.last, frame.at_ms, frame):
                ticker.book = None

    def on_trade(self, symbol: str, price: float, at_ms: int) -> None:
        """Take in the price of a trade, or one that REST told."""
        ticker = self.tickers.get(symbol)
        if ticker is None:
            self._dropped["symbol not watched"] += 1
        elif not 0.0 < price < wire.MAX_NUMBER:
            self._dropped["no sound number"] += 1
        else:
            self.take(ticker, price, at_ms)

    def take(
        self, ticker: Ticker, price: float, at_ms: int, book: wire.TickerFrame | None = None
    ) -> bool:
        """Take in one price above zero; an older than the newest is nothing.

        `book` has the best bid and ask of the moment. Returns False, and counts it, for a leap that
        is not believed.
        """
        last = ticker.last
        if at_ms < ticker.at_ms:
            return self.is_near(ticker.symbol, price, at_ms)
        if price != last and last > 0.0 and not LOWEST_RATIO < price / last < HIGHEST_RATIO:
            if not self._is_believed(ticker, price, at_ms, book):
                self._dropped["absurd jump"] += 1
                return False
        elif self._held:
            self._leaps.settle(ticker.symbol)
        ticker.last = price
        ticker.at_ms = at_ms
        ticker.version += 1
        for listener in self._listeners:
            listener.on_price(ticker.symbol, price, at_ms)
        if not ticker.below < price < ticker.above:
            self._check(ticker)
        return True

    def is_near(self, symbol: str, price: float, at_ms: int) -> bool:
        """Tell, counting if not, whether a price of the past may stand beside the newest."""
        ticker = self.tickers[symbol]
        if is_plain(price, ticker.last, abs(ticker.at_ms - at_ms)):
            return True
        self._dropped["absurd jump"] += 1
        return False

    def _is_believed(
        self, ticker: Ticker, price: float, at_ms: int, book: wire.TickerFrame | None
    ) -> bool:
        """Tell whether a leap counts."""
        return (
            at_ms - ticker.at_ms > FRESH_MS
            or (book is not None and is_in_book(price, book.bid, book.ask))
            or self._leaps.is_believed(ticker.symbol, price, at_ms=at_ms, board=len(self.tickers))
        )

    def _check(self, ticker: Ticker) -> None:
        """Post what the newest price fires; whoever armed it may arm again at once."""
        fired = self._bands.check(ticker.symbol, ticker.last)
        ticker.below, ticker.above = self._bands.edges(ticker.symbol)
        for band_id in fired:
            price = decimal_from_float(ticker.last)
            self._inbox.post(PriceLeft(at_ms=ticker.at_ms, band_id=band_id, price=price))
