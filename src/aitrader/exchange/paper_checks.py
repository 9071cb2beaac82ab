"""What the paper venue refuses, with Binance's own codes and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from aitrader.exchange.paper_account import PaperAccount
from aitrader.exchange.paper_book import PaperBook
from aitrader.exchange.simulated import rules
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO, decimal_from_float
from aitrader.model.order import Order
from aitrader.model.ports import Clock

TOO_LATE = -1021
UNKNOWN_SYMBOL = -1121


class PaperChecks:
    """Looks at orders before they are taken."""

    def __init__(
        self,
        clock: Clock,
        book: PaperBook,
        *,
        find_instrument: Callable[[str], Instrument | None],
        last_prices: Mapping[str, float],
    ) -> None:
        """`last_prices` are those seen last, as the venue keeps them."""
        self._clock = clock
        self._book = book
        self._find_instrument = find_instrument
        self._last_prices = last_prices

    def find_refusal(self, orders: tuple[Order, ...], account: PaperAccount) -> Refused | None:
        """Return why orders are refused; those of one list are taken or refused together."""
        symbol = orders[0].symbol
        instrument, last_price = self._find_instrument(symbol), self._last_price(symbol)
        try:
            for order in orders:
                self._check_time(order)
                if instrument is None:
                    raise Refused(UNKNOWN_SYMBOL, "Invalid symbol.")
                rules.check(order, order.quantity, instrument=instrument, last_price=last_price)
            account.check(orders, self._book.rivals(orders[0]), self._value)
        except Refused as refusal:
            return refusal
        return None

    def _check_time(self, order: Order) -> None:
        is_over = self._clock.now_ms() > order.not_after_ms
        if is_over and self._book.is_denied(order.client_order_id):
            raise Refused(TOO_LATE, "Timestamp for this request is outside of the recvWindow.")

    def _value(self, order: Order) -> Decimal:
        """What one base unit of an entry is worth in quote; 0 while no price was seen."""
        return order.price or order.stop_price or self._last_price(order.symbol) or ZERO

    def _last_price(self, symbol: str) -> Decimal | None:
        last = self._last_prices.get(symbol)
        return None if last is None else decimal_from_float(last)
