"""What clients that others wrote pay for a message; run by `bench/stream.py` in `build/peers`.

`flood.py NAME PORT MESSAGES`: connect to the sender, subscribe, print `ready`, take MESSAGES in,
keep each symbol's newest price, and print the CPU seconds that took.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import Any

SYMBOLS = [f"S{number}USDT" for number in range(100)]
TICKERS = [f"{symbol.lower()}@ticker" for symbol in SYMBOLS]
CANDLES = [f"{symbol.lower()}@kline_1m" for symbol in SYMBOLS]


async def binance_sdk(url: str, messages: int) -> float:
    """The exchange's own SDK for spot: each message becomes its typed model."""
    from binance_sdk_spot.spot import ConfigurationWebSocketStreams, Spot
    from binance_sdk_spot.websocket_streams.models import KlineResponse, TickerResponse

    prices: dict[str, float] = {}
    seen = 0
    done = asyncio.Event()

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == messages:
            done.set()

    def on_ticker(data: Any) -> None:  # noqa: ANN401 - its models are made at run time
        prices[data.s] = float(data.c)
        count()

    def on_candle(data: Any) -> None:  # noqa: ANN401 - as above
        prices[data.s] = float(data.k.c)
        count()

    spot = Spot(config_ws_streams=ConfigurationWebSocketStreams(stream_url=url))
    market = await spot.websocket_streams.create_connection()
    await market.subscribe(streams=TICKERS, response_model=TickerResponse)
    await market.subscribe(streams=CANDLES, response_model=KlineResponse)
    (connection,) = market.connections
    for names, callback in ((TICKERS, on_ticker), (CANDLES, on_candle)):
        for name in names:
            connection.stream_callback_map[name].append(callback)
    began_s = ready()
    await done.wait()
    return time.process_time() - began_s


async def python_binance(url: str, messages: int) -> float:
    """python-binance's multiplex socket: each message becomes a dict."""
    from binance import AsyncClient, BinanceSocketManager

    manager = BinanceSocketManager(AsyncClient("", ""), max_queue_size=messages)
    manager.STREAM_URL = f"{url}/"
    prices: dict[str, float] = {}
    async with manager.multiplex_socket([*TICKERS, *CANDLES]) as stream:
        began_s = ready()
        for _ in range(messages):
            data = (await stream.recv())["data"]
            prices[data["s"]] = float(data["k"]["c"] if data["e"] == "kline" else data["c"])
        return time.process_time() - began_s


def ready() -> float:
    """Say that the flood may begin, and return the CPU time before it."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    return time.process_time()


def main(name: str, port: str, messages: str) -> None:
    """Print the CPU seconds and leave without a farewell to the sender."""
    logging.disable(logging.CRITICAL)
    client = {"binance_sdk": binance_sdk, "python_binance": python_binance}[name]
    loop = asyncio.new_event_loop()
    cpu_s = loop.run_until_complete(client(f"ws://127.0.0.1:{port}", int(messages)))
    sys.stdout.write(f"{cpu_s}\n")
    sys.stdout.flush()
    sys.exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
