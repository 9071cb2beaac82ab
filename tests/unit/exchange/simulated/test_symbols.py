import pytest

from aitrader.exchange.simulated.symbols import MAX_SYMBOLS, listings, temper


def test_there_are_as_many_symbols_as_asked_for_and_all_differ() -> None:
    found = listings(MAX_SYMBOLS)
    assert len({each.symbol for each in found}) == MAX_SYMBOLS
    assert found[0].symbol == "BTCUSDT"
    assert listings(3) == found[:3]


@pytest.mark.parametrize("count", [0, MAX_SYMBOLS + 1])
def test_a_count_nobody_can_serve_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 500 symbols"):
        listings(count)


def test_every_price_has_enough_ticks_to_move_in() -> None:
    for rank, listing in enumerate(listings(MAX_SYMBOLS)):
        ticks = temper(listing, rank).price * 10**listing.price_decimals
        assert ticks > 500, listing.symbol
        assert 0 <= listing.quantity_decimals <= 5


def test_a_name_means_the_same_coin_at_any_rank() -> None:
    listing = listings(200)[150]
    assert temper(listing, 150).price == temper(listing, 3).price
    assert temper(listing, 3).daily_quote_volume > temper(listing, 150).daily_quote_volume
