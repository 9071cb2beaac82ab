from datetime import UTC, datetime

import msgspec

from aitrader.exchange.simulated.options import DEFAULT_START_MS, Address, ExchangeOptions


def test_the_defaults_are_a_seeded_market_in_real_time_on_any_port() -> None:
    options = ExchangeOptions()
    assert (options.port, options.speed, options.replay) == (0, 1.0, None)
    assert (options.api_key, options.api_secret) == ("demo", "demo")


def test_a_seeded_market_starts_on_a_monday_at_midnight() -> None:
    start = datetime.fromtimestamp(DEFAULT_START_MS / 1000, UTC)
    assert (start.weekday(), start.hour, start.minute) == (0, 0, 0)


def test_an_address_is_one_line_of_json() -> None:
    line = msgspec.json.encode(Address("http://h:1", "ws://h:1", 5)).decode()
    assert line == '{"exchange":"http://h:1","stream":"ws://h:1","now_ms":5}'
