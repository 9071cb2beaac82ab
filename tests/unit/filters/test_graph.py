"""The graph: one door, one node per meaning, kinds and intervals worked out."""

from __future__ import annotations

import math

import pytest

from aitrader.filters.graph import MAX_DEPTH, Graph, Node, is_symbol_or_own
from aitrader.filters.operations import Kind
from aitrader.model.errors import FilterFault


def close(graph: Graph, interval: str = "5m") -> Node:
    return graph.add("in", (), ("close", "", interval))


def obv(graph: Graph) -> Node:
    return graph.add("ta", (close(graph), graph.add("in", (), ("volume", "", "5m"))), ("OBV",))


def test_the_same_operation_is_one_node() -> None:
    graph = Graph("5m")
    first = graph.apply("add", close(graph), 1.0)
    assert graph.apply("add", close(graph), 1.0) is first
    assert len(graph.nodes) == 3


def test_a_slower_series_is_aligned_to_the_faster_one() -> None:
    graph = Graph("5m")
    node = graph.apply("gt", close(graph), close(graph, "1h"))
    assert node.interval == "5m" and node.kind is Kind.CONDITION
    assert node.args[1].op == "align"


def test_undefined_is_a_constant_of_its_own() -> None:
    graph = Graph("5m")
    assert graph.constant(math.nan).op == "undefined"
    assert graph.constant(2).params == (2.0,)


def test_not_is_pushed_into_every_condition() -> None:
    graph = Graph("5m")
    above = graph.apply("gt", close(graph), 1.0)
    below = graph.negate(above)
    assert below.op == "le" and graph.negate(below) is above
    both = graph.apply("and", above, graph.apply("eq", close(graph), 2.0))
    assert graph.negate(both).op == "or"
    assert graph.negate(graph.apply("any", above, params=(3,))).op == "all"
    assert graph.negate(graph.add("lag", (above,), (1,))).args[0] is below
    slow = graph.add("align", (graph.apply("gt", close(graph, "1h"), 1.0),), ("5m",))
    assert graph.negate(slow).op == "align"


def test_a_number_cannot_be_negated() -> None:
    graph = Graph("5m")
    with pytest.raises(FilterFault, match="condition"):
        graph.negate(close(graph))
    with pytest.raises(FilterFault, match="condition"):
        graph.negate(graph.add("lag", (close(graph),), (1,)))


@pytest.mark.parametrize(
    ("op", "params"),
    [
        ("secret", ()),
        ("lag", (-1,)),
        ("lag", (1.0,)),
        ("lag", (True,)),
        ("lag", ()),
        ("any", (3,)),
        ("ta", ()),
        ("ta", ("NOPE", 3)),
        ("ta", ("EMA",)),
        ("ta", ("EMA", 0)),
        ("ta", ("EMA", "9")),
        ("out", (0,)),
        ("align", ("5m",)),
        ("align", ("1h",)),
        ("align", (5,)),
        ("add", ()),
    ],
)
def test_what_does_not_fit_is_refused(op: str, params: tuple[object, ...]) -> None:
    graph = Graph("5m")
    with pytest.raises(FilterFault):
        graph.add(op, (close(graph),), params)  # type: ignore[arg-type]


def test_an_output_that_is_not_there_is_refused() -> None:
    graph = Graph("5m")
    macd = graph.add("ta", (close(graph),), ("MACD", 12, 26, 9))
    assert graph.add("out", (macd,), (2,)).kind is Kind.NUMBER
    with pytest.raises(FilterFault, match="no such output"):
        graph.add("out", (macd,), (3,))


def test_series_of_two_intervals_do_not_meet_unaligned() -> None:
    graph = Graph("5m")
    with pytest.raises(FilterFault, match="one interval"):
        graph.add("add", (close(graph), close(graph, "1h")))


def test_a_faster_interval_than_the_base_is_refused() -> None:
    with pytest.raises(FilterFault, match="faster"):
        close(Graph("5m"), "1m")


def test_constants_alone_make_no_node() -> None:
    graph = Graph("5m")
    with pytest.raises(FilterFault):
        graph.apply("add", 1.0, 2.0)
    with pytest.raises(FilterFault, match="found a number"):
        graph.add("lag", (graph.constant(1),), (1,))


def test_a_graph_is_limited_in_size_and_depth() -> None:
    graph = Graph("5m", max_nodes=3)
    graph.apply("add", close(graph), 1.0)
    with pytest.raises(FilterFault, match="too large"):
        graph.constant(5)
    graph = Graph("5m")
    node = close(graph)
    for _ in range(MAX_DEPTH - 1):
        node = graph.apply("add", node, 1.0)
    with pytest.raises(FilterFault, match="deeply"):
        graph.apply("add", node, 1.0)


def test_an_accumulator_may_meet_itself_but_not_a_number() -> None:
    graph = Graph("5m")
    line = obv(graph)
    average = graph.add("ta", (line,), ("SMA", 20))
    assert not graph.apply("gt", line, average).origin
    assert not graph.apply("sub", line, graph.add("lag", (line,), (5,))).origin
    assert graph.apply("add", line, 5.0).origin == line.origin
    assert graph.apply("max", line, average).origin == line.origin
    doubled = graph.apply("mul", 2.0, line)
    assert doubled.origin != line.origin
    assert graph.apply("div", doubled, 2.0).origin == line.origin
    assert not graph.apply("sub", line, graph.apply("neg", graph.apply("neg", line))).origin
    assert not graph.apply("mul", line, 0.0).origin
    yes = graph.apply("gt", close(graph), 1.0)
    no = graph.negate(yes)
    assert graph.apply("pick", yes, no, line, float("nan")).origin == line.origin
    assert graph.add("when", (yes, no, line), (0, 50)).origin == line.origin
    assert not graph.apply("known", line).origin
    assert not graph.add("ta", (line,), ("RSI", 14)).origin


@pytest.mark.parametrize("op", ["gt", "mul", "max"])
def test_an_accumulators_level_is_refused(op: str) -> None:
    graph = Graph("5m")
    with pytest.raises(FilterFault, match="first candle"):
        graph.apply(op, obv(graph), close(graph))


@pytest.mark.parametrize("op", ["abs", "sqrt"])
def test_an_accumulators_level_is_refused_alone(op: str) -> None:
    graph = Graph("5m")
    with pytest.raises(FilterFault, match="first candle"):
        graph.apply(op, obv(graph))
    with pytest.raises(FilterFault, match="first candle"):
        graph.add("ta", (obv(graph),), ("ROC", 9))


def test_a_choice_between_levels_is_refused() -> None:
    graph = Graph("5m")
    yes = graph.apply("gt", close(graph), 1.0)
    with pytest.raises(FilterFault, match="first candle"):
        graph.apply("pick", yes, graph.negate(yes), obv(graph), close(graph))


def test_dividing_by_zero_keeps_an_accumulator_an_accumulator() -> None:
    graph = Graph("5m")
    assert graph.apply("div", obv(graph), 0.0).origin


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("", True), ("BTCUSDT", True), ("btc", False), ("A" * 30, False), ("BTC/USDT", False)],
)
def test_a_symbol_is_capital_letters_and_digits(text: str, is_one: bool) -> None:
    assert is_symbol_or_own(text) is is_one
