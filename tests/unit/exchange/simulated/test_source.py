from decimal import Decimal

from aitrader.exchange.simulated.source import a_listing


def test_a_listing_has_one_unit_of_its_last_decimal_as_step() -> None:
    listing = a_listing("ETHUSDT", "USDT", price_decimals=2, quantity_decimals=4)
    rules = listing.instrument
    assert listing.symbol == "ETHUSDT"
    assert (rules.base, rules.quote) == ("ETH", "USDT")
    assert (rules.tick_size, rules.step_size) == (Decimal("0.01"), Decimal("0.0001"))
    assert rules.min_notional == 5
