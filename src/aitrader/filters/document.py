"""The graph as a stored document: JSON with a version, rebuilt through `Graph.add` when read.

What is read is typed by msgspec and then made anew node by node, so a document can say no more
than a typed filter could. Kinds, intervals, lookback and cost are derived again, not stored.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aitrader.filters.graph import MAX_NODES, Graph, Node, Parameter
from aitrader.filters.lookback import MAX_COST_US, cost_us, lookback
from aitrader.filters.operations import Kind
from aitrader.filters.words import printable
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import FilterFault

VERSION = 1
MAX_CONDITIONS = 64
MAX_NAME = 80
MAX_DOCUMENT_BYTES = 512_000

NodeRow = tuple[str, tuple[int, ...], tuple[Parameter, ...]]


class FilterGraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One trader's graph. `nodes`: (operation, argument indices, parameters), arguments first.

    `conditions` and `exits` map a name to its condition's node, `levels` a name to a number's
    node: "stop_loss" and "take_profit" are prices, "atr 14" a distance.
    """

    version: int
    interval: str
    nodes: tuple[NodeRow, ...]
    conditions: Mapping[str, int]
    exits: Mapping[str, int] = {}
    levels: Mapping[str, int] = {}

    @property
    def roots(self) -> tuple[int, ...]:
        """The nodes whose rows are asked for."""
        return (*self.conditions.values(), *self.exits.values(), *self.levels.values())


class Roots(msgspec.Struct, frozen=True):
    """What a filter names, as nodes."""

    conditions: Mapping[str, Node]
    exits: Mapping[str, Node] = {}
    levels: Mapping[str, Node] = {}

    @property
    def all(self) -> tuple[Node, ...]:
        """Every root."""
        return (*self.conditions.values(), *self.exits.values(), *self.levels.values())


def to_document(base: str, roots: Roots) -> FilterGraph:
    """Return the document of the nodes that the roots need, renumbered from 0."""
    needed: dict[int, Node] = {}
    waiting = list(roots.all)
    while waiting:
        node = waiting.pop()
        if node.index not in needed:
            needed[node.index] = node
            waiting.extend(node.args)
    ordered = [needed[index] for index in sorted(needed)]
    place = {node.index: i for i, node in enumerate(ordered)}
    rows = tuple((n.op, tuple(place[a.index] for a in n.args), n.params) for n in ordered)

    def placed(named: Mapping[str, Node]) -> dict[str, int]:
        return {name: place[node.index] for name, node in named.items()}

    return FilterGraph(
        VERSION, base, rows, placed(roots.conditions), placed(roots.exits), placed(roots.levels)
    )


def rebuild(graph: Graph, document: FilterGraph) -> Roots:
    """Add the document's nodes to a graph of the same base interval and return its roots.

    Raises:
        FilterFault: The document says something a filter cannot.
    """
    made: list[Node] = []
    for op, args, params in document.nodes:
        if any(not 0 <= index < len(made) for index in args):
            raise FilterFault("the graph is damaged: a node points forward")
        made.append(graph.add(op, [made[index] for index in args], params))

    def named(entries: Mapping[str, int], kind: Kind) -> dict[str, Node]:
        found = {}
        for name, index in entries.items():
            if (
                not 0 <= index < len(made)
                or made[index].kind is not kind
                or not _is_root(graph, made[index])
            ):
                raise FilterFault(f"the graph is damaged: {name[:40]!r} is not what it should be")
            found[name] = made[index]
        return found

    return Roots(
        named(document.conditions, Kind.CONDITION),
        named(document.exits, Kind.CONDITION),
        named(document.levels, Kind.NUMBER),
    )


def _is_root(graph: Graph, node: Node) -> bool:
    return node.interval == graph.base and not node.origin


def encode(document: FilterGraph) -> bytes:
    """Return the document as JSON, the same bytes for the same graph."""
    return msgspec.json.encode(document)


def decode(body: bytes) -> FilterGraph:
    """Return the document of these bytes after every check that a typed text would pass.

    Raises:
        FilterFault: The bytes are no graph of this version, or a hostile one.
    """
    if len(body) > MAX_DOCUMENT_BYTES:
        raise FilterFault("the graph is too large")
    try:
        document = msgspec.json.decode(body, type=FilterGraph)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise FilterFault(f"this is not a filter graph: {printable(str(fault))}") from fault
    check(document)
    return document


def check(document: FilterGraph) -> None:
    """Refuse a document that no typed filter could have made.

    Raises:
        FilterFault: With what is wrong.
    """
    if document.version != VERSION:
        raise FilterFault(f"expected a graph of version {VERSION}, found {document.version}")
    if document.interval not in INTERVAL_MS:
        raise FilterFault(f"unknown interval {document.interval[:20]!r}")
    if not document.conditions or len(document.conditions) > MAX_CONDITIONS:
        raise FilterFault(f"expected 1 to {MAX_CONDITIONS} conditions")
    if len(document.exits) > MAX_CONDITIONS or len(document.levels) > MAX_CONDITIONS:
        raise FilterFault(f"expected at most {MAX_CONDITIONS} exits and levels")
    if len(document.nodes) > MAX_NODES:
        raise FilterFault(f"expected at most {MAX_NODES} nodes, found {len(document.nodes)}")
    names = (*document.conditions, *document.exits, *document.levels)
    if not all(0 < len(name) <= MAX_NAME and name.isprintable() for name in names):
        raise FilterFault(f"names must have 1 to {MAX_NAME} plain characters")
    graph = Graph(document.interval)
    roots = rebuild(graph, document)
    if to_document(document.interval, roots).nodes != document.nodes:
        raise FilterFault("the graph is damaged: a node stands twice or is of no use")
    check_cost(cost_us(graph, lookback(roots.all)))


def check_cost(cost: float) -> None:
    """Refuse a filter that takes too long.

    Raises:
        FilterFault: Over the budget of `MAX_COST_US`.
    """
    if cost > MAX_COST_US:
        raise FilterFault(
            f"the filter is too slow: {cost:.0f} of {MAX_COST_US:.0f} microseconds per symbol",
            hint="use fewer or shorter indicators; linreg and percent_rank cost by their length",
        )
