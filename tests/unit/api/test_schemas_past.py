"""What is sent of jobs and of the disk."""

from __future__ import annotations

import msgspec
import pytest

from aitrader.api.schemas_past import NewBacktest


def test_a_backtest_is_wished_in_camel_case() -> None:
    body = b'{"traderId":"dip","symbols":["BTCUSDT"],"fromMs":5}'
    wish = msgspec.json.decode(body, type=NewBacktest)
    assert (wish.trader_id, wish.symbols, wish.from_ms) == ("dip", ("BTCUSDT",), 5)


@pytest.mark.parametrize("body", [b'{"trader":"dip"}', b'{"symbols":["--x"]}', b'{"fromMs":-1}'])
def test_what_is_no_wish_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=NewBacktest)
