"""The executions of one order, as the account's history has them."""

from __future__ import annotations

import logging

from aitrader.exchange.binance import reports
from aitrader.exchange.binance.account_rest import AccountRest
from aitrader.exchange.binance.orders import MOST_TRADES, asking_trades
from aitrader.exchange.binance.wire_orders import OrderAnswer, TradeRow, read_trades
from aitrader.model.errors import Refused, Transient
from aitrader.model.order import Fill

log = logging.getLogger(__name__)


async def fetch_fills(rest: AccountRest, answer: OrderAnswer) -> list[Fill]:
    """Return all executions of an order; none if they cannot be had now."""
    try:
        rows = await _rows(rest, answer)
    except (Transient, Refused) as error:
        log.warning("the fills of order %s cannot be had now: %s", answer.name, error)
        return []
    return [reports.fill_of_trade(answer.name, row) for row in rows]


async def _rows(rest: AccountRest, answer: OrderAnswer) -> list[TradeRow]:
    """Return every row; without a start a page holds the newest, so many want a walk."""
    symbol, number, first = answer.symbol, answer.order_id, 0
    page = read_trades(await rest.ask(asking_trades(symbol, number)))
    if len(page) < MOST_TRADES:
        return page
    rows: list[TradeRow] = []
    while True:
        asked = asking_trades(symbol, number, from_id=first)
        page = [row for row in read_trades(await rest.ask(asked)) if row.id >= first]
        rows += page
        if len(page) < MOST_TRADES:
            return rows
        first = page[-1].id + 1
