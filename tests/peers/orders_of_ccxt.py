"""The requests that ccxt would send for some orders: `orders_of_ccxt.py HTTP_URL WS_URL`.

Prints JSON, one entry per order: its body as it is signed. Nothing of it is sent.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import ccxt
from with_ccxt import SETTINGS, SYMBOL, at

NAME = "at1-an-order-of-ours"
ORDERS: dict[str, tuple[str, str, float, float | None, dict[str, object]]] = {
    "market": ("market", "buy", 0.1, None, {}),
    "limit": ("limit", "sell", 0.25, 4321.5, {}),
    "stop loss": ("STOP_LOSS", "sell", 0.1, None, {"stopPrice": 1234.5}),
    "take profit": ("TAKE_PROFIT", "sell", 0.1, None, {"stopPrice": 5432.1}),
}
OCO = {
    "symbol": "ETHUSDT",
    "listClientOrderId": NAME,
    "side": "SELL",
    "quantity": "0.1",
    "aboveType": "LIMIT_MAKER",
    "aboveClientOrderId": NAME + "-2",
    "abovePrice": "5432.1",
    "belowType": "STOP_LOSS",
    "belowClientOrderId": NAME + "-1",
    "belowStopPrice": "1234.5",
    "newOrderRespType": "FULL",
}


def main() -> None:
    """Print what would be sent."""
    exchange = at(ccxt.binance(SETTINGS), *sys.argv[1:3])
    exchange.load_markets()
    sent: list[str] = []

    def keep(url: str, method: str, headers: object, body: str) -> Any:  # noqa: ANN401 - untyped
        sent.append(body)
        return {"symbol": "ETHUSDT", "orderId": 1, "status": "NEW", "fills": []}

    exchange.fetch = keep
    found = {}
    for name, (kind, side, quantity, price, more) in ORDERS.items():
        asked = {"newClientOrderId": NAME, "newOrderRespType": "FULL", "recvWindow": 1500}
        exchange.create_order(SYMBOL, kind, side, quantity, price, {**asked, **more})
        found[name] = sent[-1]
    exchange.private_post_orderlist_oco({**OCO, "recvWindow": 1500})
    found["oco"] = sent[-1]
    sys.stdout.write(json.dumps(found) + "\n")


main()
