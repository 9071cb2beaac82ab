"""In which order a merged graph is computed: what once, what per block, when rows are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aitrader.filters.blocks import Step, step_of
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.document import Roots
from aitrader.filters.graph import Graph, Node
from aitrader.filters.operations import Kind
from aitrader.model.ids import TraderId


@dataclass(frozen=True, eq=False, slots=True)
class Schedule:
    """`shared`: computed once for all blocks; `own`: per block, rows dropped after their last use.

    `roots`: the nodes whose last rows are answered. `named`: per trader the nodes whose values
    explain its conditions, by their place in its graph. `fields`: what is read, by interval.
    `alive`: how many rows of one symbol exist at once at the most.
    """

    shared: tuple[Step, ...]
    own: tuple[Step, ...]
    roots: tuple[Node, ...]
    named: Mapping[TraderId, Mapping[int, Node]]
    fields: Mapping[str, tuple[str, ...]]
    alive: int


def schedule(
    graph: Graph, roots: Mapping[TraderId, Roots], traders: Mapping[TraderId, CompiledTrader]
) -> Schedule:
    """Return how to compute the graph that the traders' graphs were merged into."""
    named = {key: _named_nodes(graph, trader) for key, trader in traders.items()}
    wanted = {node.index: node for each in roots.values() for node in each.all}
    kept = {*wanted, *(node.index for nodes in named.values() for node in nodes.values())}
    shared: set[int] = set()
    for node in graph.nodes:
        if _is_shared(node, shared):
            shared.add(node.index)
    own = [node for node in graph.nodes if node.index not in shared]
    free = _last_uses(own)
    return Schedule(
        tuple(step_of(graph.nodes[i], is_kept=i in kept) for i in sorted(shared)),
        tuple(step_of(n, is_kept=n.index in kept, free=free.get(n.index, ())) for n in own),
        tuple(wanted.values()),
        named,
        _fields(graph),
        _most_alive(own, free),
    )


def _named_nodes(graph: Graph, trader: CompiledTrader) -> Mapping[int, Node]:
    made: list[Node] = []
    for op, args, params in trader.graph.nodes:
        made.append(graph.add(op, [made[i] for i in args], params))
    return {index: made[index] for texts in trader.findings.values() for _, index in texts}


def _is_shared(node: Node, shared: set[int]) -> bool:
    """Return whether the node depends on named symbols or the time alone."""
    if node.op in ("const", "undefined", "time"):
        return True
    if node.op == "in":
        return bool(node.params[1])
    return all(arg.index in shared for arg in node.args)


def _last_uses(own: list[Node]) -> dict[int, tuple[int, ...]]:
    """Return per node the nodes whose rows nobody needs after it."""
    last_use: dict[int, int] = {}
    for node in own:
        last_use[node.index] = node.index
        last_use.update((arg.index, node.index) for arg in node.args)
    free: dict[int, tuple[int, ...]] = {}
    for index, user in last_use.items():
        free[user] = (*free.get(user, ()), index)
    return free


def _most_alive(own: list[Node], free: Mapping[int, tuple[int, ...]]) -> int:
    """Return how many series of one symbol exist at once; an indicator's outputs count each."""
    alive = most = 0
    weight: dict[int, int] = {}
    for node in own:
        weight[node.index] = 3 if node.kind is Kind.SEVERAL else 0 if node.op == "in" else 1
        alive += weight[node.index]
        most = max(most, alive)
        alive -= sum(weight.get(index, 0) for index in free.get(node.index, ()))
    return most


def _fields(graph: Graph) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for node in graph.nodes:
        if node.op == "in":
            interval = str(node.interval)
            fields[interval] = tuple(sorted({*fields.get(interval, ()), str(node.params[0])}))
    return fields
