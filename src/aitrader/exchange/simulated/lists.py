"""Rules of order lists: which orders may be joined, and in what relation of prices."""

from __future__ import annotations

from decimal import Decimal

from aitrader.exchange.simulated.orders import NewList, NewOrder
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side

BAD_PAIR_TYPE, BAD_WORKING_TYPE = -1158, -1159
BUY_LIMIT_ABOVE, SELL_LIMIT_BELOW, BOTH_LIMITS = -1165, -1166, -1168
BUY_STOP_BELOW, SELL_STOP_ABOVE, BUY_TARGET_ABOVE, SELL_TARGET_BELOW = -1196, -1197, -1198, -1199
BAD_PENDING_SIDE = -1170

PAIR_TYPES = frozenset(
    {"LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
)
WORKING_TYPES = frozenset({"LIMIT", "LIMIT_MAKER"})


def check_list(asked: NewList) -> None:
    """Accept orders that can form a list.

    Raises:
        Refused: With the code and message Binance answers with.
    """
    if asked.working is not None:
        if asked.working.type not in WORKING_TYPES:
            raise Refused(BAD_WORKING_TYPE, "Order type not supported for working orders.")
        if asked.takes_received and (
            asked.working.side is not Side.BUY or any(each.side is Side.BUY for each in asked.pair)
        ):
            raise Refused(BAD_PENDING_SIDE, "The working order must be BUY, the pending ones SELL.")
    if len(asked.pair) == 2:
        check_pair(*asked.pair)


def check_pair(above: NewOrder, below: NewOrder) -> None:
    """Accept two orders that may end each other.

    Raises:
        Refused: With the code and message Binance answers with.
    """
    if not {above.type, below.type} <= PAIR_TYPES:
        raise Refused(BAD_PAIR_TYPE, "Order type not supported in an OCO.")
    if above.kind is below.kind is OrderKind.LIMIT:
        raise Refused(BOTH_LIMITS, "At least one OCO order must be contingent.")
    _check_side(above, is_above=True)
    _check_side(below, is_above=False)
    if _level(above) <= _level(below):
        raise Refused(-2010, "The relationship of the prices for the orders is not correct.")


def _level(order: NewOrder) -> Decimal:
    return order.stop_price or order.price or ZERO


def _check_side(order: NewOrder, *, is_above: bool) -> None:
    """A sale has its stop below and its target above; a purchase the other way round."""
    is_sell = order.side is Side.SELL
    is_stop = order.kind is OrderKind.STOP_LOSS
    if is_above == (is_sell != is_stop):
        return
    side = "sell" if is_sell else "buy"
    if is_stop:
        code, name = (SELL_STOP_ABOVE if is_sell else BUY_STOP_BELOW), "stop loss"
    elif order.kind is OrderKind.LIMIT:
        code, name = (SELL_LIMIT_BELOW if is_sell else BUY_LIMIT_ABOVE), "limit"
    else:
        code, name = (SELL_TARGET_BELOW if is_sell else BUY_TARGET_ABOVE), "take profit"
    place = "below" if is_above else "above"
    raise Refused(code, f"A {name} order in a {side} OCO must be {place}.")
