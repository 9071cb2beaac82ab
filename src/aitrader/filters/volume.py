"""Volume: who pays, how much, and whether more than usual."""

from __future__ import annotations

from aitrader.filters.averages import on_market, talib
from aitrader.filters.graph import Graph, Node
from aitrader.filters.library import Function, Parameter, Slot, source, view, whole
from aitrader.filters.operands import as_series, field
from aitrader.filters.values import MarketView, Value

HLCV = ("high", "low", "close", "volume")
LENGTH_14 = (("length", 14, 2),)


def _vwap(graph: Graph, market: MarketView, price: Value) -> Value:
    paid = field(graph, market, "hlc3") if price is None else as_series(graph, price, "vwap")
    return graph.apply("vwap", paid, field(graph, market, "volume"))


def _pvo(graph: Graph, series: Node, fast: int, slow: int) -> Value:
    return talib(graph, "PVO", [series], fast, slow)


VOLUME = (
    on_market(
        "obv",
        "OBV",
        ("close", "volume"),
        "On-balance volume; its level is arbitrary, compare it with itself.",
        example="obv(m) > sma(obv(m), 20)",
    ),
    on_market(
        "ad",
        "AD",
        HLCV,
        "Accumulation/distribution line; compare it with itself.",
        example="ad(m) > ema(ad(m), 20)",
    ),
    on_market(
        "pvt",
        "PVT",
        ("close", "volume"),
        "Price volume trend; compare it with itself.",
        example="pvt(m) > sma(pvt(m), 20)",
    ),
    on_market(
        "adosc chaikin",
        "ADOSC",
        HLCV,
        "Chaikin oscillator.",
        lengths=(("fast", 3, 2), ("slow", 10, 2)),
        example="adosc(m) > 0",
    ),
    on_market(
        "cmf",
        "CMF",
        HLCV,
        "Chaikin money flow, -1 to 1.",
        lengths=(("length", 20, 2),),
        example="cmf(m, 20) > 0.1",
    ),
    on_market(
        "mfi",
        "MFI",
        HLCV,
        "Money flow index, 0 to 100.",
        lengths=LENGTH_14,
        example="mfi(m, 14) < 20",
    ),
    on_market(
        "rvol relative_volume",
        "RVOL",
        ("volume",),
        "Volume relative to the average of the bars before.",
        lengths=(("length", 20, 1),),
        example="rvol(m, 20) > 2",
    ),
    on_market(
        "force_index efi",
        "EFI",
        ("close", "volume"),
        "Elder's force index.",
        lengths=(("length", 13, 1),),
        example="force_index(m, 13) > 0",
    ),
    Function(
        name="pvo",
        summary="Distance of two EMAs of volume in percent.",
        parameters=(source(), whole("fast", 12, low=2), whole("slow", 26, low=2)),
        build=_pvo,
        example="pvo(m.volume) > 0",
    ),
    Function(
        name="vwap",
        summary="Volume-weighted average price since 00:00 UTC, of hlc3 or of a given price.",
        parameters=(view(), Parameter(name="source", slot=Slot.ANY)),
        build=_vwap,
        example="m.close > vwap(m)",
    ),
)
