"""Volatility and spread: ranges, bands, deviations, ranks."""

from __future__ import annotations

import math

from aitrader.filters.averages import on_market, on_source, talib, talib_outputs
from aitrader.filters.graph import Graph, Node
from aitrader.filters.library import Function, market, real, source, whole
from aitrader.filters.values import Outputs, Value

HLC = ("high", "low", "close")


def _bbands(graph: Graph, series: Node, length: int, mult: float) -> Value:
    upper, middle, lower = talib_outputs(graph, "BBANDS", [series], length, float(mult), count=3)
    spread = graph.apply("sub", upper, lower)
    named = {"upper": upper, "middle": middle, "lower": lower}
    if not middle.origin:  # a width in proportion has no meaning around an arbitrary level
        named["width"] = graph.apply("div", spread, middle)
    named["percent_b"] = graph.apply("div", graph.apply("sub", series, lower), spread)
    return Outputs("bbands", named, ("upper", "middle", "lower"))


def _keltner(graph: Graph, series: list[Node], *lengths: float) -> Value:
    length, atr_length, mult = lengths
    upper, middle, lower = talib_outputs(
        graph, "KC", series, length, atr_length, float(mult), count=3
    )
    return Outputs(
        "keltner", {"upper": upper, "middle": middle, "lower": lower}, ("upper", "middle", "lower")
    )


def _donchian(graph: Graph, series: list[Node], length: int) -> Value:
    upper, middle, lower = talib_outputs(graph, "DONCHIAN", series, length, count=3)
    return Outputs(
        "donchian", {"upper": upper, "middle": middle, "lower": lower}, ("upper", "middle", "lower")
    )


def _zscore(graph: Graph, series: Node, length: int) -> Value:
    mean = talib(graph, "SMA", [series], length)
    return graph.apply(
        "div", graph.apply("sub", series, mean), talib(graph, "STDDEV", [series], length)
    )


def _massi(graph: Graph, series: list[Node], fast: int, slow: int) -> Value:
    return talib(graph, "MASSI", series, fast, slow)


def _rvi(graph: Graph, series: Node, length: int, stdev_length: int) -> Value:
    return talib(graph, "RVI", [series], length, stdev_length)


def _choppiness(graph: Graph, series: list[Node], length: int) -> Value:
    high, low, _ = series
    walked = talib(graph, "SUM", [talib(graph, "TRANGE", series)], length)
    spread = graph.apply(
        "sub", talib(graph, "MAX", [high], length), talib(graph, "MIN", [low], length)
    )
    share = graph.apply("log", graph.apply("div", walked, spread))
    return graph.apply("mul", share, 100.0 / math.log(length))


BANDS = ("upper", "middle", "lower")

VOLATILITY = (
    on_market(
        "atr",
        "ATR",
        HLC,
        "Average true range, Wilder's.",
        lengths=(("length", 14, 1),),
        example="m.range > 2 * atr(m, 14)",
    ),
    on_market(
        "natr",
        "NATR",
        HLC,
        "Average true range in percent of the close.",
        lengths=(("length", 14, 1),),
        example="natr(m, 14) > 1",
    ),
    on_market(
        "true_range trange tr",
        "TRANGE",
        HLC,
        "True range of one candle.",
        example="true_range(m) > 2 * atr(m, 14)",
    ),
    on_market(
        "adr",
        "ADR",
        ("high", "low"),
        "Average of high less low.",
        lengths=(("length", 14, 1),),
        example="m.range > 2 * adr(m, 14)",
    ),
    Function(
        name="bbands",
        summary="Bollinger bands; width is (upper - lower) / middle; percent_b is 0 at lower.",
        parameters=(source(), whole("length", 20, low=2), real("mult", 2.0)),
        build=_bbands,
        outputs=(*BANDS, "width", "percent_b"),
        example="m.close < bbands(m.close, 20, 2).lower",
        aliases=("bollinger", "bollinger_bands", "bb"),
    ),
    Function(
        name="keltner",
        summary="Keltner channel: EMA plus and less `mult` average true ranges.",
        parameters=(
            market(*HLC),
            whole("length", 20, low=2),
            whole("atr_length", 10),
            real("mult", 2.0),
        ),
        build=_keltner,
        outputs=BANDS,
        example="m.close > keltner(m, 20, 10, 1.5).upper",
        aliases=("kc", "keltner_channel"),
    ),
    Function(
        name="donchian",
        summary="Highest high and lowest low of the window, this candle included.",
        parameters=(market("high", "low"), whole("length", 20, low=2)),
        build=_donchian,
        outputs=BANDS,
        example="m.close > donchian(m, 20).upper[1]",
        aliases=("donchian_channel",),
    ),
    on_source(
        "stdev std stddev",
        "STDDEV",
        20,
        "Standard deviation of the window.",
        example="stdev(m.close, 20) > stdev(m.close, 100)",
    ),
    on_source(
        "variance var",
        "VAR",
        20,
        "Variance of the window.",
        example="variance(m.close, 20) > 0",
    ),
    on_source(
        "avgdev",
        "AVGDEV",
        14,
        "Average absolute deviation of the window.",
        example="avgdev(m.close, 14) > 0",
    ),
    on_source(
        "percent_rank percentrank",
        "PERCENTRANK",
        100,
        "How many percent of the last values this one exceeds.",
        example="percent_rank(m.close, 100) > 90",
    ),
    Function(
        name="zscore",
        summary="Distance from the average in standard deviations.",
        parameters=(source(), whole("length", 20, low=2)),
        build=_zscore,
        example="zscore(m.close, 50) < -2",
        aliases=("z_score",),
    ),
    Function(
        name="choppiness",
        summary="Choppiness index: high when price goes nowhere, 0 to 100.",
        parameters=(market(*HLC), whole("length", 14, low=2)),
        build=_choppiness,
        example="choppiness(m, 14) < 40",
        aliases=("chop",),
    ),
    Function(
        name="mass_index",
        summary="Mass index of the daily range.",
        parameters=(market("high", "low"), whole("fast", 9, low=2), whole("slow", 25, low=2)),
        build=_massi,
        example="mass_index(m) > 27",
        aliases=("massi",),
    ),
    Function(
        name="relative_volatility",
        summary="Relative volatility index, 0 to 100.",
        parameters=(source(), whole("length", 14, low=2), whole("stdev_length", 10, low=2)),
        build=_rvi,
        example="relative_volatility(m.close) > 60",
    ),
)
