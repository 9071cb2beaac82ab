"""What the exchange's own SDK for spot sees of an exchange at these addresses; prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from binance_sdk_spot.spot import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    Spot,
)

SYMBOL = "ETHUSDT"
KEYS = {"api_key": "demo", "api_secret": "demo"}


def over_rest(rest: Any) -> dict[str, object]:  # noqa: ANN401 - its models are made at run time
    """Fetch and trade over REST."""
    seen: dict[str, object] = {"markets": len(rest.exchange_info().data().symbols)}
    seen["candles"] = len(rest.klines(symbol=SYMBOL, interval="1h", limit=3).data())
    seen["cash"] = float(rest.get_account().data().balances[0].free)
    seen["levels"] = len(rest.depth(symbol=SYMBOL, limit=5).data().bids)
    market = rest.new_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.1).data()
    seen["market"] = market.status
    price = float(market.fills[0].price)
    low, high = round(price * 0.9, 2), round(price * 1.1, 2)
    limit = {"type": "LIMIT", "time_in_force": "GTC", "quantity": 0.1, "price": low}
    made = rest.new_order(symbol=SYMBOL, side="BUY", **limit).data()
    seen["limit"] = rest.get_order(symbol=SYMBOL, order_id=made.order_id).data().status
    seen["canceled"] = rest.delete_order(symbol=SYMBOL, order_id=made.order_id).data().status
    above = {"above_type": "LIMIT_MAKER", "above_price": high}
    below = {"below_type": "STOP_LOSS", "below_stop_price": low}
    sale = {"symbol": SYMBOL, "side": "SELL", "quantity": 0.05}
    oco = rest.order_list_oco(**sale, **above, **below).data()
    seen["oco"] = oco.list_order_status
    found = rest.get_order_list(order_list_id=oco.order_list_id).data()
    seen["oco_found"] = found.list_order_status
    gone = rest.delete_order_list(symbol=SYMBOL, order_list_id=oco.order_list_id).data()
    seen["oco_canceled"] = gone.list_order_status
    seen["trades"] = len(rest.my_trades(symbol=SYMBOL).data())
    return seen


async def over_streams(spot: Any) -> dict[str, object]:  # noqa: ANN401 - as above
    """Watch the market, and ask over the WebSocket API."""
    kinds: asyncio.Queue[Any] = asyncio.Queue()
    async with asyncio.timeout(25):
        market = await spot.websocket_streams.create_connection()
        candles = await market.kline(symbol=SYMBOL.lower(), interval="1m")
        candles.on("message", kinds.put_nowait)
        first = (await kinds.get()).e
        tickers = await market.ticker(symbol=SYMBOL.lower())
        tickers.on("message", kinds.put_nowait)
        while (await kinds.get()).e != "24hrTicker":
            pass
        await market.close_connection(close_session=True)
        api = await spot.websocket_api.create_connection()
        status = (await api.account_status()).data().result.account_type
        await api.close_connection(close_session=True)
    return {"kline": first == "kline", "ticker": True, "account_type": status}


def main(http: str, ws: str) -> None:
    """Print what was seen."""
    spot = Spot(
        config_rest_api=ConfigurationRestAPI(**KEYS, base_path=http),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=ws),
        config_ws_api=ConfigurationWebSocketAPI(**KEYS, stream_url=f"{ws}/ws-api/v3"),
    )
    seen = over_rest(spot.rest_api) | asyncio.run(over_streams(spot))
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
