"""The order of the rules: the first that forbids an entry is the one that is told."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import AT_MS, a_plan, a_signal, a_trader, an_instrument, some_exits
from tests.unit.execution.test_risk import GOOD

from aitrader.execution import brakes
from aitrader.execution.admission import (
    CLOSE_SLACK_MS,
    Entry,
    admitted,
    is_current,
    means_of,
    no_brakes,
    stops_allowed,
    stops_needed,
)
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.sizing import Means
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO
from aitrader.model.trader import (
    Brakes,
    EntryPlan,
    Exits,
    Level,
    LevelKind,
    PositionSide,
    SizeKind,
    Target,
)

SETTINGS = ExecutionSettings()
RULES = an_instrument()
FULL = msgspec.structs.replace(GOOD, trader_open=1)


class Asked:
    """Who is asked for means and limits, and in which order."""

    def __init__(self, free: str = "1000", limits: Brakes = brakes.NONE) -> None:
        self.order: list[str] = []
        self._free, self._limits = Decimal(free), limits

    def means(self, kind: SizeKind, is_limit: bool) -> Means:
        self.order.append(f"means for {kind.value}, {'limit' if is_limit else 'market'}")
        return means_of(SETTINGS, equity=Decimal(1000), free=self._free, is_limit=is_limit)

    def brakes(self) -> tuple[tuple[Brakes, brakes.Standing, str], ...]:
        self.order.append("brakes")
        now = brakes.Standing(
            equity=Decimal(1000), exposure=ZERO, made_today=ZERO, streak=3, entries=0
        )
        return () if self._limits == brakes.NONE else ((self._limits, now, "the trader"),)


def an_entry(**changes: object) -> Entry:
    return msgspec.structs.replace(Entry(a_signal(), a_trader(), RULES, SETTINGS), **changes)


def refusal(entry: Entry, asked: Asked | None = None, *, is_full: bool = False) -> str:
    who = asked or Asked()
    with pytest.raises(Refused) as refused:
        admitted(entry, FULL if is_full else GOOD, who.means, who.brakes)
    return refused.value.reason


def test_an_entry_that_nothing_forbids_has_its_size() -> None:
    asked = Asked()
    limit, sized = admitted(an_entry(), GOOD, asked.means, asked.brakes)
    assert (limit, sized.quantity) == (None, 1)
    assert asked.order == ["brakes", "means for AMOUNT, market"]
    assert admitted(an_entry(), GOOD, asked.means) == (limit, sized), "without limits too"
    assert no_brakes() == ()


def test_an_entry_at_a_limit_is_sized_by_its_price_and_keeps_no_reserve() -> None:
    plan = a_plan(entry=EntryPlan(limit_pct=Decimal(50)))
    asked = Asked(free="100.1")
    limit, sized = admitted(an_entry(trader=a_trader(plan=plan)), GOOD, asked.means, asked.brakes)
    assert (limit, sized.quantity) == (50, 2)
    assert asked.order[-1] == "means for AMOUNT, limit"


def test_what_is_dear_to_know_is_asked_for_in_its_turn() -> None:
    asked = Asked()
    assert refusal(an_entry(), asked, is_full=True) == "the trader is full: 1 of 1 open"
    assert asked.order == []
    streak = Asked(limits=Brakes(loss_streak=3))
    assert "lost 3 times in a row" in refusal(an_entry(), streak)
    assert streak.order == ["brakes"]


SHORT = a_trader(plan=a_plan(side=PositionSide.SHORT))
SPOT = msgspec.structs.replace(SETTINGS, has_shorts=False)
EUROS = an_instrument(quote="EUR")
FAR = a_trader(plan=a_plan(entry=EntryPlan(limit_pct=Decimal(100))))
NO_STOP = a_signal(exits=Exits(stop_loss=Level(LevelKind.PRICE, Decimal(101))))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rules": None, "settings": SPOT, "trader": SHORT}, "the exchange's rules for BTCUSDT"),
        ({"settings": SPOT, "trader": SHORT, "rules": EUROS}, "cannot sell what is not held"),
        ({"rules": EUROS, "trader": FAR}, "is paid in EUR and the account is in USDT"),
        ({"trader": FAR, "signal": NO_STOP}, "is below one tick"),
        ({"signal": NO_STOP}, "on the wrong side"),
    ],
    ids=["rules", "shorts", "quote", "limit", "exits"],
)
def test_the_first_rule_that_forbids_is_told(changes: dict[str, object], words: str) -> None:
    entry = an_entry(**changes)
    assert words in refusal(entry)
    assert refusal(entry, is_full=True) == "the trader is full: 1 of 1 open"


def test_cash_is_asked_before_exits_and_exits_before_exposure() -> None:
    exposed = Brakes(max_exposure_pct=Decimal(5))
    wrong = an_entry(signal=NO_STOP)
    assert "not enough cash" in refusal(wrong, Asked(free="1", limits=exposed))
    assert "on the wrong side" in refusal(wrong, Asked(limits=exposed))
    assert "of the equity in positions" in refusal(an_entry(), Asked(limits=exposed))


def test_a_signal_is_current_until_the_candle_after_it_is_over_and_a_little_longer() -> None:
    last_ms = AT_MS + 300_000 + CLOSE_SLACK_MS
    assert is_current(a_signal(), at_ms=last_ms)
    assert not is_current(a_signal(), at_ms=last_ms + 1)


def some_targets(*shares: str) -> Exits:
    level = Level(LevelKind.PERCENT, Decimal(2))
    return some_exits(take_profit=tuple(Target(level, Decimal(share)) for share in shares))


@pytest.mark.parametrize(
    ("exits", "stops"),
    [
        (some_targets(), 1),
        (some_targets("1"), 1),
        (some_targets("0.5"), 2),
        (some_targets("0.5", "0.5"), 2),
        (some_targets("0.5", "0.3"), 3),
        (Exits(take_profit=some_targets("0.5").take_profit), 0),
    ],
)
def test_each_target_needs_a_stop_and_so_does_what_has_none(exits: Exits, stops: int) -> None:
    assert stops_needed(exits) == stops


def test_a_symbol_takes_the_stops_that_it_states_or_that_the_account_has_room_for() -> None:
    assert stops_allowed(an_instrument(max_stops=2), SETTINGS) == 2
    assert stops_allowed(RULES, SETTINGS) == SETTINGS.max_stops_per_symbol
    assert stops_allowed(None, SETTINGS) == SETTINGS.max_stops_per_symbol


def test_a_limit_keeps_no_reserve() -> None:
    market = means_of(SETTINGS, equity=ZERO, free=ZERO, is_limit=False)
    limit = means_of(SETTINGS, equity=ZERO, free=ZERO, is_limit=True)
    assert (market.reserve_bps, limit.reserve_bps) == (SETTINGS.reserve_bps, 0)
