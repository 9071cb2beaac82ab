"""The signed REST endpoints: orders and the account, with Binance's shapes and errors.

A request is signed with HMAC-SHA256 over query and body as they came, and dated in exchange time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aitrader.exchange.simulated.rest import Params, Rest, needed, whole
from aitrader.exchange.simulated.venue import KINDS, NewOrder, Venue, VenueOrder
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO
from aitrader.model.order import OrderKind, Side

BAD_KEY, BAD_SIGNATURE, BAD_TIME, BAD_ENUM = -2015, -1022, -1021, -1115
BAD_TYPE, BAD_SIDE, BAD_PARAMETER = -1116, -1117, -1100
DEFAULT_WINDOW_MS, MAX_WINDOW_MS, AHEAD_MS = 5000, 60_000, 1000
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class Trading:
    """Orders and the account over signed REST."""

    def __init__(
        self, rest: Rest, venue: Venue, *, now_ms: Callable[[], int], key: str, secret: str
    ) -> None:
        self._rest = rest
        self._venue = venue
        self._now_ms = now_ms
        self._key, self._secret = key, secret

    def routes(self) -> list[Route]:
        """Return the routes under `/api/v3`."""
        table: tuple[tuple[str, str, Callable[[Params], object], int], ...] = (
            ("POST", "order", self.place, 1),
            ("DELETE", "order", self.cancel, 1),
            ("GET", "order", self.query, 4),
            ("GET", "openOrders", self.open_orders, 6),
            ("GET", "account", self.account, 20),
        )
        return [
            Route(f"/api/v3/{path}", self._signed(handler, weight), methods=[method])
            for method, path, handler, weight in table
        ]

    def _signed(
        self, handler: Callable[[Params], object], weight: int
    ) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            query, body = request.url.query, (await request.body()).decode()
            key = request.headers.get("x-mbx-apikey", "")

            def checked(params: Params) -> object:
                self._check(key, query, body)
                return handler(params)

            params = {**dict(parse_qsl(body)), **dict(parse_qsl(query))}
            return self._rest.respond(checked, params, weight=weight)

        return answer

    def _check(self, key: str, query: str, body: str) -> None:
        if key != self._key:
            raise Refused(BAD_KEY, "Invalid API-key, IP, or permissions for action.")
        params = {**dict(parse_qsl(body)), **dict(parse_qsl(query))}
        given = needed(params, "signature")
        payload = _unsigned(query) + _unsigned(body)
        wanted = hmac.new(self._secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), given.lower().encode()):
            raise Refused(BAD_SIGNATURE, "Signature for this request is not valid.")
        needed(params, "timestamp")
        window_ms = whole(params, "recvWindow", DEFAULT_WINDOW_MS)
        age_ms = self._now_ms() - whole(params, "timestamp", 0)
        if age_ms <= -AHEAD_MS:
            message = "Timestamp for this request was 1000ms ahead of the server's time."
            raise Refused(BAD_TIME, message)
        if age_ms > min(window_ms, MAX_WINDOW_MS):
            raise Refused(BAD_TIME, "Timestamp for this request is outside of the recvWindow.")

    # -- handlers -------------------------------------------------------------------------------

    def place(self, params: Params) -> object:
        """Place one order; a MARKET or LIMIT order is answered with its fills."""
        asked = self._asked(params)
        order = self._venue.place(asked)
        is_full = asked.type in ("MARKET", "LIMIT")
        kind = params.get("newOrderRespType", "FULL" if is_full else "ACK")
        answer = _ack(order)
        if kind != "ACK":
            answer |= _state(order)
        if kind == "FULL":
            answer["fills"] = [
                {
                    "price": f"{fill.price:.8f}",
                    "qty": f"{fill.quantity:.8f}",
                    "commission": f"{fill.fee:.8f}",
                    "commissionAsset": fill.fee_asset,
                    "tradeId": fill.trade_id,
                }
                for fill in order.fills
            ]
        return answer

    def cancel(self, params: Params) -> object:
        """Take one open order off."""
        symbol, (order_id, name) = needed(params, "symbol"), _named(params)
        order = self._venue.cancel(symbol, order_id=order_id, client_order_id=name)
        own = params.get("newClientOrderId") or f"cancel-{order.order_id}"
        answer = _ack(order) | _state(order)
        return answer | {"origClientOrderId": order.asked.client_order_id, "clientOrderId": own}

    def query(self, params: Params) -> object:
        """Tell all about one order."""
        symbol, (order_id, name) = needed(params, "symbol"), _named(params)
        return _told(self._venue.find(symbol, order_id=order_id, client_order_id=name))

    def open_orders(self, params: Params) -> object:
        """List what is open."""
        return [_told(order) for order in self._venue.open_orders(params.get("symbol"))]

    def account(self, params: Params) -> object:
        """Tell the balances."""
        keeps_zero = params.get("omitZeroBalances", "false") != "true"
        rates = dict.fromkeys(("maker", "taker"), "0.00100000")
        balances = [
            {"asset": asset, "free": f"{each.free:.8f}", "locked": f"{each.locked:.8f}"}
            for asset, each in self._venue.balances.items()
            if keeps_zero or each.free or each.locked
        ]
        return {
            "makerCommission": 10,
            "takerCommission": 10,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": rates | dict.fromkeys(("buyer", "seller"), "0.00000000"),
            "canTrade": True,
            "canWithdraw": False,
            "canDeposit": False,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._now_ms(),
            "accountType": "SPOT",
            "balances": balances,
            "permissions": ["SPOT"],
            "uid": 1,
        }

    def _asked(self, params: Params) -> NewOrder:
        wire_type, side = needed(params, "type"), needed(params, "side")
        if wire_type not in KINDS:
            raise Refused(BAD_TYPE, "Invalid orderType.")
        if side not in Side.__members__:
            raise Refused(BAD_SIDE, "Invalid side.")
        asked = NewOrder(
            symbol=needed(params, "symbol"),
            side=Side(side),
            type=wire_type,
            client_order_id=_client_id(params) or f"x-{self._now_ms()}",
            quantity=_number(params, "quantity"),
            quote_quantity=_number(params, "quoteOrderQty"),
            price=_number(params, "price") or None,
            stop_price=_number(params, "stopPrice") or None,
            time_in_force=_time_in_force(params, wire_type),
        )
        _check_fields(asked, params)
        return asked


def _check_fields(asked: NewOrder, params: Params) -> None:
    """Refuse an order that lacks what its type needs."""
    if asked.kind is OrderKind.LIMIT:
        needed(params, "price")
    elif asked.kind is not OrderKind.MARKET:
        needed(params, "stopPrice")
    if asked.kind is not OrderKind.MARKET or asked.quote_quantity <= ZERO:
        needed(params, "quantity")


def _time_in_force(params: Params, wire_type: str) -> str:
    value = needed(params, "timeInForce") if wire_type == "LIMIT" else "GTC"
    if value not in TIMES_IN_FORCE:
        raise Refused(BAD_ENUM, "Invalid timeInForce.")
    return value


def _client_id(params: Params) -> str:
    value = params.get("newClientOrderId", "")
    if len(value) > 36 or not ID_CHARACTERS.issuperset(value):
        message = (
            "Illegal characters found in parameter 'newClientOrderId'; "
            "legal range is '^[a-zA-Z0-9-_]{1,36}$'."
        )
        raise Refused(BAD_PARAMETER, message)
    return value


def _named(params: Params) -> tuple[int | None, str]:
    if params.get("orderId"):
        return whole(params, "orderId", 0), ""
    return None, needed(params, "origClientOrderId")


def _number(params: Params, name: str) -> Decimal:
    text = params.get(name, "")
    try:
        value = Decimal(text) if text else ZERO
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Refused(BAD_PARAMETER, f"Illegal characters found in parameter '{name}'.")
    return value


def _unsigned(text: str) -> str:
    return "&".join(pair for pair in text.split("&") if not pair.startswith("signature="))


def _ack(order: VenueOrder) -> dict[str, object]:
    return {
        "symbol": order.asked.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.asked.client_order_id,
        "transactTime": order.updated_ms,
    }


def _state(order: VenueOrder) -> dict[str, object]:
    asked = order.asked
    state: dict[str, object] = {
        "price": f"{asked.price or ZERO:.8f}",
        "origQty": f"{order.quantity:.8f}",
        "executedQty": f"{order.executed:.8f}",
        "origQuoteOrderQty": f"{asked.quote_quantity:.8f}",
        "cummulativeQuoteQty": f"{order.executed_quote:.8f}",
        "status": order.status,
        "timeInForce": asked.time_in_force,
        "type": asked.type,
        "side": asked.side.value,
        "workingTime": order.created_ms,
        "selfTradePreventionMode": "NONE",
    }
    if asked.stop_price is not None:
        state["stopPrice"] = f"{asked.stop_price:.8f}"
    return state


def _told(order: VenueOrder) -> dict[str, object]:
    stop = {"stopPrice": f"{order.asked.stop_price or ZERO:.8f}", "icebergQty": "0.00000000"}
    times = {"time": order.created_ms, "updateTime": order.updated_ms, "isWorking": True}
    told = {name: value for name, value in _ack(order).items() if name != "transactTime"}
    return told | _state(order) | stop | times
