"""From the parameters of a request to an order or list that can be asked of the venue."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import msgspec

from aitrader.exchange.simulated.orders import KINDS, NewList, NewOrder
from aitrader.exchange.simulated.parameters import Params, client_id, needed, number, whole
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side

BAD_ENUM, BAD_TYPE, BAD_SIDE, NOT_NEEDED, FILTER_FAILURE = -1115, -1116, -1117, -1106, -1013
BAD_COMBINATION = -1128
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
HAS_TIME_IN_FORCE = frozenset({"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})


class Leg(msgspec.Struct, frozen=True):
    """Where a list's request keeps the parameters of one order: `above` + `Price` and so on."""

    prefix: str
    side: str
    quantity: str

    def name(self, plain: str) -> str:
        """Return how this leg calls a parameter of a single order."""
        if not self.prefix:
            return plain
        return self.prefix + plain[0].upper() + plain[1:]


SINGLE = Leg("", "side", "quantity")


class Reader:
    """Reads orders; gives a name to those that come without one."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def order(self, params: Params, leg: Leg = SINGLE) -> NewOrder:
        """Return the order a request asks for.

        Raises:
            Refused: A parameter is missing, wrong or does not belong to the type.
        """
        wire_type, side = needed(params, leg.name("type")), needed(params, leg.side)
        if wire_type not in KINDS:
            raise Refused(BAD_TYPE, "Invalid orderType.")
        if side not in Side.__members__:
            raise Refused(BAD_SIDE, "Invalid side.")
        _refuse_unsupported(params, leg)
        name = "newClientOrderId" if not leg.prefix else leg.name("clientOrderId")
        asked = NewOrder(
            symbol=needed(params, "symbol"),
            side=Side(side),
            type=wire_type,
            client_order_id=client_id(params, name) or f"x-{next(self._numbers)}",
            quantity=number(params, leg.quantity) if leg.quantity else ZERO,
            quote_quantity=number(params, "quoteOrderQty") if not leg.prefix else ZERO,
            price=number(params, leg.name("price")) or None,
            stop_price=number(params, leg.name("stopPrice")) or None,
            time_in_force=_time_in_force(params, wire_type, leg),
        )
        _check_fields(asked, params, leg)
        return asked

    def oco(self, params: Params) -> NewList:
        """Return an OCO: two orders of one side and quantity.

        Raises:
            Refused: As for single orders.
        """
        pair = [self.order(params, Leg(each, "side", "quantity")) for each in ("above", "below")]
        return NewList(self._list_name(params), tuple(pair))

    def old_oco(self, params: Params) -> NewList:
        """Return an OCO as the deprecated endpoint asks for it: a limit and a stop.

        Raises:
            Refused: As for single orders.
        """
        needed(params, "price")
        needed(params, "stopPrice")
        stop_limit = params.get("stopLimitPrice", "")
        limit = {"type": "LIMIT_MAKER", "price": params["price"]}
        limit["clientOrderId"] = params.get("limitClientOrderId", "")
        stop = {"type": "STOP_LOSS", "stopPrice": params["stopPrice"]}
        stop["clientOrderId"] = params.get("stopClientOrderId", "")
        if stop_limit:
            stop |= {"type": "STOP_LOSS_LIMIT", "price": stop_limit}
            stop["timeInForce"] = params.get("stopLimitTimeInForce", "GTC")
        is_sell = params.get("side") == "SELL"
        legs = {"above": limit if is_sell else stop, "below": stop if is_sell else limit}
        common = ("symbol", "side", "quantity", "listClientOrderId")
        renamed = {name: params[name] for name in common if name in params}
        for prefix, leg in legs.items():
            renamed |= {Leg(prefix, "", "").name(name): value for name, value in leg.items()}
        return self.oco(renamed)

    def oto(self, params: Params, *, is_paired: bool, takes_received: bool) -> NewList:
        """Return a working order and what waits for it: one order, or a pair (OTOCO).

        Raises:
            Refused: As for single orders.
        """
        working = self.order(params, Leg("working", "workingSide", "workingQuantity"))
        quantity = "" if takes_received else "pendingQuantity"
        prefixes = ("pendingAbove", "pendingBelow") if is_paired else ("pending",)
        pair = [self.order(params, Leg(each, "pendingSide", quantity)) for each in prefixes]
        return NewList(self._list_name(params), tuple(pair), working, takes_received)

    def _list_name(self, params: Params) -> str:
        return client_id(params, "listClientOrderId") or f"l-{next(self._numbers)}"


def _refuse_unsupported(params: Params, leg: Leg) -> None:
    if params.get(leg.name("trailingDelta")):
        raise Refused(FILTER_FAILURE, "Trailing stop orders are not supported for this symbol.")
    if number(params, leg.name("icebergQty")):
        raise Refused(FILTER_FAILURE, "Iceberg orders are not supported for this symbol.")


def _check_fields(asked: NewOrder, params: Params, leg: Leg) -> None:
    """Refuse an order that lacks what its type needs or has what it does not know."""
    has_price = asked.kind is OrderKind.LIMIT or asked.is_stop_limit
    has_stop = asked.kind in {OrderKind.STOP_LOSS, OrderKind.TAKE_PROFIT}
    for is_known, name in ((has_price, "price"), (has_stop, "stopPrice")):
        if is_known:
            needed(params, leg.name(name))
        elif params.get(leg.name(name)):
            message = f"Parameter '{leg.name(name)}' sent when not required."
            raise Refused(NOT_NEEDED, message)
    by_quote = asked.kind is OrderKind.MARKET and asked.quote_quantity > ZERO
    if by_quote and asked.quantity:
        raise Refused(BAD_COMBINATION, "Combination of optional parameters invalid.")
    if leg.quantity and not by_quote:
        needed(params, leg.quantity)


def _time_in_force(params: Params, wire_type: str, leg: Leg) -> str:
    name = leg.name("timeInForce")
    if wire_type not in HAS_TIME_IN_FORCE:
        if params.get(name):
            raise Refused(NOT_NEEDED, f"Parameter '{name}' sent when not required.")
        return "GTC"
    value = needed(params, name)
    if value not in TIMES_IN_FORCE:
        raise Refused(BAD_ENUM, f"Invalid {name}.")
    return value


def order_name(
    params: Params, number_name: str = "orderId", text_name: str = "origClientOrderId"
) -> tuple[int | None, str]:
    """Return how a request names an order: by number, or by the client's name.

    Raises:
        Refused: By neither.
    """
    if params.get(number_name):
        return whole(params, number_name, 0), ""
    return None, needed(params, text_name)


def respond_type(params: Params, default: str) -> str:
    """Return ACK, RESULT or FULL.

    Raises:
        Refused: It is another word.
    """
    kind = params.get("newOrderRespType", default)
    if kind not in {"ACK", "RESULT", "FULL"}:
        raise Refused(BAD_ENUM, "Invalid newOrderRespType.")
    return kind


def positive(params: Params, name: str) -> Decimal:
    """Return a mandatory number above zero.

    Raises:
        Refused: It is missing or something else.
    """
    needed(params, name)
    return number(params, name)
