"""What a fee in a third coin is worth, asked of the market at once: later nobody knows.

Binance takes a fee in BNB where the account is set so. It moves neither the base nor the quote that
a position is counted in, so it is valued in quote at that coin's last price when its fill is heard
of, and kept with the fill. While the market of that coin is not followed its price is not known:
then it is not counted, and the position's story says so.
"""

from __future__ import annotations

import msgspec

from aitrader.execution.desk import Desk
from aitrader.model.events import OrderFilled
from aitrader.model.money import money_to_step


def valued(desk: Desk, event: OrderFilled, *, symbol: str) -> OrderFilled:
    """Return the fill with the worth of its fee, where that is in a third coin and can be told."""
    asset, quote = event.fill.fee_asset, desk.settings.quote
    if asset == quote or not asset or symbol.startswith(asset) or not symbol.endswith(quote):
        return event
    price = desk.price_of(asset + quote)
    if price is None:
        return event
    worth = money_to_step(event.fill.fee * price)
    fill = msgspec.structs.replace(event.fill, fee_quote=worth)
    return msgspec.structs.replace(event, fill=fill)
