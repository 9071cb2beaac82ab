"""Orders and their fills as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from aitrader.model.events import OrderPlanned, OrderUpdated
from aitrader.model.order import Fill, Order
from aitrader.storage.rows.statement import Owner, Statement, Value, on, plain, upsert

SAVE_ORDER = upsert(
    "orders",
    keys=("user_id", "account_id", "client_order_id"),
    columns=(
        "trader_id",
        "position_id",
        "leg",
        "symbol",
        "side",
        "kind",
        "quantity",
        "price",
        "stop_price",
        "list_id",
        "reason",
        "status",
        "filled",
        "venue_order_id",
        "note",
        "planned_ms",
        "not_after_ms",
        "updated_ms",
        "lease_token",
    ),
)
SAVE_FILL = """
insert into fills (user_id, account_id, client_order_id, fill_id, number, at_ms, quantity, price,
                   fee, fee_asset, fee_quote, lease_token)
values (:user_id, :account_id, :client_order_id, :fill_id, :number, :at_ms, :quantity, :price,
        :fee, :fee_asset, :fee_quote, :lease_token)
on conflict (user_id, account_id, client_order_id, fill_id) do nothing
"""
LIVE_ORDERS = """
select * from orders where user_id = :user_id and account_id = :account_id
  and position_id in
      (select position_id from orders
       where user_id = :user_id and account_id = :account_id and status in ('PENDING', 'OPEN')
       union
       select position_id from positions
       where user_id = :user_id and account_id = :account_id and status <> 'CLOSED')
order by planned_ms, client_order_id
"""
FILLS_OF_ORDER = """
select * from fills where user_id = :user_id and account_id = :account_id
  and client_order_id = :client_order_id order by number
"""


def save_order(event: OrderPlanned | OrderUpdated, owner: Owner) -> Iterator[Statement]:
    """Yield the writes of an order and of its fills; a fill that is there stays as it is."""
    order = event.order
    values = plain(order, owner)
    del values["fills"]
    yield Statement(SAVE_ORDER, {**values, "filled": str(order.filled), "updated_ms": event.at_ms})
    for number, fill in enumerate(order.fills):
        yield Statement(
            SAVE_FILL,
            {
                **plain(fill, owner),
                "account_id": order.account,
                "client_order_id": order.client_order_id,
                "number": number,
            },
        )


def order_from_rows(row: Mapping[str, Value], fills: Iterable[Mapping[str, Value]]) -> Order:
    """Return the order that these rows were made from."""
    found = tuple(msgspec.convert(fill, Fill) for fill in fills)
    return msgspec.convert({**row, "account": row["account_id"], "fills": found}, Order)


WRITERS = (on(OrderPlanned, save_order), on(OrderUpdated, save_order))
