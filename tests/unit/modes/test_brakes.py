from __future__ import annotations

from decimal import Decimal

from aitrader.config import Settings
from aitrader.model.trader import Brakes
from aitrader.modes.brakes import brakes_of


def test_without_settings_nothing_is_held_back() -> None:
    assert brakes_of(Settings()) == Brakes()


def test_settings_hold_the_account_back() -> None:
    settings = Settings(
        max_exposure_pct=Decimal(50),
        max_daily_loss_pct=Decimal(3),
        max_drawdown_pct=Decimal(20),
        cooldown_min=30,
        loss_streak=4,
        max_entries_per_min=10,
    )
    assert brakes_of(settings) == Brakes(
        max_exposure_pct=Decimal(50),
        max_daily_loss_pct=Decimal(3),
        max_drawdown_pct=Decimal(20),
        cooldown_ms=1_800_000,
        loss_streak=4,
        max_entries_per_min=10,
    )
