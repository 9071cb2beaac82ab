"""Exits that an earlier run sent while its disk took nothing, and that only the exchange knows.

What closes a position goes out from memory when the disk refuses. If the process dies before the
disk takes it, the next one remembers an open position whose coins may be sold. Ids are computed
from a position and a number, so the orders that follow the remembered ones can be asked for by name
before anything is decided.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from aitrader.exchange.binance.account_rest import AccountRest
from aitrader.exchange.binance.orders import asking_by_name
from aitrader.exchange.binance.verdicts import NO_SUCH_ORDER
from aitrader.exchange.binance.wire_orders import OrderAnswer, read_order
from aitrader.model import ids
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import Saved
from aitrader.model.order import Leg
from aitrader.model.position import Position

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Positions that are asked about at the same time."""


LOOK_AHEAD = 32
"""How many orders of one position may have been forgotten."""


async def find_forgotten(rest: AccountRest, saved: Saved) -> list[OrderAnswer]:
    """Return the exits of open positions that come after those that are remembered."""
    known = Counter(row.position_id for row in saved.orders if row.leg is Leg.EXIT)
    found: list[OrderAnswer] = []
    for first in range(0, len(saved.positions), AT_ONCE):
        batch: Sequence[Position] = saved.positions[first : first + AT_ONCE]
        answers = await asyncio.gather(
            *(_following(rest, row, known[row.position_id]) for row in batch)
        )
        found += [answer for answers_of_one in answers for answer in answers_of_one]
    return found


async def _following(rest: AccountRest, position: Position, known: int) -> list[OrderAnswer]:
    """Return the exits of one position from a number on, up to the first that does not exist."""
    found: list[OrderAnswer] = []
    while len(found) < LOOK_AHEAD:
        number = known + len(found) + 1
        name = ids.client_order_id(position.position_id, Leg.EXIT.value, number)
        try:
            found.append(read_order(await rest.ask(asking_by_name(position.symbol, name))))
        except (Refused, Transient) as error:
            if isinstance(error, Transient) or error.code != NO_SUCH_ORDER:
                log.warning("whether there are more orders like %s is not told: %s", name, error)
            break
    return found
