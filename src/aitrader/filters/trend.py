"""Trend and structure: followers, clouds, pivots, divergences, candle patterns."""

from __future__ import annotations

from aitrader.filters.averages import on_source, talib, talib_outputs
from aitrader.filters.graph import Graph, Node
from aitrader.filters.kernels import PATTERNS
from aitrader.filters.library import Function, Parameter, Slot, market, real, source, view, whole
from aitrader.filters.operands import PLAIN_FIELDS, as_series, field, lag, logic
from aitrader.filters.values import MarketView, Outputs, Value
from aitrader.filters.words import nearest
from aitrader.model.errors import FilterFault

HLC = ("high", "low", "close")

PATTERN_ALIASES = {
    "threewhitesoldiers": "3whitesoldiers",
    "threeblackcrows": "3blackcrows",
    "twocrows": "2crows",
    "threeinside": "3inside",
    "threeoutside": "3outside",
    "inside": "3inside",
    "darkcloud": "darkcloudcover",
    "piercingline": "piercing",
    "bullishengulfing": "engulfing",
    "bearishengulfing": "engulfing",
}


def _supertrend(graph: Graph, series: list[Node], length: int, mult: float) -> Value:
    line, direction = talib_outputs(graph, "SUPERTREND", series, length, float(mult), count=2)
    named = {
        "line": line,
        "direction": direction,
        "up": graph.apply("gt", direction, 0.0),
        "down": graph.apply("lt", direction, 0.0),
    }
    return Outputs("supertrend", named, ("line", "direction"))


def _psar(graph: Graph, series: list[Node], step: float, max_step: float) -> Value:
    return talib(graph, "SAR", series, float(step), float(max_step))


def _ichimoku(graph: Graph, series: list[Node], *lengths: int) -> Value:
    high, low = series
    conversion, base, span = lengths

    def middle(length: int) -> Node:
        top, bottom = talib(graph, "MAX", [high], length), talib(graph, "MIN", [low], length)
        return graph.apply("div", graph.apply("add", top, bottom), 2.0)

    tenkan, kijun = middle(conversion), middle(base)
    ahead = graph.apply("div", graph.apply("add", tenkan, kijun), 2.0)
    span_a = graph.add("lag", (ahead,), (base - 1,))
    span_b = graph.add("lag", (middle(span),), (base - 1,))
    named = {
        "tenkan": tenkan,
        "kijun": kijun,
        "span_a": span_a,
        "span_b": span_b,
        "top": graph.apply("max", span_a, span_b),
        "bottom": graph.apply("min", span_a, span_b),
    }
    return Outputs("ichimoku", named, ("tenkan", "kijun", "span_a", "span_b"))


def _heikin_ashi(graph: Graph, market_view: MarketView) -> Value:
    series = [field(graph, market_view, name) for name in PLAIN_FIELDS]
    made = talib_outputs(graph, "HA", series, count=4)
    replaced = {**market_view.replaced, **dict(zip(PLAIN_FIELDS, made, strict=True))}
    return MarketView(market_view.symbol, market_view.interval, replaced)


def _pattern(graph: Graph, market_view: MarketView, name: str) -> Value:
    word = name.lower().replace("_", "").replace(" ", "").removeprefix("cdl")
    word = PATTERN_ALIASES.get(word, word)
    if word not in PATTERNS:
        raise FilterFault(f"there is no candle pattern '{name[:40]}'", hint=nearest(word, PATTERNS))
    series = [field(graph, market_view, plain) for plain in PLAIN_FIELDS]
    return talib(graph, "CDL" + word.upper(), series)


def _correlation(graph: Graph, a: Node, b: Node, length: int) -> Value:
    return talib(graph, "CORREL", [a, b], length)


def _beta(graph: Graph, a: Node, b: Node, length: int) -> Value:
    return talib(graph, "BETA", [a, b], length)


def _pivot(graph: Graph, value: Value, left: int, right: int, *, is_high: bool) -> Node:
    """Return the pivot's value on the candle that confirms it, `right` bars later."""
    if isinstance(value, MarketView):
        series = field(graph, value, "high" if is_high else "low")
    else:
        series = as_series(graph, value, "pivot")
    candidate = graph.add("lag", (series,), (right,))
    extreme = talib(graph, "MAX" if is_high else "MIN", [series], left + right + 1)
    is_pivot = graph.apply("eq", candidate, extreme)
    return graph.apply("pick", is_pivot, graph.negate(is_pivot), candidate, float("nan"))


def _pivot_high(graph: Graph, value: Value, left: int, right: int) -> Value:
    return _pivot(graph, value, left, right, is_high=True)


def _pivot_low(graph: Graph, value: Value, left: int, right: int) -> Value:
    return _pivot(graph, value, left, right, is_high=False)


def _divergence(
    graph: Graph, price: Value, oscillator: Node, *bars: int, is_bullish: bool
) -> Value:
    """Compare the last two pivots of the oscillator with the price at those candles."""
    left, right, max_bars = bars
    if isinstance(price, MarketView):
        price = field(graph, price, "low" if is_bullish else "high")
    series = as_series(graph, price, "divergence")
    candidate = graph.add("lag", (oscillator,), (right,))
    extreme = talib(graph, "MIN" if is_bullish else "MAX", [oscillator], left + right + 1)
    is_pivot = graph.apply("eq", candidate, extreme)
    was_pivot = lag(graph, is_pivot, 1)
    now_price = graph.add("lag", (series,), (right,))

    def before(values: Node) -> Node:
        moved = lag(graph, values, 1)
        never = graph.negate(was_pivot)  # type: ignore[arg-type]
        return graph.apply("when", was_pivot, never, moved, params=(0, max_bars))  # type: ignore[arg-type]

    turns, moves = ("gt", "lt") if is_bullish else ("lt", "gt")
    return logic(
        graph,
        "and",
        [
            is_pivot,
            graph.apply(turns, candidate, before(candidate)),
            graph.apply(moves, now_price, before(now_price)),
        ],
    )


def _bullish(graph: Graph, price: Value, oscillator: Node, *bars: int) -> Value:
    return _divergence(graph, price, oscillator, *bars, is_bullish=True)


def _bearish(graph: Graph, price: Value, oscillator: Node, *bars: int) -> Value:
    return _divergence(graph, price, oscillator, *bars, is_bullish=False)


def _price() -> Parameter:
    return Parameter(name="price", slot=Slot.ANY, is_required=True)


_PIVOT_BARS = (whole("left", 5, high=50), whole("right", 5, high=50))
_DIVERGENCE = (_price(), source("oscillator"), *_PIVOT_BARS, whole("max_bars", 60, low=5, high=500))

TREND = (
    Function(
        name="supertrend",
        summary="Supertrend line; direction is 1 up, -1 down; up and down are conditions.",
        parameters=(market(*HLC), whole("length", 10, low=2), real("mult", 3.0, low=0.1)),
        build=_supertrend,
        outputs=("line", "direction", "up", "down"),
        example="supertrend(m, 10, 3).up",
    ),
    Function(
        name="psar",
        summary="Parabolic stop and reverse.",
        parameters=(
            market("high", "low"),
            real("step", 0.02, low=0.0001, high=1),
            real("max_step", 0.2, low=0.001, high=1),
        ),
        build=_psar,
        example="m.close > psar(m)",
        aliases=("sar", "parabolic_sar"),
    ),
    Function(
        name="ichimoku",
        summary="Ichimoku cloud as it stands at this candle; top and bottom are the cloud's edges.",
        parameters=(
            market("high", "low"),
            whole("conversion", 9, low=2),
            whole("base", 26, low=2),
            whole("span", 52, low=2),
        ),
        build=_ichimoku,
        outputs=("tenkan", "kijun", "span_a", "span_b", "top", "bottom"),
        example="m.close > ichimoku(m).top",
    ),
    Function(
        name="heikin_ashi",
        summary="The market with Heikin-Ashi candles as open, high, low, close.",
        parameters=(view(),),
        build=_heikin_ashi,
        example="heikin_ashi(m).close > heikin_ashi(m).open",
        aliases=("heikinashi", "ha"),
    ),
    on_source(
        "slope linreg_slope linearreg_slope",
        "LINEARREG_SLOPE",
        14,
        "Slope of the straight line fitted through the window, per bar.",
        example="slope(m.close, 14) > 0",
    ),
    on_source(
        "angle linreg_angle",
        "LINEARREG_ANGLE",
        14,
        "The fitted line's angle in degrees.",
        example="angle(m.close, 14) > 0",
    ),
    Function(
        name="correlation",
        summary="Pearson's correlation of two series over the window, -1 to 1.",
        parameters=(source("a"), source("b"), whole("length", 30, low=2)),
        build=_correlation,
        example='correlation(m.close, m.of("BTCUSDT").close, 30) > 0.8',
        aliases=("correl", "corr"),
    ),
    Function(
        name="beta",
        summary="Beta of the first series' changes against the second's.",
        parameters=(source("a"), source("b"), whole("length", 20)),
        build=_beta,
        example='beta(m.close, m.of("BTCUSDT").close, 20) > 1',
    ),
    Function(
        name="pivot_high",
        summary="Value of a local high, on the candle that confirms it; unknown elsewhere.",
        parameters=(_price(), *_PIVOT_BARS),
        build=_pivot_high,
        example="pivot_high(m, 5, 5) > 0",
        aliases=("pivothigh",),
    ),
    Function(
        name="pivot_low",
        summary="Value of a local low, on the candle that confirms it; unknown elsewhere.",
        parameters=(_price(), *_PIVOT_BARS),
        build=_pivot_low,
        example="pivot_low(m, 5, 5) > 0",
        aliases=("pivotlow",),
    ),
    Function(
        name="bullish_divergence",
        summary="The oscillator's pivot low is higher than its last one while the price is lower.",
        parameters=_DIVERGENCE,
        build=_bullish,
        example="bullish_divergence(m, rsi(m.close, 14))",
    ),
    Function(
        name="bearish_divergence",
        summary="The oscillator's pivot high is lower than its last one while the price is higher.",
        parameters=_DIVERGENCE,
        build=_bearish,
        example="bearish_divergence(m, rsi(m.close, 14))",
    ),
    Function(
        name="pattern",
        summary="TA-Lib's candle pattern: 100 bullish, -100 bearish, 0 none.",
        parameters=(view(), Parameter(name="name", slot=Slot.TEXT, is_required=True)),
        build=_pattern,
        example='pattern(m, "engulfing") > 0',
        aliases=("candle_pattern",),
    ),
)
