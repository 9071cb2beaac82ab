"""What python-binance sees of an exchange at these addresses; prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from binance import AsyncClient, BinanceSocketManager, Client

SYMBOL = "ETHUSDT"


def over_rest(client: Any) -> dict[str, object]:  # noqa: ANN401 - it ships no types
    """Fetch and trade over REST."""
    seen: dict[str, object] = {"markets": len(client.get_exchange_info()["symbols"])}
    seen["candles"] = len(client.get_klines(symbol=SYMBOL, interval="1h", limit=3))
    seen["cash"] = float(client.get_asset_balance("USDT")["free"])
    seen["levels"] = len(client.get_order_book(symbol=SYMBOL, limit=5)["bids"])
    market = client.order_market_buy(symbol=SYMBOL, quantity="0.1")
    seen["market"] = market["status"]
    price = float(market["fills"][0]["price"])
    low, high = f"{price * 0.9:.2f}", f"{price * 1.1:.2f}"
    limit = client.order_limit_buy(symbol=SYMBOL, quantity="0.1", price=low)
    named = {"symbol": SYMBOL, "orderId": limit["orderId"]}
    seen["limit"] = client.get_order(**named)["status"]
    seen["canceled"] = client.cancel_order(**named)["status"]
    above = {"aboveType": "LIMIT_MAKER", "abovePrice": high}
    below = {"belowType": "STOP_LOSS", "belowStopPrice": low}
    oco = client.create_oco_order(symbol=SYMBOL, side="SELL", quantity="0.05", **above, **below)
    seen["oco"] = oco["listOrderStatus"]
    (first, _) = oco["orders"]
    named = {"symbol": SYMBOL, "orderId": first["orderId"]}
    seen["oco_found"] = client.get_order(**named)["status"]
    seen["oco_canceled"] = client.cancel_order(**named)["listOrderStatus"]
    seen["trades"] = len(client.get_my_trades(symbol=SYMBOL))
    return seen


async def over_streams(http: str, ws: str) -> dict[str, object]:
    """Watch the market."""
    client = AsyncClient("demo", "demo")
    client.API_URL = f"{http}/api"
    manager = BinanceSocketManager(client)
    manager.STREAM_URL = f"{ws}/"
    kinds = []
    makers = (
        lambda: manager.kline_socket(SYMBOL, interval="1m"),
        lambda: manager.symbol_ticker_socket(SYMBOL),
    )
    async with asyncio.timeout(25):
        for make in makers:
            async with make() as stream:
                kinds.append((await stream.recv())["e"])
        await client.close_connection()
    return {"kline": kinds[0] == "kline", "ticker": kinds[1] == "24hrTicker"}


def main(http: str, ws: str) -> None:
    """Print what was seen."""
    Client.API_URL = f"{http}/api"
    client = Client("demo", "demo", ping=False)
    client.API_URL = f"{http}/api"
    seen = over_rest(client) | asyncio.run(over_streams(http, ws))
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
