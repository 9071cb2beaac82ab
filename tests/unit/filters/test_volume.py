"""Every function of volume gives its TA-Lib numbers through the whole language."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import answers, compiled, walk, with_intervals

from aitrader.filters.library import Function
from aitrader.filters.volume import VOLUME


@pytest.mark.parametrize("function", VOLUME, ids=lambda f: f.name)
def test_a_function_has_known_values_once_it_is_ready(function: Function) -> None:
    trader = compiled(function.example)
    panels = with_intervals(
        walk(("AAAUSDT", "BTCUSDT"), max(trader.lookback.values()) + 60), trader.lookback
    )
    found = answers(trader, panels)
    assert found.ready[:, -1].all()
    assert all(np.isfinite(value) for _, value in found.findings(0)[0].values)


@pytest.mark.parametrize("function", VOLUME, ids=lambda f: f.name)
def test_a_function_answers_to_its_aliases(function: Function) -> None:
    plain = compiled(function.example)
    for alias in function.aliases:
        assert (
            compiled(function.example.replace(f"{function.name}(", f"{alias}(")).digest
            == plain.digest
        )


def test_the_average_price_of_a_price_of_ones_own() -> None:
    panel = walk(bars=700)
    found = answers(
        compiled("vwap(m, m.close) > 0", "vwap(m) <= highest(m.high, 300)"), {"5m": panel}, 2
    )
    assert all(rows[0, -1] for rows in found.condition_rows)
