"""What ccxt sees of an exchange at these addresses: `with_ccxt.py HTTP_URL WS_URL` prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import ccxt
import ccxt.pro

SYMBOL = "ETH/USDT"
SETTINGS = {
    "apiKey": "demo",
    "secret": "demo",
    "enableRateLimit": False,
    "options": {"adjustForTimeDifference": True, "fetchMarkets": {"types": ["spot"]}},
}


def at(exchange: Any, http: str, ws: str) -> Any:  # noqa: ANN401 - it ships no types
    """Point a client at the exchange; nothing else is changed."""
    addresses = exchange.urls["api"]
    for name, address in list(addresses.items()):
        if isinstance(address, str):
            addresses[name] = address.replace("https://api.binance.com", http)
    if isinstance(addresses.get("ws"), dict):
        addresses["ws"]["spot"] = f"{ws}/ws"
        addresses["ws"]["ws-api"]["spot"] = f"{ws}/ws-api/v3"
    exchange.has["fetchCurrencies"] = False
    exchange.options["fetchMargins"] = False
    return exchange


def over_rest(exchange: Any) -> dict[str, object]:  # noqa: ANN401 - it ships no types
    """Fetch and trade over REST."""
    seen: dict[str, object] = {"markets": len(exchange.load_markets())}
    seen["candles"] = len(exchange.fetch_ohlcv(SYMBOL, "1h", limit=3))
    seen["cash"] = exchange.fetch_balance()["USDT"]["free"]
    seen["levels"] = len(exchange.fetch_order_book(SYMBOL, 5)["bids"])
    market = exchange.create_order(SYMBOL, "market", "buy", 0.1)
    seen["market"] = market["status"]
    low, high = (
        float(exchange.price_to_precision(SYMBOL, market["average"] * share))
        for share in (0.9, 1.1)
    )
    limit = exchange.create_order(SYMBOL, "limit", "buy", 0.1, low)
    seen["limit"] = exchange.fetch_order(limit["id"], SYMBOL)["status"]
    exchange.cancel_order(limit["id"], SYMBOL)
    seen["canceled"] = exchange.fetch_order(limit["id"], SYMBOL)["status"]
    asked = {"symbol": "ETHUSDT", "side": "SELL", "quantity": "0.05"}
    above = {"aboveType": "LIMIT_MAKER", "abovePrice": str(high)}
    below = {"belowType": "STOP_LOSS", "belowStopPrice": str(low)}
    oco = exchange.private_post_orderlist_oco({**asked, **above, **below})
    seen["oco"] = oco["listOrderStatus"]
    named = {"symbol": "ETHUSDT", "orderListId": oco["orderListId"]}
    seen["oco_found"] = exchange.private_get_orderlist(named)["listOrderStatus"]
    seen["oco_canceled"] = exchange.private_delete_orderlist(named)["listOrderStatus"]
    seen["trades"] = len(exchange.fetch_my_trades(SYMBOL))
    return seen


async def over_streams(exchange: Any) -> dict[str, object]:  # noqa: ANN401 - it ships no types
    """Watch the market and the account."""
    try:
        async with asyncio.timeout(25):
            candles = await exchange.watch_ohlcv(SYMBOL, "1m")
            ticker = await exchange.watch_ticker(SYMBOL)
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(exchange.watch_orders(SYMBOL))
                await asyncio.sleep(0.5)
                await exchange.create_order(SYMBOL, "market", "buy", 0.1)
            orders = watching.result()
    finally:
        await exchange.close()
    return {
        "kline": len(candles[-1]) == 6,
        "ticker": ticker["last"] > 0,
        "watched_orders": [order["status"] for order in orders],
    }


def main(http: str, ws: str) -> None:
    """Print what was seen."""
    seen = over_rest(at(ccxt.binance(dict(SETTINGS)), http, ws))
    seen |= asyncio.run(over_streams(at(ccxt.pro.binance(dict(SETTINGS)), http, ws)))
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
