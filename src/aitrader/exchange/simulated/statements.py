"""What a signed request may read: orders, executions, balances, costs and counts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from aitrader.exchange.simulated import answers, reading
from aitrader.exchange.simulated.gate import Operation
from aitrader.exchange.simulated.limits import Limits
from aitrader.exchange.simulated.parameters import Params, is_true, needed, whole
from aitrader.exchange.simulated.venue import Venue

DEFAULT_ROWS, MAX_ROWS = 500, 1000


class Statements:
    """Reads the one account; `limits` knows what counts as unfilled."""

    def __init__(self, venue: Venue, limits: Limits, *, now_ms: Callable[[], int]) -> None:
        self._venue = venue
        self._limits = limits
        self._now_ms = now_ms

    def operations(self) -> list[Operation]:
        """Return what can be asked."""
        table = (
            ("GET", "order", "order.status", self.query, 4),
            ("GET", "openOrders", "openOrders.status", self.open_orders, 6),
            ("GET", "allOrders", "allOrders", self.all_orders, 20),
            ("GET", "myTrades", "myTrades", self.my_trades, 20),
            ("GET", "account", "account.status", self.account, 20),
            ("GET", "account/commission", "account.commission", self.commission, 20),
            ("GET", "rateLimit/order", "account.rateLimits.orders", self.order_counts, 40),
        )
        return [
            Operation(verb, path, socket, handler, weight, is_signed=True)
            for verb, path, socket, handler, weight in table
        ]

    def query(self, params: Params) -> object:
        """Tell all about one order."""
        symbol, (order_id, name) = needed(params, "symbol"), reading.order_name(params)
        self._venue.rank_of(symbol)
        find = self._venue.records.find_order
        return answers.told(find(symbol, order_id=order_id, client_order_id=name))

    def open_orders(self, params: Params) -> object:
        """List what is open or pending."""
        symbol = params.get("symbol") or None
        if symbol is not None:
            self._venue.rank_of(symbol)
        return [answers.told(order) for order in self._venue.records.live_orders(symbol)]

    def all_orders(self, params: Params) -> object:
        """List all orders of a symbol, oldest first."""
        symbol = self._symbol(params)
        rows = self._venue.records.orders_of(symbol)
        first = whole(params, "orderId", 0)
        start, end = whole(params, "startTime", 0), whole(params, "endTime", 2**63)
        found = [
            answers.told(order)
            for order in rows
            if order.order_id >= first and start <= order.created_ms <= end
        ]
        return _page(found, params, is_forward=bool(first or start))

    def my_trades(self, params: Params) -> object:
        """List the executions of a symbol, oldest first."""
        rows = self._venue.records.trades_of(self._symbol(params))
        first, of_order = whole(params, "fromId", 0), whole(params, "orderId", 0)
        start, end = whole(params, "startTime", 0), whole(params, "endTime", 2**63)
        found = [
            answers.trade(each)
            for each in rows
            if each[1].trade_id >= first
            and of_order in (0, each[0].order_id)
            and start <= each[1].at_ms <= end
        ]
        return _page(found, params, is_forward=bool(first or start))

    def account(self, params: Params) -> object:
        """Tell the balances."""
        return answers.account(
            self._venue.account,
            fee_bps=self._venue.settings.fee_bps,
            at_ms=self._now_ms(),
            keeps_zero=not is_true(params, "omitZeroBalances", default=False),
        )

    def commission(self, params: Params) -> object:
        """Tell what trading a symbol costs."""
        none = dict.fromkeys(("maker", "taker", "buyer", "seller"), answers.fixed(Decimal(0)))
        return {
            "symbol": self._symbol(params),
            "standardCommission": answers.rates(self._venue.settings.fee_bps),
            "specialCommission": none,
            "taxCommission": none,
            "discount": {
                "enabledForAccount": False,
                "enabledForSymbol": False,
                "discountAsset": "BNB",
                "discount": "0.25000000",
            },
        }

    def order_counts(self, params: Params) -> object:
        """Tell how many unfilled orders count."""
        return self._limits.counts(only_orders=True)

    # -- parts ----------------------------------------------------------------------------------

    def _symbol(self, params: Params) -> str:
        symbol = needed(params, "symbol")
        self._venue.rank_of(symbol)
        return symbol


def _page(rows: list[answers.Answer], params: Params, *, is_forward: bool) -> object:
    """Return as many rows as asked for: the first ones after a start, else the last ones."""
    limit = min(whole(params, "limit", DEFAULT_ROWS), MAX_ROWS)
    return rows[:limit] if is_forward else rows[-limit:]
