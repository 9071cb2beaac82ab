"""What the exchange says about orders, lists, trades and money, in Binance's shapes."""

from __future__ import annotations

from decimal import Decimal

from aitrader.exchange.simulated.account import Account
from aitrader.exchange.simulated.orders import VenueFill, VenueList, VenueOrder
from aitrader.exchange.simulated.records import Trade
from aitrader.model.money import ZERO

Answer = dict[str, object]


def fixed(value: Decimal) -> str:
    """Return a number as the wire has it."""
    return f"{value:.8f}"


def acknowledged(order: VenueOrder) -> Answer:
    """Return the shortest answer to an order."""
    return {
        "symbol": order.asked.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.asked.client_order_id,
        "transactTime": order.updated_ms,
    }


def state(order: VenueOrder) -> Answer:
    """Return what an answer says besides the acknowledgement."""
    asked = order.asked
    found: Answer = {
        "price": fixed(asked.price or ZERO),
        "origQty": fixed(order.quantity),
        "executedQty": fixed(order.executed),
        "origQuoteOrderQty": fixed(asked.quote_quantity),
        "cummulativeQuoteQty": fixed(order.executed_quote),
        "status": order.status,
        "timeInForce": asked.time_in_force,
        "type": asked.type,
        "side": asked.side.value,
        "workingTime": working_ms(order),
        "selfTradePreventionMode": "NONE",
    }
    if asked.stop_price is not None:
        found["stopPrice"] = fixed(asked.stop_price)
    if order.expiry_reason:
        found["expiryReason"] = order.expiry_reason
    return found


def working_ms(order: VenueOrder) -> int:
    """Return since when it is on the book as itself, -1 if it waits for its trigger or list."""
    return -1 if order.is_waiting_stop else order.working_ms


def placed(order: VenueOrder, kind: str) -> Answer:
    """Return the answer to a new order; `kind` is ACK, RESULT or FULL."""
    found = acknowledged(order)
    if kind != "ACK":
        found |= state(order)
    if kind == "FULL":
        found["fills"] = [
            {
                "price": fixed(fill.price),
                "qty": fixed(fill.quantity),
                "commission": fixed(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in order.fills
        ]
    return found


def canceled(order: VenueOrder, cancel_id: str) -> Answer:
    """Return the answer to a cancellation, which has a name of its own."""
    own = cancel_id or f"cancel-{order.order_id}"
    names = {"origClientOrderId": order.asked.client_order_id, "clientOrderId": own}
    found = acknowledged(order) | state(order) | names
    del found["workingTime"]
    return found


def told(order: VenueOrder) -> Answer:
    """Return all about one order."""
    stop = {"stopPrice": fixed(order.asked.stop_price or ZERO), "icebergQty": fixed(ZERO)}
    times = {
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working_ms >= 0,
    }
    found = {name: value for name, value in acknowledged(order).items() if name != "transactTime"}
    return found | state(order) | stop | times


def listed(order_list: VenueList) -> Answer:
    """Return all about one list."""
    return {
        "orderListId": order_list.list_id,
        "contingencyType": order_list.contingency,
        "listStatusType": list_status_type(order_list),
        "listOrderStatus": order_list.status,
        "listClientOrderId": order_list.client_list_id,
        "transactionTime": order_list.updated_ms,
        "symbol": order_list.symbol,
        "orders": [
            {
                "symbol": order_list.symbol,
                "orderId": order.order_id,
                "clientOrderId": order.asked.client_order_id,
            }
            for order in order_list.orders
        ],
    }


def list_status_type(order_list: VenueList) -> str:
    """Return whether a list has begun or is over."""
    return "ALL_DONE" if order_list.status == "ALL_DONE" else "EXEC_STARTED"


def list_placed(order_list: VenueList, kind: str) -> Answer:
    """Return the answer to a new list."""
    reports = [placed(order, kind) for order in order_list.orders]
    return listed(order_list) | {"orderReports": reports}


def list_canceled(order_list: VenueList) -> Answer:
    """Return the answer to the end of a list."""
    reports = [canceled(order, "") for order in order_list.orders]
    return listed(order_list) | {"orderReports": reports}


def trade(found: Trade) -> Answer:
    """Return one execution as `myTrades` has it."""
    order, fill = found
    return {
        "symbol": order.asked.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "price": fixed(fill.price),
        "qty": fixed(fill.quantity),
        "quoteQty": fixed(fill.price * fill.quantity),
        "commission": fixed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.at_ms,
        "isBuyer": order.asked.side.value == "BUY",
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def rates(fee_bps: Decimal) -> Answer:
    """Return the commission rates of a fee in basis points."""
    rate = fixed(fee_bps / 10_000)
    none = fixed(ZERO)
    return {"maker": rate, "taker": rate, "buyer": none, "seller": none}


def account(found: Account, *, fee_bps: Decimal, at_ms: int, keeps_zero: bool) -> Answer:
    """Return the balances and what the account may do."""
    balances = [
        {"asset": asset, "free": fixed(each.free), "locked": fixed(each.locked)}
        for asset, each in found.balances.items()
        if keeps_zero or each.free or each.locked
    ]
    return {
        "makerCommission": int(fee_bps),
        "takerCommission": int(fee_bps),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates(fee_bps),
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": at_ms,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 1,
    }


def execution_report(
    order: VenueOrder, execution: str, *, at_ms: int, fill: VenueFill | None, cancel_id: str
) -> Answer:
    """Return one change of an order as the user data stream tells it."""
    asked, last = order.asked, fill
    is_canceled = execution == "CANCELED"
    found: Answer = {
        "e": "executionReport",
        "E": at_ms,
        "s": asked.symbol,
        "c": (cancel_id or f"cancel-{order.order_id}") if is_canceled else asked.client_order_id,
        "S": asked.side.value,
        "o": asked.type,
        "f": asked.time_in_force,
        "q": fixed(order.quantity),
        "p": fixed(asked.price or ZERO),
        "P": fixed(asked.stop_price or ZERO),
        "F": fixed(ZERO),
        "g": order.list_id,
        "C": asked.client_order_id if is_canceled else "",
        "x": execution,
        "X": order.status,
        "r": order.expiry_reason if order.status == "REJECTED" else "NONE",
        "i": order.order_id,
        "l": fixed(last.quantity if last else ZERO),
        "z": fixed(order.executed),
        "L": fixed(last.price if last else ZERO),
        "n": fixed(last.fee) if last else "0",
        "N": last.fee_asset if last else None,
        "T": order.updated_ms,
        "t": last.trade_id if last else -1,
        "v": 0,
        "I": order.order_id * 1000 + len(order.fills),
        "w": order.is_open and not order.is_waiting_stop,
        "m": bool(last and last.is_maker),
        "M": False,
        "O": order.created_ms,
        "Z": fixed(order.executed_quote),
        "Y": fixed(last.price * last.quantity if last else ZERO),
        "Q": fixed(asked.quote_quantity),
        "V": "NONE",
    }
    if working_ms(order) >= 0:
        found["W"] = working_ms(order)
    if order.expiry_reason and execution == "EXPIRED":
        found["eR"] = order.expiry_reason
    return found


def list_report(order_list: VenueList, at_ms: int) -> Answer:
    """Return the beginning or end of a list as the user data stream tells it."""
    return {
        "e": "listStatus",
        "E": at_ms,
        "s": order_list.symbol,
        "g": order_list.list_id,
        "c": order_list.contingency,
        "l": list_status_type(order_list),
        "L": order_list.status,
        "r": "NONE",
        "C": order_list.client_list_id,
        "T": order_list.updated_ms,
        "O": [
            {"s": order_list.symbol, "i": order.order_id, "c": order.asked.client_order_id}
            for order in order_list.orders
        ],
    }


def account_position(found: Account, assets: tuple[str, ...], at_ms: int) -> Answer:
    """Return changed balances as the user data stream tells them."""
    rows = [
        {"a": asset, "f": fixed(each.free), "l": fixed(each.locked)}
        for asset in assets
        if (each := found.balances.get(asset)) is not None
    ]
    return {"e": "outboundAccountPosition", "E": at_ms, "u": at_ms, "B": rows}
