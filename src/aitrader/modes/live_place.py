"""Where an engine's live orders go, by its settings: told to whoever is asked before money moves.

Apart from `modes.live`, which brings the whole live venue and is for engines that have an account.
"""

from __future__ import annotations

from aitrader.config import Settings
from aitrader.engine.going_live import LivePlace

REAL_MONEY = ("binance.com", "binance.us")
"""Markets whose money is real; on the others an exchange's account is played with."""


def place_of(settings: Settings, *, quote: str) -> LivePlace | None:
    """Return where live orders go, None where none do."""
    if settings.paper_trading:
        return None
    kind = "real money" if settings.market in REAL_MONEY else "the exchange account, no real money,"
    return LivePlace(f"{kind} on {settings.market}", quote)
