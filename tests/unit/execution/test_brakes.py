from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, TRADER

from aitrader.execution.brakes import (
    Closings,
    Highs,
    Standing,
    check,
    check_size,
    entries_within_a_minute,
    streak_of,
)
from aitrader.model.candle import DAY_MS
from aitrader.model.errors import Refused
from aitrader.model.events import ClosedBefore
from aitrader.model.ids import TraderId
from aitrader.model.trader import Brakes

FLAT = Standing(
    equity=Decimal(1000), exposure=Decimal(0), made_today=Decimal(0), streak=0, entries=0
)
MINUTE_MS = 60_000


def closed(at_ms: int, pnl: str = "-1", **changes: object) -> ClosedBefore:
    row = ClosedBefore(TRADER, "BTCUSDT", at_ms, Decimal(pnl))
    return msgspec.structs.replace(row, **changes)


def refusal(brakes: Brakes, **changes: object) -> str:
    now = msgspec.structs.replace(FLAT, **changes)
    try:
        check(brakes, now, whose="the trader", symbol="BTCUSDT")
    except Refused as no:
        return no.reason
    return ""


def test_without_limits_nothing_is_held_back() -> None:
    worst = {"made_today": Decimal(-999), "streak": 99, "entries": 99, "since_close_ms": 0}
    assert refusal(Brakes(), best=Decimal(99_999), **worst) == ""


@pytest.mark.parametrize(
    ("brakes", "allowed", "stopped", "sentence"),
    [
        (
            Brakes(max_daily_loss_pct=Decimal(4)),
            {"equity": Decimal("960.1"), "made_today": Decimal("-39.9")},
            {"equity": Decimal(960), "made_today": Decimal(-40)},
            "the trader has lost 4% of its equity today, the limit is 4%",
        ),
        (
            Brakes(max_drawdown_pct=Decimal(20)),
            {"best": Decimal("1249.9")},
            {"best": Decimal(1250)},
            "the trader is 20% below its best, the limit is 20%; resuming entries counts anew",
        ),
        (
            Brakes(cooldown_ms=30 * MINUTE_MS),
            {"since_close_ms": 30 * MINUTE_MS},
            {"since_close_ms": 30 * MINUTE_MS - 1},
            "the trader left BTCUSDT 29 min ago and waits 30 min",
        ),
        (
            Brakes(loss_streak=3),
            {"streak": 2},
            {"streak": 3},
            "the trader has lost 3 times in a row today; it goes on tomorrow (UTC)",
        ),
        (
            Brakes(max_entries_per_min=2),
            {"entries": 1},
            {"entries": 2},
            "the trader has sent 2 entries within a minute, the limit is 2",
        ),
    ],
)
def test_each_limit_holds_back_from_its_number_on(
    brakes: Brakes, allowed: dict[str, object], stopped: dict[str, object], sentence: str
) -> None:
    assert refusal(brakes) == ""
    assert refusal(brakes, **allowed) == ""
    assert refusal(brakes, **stopped) == sentence


def test_an_account_that_is_worth_nothing_has_no_percentages() -> None:
    lost = {"equity": Decimal(0), "made_today": Decimal(0)}
    assert refusal(Brakes(max_daily_loss_pct=Decimal(1)), **lost) == ""


def test_what_is_held_and_what_is_added_may_be_so_much_of_equity() -> None:
    brakes, now = (
        Brakes(max_exposure_pct=Decimal(50)),
        Standing(
            equity=Decimal(1000),
            exposure=Decimal(400),
            made_today=Decimal(0),
            streak=0,
            entries=0,
        ),
    )
    check_size(brakes, now, notional=Decimal(100), whose="the account")
    check_size(Brakes(), now, notional=Decimal(10_000), whose="the account")
    with pytest.raises(Refused) as caught:
        check_size(brakes, now, notional=Decimal("101"), whose="the account")
    assert caught.value.reason == (
        "the account would have 50.1% of the equity in positions, the limit is 50%"
    )


def test_a_streak_counts_back_from_the_last_one() -> None:
    rows = [closed(AT_MS + n, pnl) for n, pnl in enumerate(["-1", "2", "-1", "-1"])]
    assert streak_of(rows) == 2
    assert streak_of(rows[:2]) == 0
    assert streak_of([closed(AT_MS, "0")]) == 0


def test_a_day_is_utc_and_a_trader_has_its_own() -> None:
    other = TraderId("other")
    rows = (
        closed(AT_MS - 1),
        closed(AT_MS),
        closed(AT_MS + 5, trader_id=other, symbol="ETHUSDT"),
    )
    closings = Closings(rows)
    assert closings.of_day(AT_MS + 9, None) == rows[1:]
    assert closings.of_day(AT_MS + DAY_MS - 1, TRADER) == rows[1:2]
    assert closings.of_day(AT_MS + DAY_MS, None) == ()
    assert closings.last_of("BTCUSDT", None) == AT_MS
    assert closings.last_of("ETHUSDT", other) == AT_MS + 5
    assert closings.last_of("ETHUSDT", TRADER) is None


def test_what_closed_a_week_ago_is_forgotten() -> None:
    closings = Closings([closed(AT_MS), closed(AT_MS + 1, symbol="ETHUSDT")])
    closings.add(closed(AT_MS + 1 + 7 * DAY_MS, symbol="SOLUSDT"))
    assert closings.last_of("BTCUSDT", None) is None
    assert closings.last_of("ETHUSDT", None) == AT_MS + 1


def test_a_minute_is_counted_back_from_now() -> None:
    assert entries_within_a_minute([AT_MS - 60_000, AT_MS - 59_999, AT_MS], AT_MS) == 2


def test_a_traders_drawdown_counts_from_the_best_that_it_made() -> None:
    highs = Highs()
    assert highs.fallen(TRADER, Decimal(-3)) == 3
    assert highs.fallen(TRADER, Decimal(3)) == 0
    for pnl in ("20", "-5", "-6", "4"):
        highs.add(TRADER, Decimal(pnl))
    highs.add(TraderId("other"), Decimal(-1))
    assert highs.fallen(TRADER, Decimal(0)) == 7
    assert highs.fallen(TRADER, Decimal(-2)) == 9
    assert highs.fallen(TraderId("other"), Decimal(0)) == 1
    highs.restart(TRADER)
    highs.restart(TRADER)
    assert highs.fallen(TRADER, Decimal(0)) == 0
    saved = Highs([(TRADER, Decimal(13), Decimal(20))])
    assert saved.fallen(TRADER, Decimal(-1)) == 8
