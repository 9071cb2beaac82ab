"""Panels of several intervals and universes meet by time and by symbol."""

from __future__ import annotations

import numpy as np
from tests.filter_worlds import slower, walk

from aitrader.filters.scene import Scene


def test_a_bar_sees_the_last_slow_bar_that_had_closed_by_its_close() -> None:
    base = walk(bars=30)
    scene = Scene({"5m": base, "1h": slower(base, "1h")}, "5m")
    assert scene.columns("1h", "5m")[[10, 11, 22, 23]].tolist() == [-1, 0, 0, 1]
    assert scene.columns("1h", "5m") is scene.columns("1h", "5m")


def test_a_symbol_is_found_in_another_order() -> None:
    base, other = walk(("AAAUSDT", "BBBUSDT"), 5), walk(("CCCUSDT", "BBBUSDT"), 5, interval="1h")
    scene = Scene({"5m": base, "1h": other}, "5m")
    seen = scene.read("close", "", "1h", rows=slice(0, 2))
    assert np.isnan(seen[0]).all()
    assert (seen[1] == other.values["close"][1]).all()


def test_an_interval_without_symbols_is_unknown() -> None:
    base, none = walk(("AAAUSDT",), 5), walk((), 5, interval="1h")
    seen = Scene({"5m": base, "1h": none}, "5m").read("close", "", "1h", rows=slice(0, 1))
    assert seen.shape == (1, 5) and np.isnan(seen).all()


def test_a_named_symbol_is_one_row_for_all() -> None:
    base = walk(("AAAUSDT", "BBBUSDT"), 5)
    scene = Scene({"5m": base}, "5m")
    assert (
        scene.read("close", "BBBUSDT", "5m", rows=slice(0, 1))[0] == base.values["close"][1]
    ).all()
    assert np.isnan(scene.read("close", "ZZZUSDT", "5m", rows=slice(0, 1))).all()
