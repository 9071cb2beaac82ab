"""What the book of a symbol offers at its best price."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aitrader.model.order import Side


class Offer(msgspec.Struct, frozen=True):
    """The best price that an order may take, and the base units that are there at `at_ms`."""

    price: float
    quantity: float
    at_ms: int


FindOffer = Callable[[str, Side], Offer | None]
"""What an order of this side in this symbol may take; None while that is not known."""


def unknown(_symbol: str, _side: Side) -> None:
    """Return that nothing is known of any book."""
