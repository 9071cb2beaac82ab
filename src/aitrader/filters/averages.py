"""Moving averages and fits: functions whose result is on the scale of the price."""

from __future__ import annotations

from aitrader.filters.graph import Graph, Node
from aitrader.filters.library import Function, market, real, source, whole
from aitrader.filters.values import Value


def talib(graph: Graph, name: str, inputs: list[Node], *params: float) -> Node:
    """Return the node of one TA-Lib indicator on series of one or several intervals."""
    return graph.add("ta", graph.together(inputs), (name, *params))


def talib_outputs(
    graph: Graph, name: str, inputs: list[Node], *params: float, count: int
) -> list[Node]:
    """Return the nodes of all outputs of one TA-Lib indicator."""
    several = talib(graph, name, inputs, *params)
    return [graph.add("out", (several,), (i,)) for i in range(count)]


def on_source(
    names: str, indicator: str, default: int, summary: str, *, low: int = 2, example: str = ""
) -> Function:
    """Return a function of one series and a length; `names` is its name, then its aliases."""
    name, *aliases = names.split()

    def build(graph: Graph, series: Node, length: int) -> Value:
        return talib(graph, indicator, [series], length)

    return Function(
        name=name,
        summary=summary,
        parameters=(source(), whole("length", default, low=low)),
        build=build,
        example=example or f"m.close > {name}(m.close, {default})",
        aliases=tuple(aliases),
    )


def on_market(
    names: str,
    indicator: str,
    fields: tuple[str, ...],
    summary: str,
    *,
    lengths: tuple[tuple[str, int, int], ...] = (),
    example: str,
) -> Function:
    """Return a function of the market and lengths (name, default, least)."""
    name, *aliases = names.split()

    def build(graph: Graph, series: list[Node], *params: int) -> Value:
        return talib(graph, indicator, series, *params)

    return Function(
        name=name,
        summary=summary,
        parameters=(market(*fields), *(whole(n, d, low=low) for n, d, low in lengths)),
        build=build,
        example=example,
        aliases=tuple(aliases),
    )


def _t3(graph: Graph, series: Node, length: int, volume_factor: float) -> Value:
    return talib(graph, "T3", [series], length, float(volume_factor))


AVERAGES = (
    on_source("sma ma", "SMA", 20, "Simple moving average.", low=1),
    on_source("ema", "EMA", 20, "Exponential moving average, smoothing 2 / (length + 1).", low=1),
    on_source("wma", "WMA", 20, "Linearly weighted moving average.", low=1),
    on_source("rma smma", "RMA", 14, "Wilder's average, smoothing 1 / length.", low=1),
    on_source("hma", "HMA", 20, "Hull moving average."),
    on_source("dema", "DEMA", 20, "Double exponential moving average."),
    on_source("tema", "TEMA", 20, "Triple exponential moving average."),
    on_source("trima", "TRIMA", 20, "Triangular moving average."),
    on_source("kama", "KAMA", 10, "Kaufman's adaptive moving average."),
    on_source("zlema", "ZLEMA", 20, "Zero-lag exponential moving average."),
    Function(
        name="t3",
        summary="Tillson's T3 average.",
        parameters=(source(), whole("length", 5, low=2), real("volume_factor", 0.7, low=0, high=1)),
        build=_t3,
        example="m.close > t3(m.close, 5)",
    ),
    on_market(
        "vwma",
        "VWMA",
        ("close", "volume"),
        "Volume-weighted moving average.",
        lengths=(("length", 20, 1),),
        example="m.close > vwma(m, 20)",
    ),
    on_source("midpoint", "MIDPOINT", 14, "Middle of the highest and lowest value of the window."),
    on_source("linreg", "LINEARREG", 14, "End of the straight line fitted through the window."),
    on_source("forecast tsf", "TSF", 14, "The fitted line, one bar further."),
)
