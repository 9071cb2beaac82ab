"""What is computed once, what per block, and how many rows exist at once."""

from __future__ import annotations

from tests.filter_worlds import compiled

from aitrader.filters.document import rebuild
from aitrader.filters.graph import Graph
from aitrader.filters.schedule import Schedule, schedule
from aitrader.model.ids import TraderId


def planned(*conditions: str) -> Schedule:
    """Return the schedule of one trader with these conditions."""
    trader, graph, key = compiled(*conditions), Graph("5m"), TraderId("a")
    return schedule(graph, {key: rebuild(graph, trader.graph)}, {key: trader})


def test_what_no_symbol_changes_is_computed_once() -> None:
    made = planned("m.close > m.of('BTCUSDT').close * 2", "m.hour < 12")
    assert {step.node.op for step in made.shared} == {"in", "const", "mul", "time", "lt"}
    assert {step.node.op for step in made.own} == {"in", "gt"}


def test_rows_are_dropped_after_their_last_use() -> None:
    made = planned("sma(m.close, 5) > sma(m.close, 9)", "m.close > 1")
    dropped = [index for step in made.own for index in step.free]
    assert sorted(dropped) == sorted({*dropped})
    assert {step.index for step in made.own} <= set(dropped)


def test_a_graph_says_how_many_rows_it_keeps() -> None:
    assert planned("m.close > 1").alive == 1
    many = planned("sum([sma(m.close, n) for n in range(2, 12)]) > 1")
    assert many.alive >= 10


def test_only_what_is_asked_for_is_kept() -> None:
    made = planned("sma(m.close, 5) + 1 > 2")
    assert [step.node.op for step in made.own if step.is_kept] == ["add", "gt"]
