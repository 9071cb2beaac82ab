"""A graph is stored as JSON and comes back the same; see tests/attacks for hostile ones."""

from __future__ import annotations

import msgspec
import pytest
from tests.filter_worlds import EXAMPLES, compile_trader, compiled

from aitrader.filters.document import check_cost, decode, encode
from aitrader.filters.evaluate import Program
from aitrader.filters.graph import Graph
from aitrader.model.errors import FilterFault
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


def damaged(**changed: object) -> bytes:
    graph = compiled("m.close > 1").graph
    return msgspec.json.encode(msgspec.structs.replace(graph, **changed))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not a filter graph"),
        (b"[" * 5000, "not a filter graph"),
        (b" " * 600_000, "too large"),
        (damaged(version=2), "version"),
        (damaged(interval="7m"), "interval"),
        (damaged(conditions={}), "conditions"),
        (damaged(exits={str(i): 2 for i in range(99)}), "at most"),
        (damaged(nodes=tuple(("const", (), (float(i),)) for i in range(2001))), "at most"),
        (damaged(nodes=(("neg", (0,), ()),)), "points forward"),
        (damaged(conditions={"a": 0}), "not what it should be"),
        (damaged(conditions={"a" * 99: 2}), "characters"),
        (damaged(levels={"a": 2}), "not what it should be"),
    ],
)
def test_a_damaged_document_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(FilterFault, match=said):
        decode(body)


def test_a_dear_filter_is_refused() -> None:
    check_cost(10.0)
    with pytest.raises(FilterFault, match="too slow"):
        check_cost(99_999.0)


def test_all_roots_are_listed() -> None:
    graph = compiled("m.close > 1", "m.open > 1").graph
    assert len(graph.roots) == 2
