"""Candles as cells."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from aitrader.model.candle import MINUTE_MS, Candle
from aitrader.tui.candlestick import AXIS, LEAST_HEIGHT, VOLUME, Mark, PriceLine, draw
from aitrader.tui.columns import Cell
from aitrader.tui.curves import PANE, Curve


def candles(*rows: tuple[float, float, float, float], volume: float = 1.0) -> list[Candle]:
    return [
        Candle("BTCUSDT", "1m", n * MINUTE_MS, (*row, volume, 0.0, 0.0, 0.0), closed=True)
        for n, row in enumerate(rows)
    ]


def text(lines: Sequence[Sequence[Cell]]) -> list[str]:
    return ["".join(cell.text for cell in line) for line in lines]


RISING = candles((10, 14, 8, 12), (12, 20, 12, 20))


def test_a_body_and_its_wicks_are_told_apart() -> None:
    lines = text(draw(RISING, AXIS + 4, height=VOLUME + 1 + 6))
    first = "".join(line[0] for line in lines[:6])
    assert set(first) <= set(" │┃╷╵╻╹╽╿")
    assert "┃" in first or "╽" in first or "╿" in first
    assert lines[0][1] in "┃╻"


def test_gain_and_loss_have_their_styles() -> None:
    drawn = draw(candles((10, 11, 9, 11), (11, 11, 9, 9)), AXIS + 2, height=12)
    styles = {cell.style for line in drawn[:8] for cell in line[:-1] if cell.text.strip()}
    assert styles == {"up", "down"}


def test_a_mark_stands_beside_its_candle_and_outside_of_it() -> None:
    marks = [Mark(90_000, 12.0, "note", is_below=True), Mark(0, 10.0, "key", is_below=False)]
    lines = text(draw(RISING, AXIS + 4, height=20, marks=marks))
    assert [line.index("▲") for line in lines if "▲" in line] == [1]
    assert [line.index("▼") for line in lines if "▼" in line] == [0]
    assert "▲" not in "".join(text(draw(RISING, 30, height=20, marks=[Mark(-1, 1, "", True)])))


def test_a_line_goes_from_edge_to_edge_with_its_price() -> None:
    lines = text(draw(RISING, AXIS + 6, height=20, lines=[PriceLine(5.0, "down")]))
    low = next(line for line in lines if "╌" in line)
    assert low.startswith("╌" * 6)
    assert "5.0000" in low


def test_only_the_newest_fit() -> None:
    many = candles(*((n + 1.0, n + 1.5, n + 0.5, n + 1.2) for n in range(50)))
    drawn = text(draw(many, AXIS + 10, height=20))
    assert "51" not in drawn[0]
    assert drawn[-1].startswith("00:40")


def test_days_are_named_where_a_time_is_not_enough() -> None:
    day = [
        Candle("B", "1d", (n + 1) * 86_400_000, (1, 2, 1, 2, 0, 0, 0, 0), closed=True)
        for n in range(3)
    ]
    assert text(draw(day, AXIS + 30, height=12))[-1].startswith("01-02 00:00")


def test_a_time_that_does_not_fit_is_left_out_and_not_cut() -> None:
    rows = candles(*[(10.0, 11.0, 9.0, 10.0)] * 24)[1:]
    assert text(draw(rows, AXIS + 23, height=12))[-1].split() == ["00:01"]
    assert text(draw(rows, AXIS + 25, height=12))[-1].split() == ["00:01", "00:21"]


def test_without_room_or_candles_there_is_no_chart() -> None:
    assert draw([], 80, height=24) == []
    assert draw(RISING, AXIS, height=24) == []
    assert draw(RISING, 80, height=LEAST_HEIGHT - 1) == []


def test_curves_have_the_prices_scale_or_a_pane_of_their_own() -> None:
    curves = [
        Curve("ema", "", (14.0, 15.0), "line1"),
        Curve("far", "", (900.0, 900.0), "line2"),
        Curve("rsi", "pane 1", (40.0, 60.0), "line3"),
        Curve("adx", "pane 2", (40.0, 60.0), "line4"),
    ]
    low = text(draw(RISING, AXIS + 30, height=18, curves=curves))
    assert low[0].startswith(" ema 15.0000  far 900.000")
    assert not any("rsi" in line for line in low)
    tall = text(draw(RISING, AXIS + 30, height=15 + PANE, curves=curves))
    assert any(line.startswith(" rsi 60") for line in tall)
    assert not any("adx" in line for line in tall)
    assert "900" not in "".join(line[30:] for line in tall)


@given(
    prices=st.lists(st.floats(1e-8, 1e6), min_size=1, max_size=30),
    width=st.integers(1, 60),
    height=st.integers(1, 40),
    line=st.floats(0, 1e6),
)
def test_every_line_is_as_wide_as_asked(
    prices: list[float], width: int, height: int, line: float
) -> None:
    rows = [(price, price * 1.1, price * 0.9, price * 1.05) for price in prices]
    marks = [Mark(60_000, prices[0], "note", is_below=True)]
    values = [price * 2 for price in prices]
    curves = [Curve("a", "", values, "line1"), Curve("b", "p", values, "line2", (line,))]
    lines = [PriceLine(line, "down")]
    drawn = draw(candles(*rows), width, height=height, marks=marks, lines=lines, curves=curves)
    assert len(drawn) in (0, height)
    assert all(cell_len(row) == width for row in text(drawn))
