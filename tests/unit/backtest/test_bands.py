from decimal import Decimal

from tests.builders import AT_MS

from aitrader.backtest.bands import CandleBands, path
from aitrader.exchange.simulated.fills import PriceRange
from aitrader.model.commands import ArmBand, DisarmBand
from aitrader.model.events import Event, PriceLeft
from aitrader.model.ids import BandId, PositionId

TRAIL = BandId("trail")


def a_candle(opened: str, high: str, low: str, close: str) -> PriceRange:
    return PriceRange(Decimal(opened), Decimal(high), Decimal(low), Decimal(close))


def a_band(below: float | None, above: float | None, band_id: BandId = TRAIL) -> ArmBand:
    return ArmBand(band_id=band_id, symbol="BTCUSDT", below=below, above=above)


class Told:
    def __init__(self) -> None:
        self.fired: list[tuple[str, Decimal]] = []
        self.bands = CandleBands(self)

    def post(self, event: Event) -> None:
        assert isinstance(event, PriceLeft)
        assert event.at_ms == AT_MS
        self.fired.append((event.band_id, event.price))

    def show(self, candle: PriceRange) -> None:
        self.bands.on_candle("BTCUSDT", candle, AT_MS)


def test_a_rising_candle_shows_its_low_first_and_a_falling_one_its_high() -> None:
    assert path(a_candle("10", "12", "9", "11")) == tuple(map(Decimal, ("10", "9", "12", "11")))
    assert path(a_candle("10", "12", "9", "9.5")) == tuple(map(Decimal, ("10", "12", "9", "9.5")))


def test_a_band_fires_once_at_the_first_price_that_is_out() -> None:
    told = Told()
    told.bands.arm(a_band(95.0, 105.0))
    told.show(a_candle("100", "104", "96", "100"))
    assert told.fired == []
    told.show(a_candle("100", "106", "94", "101"))
    told.show(a_candle("100", "106", "94", "101"))
    assert told.fired == [(TRAIL, Decimal(94))]


def test_a_band_armed_again_is_tested_on_the_rest_of_its_candle() -> None:
    told = Told()
    told.bands.arm(a_band(95.0, 105.0))
    told.show(a_candle("104", "110", "103", "103"))
    assert told.fired == [(TRAIL, Decimal(110))]
    told.bands.arm(a_band(104.5, 112.0))
    assert told.fired == [(TRAIL, Decimal(110)), (TRAIL, Decimal(103))]


def test_a_band_that_is_new_or_forgotten_is_not_tested_on_what_was() -> None:
    told = Told()
    told.bands.arm(a_band(95.0, 105.0))
    told.show(a_candle("104", "110", "103", "103"))
    told.bands.disarm(DisarmBand(band_id=TRAIL))
    told.bands.arm(a_band(104.5, 112.0))
    told.bands.arm(a_band(104.5, 112.0, BandId("other")))
    assert told.fired == [(TRAIL, Decimal(110))]
    assert told.bands.edges("BTCUSDT") == (104.5, 112.0)


def test_another_symbols_candle_leaves_the_rest_of_this_one_alone() -> None:
    told = Told()
    told.bands.arm(a_band(95.0, 105.0))
    told.show(a_candle("104", "110", "103", "103"))
    told.bands.on_candle("ETHUSDT", a_candle("1", "1", "1", "1"), AT_MS)
    told.bands.arm(a_band(104.5, 112.0))
    assert told.fired == [(TRAIL, Decimal(110)), (TRAIL, Decimal(103))]


def test_a_band_of_a_position_entered_within_the_candle_is_tested_on_what_came_after() -> None:
    told = Told()
    rest = a_candle("99", "101", "97", "101")
    inside = PositionId("p-in")
    told.bands = CandleBands(told, {inside: rest}.get)
    told.show(a_candle("100", "106", "97", "101"))
    trail, even = BandId(f"trail:{inside}"), BandId(f"even:{inside}")
    told.bands.arm(a_band(96.0, 102.0, even))
    told.bands.arm(a_band(98.0, 100.0, trail))
    told.bands.arm(a_band(98.0, 100.0, BandId("trail:p-out")))
    assert told.fired == [(trail, Decimal(97))]
    told.bands.arm(a_band(96.0, 100.5, trail))
    assert told.fired[1:] == [(trail, Decimal(101))], "tested on what came after the low"
    told.bands.arm(a_band(98.0, 105.0, trail))
    assert len(told.fired) == 2, "and never from the beginning again"
