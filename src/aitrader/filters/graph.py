"""The graph: what a filter says, as nodes that exist once and only point backwards.

`Graph.add` is the only door. The interpreter, a stored graph and a merge of many traders' graphs
all pass through it, so a hostile document meets the same checks as a typed text. A node's kind,
interval and origin are worked out here and never believed from outside.

Origin: an accumulating indicator (OBV) starts at an arbitrary level. A node carries how often
that level is in it (`origin`: accumulator -> factor); comparing two nodes is legal only where it
cancels out, anything that would mix it into a number without meaning is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aitrader.filters.indicators import ALL_INDICATORS, Bound, LevelRule
from aitrader.filters.operations import (
    BIGGEST,
    EITHER_KIND,
    OPERATIONS,
    Kind,
    Operation,
    ParameterRule,
)
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import FilterFault

MAX_NODES = 2000
MAX_DEPTH = 250
"""Operations from an input to a root; walks over a graph may then be plain recursion."""

MAX_WORK = 100_000
"""Nodes that all walks over a graph may visit while a text is read."""

Parameter = str | int | float
Origin = Mapping[int, float]
NO_ORIGIN: Origin = {}

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
OPPOSITE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "eq": "ne", "ne": "eq"}

ORIGIN_REASON = "this value counts from the first candle ever seen, so its level means nothing"
ORIGIN_HINT = (
    "compare it with its own average or past, as in obv(m) > sma(obv(m), 20) "
    "or change(obv(m), 10) > 0"
)


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation of a graph; `interval` is None for a constant. Compare by identity."""

    index: int
    op: str
    args: tuple[Node, ...]
    params: tuple[Parameter, ...]
    kind: Kind
    interval: str | None
    origin: Origin = field(default_factory=dict)
    depth: int = 0

    @property
    def is_constant(self) -> bool:
        """True for a number that is the same on every candle."""
        return self.interval is None


class Graph:
    """Nodes of one base interval, each distinct one once, arguments before their users."""

    def __init__(self, base: str, *, max_nodes: int = MAX_NODES) -> None:
        self.base = base
        self.nodes: list[Node] = []
        self._max_nodes = max_nodes
        self._known: dict[tuple[object, ...], Node] = {}
        self._negated: dict[int, Node] = {}
        self._work = 0

    def add(self, op: str, args: Sequence[Node] = (), params: Sequence[Parameter] = ()) -> Node:
        """Return the node for this operation, made now or before.

        Raises:
            FilterFault: The operation is unknown, its inputs or parameters do not fit, or the
                graph is full.
        """
        given = tuple(params)
        key = (op, tuple(node.index for node in args), given)
        found = self._known.get(key)
        if found is not None:
            return found
        if len(self.nodes) >= self._max_nodes:
            raise FilterFault(f"the filter is too large: more than {self._max_nodes} operations")
        rule, rest = _rule(op, given)
        _check_parameters(op, rule.parameters, rest)
        kind = _check_inputs(op, rule, args, output=given[0] if given else 0)
        interval = _interval(op, args, given)
        if interval is not None and INTERVAL_MS[interval] < INTERVAL_MS[self.base]:
            raise FilterFault(f"{interval} is faster than the trader's own interval {self.base}")
        index = len(self.nodes)
        origin = _origin(index, op, args, params=given)
        depth = 1 + max((arg.depth for arg in args), default=0)
        if depth > MAX_DEPTH:
            raise FilterFault(f"the filter is nested too deeply: more than {MAX_DEPTH} operations")
        node = Node(index, op, tuple(args), given, kind, interval, origin, depth)
        self._known[key] = node
        self.nodes.append(node)
        return node

    def constant(self, value: float) -> Node:
        """Return the node of a number; NaN is "undefined"."""
        if math.isnan(value):
            return self.add("undefined")
        return self.add("const", (), (float(value),))

    def apply(self, op: str, *values: Node | float, params: Sequence[Parameter] = ()) -> Node:
        """Return an operation on nodes and numbers, brought to the fastest interval among them."""
        nodes = [v if isinstance(v, Node) else self.constant(v) for v in values]
        return self.add(op, self.together(nodes), params)

    def together(self, nodes: Sequence[Node]) -> list[Node]:
        """Return the nodes on the fastest of their intervals; slower ones show closed bars only."""
        intervals = {node.interval for node in nodes if node.interval is not None}
        if len(intervals) <= 1:
            return list(nodes)
        return [
            self.to_interval(node, min(intervals, key=INTERVAL_MS.__getitem__)) for node in nodes
        ]

    def to_interval(self, node: Node, interval: str) -> Node:
        """Return the node as it is seen on the bars of a faster or the same interval."""
        if node.interval in (None, interval):
            return node
        return self.add("align", (node,), (interval,))

    def charge(self, steps: int) -> None:
        """Count the steps of walks over the graph; refuse when there are too many.

        Raises:
            FilterFault: More than `MAX_WORK`.
        """
        self._work += steps
        if self._work > MAX_WORK:
            raise FilterFault("the filter asks too often for the same", hint="keep it in a name")

    def negate(self, node: Node) -> Node:
        """Return the condition that is true exactly where this one is certainly false.

        Each node is negated once: a shared one would otherwise be walked once per path to it.
        """
        found = self._negated.get(node.index)
        if found is None:
            found = self._negated[node.index] = self._negation(node)
        return found

    def _negation(self, node: Node) -> Node:
        if node.op in OPPOSITE:
            return self.add(OPPOSITE[node.op], node.args)
        if node.op in ("and", "or"):
            left, right = self.negate(node.args[0]), self.negate(node.args[1])
            return self.add(_other(node.op, "and", "or"), (left, right))
        if node.op in ("any", "all"):
            return self.add(_other(node.op, "any", "all"), [self.negate(node.args[0])], node.params)
        if node.op in EITHER_KIND and node.kind is Kind.CONDITION:
            return self.add(node.op, [self.negate(node.args[0])], node.params)
        raise FilterFault("only a condition can be negated")


def numbers_of(node: Node) -> tuple[float, ...]:
    """Return an indicator's parameters, whole ones still whole."""
    return tuple(p for p in node.params[1:] if not isinstance(p, str))


def _other(op: str, first: str, second: str) -> str:
    return second if op == first else first


def _rule(op: str, params: tuple[Parameter, ...]) -> tuple[Operation, tuple[Parameter, ...]]:
    """Return the operation's rule and the parameters it applies to."""
    if op != "ta":
        if op not in OPERATIONS:
            raise FilterFault(f"unknown operation {str(op)[:40]!r} in the graph")
        return OPERATIONS[op], params
    name = params[0] if params else ""
    if not isinstance(name, str) or name not in ALL_INDICATORS:
        raise FilterFault(f"unknown indicator {str(name)[:40]!r} in the graph")
    indicator = ALL_INDICATORS[name]
    rule = Operation(
        inputs=(Kind.NUMBER,) * indicator.inputs,
        result=Kind.NUMBER if indicator.outputs == 1 else Kind.SEVERAL,
        parameters=indicator.bounds,
    )
    return rule, params[1:]


def _check_parameters(
    op: str, rules: tuple[ParameterRule, ...], params: tuple[Parameter, ...]
) -> None:
    if len(rules) != len(params):
        raise FilterFault(f"{op}: expected {len(rules)} parameters, found {len(params)}")
    for rule, value in zip(rules, params, strict=True):
        fits = _in_bound(rule, value) if isinstance(rule, Bound) else _is_word(rule.words, value)
        if not fits:
            raise FilterFault(f"{op}: the parameter {str(value)[:40]!r} is not allowed")


def _in_bound(rule: Bound, value: Parameter) -> bool:
    wanted = int if rule.is_whole else float
    return type(value) is wanted and rule.low <= value <= rule.high


def _is_word(words: tuple[str, ...], value: Parameter) -> bool:
    if type(value) is not str:
        return False
    return value in words if words else is_symbol_or_own(value)


def is_symbol_or_own(text: str) -> bool:
    """Return whether this is a symbol's name, or "" for the symbol that is screened."""
    return text == "" or (
        2 <= len(text) <= 24 and text.isascii() and text.isalnum() and text == text.upper()
    )


def _check_inputs(op: str, rule: Operation, args: Sequence[Node], *, output: Parameter) -> Kind:
    if len(args) != len(rule.inputs):
        raise FilterFault(f"{op}: expected {len(rule.inputs)} inputs, found {len(args)}")
    if op in EITHER_KIND and args[0].kind is Kind.CONDITION:
        return Kind.CONDITION
    for wanted, node in zip(rule.inputs, args, strict=True):
        if node.kind is not wanted:
            raise FilterFault(
                f"{op}: expected a {wanted.value.lower()}, found a {node.kind.value.lower()}"
            )
        if node.is_constant and not rule.takes_constants:
            raise FilterFault(f"{op}: expected a series, found a number")
    if op == "out" and not 0 <= int(output) < ALL_INDICATORS[str(args[0].params[0])].outputs:
        raise FilterFault("out: the indicator has no such output")
    return rule.result


def _interval(op: str, args: Sequence[Node], params: tuple[Parameter, ...]) -> str | None:
    if op in ("in", "time"):
        return str(params[-1])
    if op in ("const", "undefined"):
        return None
    intervals = {node.interval for node in args if node.interval is not None}
    if len(intervals) != 1:
        raise FilterFault(f"{op}: its inputs must have one interval, found {len(intervals)}")
    interval = intervals.pop()
    if op != "align":
        return interval
    faster = str(params[0])
    if INTERVAL_MS[faster] >= INTERVAL_MS[interval]:
        raise FilterFault(f"align: {faster} is not faster than {interval}")
    return faster


def _origin(index: int, op: str, args: Sequence[Node], *, params: tuple[Parameter, ...]) -> Origin:
    """Return how the level of accumulators enters this node; refuse where it would mix in."""
    level = ALL_INDICATORS[str(params[0])].level if op == "ta" else None
    if not any(node.origin for node in args):
        return {index: 1.0} if op == "cum" or level is LevelRule.ORIGIN else NO_ORIGIN
    if level is LevelRule.LOST:
        return NO_ORIGIN
    if level is LevelRule.KEPT or op in ("lag", "align", "out"):
        return args[0].origin
    if op in COMPARISONS and _same(args[0].origin, args[1].origin):
        return NO_ORIGIN
    found = _combined(op, args)
    if found is None:
        raise FilterFault(ORIGIN_REASON, hint=ORIGIN_HINT)
    return found


def _combined(op: str, args: Sequence[Node]) -> Origin | None:
    """Return the origin of arithmetic on nodes with origins, None where it has no meaning."""
    first, last = args[0].origin, args[-1].origin
    if op in ("add", "sub"):
        return _sum(first, last, 1.0 if op == "add" else -1.0)
    if op == "neg":
        return _scaled(first, -1.0)
    if op == "known":
        return NO_ORIGIN
    if op == "when":
        return last
    if op in ("min", "max") and _same(first, last):
        return first
    if op == "pick":
        return _picked(args)
    if op in ("mul", "div") and args[1].op == "const":
        return _scaled(first, _factor(op, args[1]))
    if op == "mul" and args[0].op == "const":
        return _scaled(last, _factor(op, args[0]))
    return None


def _picked(args: Sequence[Node]) -> Origin | None:
    kept = [node.origin for node in args[2:] if node.op != "undefined"]
    return kept[0] if kept and all(_same(kept[0], other) for other in kept) else None


def _factor(op: str, constant: Node) -> float:
    value = float(constant.params[0])
    if op == "mul":
        return value
    return 1.0 / value if value else BIGGEST


def _sum(a: Origin, b: Origin, factor: float) -> Origin:
    total = {key: a.get(key, 0.0) + factor * b.get(key, 0.0) for key in {**a, **b}}
    return {key: value for key, value in total.items() if abs(value) > 1e-12}


def _scaled(a: Origin, factor: float) -> Origin:
    return {key: value * factor for key, value in a.items() if value * factor}


def _same(a: Origin, b: Origin) -> bool:
    return not _sum(a, b, -1.0)
