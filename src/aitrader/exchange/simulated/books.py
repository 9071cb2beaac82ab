"""The exchange's books as one page: what a test holds against what a client believes."""

from __future__ import annotations

from collections.abc import Iterable

from aitrader.exchange.simulated.answers import Answer, placed
from aitrader.exchange.simulated.orders import VenueOrder
from aitrader.exchange.simulated.venue import Venue


def pages(venue: Venue, *, at_ms: int, is_open_only: bool) -> Answer:
    """Return balances and orders with their executions, all or those that are not over."""
    records = venue.records
    orders = records.live_orders() if is_open_only else records.all_orders()
    return {
        "at_ms": at_ms,
        "balances": {
            asset: {"free": str(balance.free), "locked": str(balance.locked)}
            for asset, balance in venue.account.balances.items()
        },
        "orders": list(_entries(orders)),
    }


def _entries(orders: Iterable[VenueOrder]) -> Iterable[Answer]:
    for order in orders:
        yield placed(order, "FULL") | {
            "time": order.created_ms,
            "isDone": order.is_done,
            "isWaitingStop": order.is_waiting_stop,
        }
