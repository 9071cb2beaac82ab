"""Our books after a world has come to rest: in themselves, and against the exchange's."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from aitrader.model.account import LIVE, PAPER
from aitrader.model.ids import ORDER_ID_PREFIX, position_id
from aitrader.model.ledger import flow_of, held
from aitrader.model.money import ZERO
from aitrader.model.order import Leg, Order, OrderKind
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Signal
from aitrader.storage.load import Rows, orders_of
from aitrader.storage.rows.account import ACCOUNT
from aitrader.storage.rows.positions import position_from_row
from aitrader.storage.rows.signals import LIVE_SIGNALS, signal_from_row
from aitrader.storage.rows.statement import Owner

START_CASH = Decimal(10_000)
DUST_USDT = Decimal(1)

ALL_ORDERS = """
select * from orders where user_id = :user_id and account_id = :account_id
order by planned_ms, client_order_id
"""
ALL_POSITIONS = """
select * from positions where user_id = :user_id and account_id = :account_id
"""
REPEATED = """
select kind, count(*) as times from events where kind in ('OrderPlanned', 'SignalRaised')
group by kind, coalesce(json_extract(body, '$.order.client_order_id'),
                        json_extract(body, '$.signal.signal_id')) having count(*) > 1
"""


class Leftover(msgspec.Struct, frozen=True):
    """What a closed position could not sell, in base units, since its last fill."""

    symbol: str
    from_ms: int
    quantity: Decimal


class Books(msgspec.Struct, kw_only=True):
    """What the database of one account says."""

    orders: Sequence[Order]
    positions: list[Position]
    cash: Decimal | None
    awaited: list[Signal]
    repeated: list[str]

    @classmethod
    def read(cls, path: Path, account: str) -> Books:
        """Return the books of an engine that has ended."""
        connection = sqlite3.connect(path)
        connection.row_factory = sqlite3.Row
        with contextlib.closing(connection):
            user_id = connection.execute("select user_id from traders").fetchone()[0]
            engine = Rows(connection, Owner(user_id, PAPER))
            rows = Rows(connection, Owner(user_id, account))
            cash = next((row["cash"] for row in rows.of(ACCOUNT)), None)
            return cls(
                orders=orders_of(rows, ALL_ORDERS),
                positions=[position_from_row(row) for row in rows.of(ALL_POSITIONS)],
                cash=None if cash is None else Decimal(str(cash)),
                awaited=[signal_from_row(row) for row in engine.of(LIVE_SIGNALS)],
                repeated=[
                    f"duplicate: {row['kind']} of one id {row['times']} times"
                    for row in rows.of(REPEATED)
                ],
            )

    def leftovers(self) -> list[Leftover]:
        """Return what closed positions left over."""
        found = []
        for position in self.positions:
            if position.status is PositionStatus.CLOSED:
                orders = [row for row in self.orders if row.position_id == position.position_id]
                left = held(position.side, orders)
                if left > 0:
                    last_ms = max(fill.at_ms for order in orders for fill in order.fills)
                    found.append(Leftover(position.symbol, last_ms, left))
        return found

    def counted(self) -> Counter[str]:
        """Return how much there is of everything."""
        return Counter(
            positions=len(self.positions),
            open_positions=sum(row.status is not PositionStatus.CLOSED for row in self.positions),
            orders=len(self.orders),
            fills=sum(len(order.fills) for order in self.orders),
            never_arrived=sum(o.note.startswith("it never arrived") for o in self.orders),
        )


def findings_within(books: Books) -> list[str]:
    """Return what contradicts itself."""
    by_position: dict[str, list[Order]] = {}
    for order in books.orders:
        by_position.setdefault(order.position_id, []).append(order)
    found = [*books.repeated, *_twice_open(books.positions)]
    found += _ownerless(books.positions, by_position)
    found += _forgotten(books.awaited, by_position)
    for position in books.positions:
        found += _wrong(position, by_position.get(position.position_id, []))
    expected = START_CASH + flow_of(books.orders).quote
    if books.cash is not None and books.cash != expected:
        found.append(f"disagreement: cash {books.cash}, by the fills {expected}")
    return found


def findings_against(books: Books, exchange: Mapping[str, Any]) -> list[str]:
    """Return where our orders and the exchange's, or what they led to, are not the same."""
    theirs: dict[str, list[Mapping[str, Any]]] = {}
    for order in exchange["orders"]:
        theirs.setdefault(order["clientOrderId"], []).append(order)
    ours = {str(order.client_order_id): order for order in books.orders}
    found = [
        f"duplicate: {name} is {len(same)} orders at the exchange"
        for name, same in theirs.items()
        if len(same) > 1
    ]
    found += [
        f"lost: the exchange has {name}, we do not"
        for name in theirs
        if name.startswith(ORDER_ID_PREFIX) and name not in ours
    ]
    for name, order in ours.items():
        found += _compared(order, theirs.get(name, []))
    found += _holdings(books.orders, exchange["balances"])
    return found


def _compared(order: Order, theirs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    name = f"{order.symbol} {order.client_order_id} {order.leg.value} {order.status.value}"
    if not theirs:
        if order.fills or not order.is_done:
            yield f"disagreement: {name} is not at the exchange"
        return
    executed = sum((Decimal(each["executedQty"]) for each in theirs), ZERO)
    if executed != order.filled:
        yield f"disagreement: {name} filled {order.filled}, at the exchange {executed}"
    if order.is_done != all(each["isDone"] for each in theirs):
        yield f"disagreement: {name} is {theirs[0]['status']} at the exchange"


def _holdings(orders: Sequence[Order], balances: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    by_base: dict[str, list[Order]] = {}
    for order in orders:
        by_base.setdefault(order.symbol.removesuffix("USDT"), []).append(order)
    for asset, balance in balances.items():
        total = Decimal(balance["free"]) + Decimal(balance["locked"])
        if asset == "USDT":
            expected = START_CASH + flow_of(orders).quote
        else:
            expected = flow_of(by_base.get(asset, [])).base
        if total != expected:
            yield f"disagreement: the exchange holds {total} {asset}, by our fills {expected}"


def _twice_open(positions: Iterable[Position]) -> Iterator[str]:
    owners = Counter(
        (row.trader_id, row.symbol) for row in positions if row.status is not PositionStatus.CLOSED
    )
    for owner, times in owners.items():
        if times > 1:
            yield f"duplicate: {owner} has {times} positions"


def _ownerless(positions: list[Position], by_position: dict[str, list[Order]]) -> Iterator[str]:
    known = {row.position_id for row in positions}
    for name, orders in by_position.items():
        if name not in known and any(order.fills for order in orders):
            yield f"lost: {name} has fills and is no position"


def _forgotten(awaited: list[Signal], by_position: dict[str, list[Order]]) -> Iterator[str]:
    """Yield the signals that wait for an entry which has ended, or was never planned."""
    for found in awaited:
        names = (position_id(found.signal_id), position_id(found.signal_id, LIVE))
        orders = [order for name in names for order in by_position.get(name, [])]
        if all(order.is_done for order in orders):
            yield f"lost: {found.symbol} {found.signal_id} waits for nothing"


def _wrong(position: Position, orders: list[Order]) -> Iterator[str]:
    """Yield what is wrong with one position by its own orders."""
    name = f"{position.symbol} {position.position_id} {position.status.value}"
    if sum(order.leg is Leg.ENTRY for order in orders) != 1:
        yield f"duplicate: {name}: expected one entry order"
    if any(order.filled > order.quantity for order in orders):
        yield f"disagreement: {name}: an order filled more than its quantity"
    lists = Counter(order.list_id for order in orders if order.list_id)
    if any(times != 2 for times in lists.values()):
        yield f"lost: {name}: a list that is no pair"
    left = held(position.side, orders)
    if left != position.quantity and position.status is not PositionStatus.CLOSED:
        yield f"disagreement: {name}: holds {position.quantity}, by its fills {left}"
    live = [order for order in orders if not order.is_done and order.leg is Leg.EXIT]
    if position.status is PositionStatus.CLOSED:
        if live:
            yield f"lost: {name}: {len(live)} orders are left"
        if not left and position.realized_pnl != flow_of(orders).quote:
            yield f"disagreement: {name}: pnl {position.realized_pnl}, by its fills " + str(
                flow_of(orders).quote
            )
    elif position.status is PositionStatus.OPEN:
        yield from _unprotected(name, position, live)


def _unprotected(name: str, position: Position, live: list[Order]) -> Iterator[str]:
    stops = sum((o.remaining for o in live if o.kind is OrderKind.STOP_LOSS), ZERO)
    limits = sum((o.remaining for o in live if o.kind is OrderKind.LIMIT), ZERO)
    # What the fee left beside the grid cannot be sold, and so not be protected.
    bare = position.quantity - stops
    if position.stop_price is not None and not 0 <= bare * position.entry_price < DUST_USDT:
        yield f"unprotected: {name}: holds {position.quantity}, its stops close {stops}"
    wanted = sum((target.quantity for target in position.targets), ZERO)
    if not 0 <= (wanted - limits) * position.entry_price < DUST_USDT:
        yield f"unprotected: {name}: targets for {wanted}, orders close {limits}"
