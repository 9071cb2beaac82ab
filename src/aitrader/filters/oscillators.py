"""Oscillators and momentum: functions that swing in a range or around zero."""

from __future__ import annotations

from aitrader.filters.averages import on_market, on_source, talib, talib_outputs
from aitrader.filters.graph import Graph, Node
from aitrader.filters.library import Function, market, source, whole
from aitrader.filters.values import Outputs, Value

HLC = ("high", "low", "close")
LENGTH_14 = (("length", 14, 2),)


def _macd(graph: Graph, series: Node, *lengths: int) -> Value:
    line, trigger, hist = talib_outputs(graph, "MACD", [series], *lengths, count=3)
    return Outputs(
        "macd", {"macd": line, "signal": trigger, "hist": hist}, ("macd", "signal", "hist")
    )


def _stoch(graph: Graph, series: list[Node], *lengths: int) -> Value:
    k, d = talib_outputs(graph, "STOCH", series, *lengths, count=2)
    return Outputs("stoch", {"k": k, "d": d}, ("k", "d"))


def _stoch_rsi(graph: Graph, series: Node, *lengths: int) -> Value:
    length, stoch_length, smooth_k, smooth_d = lengths
    base = talib(graph, "RSI", [series], length)
    lowest, highest = (
        talib(graph, "MIN", [base], stoch_length),
        talib(graph, "MAX", [base], stoch_length),
    )
    place = graph.apply(
        "div", graph.apply("sub", base, lowest), graph.apply("sub", highest, lowest)
    )
    k = talib(graph, "SMA", [graph.apply("mul", place, 100.0)], smooth_k)
    d = talib(graph, "SMA", [k], smooth_d)
    return Outputs("stoch_rsi", {"k": k, "d": d}, ("k", "d"))


def _aroon(graph: Graph, series: list[Node], length: int) -> Value:
    down, up = talib_outputs(graph, "AROON", series, length, count=2)
    return Outputs("aroon", {"down": down, "up": up}, ("down", "up"))


def _vortex(graph: Graph, series: list[Node], length: int) -> Value:
    plus, minus = talib_outputs(graph, "VORTEX", series, length, count=2)
    return Outputs("vortex", {"plus": plus, "minus": minus}, ("plus", "minus"))


def _two_lengths(name: str, indicator: str, summary: str, example: str) -> Function:
    def build(graph: Graph, series: Node, fast: int, slow: int) -> Value:
        return talib(graph, indicator, [series], fast, slow)

    return Function(
        name=name,
        summary=summary,
        parameters=(source(), whole("fast", 12, low=2), whole("slow", 26, low=2)),
        build=build,
        example=example,
    )


def _tsi(graph: Graph, series: Node, slow: int, fast: int) -> Value:
    return talib(graph, "TSI", [series], slow, fast)


def _coppock(graph: Graph, series: Node, *lengths: int) -> Value:
    return talib(graph, "COPPOCK", [series], *lengths)


OSCILLATORS = (
    on_source(
        "rsi", "RSI", 14, "Relative strength index, 0 to 100.", example="rsi(m.close, 14) < 30"
    ),
    on_source(
        "cmo", "CMO", 14, "Chande momentum oscillator, -100 to 100.", example="cmo(m.close) > 50"
    ),
    on_source(
        "roc",
        "ROC",
        10,
        "Change over `length` bars in percent.",
        low=1,
        example="roc(m.close, 10) > 2",
    ),
    on_source(
        "mom momentum",
        "MOM",
        10,
        "Change over `length` bars.",
        low=1,
        example="mom(m.close, 10) > 0",
    ),
    on_source(
        "trix",
        "TRIX",
        18,
        "Rate of change of a triple smoothed average.",
        low=1,
        example="trix(m.close) > 0",
    ),
    on_source(
        "dpo", "DPO", 20, "Detrended price oscillator, causal form.", example="dpo(m.close) > 0"
    ),
    Function(
        name="macd",
        summary="Moving average convergence divergence.",
        parameters=(
            source(),
            whole("fast", 12, low=2),
            whole("slow", 26, low=2),
            whole("signal", 9),
        ),
        build=_macd,
        outputs=("macd", "signal", "hist"),
        example="crosses_above(macd(m.close).macd, macd(m.close).signal)",
    ),
    _two_lengths("ppo", "PPO", "Distance of two EMAs in percent.", "ppo(m.close) > 0"),
    _two_lengths("apo", "APO", "Distance of two EMAs.", "apo(m.close) > 0"),
    Function(
        name="tsi",
        summary="True strength index.",
        parameters=(source(), whole("slow", 25, low=2), whole("fast", 13, low=2)),
        build=_tsi,
        example="tsi(m.close) > 0",
    ),
    Function(
        name="coppock",
        summary="Coppock curve.",
        parameters=(source(), whole("length", 10, low=2), whole("short", 11), whole("long", 14)),
        build=_coppock,
        example="crosses_above(coppock(m.close), 0)",
    ),
    Function(
        name="stoch",
        summary="Stochastic oscillator, 0 to 100, smoothed by simple averages.",
        parameters=(market(*HLC), whole("length", 14), whole("smooth_k", 3), whole("smooth_d", 3)),
        build=_stoch,
        outputs=("k", "d"),
        example="stoch(m).k < 20",
        aliases=("stochastic",),
    ),
    Function(
        name="stoch_rsi",
        summary="Stochastic of the RSI, 0 to 100.",
        parameters=(
            source(),
            whole("length", 14, low=2),
            whole("stoch_length", 14, low=2),
            whole("smooth_k", 3),
            whole("smooth_d", 3),
        ),
        build=_stoch_rsi,
        outputs=("k", "d"),
        example="stoch_rsi(m.close).k < 20",
        aliases=("stochrsi",),
    ),
    Function(
        name="aroon",
        summary="How recent the highest and lowest price of the window are, 0 to 100.",
        parameters=(market("high", "low"), whole("length", 14, low=2)),
        build=_aroon,
        outputs=("down", "up"),
        example="aroon(m, 14).up > 70",
    ),
    Function(
        name="vortex",
        summary="Vortex indicator.",
        parameters=(market(*HLC), whole("length", 14, low=2)),
        build=_vortex,
        outputs=("plus", "minus"),
        example="vortex(m).plus > vortex(m).minus",
    ),
    on_market(
        "aroon_osc aroonosc",
        "AROONOSC",
        ("high", "low"),
        "Aroon up less Aroon down.",
        lengths=LENGTH_14,
        example="aroon_osc(m) > 50",
    ),
    on_market(
        "willr williams_r",
        "WILLR",
        HLC,
        "Williams %R, -100 to 0.",
        lengths=LENGTH_14,
        example="willr(m, 14) < -80",
    ),
    on_market(
        "cci",
        "CCI",
        HLC,
        "Commodity channel index.",
        lengths=(("length", 20, 2),),
        example="cci(m, 20) < -100",
    ),
    on_market(
        "ultosc uo ultimate_oscillator",
        "ULTOSC",
        HLC,
        "Ultimate oscillator, 0 to 100.",
        lengths=(("short", 7, 1), ("middle", 14, 1), ("long", 28, 1)),
        example="ultosc(m) < 30",
    ),
    on_market(
        "adx",
        "ADX",
        HLC,
        "Strength of the trend, 0 to 100.",
        lengths=LENGTH_14,
        example="adx(m, 14) > 25",
    ),
    on_market(
        "adxr",
        "ADXR",
        HLC,
        "ADX averaged with its past.",
        lengths=LENGTH_14,
        example="adxr(m, 14) > 25",
    ),
    on_market(
        "dx", "DX", HLC, "Directional movement index.", lengths=LENGTH_14, example="dx(m, 14) > 40"
    ),
    on_market(
        "plus_di",
        "PLUS_DI",
        HLC,
        "Upward directional indicator.",
        lengths=LENGTH_14,
        example="plus_di(m) > minus_di(m)",
    ),
    on_market(
        "minus_di",
        "MINUS_DI",
        HLC,
        "Downward directional indicator.",
        lengths=LENGTH_14,
        example="minus_di(m) > 20",
    ),
    on_market("bop", "BOP", ("open", *HLC), "Balance of power, -1 to 1.", example="bop(m) > 0.5"),
    on_market(
        "awesome ao",
        "AO",
        ("high", "low"),
        "Awesome oscillator.",
        lengths=(("fast", 5, 2), ("slow", 34, 2)),
        example="awesome(m) > 0",
    ),
)
