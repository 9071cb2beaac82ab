"""From what Binance says about orders and money to our events. Pure.

The same fill bears the same id from every road: the order's id and the exchange's number of the
trade. What is said twice is therefore nothing new. An end says how much had been filled in all, so
that whoever has heard of less asks for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from aitrader.exchange.binance.wire_orders import (
    AccountPosition,
    BalanceRow,
    ExecutionReport,
    OrderAnswer,
    PlacedFill,
    TradeRow,
    UserEvent,
)
from aitrader.model.errors import Refused
from aitrader.model.events import (
    BalancesReported,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderOutcomeUnknown,
    OrderRejected,
)
from aitrader.model.found import Balance, FoundOrder
from aitrader.model.ids import ORDER_ID_PREFIX, ClientOrderId, FillId
from aitrader.model.money import ZERO
from aitrader.model.order import Fill, Order, Side

REJECTED_LATER = -2010
"""The code of an order that was rejected after it had been taken in."""


def is_ours(name: str) -> bool:
    """Return whether an order's id is one of ours."""
    return name.startswith(ORDER_ID_PREFIX)


def fill_of_placed(answer: OrderAnswer, row: PlacedFill) -> Fill:
    """Return an execution that came with the answer to its order."""
    return Fill(
        fill_id=_fill_id(answer.name, row.trade_id),
        at_ms=answer.at_ms,
        quantity=row.qty,
        price=row.price,
        fee=row.commission,
        fee_asset=row.commission_asset,
    )


def fill_of_trade(name: str, row: TradeRow) -> Fill:
    """Return an execution of the order `name` from the account's history."""
    return Fill(
        fill_id=_fill_id(name, row.id),
        at_ms=row.time,
        quantity=row.qty,
        price=row.price,
        fee=row.commission,
        fee_asset=row.commission_asset,
    )


def fill_of_report(report: ExecutionReport) -> Fill:
    """Return the execution that a report tells."""
    return Fill(
        fill_id=_fill_id(report.name, report.trade_id),
        at_ms=report.at_ms,
        quantity=report.last_quantity,
        price=report.last_price,
        fee=report.commission,
        fee_asset=report.commission_asset or "",
    )


def told(answer: OrderAnswer, fills: Iterable[Fill], *, at_ms: int) -> list[Event]:
    """Return all that is known of an order as it stands, with these of its fills."""
    name = ClientOrderId(answer.name)
    if answer.status == "REJECTED":
        return [_rejected(name, answer.expiry_reason or "REJECTED", at_ms)]
    accepted = OrderAccepted(at_ms=at_ms, client_order_id=name, venue_order_id=str(answer.order_id))
    filled = [OrderFilled(at_ms=at_ms, client_order_id=name, fill=fill) for fill in fills]
    end = _end(answer, at_ms)
    return [accepted, *filled, *([] if end is None else [end])]


def reported(report: ExecutionReport, *, at_ms: int) -> list[Event]:
    """Return what one report of the user data stream says."""
    name = ClientOrderId(report.name)
    match report.execution:
        case "NEW" | "REPLACED":
            number = str(report.order_id)
            return [OrderAccepted(at_ms=at_ms, client_order_id=name, venue_order_id=number)]
        case "TRADE" if report.last_quantity > ZERO:
            return [
                OrderFilled(at_ms=at_ms, client_order_id=name, fill=fill_of_report(report)),
            ]
        case "CANCELED":
            return [OrderCanceled(at_ms=at_ms, client_order_id=name, filled=report.filled)]
        case "EXPIRED" | "TRADE_PREVENTION":
            reason = _expiry(report.expiry_reason or report.status)
            return [
                OrderExpired(at_ms=at_ms, client_order_id=name, reason=reason, filled=report.filled)
            ]
        case "REJECTED":
            return [_rejected(name, report.reject_reason, at_ms)]
        case _:
            return []


def heard(event: UserEvent, *, at_ms: int) -> list[Event]:
    """Return what one event of the account says of an order; one that is not ours is nothing."""
    if isinstance(event, ExecutionReport) and is_ours(event.name):
        return reported(event, at_ms=at_ms)
    return []


def refused(orders: Iterable[Order], why: Refused, *, at_ms: int) -> list[Event]:
    """Return the end of orders that were not accepted."""
    return [
        OrderRejected(
            at_ms=at_ms, client_order_id=order.client_order_id, code=why.code, reason=why.reason
        )
        for order in orders
    ]


def unknown(orders: Iterable[Order], reason: str, *, at_ms: int) -> list[Event]:
    """Return that the fate of orders is open."""
    return [
        OrderOutcomeUnknown(at_ms=at_ms, client_order_id=order.client_order_id, reason=reason)
        for order in orders
    ]


def balances(
    account: str, found: Iterable[BalanceRow] | AccountPosition, *, at_ms: int
) -> BalancesReported:
    """Return what an account has: all of it from a list of rows, else only what has changed."""
    is_whole = not isinstance(found, AccountPosition)
    rows = found.balances if isinstance(found, AccountPosition) else found
    return BalancesReported(
        at_ms=at_ms,
        account=account,
        balances=tuple(Balance(row.asset, row.free, row.locked) for row in rows),
        is_whole=is_whole,
    )


def found_order(answer: OrderAnswer) -> FoundOrder | None:
    """Return an open order as a person is shown it; None if its side is none we know."""
    if answer.side not in Side.__members__:
        return None
    return FoundOrder(
        client_order_id=ClientOrderId(answer.name),
        symbol=answer.symbol,
        side=Side(answer.side),
        kind=answer.type,
        quantity=answer.orig_qty,
        filled=answer.executed_qty,
        price=answer.price or None,
        stop_price=answer.stop_price or None,
        is_ours=is_ours(answer.name),
    )


def _fill_id(name: str, number: int) -> FillId:
    return FillId(f"{name}-{number}")


def _end(answer: OrderAnswer, at_ms: int) -> Event | None:
    name, filled = ClientOrderId(answer.name), answer.executed_qty
    match answer.status:
        case "CANCELED":
            return OrderCanceled(at_ms=at_ms, client_order_id=name, filled=filled)
        case "EXPIRED" | "EXPIRED_IN_MATCH":
            reason = _expiry(answer.expiry_reason or answer.status)
            return OrderExpired(at_ms=at_ms, client_order_id=name, reason=reason, filled=filled)
        case _:
            return None


def _expiry(word: str) -> str:
    """Return the exchange's reason in words."""
    return word.replace("_", " ").lower()


def _rejected(name: ClientOrderId, word: str, at_ms: int) -> OrderRejected:
    return OrderRejected(
        at_ms=at_ms, client_order_id=name, code=REJECTED_LATER, reason=_expiry(word)
    )
