"""A graph is stored as JSON and comes back the same; see tests/attacks for hostile ones."""

from __future__ import annotations

from tests.filter_worlds import EXAMPLES, compile_trader, compiled

from aitrader.filters.document import decode, encode
from aitrader.filters.evaluate import Program
from aitrader.filters.graph import Graph
from aitrader.model.ids import TraderId


def test_a_graph_comes_back_as_it_was() -> None:
    for path in EXAMPLES:
        graph = compile_trader(path.read_text()).graph
        assert decode(encode(graph)) == graph


def test_equal_meaning_gives_equal_bytes_whatever_the_spelling() -> None:
    one = compiled("rsi(m.close, 14) < 30", "m.close > m.open")
    other = compiled("RSI(m.close, timeperiod=14) < 30", "m['close'] > m.open")
    assert encode(one.graph) == encode(other.graph)
    assert one.digest == other.digest


def test_only_what_the_roots_need_is_kept() -> None:
    trader = compiled("m.close > 1", setup="unused = ema(m.close, 9)")
    assert len(trader.graph.nodes) == 3


def test_many_graphs_merge_into_one() -> None:
    traders = {TraderId(str(i)): compiled(f"rsi(m.close, 14) < {i}") for i in range(20, 30)}
    assert Program(traders).size == 2 + 2 * 10
    assert len(Graph("5m").nodes) == 0


def test_all_roots_are_listed() -> None:
    graph = compiled("m.close > 1", "m.open > 1").graph
    assert len(graph.roots) == 2
