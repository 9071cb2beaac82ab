"""Money after sudden deaths: the demo is killed at random moments and its books are audited.

Unit of work: one life of `aitrader demo --headless` at speed 120 with 40 symbols, ended after a
random while by SIGKILL (one in five: by SIGTERM), and the next life on the same folder; the last
one ends in order. Target: no finding. The books are read from the database alone: nothing is
doubled, nothing is lost, what is open is protected exactly once, and the cash is the start plus all
fills, to the last digit.

    python bench/chaos.py --runs 10 --seed 1 --json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from report import report

from aitrader.model.ids import position_id
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
SEED = 7
LAST_LIFE_S = 4.0
LIFE_S = (1.0, 6.0)
"""Wall seconds from the start of a process to its death: some die while they recover."""
TERM_SHARE = 0.2
END_S = 40.0

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


def main() -> int:
    wanted = _arguments()
    dice = random.Random(wanted.seed)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        base = wanted.data_folder or Path(made)
        for _ in range(wanted.runs):
            number = signal.SIGTERM if dice.random() < TERM_SHARE else signal.SIGKILL
            _live(base, wanted, dies_after_s=dice.uniform(*LIFE_S), number=number)
        last = _live(base, wanted, dies_after_s=None)
        findings, counted = audit(next(base.glob("seed-*/*.sqlite")))
    if last is None:
        findings.append("the last life did not end by itself with code 0")
    elif last["errors"]:
        findings.append(f"the last life counted {last['errors']} errors")
    for finding in findings:
        print(finding, file=sys.stderr)
    return report(
        "chaos",
        len(findings),
        "findings",
        target=1,
        deaths=wanted.runs,
        seed=wanted.seed,
        wall_s=round(time.monotonic() - began_s, 1),
        **counted,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="deaths before the last life")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of death")
    parser.add_argument("--symbols", type=int, default=40)
    parser.add_argument("--speed", default="120")
    parser.add_argument("--data-folder", type=Path, help="keep the books here")
    parser.add_argument("--json", action="store_true", help="as always: one JSON object")
    return parser.parse_args()


def _live(
    base: Path,
    wanted: argparse.Namespace,
    *,
    dies_after_s: float | None,
    number: signal.Signals = signal.SIGKILL,
) -> dict[str, int] | None:
    """Run one life; return what it says at its end, None after a death."""
    command = [sys.executable, "-m", "aitrader", "demo", "--headless", "--json"]
    command += ["--data-folder", str(base), "--seed", str(SEED)]
    command += ["--symbols", str(wanted.symbols), "--speed", wanted.speed]
    command += ["--for", str(LAST_LIFE_S if dies_after_s is None else 60.0)]
    life = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        said, _ = life.communicate(timeout=60.0 if dies_after_s is None else dies_after_s)
    except subprocess.TimeoutExpired:
        life.send_signal(number)
        _bury(life)
        return None
    return json.loads(said.splitlines()[-1]) if life.returncode == 0 and said else None


def _bury(life: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process that was told to end; one that does not is a finding."""
    try:
        life.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        life.kill()
        life.communicate()
        raise SystemExit(f"a life did not end within {END_S} s of SIGTERM") from None


def audit(path: Path) -> tuple[list[str], dict[str, int]]:
    """Return what is wrong in the books of an engine that has ended, and how much is in them."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    with contextlib.closing(connection):
        rows = Rows(connection, _owner(connection))
        orders = orders_of(rows, ALL_ORDERS)
        positions = [position_from_row(row) for row in rows.of(ALL_POSITIONS)]
        cash = Decimal(str(next(rows.of(ACCOUNT))["cash"]))
        awaited = [signal_from_row(row) for row in rows.of(LIVE_SIGNALS)]
        repeated = [f"{row['kind']} of one id {row['times']} times" for row in rows.of(REPEATED)]
    by_position: dict[str, list[Order]] = {}
    for order in orders:
        by_position.setdefault(order.position_id, []).append(order)
    findings = [*repeated, *_twice_open(positions), *_ownerless(positions, by_position)]
    findings += _forgotten(awaited, by_position)
    for position in positions:
        findings += _wrong(position, by_position.get(position.position_id, []))
    if cash != START_CASH + flow_of(orders).quote:
        findings.append(f"cash {cash}, by the fills {START_CASH + flow_of(orders).quote}")
    counted = {
        "positions": len(positions),
        "open": sum(row.status is not PositionStatus.CLOSED for row in positions),
        "orders": len(orders),
        "fills": sum(len(order.fills) for order in orders),
        "never_arrived": sum(order.note.startswith("it never arrived") for order in orders),
    }
    return findings, counted


def _owner(connection: sqlite3.Connection) -> Owner:
    user_id, account_id = connection.execute("select user_id, account_id from accounts").fetchone()
    return Owner(user_id, account_id)


def _twice_open(positions: Iterable[Position]) -> Iterator[str]:
    owners = Counter(
        (row.trader_id, row.symbol) for row in positions if row.status is not PositionStatus.CLOSED
    )
    for owner, times in owners.items():
        if times > 1:
            yield f"{owner} has {times} positions"


def _ownerless(positions: list[Position], by_position: dict[str, list[Order]]) -> Iterator[str]:
    known = {row.position_id for row in positions}
    for name, orders in by_position.items():
        if name not in known and any(order.fills for order in orders):
            yield f"{name} has fills and is no position"


def _forgotten(awaited: list[Signal], by_position: dict[str, list[Order]]) -> Iterator[str]:
    """Yield the signals that wait for an entry which has ended, or was never planned."""
    for found in awaited:
        orders = by_position.get(position_id(found.signal_id), [])
        if all(order.is_done for order in orders):
            yield f"{found.symbol} {found.signal_id} waits for nothing"


def _wrong(position: Position, orders: list[Order]) -> Iterator[str]:
    """Yield what is wrong with one position by its own orders."""
    name = f"{position.symbol} {position.position_id} {position.status.value}"
    if sum(order.leg is Leg.ENTRY for order in orders) != 1:
        yield f"{name}: expected one entry order"
    if any(order.filled > order.quantity for order in orders):
        yield f"{name}: an order filled more than its quantity"
    lists = Counter(order.list_id for order in orders if order.list_id)
    if any(times != 2 for times in lists.values()):
        yield f"{name}: a list that is no pair"
    left = held(position.side, orders)
    if left != position.quantity:
        yield f"{name}: holds {position.quantity}, by its fills {left}"
    live = [order for order in orders if not order.is_done and order.leg is Leg.EXIT]
    if position.status is PositionStatus.CLOSED:
        if live:
            yield f"{name}: {len(live)} orders are left"
        if position.realized_pnl != flow_of(orders).quote:
            yield f"{name}: pnl {position.realized_pnl}, by its fills {flow_of(orders).quote}"
    elif position.status is PositionStatus.OPEN:
        yield from _unprotected(name, position, live)


def _unprotected(name: str, position: Position, live: list[Order]) -> Iterator[str]:
    stops = sum((o.remaining for o in live if o.kind is OrderKind.STOP_LOSS), ZERO)
    limits = sum((o.remaining for o in live if o.kind is OrderKind.LIMIT), ZERO)
    if position.stop_price is not None and stops != position.quantity:
        yield f"{name}: holds {position.quantity}, its stops close {stops}"
    wanted = sum((target.quantity for target in position.targets), ZERO)
    if limits != wanted:
        yield f"{name}: targets for {wanted}, orders close {limits}"


if __name__ == "__main__":
    sys.exit(main())
