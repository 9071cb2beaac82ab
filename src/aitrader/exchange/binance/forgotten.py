"""Exits that an earlier run sent while its disk took nothing, and that only the exchange knows.

What closes a position goes out from memory when the disk refuses. If the process dies before the
disk takes it, the next one remembers an open position whose coins may be sold, or an entry on its
way that has long become a position. Ids are computed from a position and a number, so the orders
that follow the remembered ones are found by name before anything is decided. Otherwise their ids
would be used a second time, which the exchange takes once the first order is over.

The newest orders of a symbol are looked through, since a number may be missing where an order was
refused. That list may lag by a moment, so what comes after the last one found is asked for by name.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Collection

from aitrader.exchange.binance.account_rest import AccountRest
from aitrader.exchange.binance.orders import Request, asking_by_name, asking_newest
from aitrader.exchange.binance.verdicts import NO_SUCH_ORDER
from aitrader.exchange.binance.wire_orders import OrderAnswer, read_order, read_orders
from aitrader.model import ids
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import Saved
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.order import Leg

log = logging.getLogger(__name__)

EXIT = Leg.EXIT.value

AT_ONCE = 8
"""Positions that are asked about at the same time."""

ROUNDS = 3
"""So often all attempts of a question may fail before the start is given up."""


async def find_forgotten(rest: AccountRest, saved: Saved) -> list[OrderAnswer]:
    """Return the exits that come after the remembered ones, by their numbers.

    Of every position that is open, and of every one that an entry on its way may have opened.

    Raises:
        Transient: The exchange stayed unwell: to go on might use an id twice.
    """
    symbols = {row.position_id: row.symbol for row in saved.positions}
    for row in saved.orders:
        if row.leg is Leg.ENTRY and not row.is_done:
            symbols[row.position_id] = row.symbol
    owners = list(symbols.items())
    known: defaultdict[PositionId, list[ClientOrderId]] = defaultdict(list)
    for row in saved.orders:
        known[row.position_id].append(row.client_order_id)
    found: list[OrderAnswer] = []
    for first in range(0, len(owners), AT_ONCE):
        batch = owners[first : first + AT_ONCE]
        answers = await asyncio.gather(
            *(_following(rest, symbol, owner, known=known[owner]) for owner, symbol in batch)
        )
        found += [answer for answers_of_one in answers for answer in answers_of_one]
    return found


async def _following(
    rest: AccountRest, symbol: str, owner: PositionId, *, known: Collection[ClientOrderId]
) -> list[OrderAnswer]:
    """Return the exits of one position that follow the known ones, as far as they are told."""
    last = ids.last_attempt(owner, EXIT, known)
    names = [ids.client_order_id(owner, EXIT, last + 1 + n) for n in range(ids.LOOK_AHEAD)]
    found: list[OrderAnswer] = []
    try:
        newest = {row.name: row for row in read_orders(await _asked(rest, asking_newest(symbol)))}
        found += [newest[name] for name in names if name in newest]
        beyond = max((place for place, name in enumerate(names, 1) if name in newest), default=0)
        for name in names[beyond:]:
            found.append(read_order(await _asked(rest, asking_by_name(symbol, name))))
    except Refused as refused:
        if refused.code != NO_SUCH_ORDER:
            log.warning("whether there are more orders of %s is not told: %s", owner, refused)
    return found


async def _asked(rest: AccountRest, request: Request) -> bytes:
    """Return the answer to a question that the start cannot do without."""
    for _ in range(1, ROUNDS):
        with contextlib.suppress(Transient):
            return await rest.ask(request)
    return await rest.ask(request)
