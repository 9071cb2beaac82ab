"""Every function of oscillators gives its TA-Lib numbers through the whole language."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import answers, compiled, walk, with_intervals

from aitrader.filters.library import Function
from aitrader.filters.oscillators import OSCILLATORS


@pytest.mark.parametrize("function", OSCILLATORS, ids=lambda f: f.name)
def test_a_function_has_known_values_once_it_is_ready(function: Function) -> None:
    trader = compiled(function.example)
    panels = with_intervals(
        walk(("AAAUSDT", "BTCUSDT"), max(trader.lookback.values()) + 60), trader.lookback
    )
    found = answers(trader, panels)
    assert found.ready[:, -1].all()
    assert all(np.isfinite(value) for _, value in found.findings(0)[0].values)


@pytest.mark.parametrize("function", OSCILLATORS, ids=lambda f: f.name)
def test_a_function_answers_to_its_aliases(function: Function) -> None:
    plain = compiled(function.example)
    for alias in function.aliases:
        assert (
            compiled(function.example.replace(f"{function.name}(", f"{alias}(")).digest
            == plain.digest
        )


def test_stochastic_rsi_stays_in_its_range() -> None:
    trader = compiled("between(stoch_rsi(m.close).k, -0.001, 100.001)")
    assert answers(trader, {"5m": walk(bars=300)}).condition_rows[0][0, 60:].all()
