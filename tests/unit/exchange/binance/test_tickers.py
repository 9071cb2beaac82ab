from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from tests.unit.exchange.binance.stub import T0, ListInbox

from aitrader.exchange.binance.tickers import PriceBoard
from aitrader.exchange.binance.wire import TickerFrame
from aitrader.market.offers import Offer
from aitrader.model.commands import ArmBand
from aitrader.model.events import PriceLeft
from aitrader.model.ids import BandId
from aitrader.model.order import Side


def a_board(*symbols: str) -> tuple[PriceBoard, ListInbox, Counter[str]]:
    inbox, dropped = ListInbox(), Counter[str]()
    board = PriceBoard(inbox, dropped)
    board.follow(symbols)
    return board, inbox, dropped


def a_frame(last: float, at_ms: int = T0, symbol: str = "A", **changes: float) -> TickerFrame:
    numbers = {"change_pct": 1.0, "quote_volume": 5.0} | changes
    return TickerFrame(at_ms=at_ms, symbol=symbol, last=last, **numbers)


def a_band(name: str, below: float | None = None, above: float | None = None) -> ArmBand:
    return ArmBand(band_id=BandId(name), symbol="A", below=below, above=above)


def test_a_ticker_is_unknown_before_its_first_price() -> None:
    board, _, _ = a_board("A")
    assert board.last_price("A") is None
    assert board.last_price("Z") is None
    board.on_ticker(a_frame(5.0))
    assert board.last_price("A") == 5.0
    assert board.tickers["A"].change_24h_pct == 1.0


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (a_frame(1.0, symbol="Z"), "symbol not watched"),
        (a_frame(1.0, T0), "late or repeated"),
        (a_frame(0.0, T0 + 1), "no sound number"),
        (a_frame(float("nan"), T0 + 1), "no sound number"),
        (a_frame(float("inf"), T0 + 1), "no sound number"),
        (a_frame(1.0, T0 + 1, change_pct=float("inf")), "no sound number"),
        (a_frame(1.0, T0 + 1, quote_volume=-1.0), "no sound number"),
    ],
)
def test_a_frame_that_cannot_be_used_is_counted(frame: TickerFrame, reason: str) -> None:
    board, _, dropped = a_board("A")
    board.on_ticker(a_frame(5.0))
    version = board.tickers["A"].version
    board.on_ticker(frame)
    assert dropped == {reason: 1}
    assert board.tickers["A"].version == version


def test_a_band_armed_before_its_symbol_is_watched_still_fires() -> None:
    board, inbox, _ = a_board()
    board.arm(a_band("b", below=10.0))
    board.follow(["A"])
    board.take(board.tickers["A"], 9.0, T0)
    assert inbox.events == [PriceLeft(at_ms=T0, band_id=BandId("b"), price=Decimal("9.0"))]


def test_a_fired_band_is_gone_and_the_next_edge_counts() -> None:
    board, inbox, _ = a_board("A")
    board.arm(a_band("near", above=11.0))
    board.arm(a_band("far", above=12.0))
    for place, price in enumerate((10.0, 11.5, 11.6, 12.5, 13.0)):
        board.take(board.tickers["A"], price, T0 + place)
    assert [(event.band_id, event.price) for event in inbox.events] == [
        ("near", Decimal("11.5")),
        ("far", Decimal("12.5")),
    ]


def test_arming_again_moves_the_edge_and_disarming_takes_it_away() -> None:
    board, inbox, _ = a_board("A")
    board.take(board.tickers["A"], 10.0, T0)
    board.arm(a_band("b", below=9.0))
    board.arm(a_band("b", below=8.0))
    board.take(board.tickers["A"], 8.5, T0 + 1)
    board.disarm(BandId("b"))
    board.disarm(BandId("never"))
    board.take(board.tickers["A"], 7.5, T0 + 2)
    assert inbox.events == []
    board.arm(a_band("now", below=8.0))
    assert [event.at_ms for event in inbox.events] == [T0 + 2]


def test_a_band_may_move_to_another_symbol() -> None:
    board, inbox, _ = a_board("A", "B")
    board.arm(a_band("b", below=9.0))
    board.arm(ArmBand(band_id=BandId("b"), symbol="B", below=9.0))
    board.take(board.tickers["A"], 1.0, T0)
    assert inbox.events == []
    board.take(board.tickers["B"], 1.0, T0)
    assert len(inbox.events) == 1


def test_a_price_that_leaps_too_far_moves_nothing_and_is_counted() -> None:
    board, inbox, dropped = a_board("A")
    board.arm(a_band("b", below=90.0))
    board.on_ticker(a_frame(100.0, T0))
    board.on_ticker(a_frame(10.0, T0 + 1_000))
    assert not board.take(board.tickers["A"], 1_000.0, T0 + 1_500)
    assert (board.last_price("A"), inbox.events) == (100.0, [])
    assert dropped == {"absurd jump": 2}
    board.on_ticker(a_frame(101.0, T0 + 2_000))
    assert board.last_price("A") == 101.0


def test_a_crash_is_seen_at_the_third_price_or_at_once_with_its_book() -> None:
    board, inbox, _ = a_board("A")
    board.arm(a_band("b", below=90.0))
    board.on_ticker(a_frame(100.0, T0))
    for second, last in enumerate((60.0, 59.0, 60.5), start=1):
        assert inbox.events == []
        board.on_ticker(a_frame(last, T0 + second * 1_000))
    assert [event.price for event in inbox.events] == [Decimal("60.5")]
    board.on_ticker(a_frame(30.0, T0 + 4_000, bid=29.9, ask=30.1))
    assert board.last_price("A") == 30.0


def test_a_price_after_a_long_silence_is_believed() -> None:
    board, _, dropped = a_board("A")
    board.take(board.tickers["A"], 100.0, T0)
    board.take(board.tickers["A"], 10.0, T0 + 60_001)
    assert board.last_price("A") == 10.0
    assert dropped == {}


BOOK = {"bid": 4.9, "bid_size": 7.0, "ask": 5.1, "ask_size": 2.5}


def test_the_book_offers_its_ask_to_a_buyer_and_its_bid_to_a_seller() -> None:
    board, _, _ = a_board("A")
    assert board.find_offer("A", Side.BUY) is None
    assert board.find_offer("Z", Side.BUY) is None
    board.on_ticker(a_frame(5.0, **BOOK))
    assert board.find_offer("A", Side.BUY) == Offer(5.1, 2.5, T0)
    assert board.find_offer("A", Side.SELL) == Offer(4.9, 7.0, T0)


@pytest.mark.parametrize("changes", [{"ask": 0.0}, {"ask_size": 0.0}, {"ask_size": float("nan")}])
def test_a_book_without_sound_numbers_offers_nothing(changes: dict[str, float]) -> None:
    board, _, _ = a_board("A")
    board.on_ticker(a_frame(5.0, **BOOK | changes))
    assert board.find_offer("A", Side.BUY) is None


def test_the_book_beside_a_price_that_is_not_believed_is_not_either() -> None:
    board, _, dropped = a_board("A")
    board.on_ticker(a_frame(5.0, **BOOK))
    board.on_ticker(a_frame(5_000.0, T0 + 1, **BOOK))
    assert dropped == {"absurd jump": 1}
    assert board.find_offer("A", Side.BUY) is None
