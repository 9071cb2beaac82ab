from __future__ import annotations

import asyncio
import json

from tests.unit.exchange.binance.account_room import WallClock
from tests.unit.exchange.binance.stub import StubExchange
from tests.unit.exchange.binance.test_account_rest import a_client

from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.executions import fetch_fills
from aitrader.exchange.binance.wire_orders import OrderAnswer, read_order
from aitrader.model.order import Fill


def trade_rows(first: int, last: int) -> tuple[int, dict[str, str], bytes]:
    common = {
        "orderId": 7,
        "price": "1",
        "qty": "1",
        "commission": "0",
        "commissionAsset": "BNB",
        "time": 5,
    }
    rows = [{"id": number, **common} for number in range(first, last + 1)]
    return 200, {}, json.dumps(rows).encode()


def test_an_order_of_more_fills_than_one_page_holds_is_walked_through() -> None:
    found: list[Fill] = []

    async def play() -> None:
        async with StubExchange() as stub:
            stub.scripted["/api/v3/myTrades"] = [
                trade_rows(1_004, 2_003),
                trade_rows(1, 1_000),
                trade_rows(1_001, 2_000),
                trade_rows(2_001, 2_003),
            ]
            time = ExchangeTime(WallClock())
            rest = a_client(stub.rest_url, time)
            found.extend(await fetch_fills(rest, an_answer("at1-x", "2003")))
            await rest.close()
            asked = [named.get("fromId") for path, named in stub.requests if "myTrades" in path]
            assert asked == [None, "0", "1001", "2001"]

    asyncio.run(play())
    assert len({fill.fill_id for fill in found}) == len(found) == 2_003


def an_answer(name: str, filled: str) -> OrderAnswer:
    row = {
        "symbol": "BTCUSDT",
        "orderId": 7,
        "clientOrderId": name,
        "price": "1",
        "origQty": filled,
        "executedQty": filled,
        "status": "FILLED",
        "type": "LIMIT",
        "side": "BUY",
        "updateTime": 5,
    }
    return read_order(json.dumps(row).encode())
