"""The limits of an account that settings say, as execution takes them."""

from __future__ import annotations

from aitrader.config import Settings
from aitrader.model.candle import MINUTE_MS
from aitrader.model.trader import Brakes


def brakes_of(settings: Settings) -> Brakes:
    """Return what holds new entries of the whole account back."""
    return Brakes(
        max_exposure_pct=settings.max_exposure_pct,
        max_daily_loss_pct=settings.max_daily_loss_pct,
        max_drawdown_pct=settings.max_drawdown_pct,
        cooldown_ms=settings.cooldown_min * MINUTE_MS,
        loss_streak=settings.loss_streak,
        max_entries_per_min=settings.max_entries_per_min,
    )
