"""A node as a person would write it, and which values explain a condition."""

from __future__ import annotations

import re

from aitrader.filters.graph import COMPARISONS, Node
from aitrader.filters.operands import SIGNS
from aitrader.filters.operations import Kind

MAX_DEPTH = 6
MAX_FINDINGS = 6
MAX_TEXT = 60
MAX_WRITTEN = 240

FUNCTION_NAMES = {
    "STDDEV": "stdev", "VAR": "variance", "LINEARREG": "linreg", "LINEARREG_SLOPE": "slope",
    "LINEARREG_ANGLE": "angle", "TSF": "forecast", "MAX": "highest", "MIN": "lowest",
    "SUM": "rolling_sum", "KC": "keltner", "SAR": "psar", "EFI": "force_index",
    "TRANGE": "true_range", "PERCENTRANK": "percent_rank", "AROONOSC": "aroon_osc",
    "AO": "awesome", "MASSI": "mass_index", "RVI": "relative_volatility",
    "CORREL": "correlation", "HA": "heikin_ashi",
}  # fmt: skip
"""Where the language's name of a TA-Lib function is not the same word."""

OUTPUT_NAMES = {
    "MACD": ("macd", "signal", "hist"),
    "BBANDS": ("upper", "middle", "lower"),
    "KC": ("upper", "middle", "lower"),
    "DONCHIAN": ("upper", "middle", "lower"),
    "STOCH": ("k", "d"),
    "AROON": ("down", "up"),
    "VORTEX": ("plus", "minus"),
    "SUPERTREND": ("line", "direction"),
    "HA": ("open", "high", "low", "close"),
}

MARKET_INPUTS = {("open", "high", "low", "close"), ("high", "low", "close"), ("high", "low")}


def text_of(node: Node, depth: int = 0) -> str:
    """Return the node as text of the language; what is nested deeply or long is left out."""
    return _written(node, depth, {})


Known = dict[tuple[int, int], str]
"""Texts by node and depth: a node with many paths to it is written once."""


def _written(node: Node, depth: int, known: Known) -> str:
    text = known.get((node.index, depth))
    if text is None:
        text = known[node.index, depth] = _text(node, depth, known)[:MAX_WRITTEN]
    return text


def _text(node: Node, depth: int, known: Known) -> str:
    if depth > MAX_DEPTH:
        return "..."
    if node.op == "in":
        return _place(node) + str(node.params[0])
    if node.op in ("time", "const", "undefined"):
        return "nan" if node.op == "undefined" else _leaf(node)
    if node.op == "out":
        indicator = node.args[0]
        name = str(indicator.params[0])
        return f"{_written(indicator, depth, known)}.{OUTPUT_NAMES[name][int(node.params[0])]}"
    if node.op == "ta":
        return _indicator(node, depth, known)
    if node.op in SIGNS or node.op in ("and", "or"):
        left, right = (_operand(arg, depth + 1, known) for arg in node.args)
        return f"{left} {SIGNS.get(node.op, node.op)} {right}"
    if node.op == "align":
        return _written(node.args[0], depth, known)
    if node.op == "lag":
        return f"{_operand(node.args[0], depth + 1, known)}[{node.params[0]}]"
    return _operation(node, depth, known)


def _leaf(node: Node) -> str:
    value = node.params[0]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _place(node: Node) -> str:
    """Return which market a series is of, "" for the trader's own."""
    symbol = str(node.params[1])
    return f"{symbol} {node.interval} " if symbol else f"{node.interval} "


def _indicator(node: Node, depth: int, known: Known) -> str:
    name = str(node.params[0])
    word = FUNCTION_NAMES.get(name, name.lower().replace("cdl", "pattern "))
    fields = tuple(str(arg.params[0]) if arg.op == "in" else "" for arg in node.args)
    inputs = [_written(arg, depth + 1, known) for arg in node.args]
    if fields in MARKET_INPUTS or (len(fields) > 1 and all(fields)):
        inputs = [_place(node.args[0]).strip()]
    numbers = [f"{p:g}" if isinstance(p, float) else str(p) for p in node.params[1:]]
    return f"{word}({', '.join([*inputs, *numbers])})"


_WORDS = {
    "any": "within",
    "all": "always",
    "since": "bars_since",
    "when": "value_when",
    "pick": "where",
    "fill": "nz",
    "cum": "cumulative",
}


def _operation(node: Node, depth: int, known: Known) -> str:
    skipped = 1 if node.op in ("count", "since", "when", "pick") else None  # the negated twin
    if node.op == "neg":
        return f"-{_operand(node.args[0], depth + 1, known)}"
    inputs = [_written(a, depth + 1, known) for i, a in enumerate(node.args) if i != skipped]
    numbers = [str(p) for p in node.params]
    return f"{_WORDS.get(node.op, node.op)}({', '.join([*inputs, *numbers])})"


def _operand(node: Node, depth: int, known: Known) -> str:
    """Return a node beside a sign: in brackets where it has a sign of its own."""
    text = _written(node, depth, known)
    while node.op == "align":
        node = node.args[0]
    return f"({text})" if node.op in SIGNS or node.op in ("and", "or", "neg") else text


def short(text: str) -> str:
    """Return the text in at most `MAX_TEXT` characters."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def value_text(node: Node, base: str) -> str:
    """Return a value's name for a person; the trader's own interval goes without saying."""
    text = re.sub(rf"\({base}(?=[,)])", "(m", text_of(node))
    return short(re.sub(rf"\b{base} ", "", text))


def values_behind(condition: Node) -> list[Node]:
    """Return the series whose values explain the condition: what its comparisons compare."""
    found: dict[int, Node] = {}
    waiting = [condition]
    seen: set[int] = set()
    while waiting and len(found) < MAX_FINDINGS:
        node = waiting.pop(0)
        if node.index in seen:
            continue
        seen.add(node.index)
        if node.op in COMPARISONS:
            for arg in node.args:
                source = unlagged(arg)
                if not source.is_constant and not source.origin and source.kind is Kind.NUMBER:
                    found.setdefault(source.index, source)
        else:
            waiting.extend(arg for arg in node.args if arg.kind is Kind.CONDITION)
    return list(found.values())[:MAX_FINDINGS]


def unlagged(node: Node) -> Node:
    """Return the series itself where the node is an earlier bar of one."""
    while node.op == "lag":
        node = node.args[0]
    return node
