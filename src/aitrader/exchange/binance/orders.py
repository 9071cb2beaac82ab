"""From our orders to Binance's requests: which endpoint, which parameters, what they weigh.

Pure: no time, no signature, no connection. Each `Request` can leave by REST or by the WebSocket
API, which take the same parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aitrader.model.errors import InvariantBroken
from aitrader.model.ids import ClientOrderId
from aitrader.model.money import trimmed
from aitrader.model.order import Leg, Order, OrderKind

MOST_TRADES = 1_000
MOST_NEWEST = 200
"""So many executions one answer holds."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is asked of the exchange.

    `path` is below `/api/v3/`, `method` its name in the WebSocket API. `orders` is how many new
    orders it counts as. What is `is_urgent` may use the last of our limits: exits and cancels.
    """

    verb: str
    path: str
    method: str
    parameters: Mapping[str, str]
    weight: int
    orders: int = 0
    is_urgent: bool = False


def placing(orders: Sequence[Order]) -> Request:
    """Return the request that sends one order, or the two of a list.

    Raises:
        InvariantBroken: They are neither.
    """
    if len(orders) == 1:
        return _single(orders[0])
    if len(orders) != 2 or len({_common(order) for order in orders}) != 1 or not orders[0].list_id:
        names = ", ".join(order.client_order_id for order in orders)
        raise InvariantBroken(f"expected one order or the two of a list, found {names}")
    return _pair(*orders)


def canceling(orders: Sequence[Order]) -> Request:
    """Return the request that takes off an order, or the whole list these orders are."""
    first = orders[0]
    if len(orders) > 1:
        named = {"symbol": first.symbol, "listClientOrderId": first.list_id}
        path, method = "orderList", "orderList.cancel"
    else:
        named = {"symbol": first.symbol, "origClientOrderId": first.client_order_id}
        path, method = "order", "order.cancel"
    return Request(
        verb="DELETE", path=path, method=method, parameters=named, weight=1, is_urgent=True
    )


def cancel_groups(orders: Sequence[Order]) -> list[tuple[Order, ...]]:
    """Return the orders by what is taken off at once: both of a list, or one."""
    groups: dict[str, list[Order]] = {}
    for order in orders:
        groups.setdefault(order.list_id or order.client_order_id, []).append(order)
    return [tuple(group) for group in groups.values()]


def asking(order: Order) -> Request:
    """Return the question about one order."""
    return asking_by_name(order.symbol, order.client_order_id)


def asking_by_name(symbol: str, name: ClientOrderId) -> Request:
    """Return the question about the order of this id."""
    named = {"symbol": symbol, "origClientOrderId": name}
    return _reading("order", "order.status", named, weight=4)


def asking_trades(symbol: str, venue_order_id: int, *, from_id: int | None = None) -> Request:
    """Return the question about an order's executions: the newest, or those from a number on."""
    named = {"symbol": symbol, "orderId": str(venue_order_id), "limit": str(MOST_TRADES)}
    if from_id is not None:
        named["fromId"] = str(from_id)
    return _reading("myTrades", "myTrades", named, weight=5)


def asking_open(symbol: str = "") -> Request:
    """Return the question which orders are open, of one symbol or (dear) of all."""
    named = {"symbol": symbol} if symbol else {}
    return _reading("openOrders", "openOrders.status", named, weight=6 if symbol else 80)


def asking_newest(symbol: str) -> Request:
    """Return the question about the newest orders of a symbol, whatever became of them."""
    named = {"symbol": symbol, "limit": str(MOST_NEWEST)}
    return _reading("allOrders", "allOrders", named, weight=20)


def asking_account() -> Request:
    """Return the question what the account has."""
    return _reading("account", "account.status", {"omitZeroBalances": "true"}, weight=20)


def asking_order_limits() -> Request:
    """Return the question how many orders may be sent and have been."""
    return _reading("rateLimit/order", "account.rateLimits.orders", {}, weight=40)


def _reading(path: str, method: str, parameters: Mapping[str, str], *, weight: int) -> Request:
    return Request(
        verb="GET", path=path, method=method, parameters=parameters, weight=weight, is_urgent=True
    )


def _single(order: Order) -> Request:
    named = {
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.kind.value,
        "quantity": trimmed(order.quantity),
        **_levels(order),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "FULL",
    }
    if order.kind is OrderKind.LIMIT:
        named["timeInForce"] = "GTC"
    return Request(
        verb="POST",
        path="order",
        method="order.place",
        parameters=named,
        weight=1,
        orders=1,
        is_urgent=order.leg is Leg.EXIT,
    )


def _pair(one: Order, other: Order) -> Request:
    """Return an OCO; the order with the higher price is the one above."""
    below, above = sorted((one, other), key=lambda order: order.price or order.stop_price or 0)
    named = {
        "symbol": one.symbol,
        "listClientOrderId": one.list_id,
        "side": one.side.value,
        "quantity": trimmed(one.quantity),
    }
    for side, order in (("above", above), ("below", below)):
        kind = "LIMIT_MAKER" if order.kind is OrderKind.LIMIT else order.kind.value
        named[f"{side}Type"] = kind
        named[f"{side}ClientOrderId"] = order.client_order_id
        for name, value in _levels(order).items():
            named[side + name[0].upper() + name[1:]] = value
    named["newOrderRespType"] = "FULL"
    return Request(
        verb="POST",
        path="orderList/oco",
        method="orderList.place.oco",
        parameters=named,
        weight=1,
        orders=2,
        is_urgent=one.leg is Leg.EXIT,
    )


def _levels(order: Order) -> dict[str, str]:
    """Return the price or the trigger, whichever the kind has."""
    if order.kind is OrderKind.LIMIT and order.price is not None:
        return {"price": trimmed(order.price)}
    if order.kind is not OrderKind.MARKET and order.stop_price is not None:
        return {"stopPrice": trimmed(order.stop_price)}
    return {}


def _common(order: Order) -> tuple[object, ...]:
    return (order.symbol, order.side, order.quantity, order.list_id, order.leg)
