"""What the exchange says the account has: its cash, and whether what we hold is still there.

Theory of operation. A paper account's cash is counted from fills. A live account's is what the
exchange reports, so that deposits, fees in a third coin and orders of others are in it; between two
reports fills are counted, those that are later than the newest report: it has the others in it.
What a report has and no fill explains is somebody's transfer (`transfers`).

Coins that are not ours lie in the same wallet, so more than we hold means nothing. Less means that
somebody sold or moved what a position holds: it is said, and the trader enters that symbol no more.
A whole report is needed for it; one that the stream sends names only what has changed. What an exit
order of ours may have sold meanwhile, without our having heard of it (we were away, its report is
on its way), is not missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from aitrader.execution import transfers
from aitrader.execution.desk import Desk, Messages
from aitrader.model.events import BalancesReported, Quarantined
from aitrader.model.money import ZERO, trimmed
from aitrader.model.order import Leg
from aitrader.model.position import Position
from aitrader.model.trader import PositionSide

SETTLED_MS = 10_000
"""A fill that is older is in a whole report for certain."""


def reported(desk: Desk, event: BalancesReported) -> Messages:
    """Take a report in; return the new cash and what is missing."""
    if event.account != desk.settings.account or event.at_ms < desk.balances_ms:
        return []
    told = {row.asset: row for row in event.balances}
    desk.balances = told if event.is_whole else {**desk.balances, **told}
    desk.balances_ms = event.at_ms
    if event.is_whole:
        desk.whole_balances_ms = event.at_ms
    answer: Messages = []
    quote = desk.balances.get(desk.settings.quote)
    cash = ZERO if quote is None else quote.total
    if cash != desk.account.cash:
        is_first = not desk.account.cash and not desk.peak
        if not is_first:  # what an account begins with has not come in
            transfers.noticed(desk, cash - desk.account.cash, at_ms=event.at_ms)
        desk.account.cash = cash
        answer.append(transfers.cash_changed(desk, at_ms=event.at_ms))
    return [*answer, *_missing(desk, at_ms=event.at_ms)] if event.is_whole else answer


def left_for(desk: Desk, position: Position, *, since_ms: int) -> Decimal | None:
    """Return the base units that the exchange has for a position; None if that is not certain.

    It is by a whole report that came since then, and only if no fill is so new that it may not be
    in that report. What other positions hold of the same coin is theirs.
    """
    rules = desk.instruments.get(position.symbol)
    if rules is None or position.side is not PositionSide.LONG or desk.whole_balances_ms < since_ms:
        return None
    there = ZERO
    if (found := desk.balances.get(rules.base)) is not None:
        there = found.total
    for row in desk.positions.values():
        its_rules = desk.instruments.get(row.symbol)
        if its_rules is None or its_rules.base != rules.base:
            continue
        fills = (fill for order in desk.table.of(row.position_id) for fill in order.fills)
        if any(fill.at_ms > desk.whole_balances_ms - SETTLED_MS for fill in fills):
            return None
        if row.position_id != position.position_id:
            there -= max(desk.held(row), ZERO)
    return max(there, ZERO)


def _missing(desk: Desk, *, at_ms: int) -> Iterator[Quarantined]:
    """Yield one alarm per position whose coins are not all there, once until they are again."""
    by_asset: dict[str, list[Position]] = {}
    for position in desk.positions.values():
        rules = desk.instruments.get(position.symbol)
        if rules is not None and position.side is PositionSide.LONG:
            by_asset.setdefault(rules.base, []).append(position)
    told, desk.missing = desk.missing, set()
    for asset, positions in by_asset.items():
        found = desk.balances.get(asset)
        there = ZERO if found is None else found.total
        held = sum((desk.held(row) for row in positions), ZERO)
        if there < held - sum((_may_be_sold(desk, row) for row in positions), ZERO):
            desk.missing |= {row.position_id for row in positions}
            new = [row for row in positions if row.position_id not in told]
            yield from (_alarm(row, asset, (there, held), at_ms) for row in new)


def _may_be_sold(desk: Desk, position: Position) -> Decimal:
    """Return the base units that exit orders may have sold, of which nobody has told us yet."""
    lists: dict[str, Decimal] = {}
    for order in desk.table.live(position.position_id, Leg.EXIT):
        name = order.list_id or order.client_order_id
        lists[name] = max(lists.get(name, ZERO), order.remaining)
    return sum(lists.values(), ZERO)


def _alarm(
    position: Position, asset: str, numbers: tuple[Decimal, Decimal], at_ms: int
) -> Quarantined:
    there, held = numbers
    reason = (
        f"expected {trimmed(held)} {asset} on the exchange, found {trimmed(there)}: "
        "somebody sold or moved what this position holds"
    )
    return Quarantined(
        at_ms=at_ms, trader_id=position.trader_id, symbol=position.symbol, reason=reason
    )
