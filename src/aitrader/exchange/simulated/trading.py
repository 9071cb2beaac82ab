"""What a signed request may do with single orders."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from aitrader.exchange.simulated import answers, reading
from aitrader.exchange.simulated.gate import Operation, Reply, refused
from aitrader.exchange.simulated.limits import Limits
from aitrader.exchange.simulated.orders import NewOrder
from aitrader.exchange.simulated.parameters import Params, client_id, is_true, needed
from aitrader.exchange.simulated.venue import Venue
from aitrader.model.errors import Refused

REPLACE_PARTLY, REPLACE_FAILED, BAD_ENUM = -2021, -2022, -1115
AMENDS_FAILURE = "Filter failure: MAX_NUM_ORDER_AMENDS"


class Trading:
    """Single orders; `limits` counts what has not filled."""

    def __init__(self, venue: Venue, limits: Limits, reader: reading.Reader) -> None:
        self._venue = venue
        self._limits = limits
        self._reader = reader
        self._amends: dict[int, int] = {}

    def operations(self) -> list[Operation]:
        """Return what can be asked."""
        table = (
            ("POST", "order", "order.place", self.place, 1, 1),
            ("POST", "order/test", "order.test", self.test, 1, 0),
            ("DELETE", "order", "order.cancel", self.cancel, 1, 0),
            ("POST", "order/cancelReplace", "order.cancelReplace", self.replace, 1, 1),
            (
                "PUT",
                "order/amend/keepPriority",
                "order.amend.keepPriority",
                self.amend,
                4,
                0,
            ),
            ("DELETE", "openOrders", "openOrders.cancelAll", self.cancel_all, 1, 0),
        )
        return [
            Operation(verb, path, socket, handler, weight, is_signed=True, orders=orders)
            for verb, path, socket, handler, weight, orders in table
        ]

    # -- orders ---------------------------------------------------------------------------------

    def place(self, params: Params) -> object:
        """Place one order; a MARKET or LIMIT order is answered with its fills."""
        return self._placed(self._reader.order(params), params)

    def test(self, params: Params) -> object:
        """Check an order without placing it."""
        self._venue.check(self._reader.order(params))
        if not is_true(params, "computeCommissionRates", default=False):
            return {}
        rates = answers.rates(self._venue.settings.fee_bps)
        return {"standardCommissionForOrder": {"maker": rates["maker"], "taker": rates["taker"]}}

    def cancel(self, params: Params) -> object:
        """Take one open order off; one of a list takes its list with it."""
        symbol, (order_id, name) = needed(params, "symbol"), reading.order_name(params)
        own = client_id(params, "newClientOrderId")
        order = self._venue.cancel(symbol, order_id=order_id, client_order_id=name, cancel_id=own)
        found = self._venue.records.list_of(order)
        return answers.canceled(order, own) if found is None else answers.list_canceled(found)

    def cancel_all(self, params: Params) -> object:
        """Take everything of a symbol off; a list is answered as one."""
        rows, seen = [], set()
        for order in self._venue.cancel_all(needed(params, "symbol")):
            found = self._venue.records.list_of(order)
            if found is None:
                rows.append(answers.canceled(order, ""))
            elif found.list_id not in seen:
                seen.add(found.list_id)
                rows.append(answers.list_canceled(found))
        return rows

    def replace(self, params: Params) -> object:
        """Take an order off and place another, all or nothing if that is asked for."""
        mode = needed(params, "cancelReplaceMode")
        if mode not in {"STOP_ON_FAILURE", "ALLOW_FAILURE"}:
            raise Refused(BAD_ENUM, "Invalid cancelReplaceMode.")
        asked = self._reader.order(params)
        removed, removed_answer = self._attempt(lambda: self._replace_cancel(params))
        placed, placed_answer = "NOT_ATTEMPTED", None
        if removed == "SUCCESS" or mode == "ALLOW_FAILURE":
            placed, placed_answer = self._attempt(lambda: self._placed(asked, params))
        data = {
            "cancelResult": removed,
            "newOrderResult": placed,
            "cancelResponse": removed_answer,
            "newOrderResponse": placed_answer,
        }
        if removed == placed == "SUCCESS":
            return data
        if "SUCCESS" in {removed, placed}:
            message = "Order cancel-replace partially failed."
            return Reply({"code": REPLACE_PARTLY, "msg": message, "data": data}, 409)
        return Reply(
            {"code": REPLACE_FAILED, "msg": "Order cancel-replace failed.", "data": data}, 400
        )

    def amend(self, params: Params) -> object:
        """Make an open order smaller."""
        symbol, (order_id, name) = needed(params, "symbol"), reading.order_name(params)
        quantity = reading.positive(params, "newQty")
        find = self._venue.records.find_order
        order = find(symbol, order_id=order_id, client_order_id=name)
        done = self._amends.get(order.order_id, 0)
        if done >= self._venue.settings.bounds.max_amends:
            raise Refused(reading.FILTER_FAILURE, AMENDS_FAILURE)
        self._venue.amend(order, quantity)
        self._amends[order.order_id] = done + 1
        return {
            "transactTime": order.updated_ms,
            "executionId": order.order_id * 1000 + done,
            "amendedOrder": answers.told(order)
            | {"qty": answers.fixed(order.quantity), "preventedQty": answers.fixed(Decimal(0))},
        }

    # -- parts ----------------------------------------------------------------------------------

    def _placed(self, asked: NewOrder, params: Params) -> object:
        is_full = asked.type in {"MARKET", "LIMIT"}
        kind = reading.respond_type(params, "FULL" if is_full else "ACK")
        order = self._venue.place(asked)
        if order.fills:
            self._limits.give_back(1)
        return answers.placed(order, kind)

    def _replace_cancel(self, params: Params) -> object:
        names = ("cancelOrderId", "cancelOrigClientOrderId")
        order_id, name = reading.order_name(params, *names)
        own = client_id(params, "cancelNewClientOrderId")
        order = self._venue.cancel(
            needed(params, "symbol"), order_id=order_id, client_order_id=name, cancel_id=own
        )
        return answers.canceled(order, own)

    def _attempt(self, action: Callable[[], object]) -> tuple[str, object]:
        try:
            return "SUCCESS", action()
        except Refused as refusal:
            return "FAILURE", refused(refusal).value
