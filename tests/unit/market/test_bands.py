from __future__ import annotations

import pytest

from aitrader.market.bands import BandTable
from aitrader.model.commands import ArmBand
from aitrader.model.ids import BandId


def a_band(name: str, below: float | None = None, above: float | None = None) -> ArmBand:
    return ArmBand(band_id=BandId(name), symbol="AUSDT", below=below, above=above)


@pytest.mark.parametrize(
    ("price", "fired"),
    [(99.0, True), (100.0, True), (100.1, False), (109.9, False), (110.0, True), (111.0, True)],
)
def test_a_price_at_or_beyond_an_edge_fires(price: float, fired: bool) -> None:
    table = BandTable()
    table.arm(a_band("b", 100.0, 110.0))
    assert table.check("AUSDT", price) == (("b",) if fired else ())


def test_a_band_fires_once() -> None:
    table = BandTable()
    table.arm(a_band("b", 100.0))
    assert table.check("AUSDT", 99.0) == ("b",)
    assert table.check("AUSDT", 99.0) == ()
    assert len(table) == 0


def test_an_edge_that_is_none_is_not_watched() -> None:
    table = BandTable()
    table.arm(a_band("low", below=100.0))
    table.arm(a_band("high", above=110.0))
    table.arm(a_band("none"))
    assert table.check("AUSDT", 0.1) == ("low",)
    assert table.check("AUSDT", 0.1) == ()
    assert table.check("AUSDT", 1e9) == ("high",)
    assert len(table) == 1


def test_the_tightest_edge_counts_and_the_others_stay() -> None:
    table = BandTable()
    table.arm(a_band("far", 90.0, 120.0))
    table.arm(a_band("near", 100.0, 110.0))
    assert table.check("AUSDT", 105.0) == ()
    assert table.check("AUSDT", 95.0) == ("near",)
    assert table.check("AUSDT", 95.0) == ()
    assert table.check("AUSDT", 90.0) == ("far",)


def test_arming_again_replaces_also_on_another_symbol() -> None:
    table = BandTable()
    table.arm(a_band("b", 100.0))
    table.arm(ArmBand(band_id=BandId("b"), symbol="BUSDT", below=50.0))
    assert table.check("AUSDT", 1.0) == ()
    assert table.check("BUSDT", 50.0) == ("b",)


def test_a_disarmed_band_is_silent_and_unknown_ids_are_nothing() -> None:
    table = BandTable()
    table.arm(a_band("b", 100.0))
    table.disarm(BandId("b"))
    table.disarm(BandId("never"))
    assert table.check("AUSDT", 1.0) == ()


def test_one_price_may_fire_several_bands() -> None:
    table = BandTable()
    table.arm(a_band("one", 100.0))
    table.arm(a_band("two", 101.0))
    assert set(table.check("AUSDT", 99.0)) == {"one", "two"}


def test_between_the_edges_nothing_fires() -> None:
    table = BandTable()
    assert table.edges("AUSDT") == (float("-inf"), float("inf"))
    table.arm(a_band("far", 90.0, 120.0))
    table.arm(a_band("near", 100.0))
    assert table.edges("AUSDT") == (100.0, 120.0)
