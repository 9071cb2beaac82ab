from decimal import Decimal

import msgspec
from tests.unit.backtest.worlds import a_job, a_series, a_trader, flat

from aitrader.backtest.job import Terms, finest, first_facts, settings_of
from aitrader.model.trader import Brakes


def test_an_account_trades_on_the_terms_of_its_run() -> None:
    terms = Terms(start_cash=Decimal(500), fee_bps=Decimal(7), quote="USDC", max_open_positions=3)
    settings = settings_of(terms)
    assert (settings.start_cash, settings.fee_bps, settings.quote) == (500, 7, "USDC")
    assert settings.max_open_positions == 3


def test_its_worth_is_told_where_a_limit_counts_from_it() -> None:
    brakes = Brakes(max_drawdown_pct=Decimal(1))
    assert settings_of(Terms(brakes=brakes)).is_marked
    assert not settings_of(Terms()).is_marked


def test_orders_are_filled_on_the_fastest_interval_that_anybody_looks_at() -> None:
    slow = a_trader()
    plan = msgspec.structs.replace(slow.plan, interval="1h")
    assert finest((msgspec.structs.replace(slow, plan=plan), slow)) == "5m"


def test_a_run_begins_with_the_rules_a_new_account_and_its_traders() -> None:
    job, _history = a_job([a_series([flat()])], a_trader(name="one"), a_trader(name="two"))
    names = [type(fact).__name__ for fact in first_facts(job)]
    assert names == ["InstrumentsLoaded", "Started", "TraderSaved", "TraderSaved"]
