"""Panels are cut without copying."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import START_MS, walk

from aitrader.filters.panel import newest, only, until

STEP = 300_000


def test_only_rows_that_had_closed_are_left() -> None:
    panel = walk(bars=10)
    assert until(panel, START_MS + 3 * STEP).bars == 3
    assert until(panel, START_MS + 3 * STEP - 1).bars == 2


def test_one_symbol_keeps_its_rows() -> None:
    panel = walk(("AAAUSDT", "BBBUSDT"), 5)
    alone = only(panel, "BBBUSDT")
    assert alone.symbols == ("BBBUSDT",)
    assert (alone.values["close"][0] == panel.values["close"][1]).all()


def test_a_symbol_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ValueError, match="ZZZ"):
        only(walk(bars=3), "ZZZ")


def test_the_newest_rows_are_a_view() -> None:
    panel = walk(bars=10)
    seen = newest(panel, 3)
    assert seen.open_ms.tolist() == panel.open_ms[-3:].tolist()
    assert np.shares_memory(seen.values["close"], panel.values["close"])
    assert newest(panel, 10) is panel
