"""Commands: frozen requests with one receiver each."""

from __future__ import annotations

import inspect

import pytest

from aitrader.model import commands
from aitrader.model.commands import ArmBand, Command, Stream
from aitrader.model.ids import BandId

ALL = [
    kind
    for kind in vars(commands).values()
    if inspect.isclass(kind) and issubclass(kind, Command) and kind is not Command
]


@pytest.mark.parametrize("kind", ALL)
def test_a_command_cannot_be_changed_after_it_was_emitted(kind: type[Command]) -> None:
    assert kind.__struct_config__.frozen


def test_a_band_watches_no_edge_until_one_is_given() -> None:
    band = ArmBand(band_id=BandId("b"), symbol="BTCUSDT")
    assert (band.below, band.above) == (None, None)


def test_streams_sort_by_symbol_then_interval() -> None:
    streams = [Stream("ETHUSDT", "1m", 10), Stream("BTCUSDT", "5m", 10), Stream("BTCUSDT", "1h", 9)]
    assert sorted(streams)[0] == Stream("BTCUSDT", "1h", 9)
