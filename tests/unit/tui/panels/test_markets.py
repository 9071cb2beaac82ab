"""Markets: moves, ages, cells."""

from __future__ import annotations

from msgspec.structs import replace

from aitrader.model.view import MarketRow
from aitrader.tui.panels.markets import COLUMNS, Market, Markets

ROW = MarketRow("BTCUSDT", 100.0, -1.5, 4e9, (1.0, 2.0, 3.0), 1)


def test_a_price_shows_which_way_it_moved() -> None:
    markets = Markets()
    markets.show(ROW, 0.0)
    markets.show(replace(ROW, price=101.0), 0.1)
    assert markets.rows["BTCUSDT"].move == 1
    markets.show(replace(ROW, price=99.0), 0.2)
    assert markets.rows["BTCUSDT"].move == -1


def test_it_calms_down_then_grows_old() -> None:
    markets = Markets()
    markets.show(ROW, 0.0)
    markets.show(replace(ROW, price=101.0), 0.1)
    markets.grow_old(0.5, is_stale=False)
    assert markets.rows["BTCUSDT"].move == 1
    markets.grow_old(2.0, is_stale=False)
    assert markets.rows["BTCUSDT"][1:] == (0, False)
    assert markets.old() == set()
    markets.grow_old(31.0, is_stale=False)
    assert markets.rows["BTCUSDT"].is_old
    assert markets.old() == {"BTCUSDT"}
    markets.show(ROW, 32.0)
    assert not markets.rows["BTCUSDT"].is_old


def test_everything_is_old_while_the_stream_is_down() -> None:
    markets = Markets()
    markets.show(ROW, 0.0)
    markets.grow_old(0.5, is_stale=True)
    assert markets.rows["BTCUSDT"].is_old


def test_the_most_traded_is_first_and_stays_where_it_was() -> None:
    markets = Markets()
    for symbol, volume in (("A", 1.0), ("C", 5.0), ("B", 5.0)):
        markets.show(replace(ROW, symbol=symbol, volume_24h=volume), 0.0)
    markets.settle()
    assert list(markets._rows.keys) == ["B", "C", "A"]
    markets.show(replace(ROW, symbol="A", volume_24h=9.0), 1.0)
    markets.settle()
    assert list(markets._rows.keys) == ["B", "C", "A"]


def styles_of(market: Market) -> dict[str, str]:
    return {column.label: column.cell(market, 6).style for column in COLUMNS}


def test_colors_say_the_direction_and_grey_says_old() -> None:
    alive = styles_of(Market(ROW, 1, is_old=False))
    assert (alive["Price"], alive["24h"], alive["Trend"]) == ("up", "down", "rise")
    old = styles_of(Market(ROW, 1, is_old=True))
    assert {old["Price"], old["24h"], old["Trend"]} == {"faint"}
    flat = styles_of(Market(replace(ROW, trend=()), 0, is_old=False))
    assert (flat["Price"], flat["Trend"]) == ("", "dim")


def test_the_detail_names_what_it_shows() -> None:
    title, pairs = Markets().detail(Market(ROW, 0, is_old=False))
    assert title == "BTCUSDT"
    assert dict(pairs)["24 h volume"] == "4,000,000,000"
