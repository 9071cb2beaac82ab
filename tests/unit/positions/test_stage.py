from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import (
    AT_MS,
    SIGNAL,
    TRADER,
    a_fill,
    a_position,
    a_signal,
    an_instrument,
    an_order,
    some_exits,
)
from tests.pipeline import FixedPrices

from aitrader.model import ids
from aitrader.model.commands import ArmBand, Command, DisarmBand, StartTimer, StopTimer
from aitrader.model.events import (
    CloseAllAsked,
    CloseAsked,
    EntriesPaused,
    EntryRefused,
    EntryWanted,
    Event,
    ExitConditionsMet,
    ExitWanted,
    FeedChanged,
    InstrumentsLoaded,
    OrderPlanned,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    PriceLeft,
    Quarantined,
    Saved,
    Started,
    StopMoveAsked,
    StopMoveRefused,
    TimerDue,
)
from aitrader.model.ids import BandId, PositionId, TimerId
from aitrader.model.order import ExitReason, Fill, Leg, Order, OrderKind, OrderStatus
from aitrader.model.position import Position, PositionStatus
from aitrader.model.trader import Exits
from aitrader.positions.stage import PositionStage

PLACE = ids.position_id(SIGNAL)
ENTRY = an_order(position_id=PLACE)
EXIT = an_order(Leg.EXIT, position_id=PLACE)
STOP = an_order(
    Leg.EXIT,
    1,
    position_id=PLACE,
    kind=OrderKind.STOP_LOSS,
    stop_price=Decimal(99),
)
TRAIL_BAND = BandId(f"trail:{PLACE}")
STOP_BAND = BandId(f"stop:{PLACE}")
WATCHED = Exits(trailing_pct=Decimal(1), max_age_ms=60_000)


def filled(order: Order, *fills: Fill, status: OrderStatus = OrderStatus.FILLED) -> OrderUpdated:
    after = msgspec.structs.replace(order, fills=fills, status=status)
    return OrderUpdated(at_ms=AT_MS + 1, order=after, fill=fills[-1] if fills else None)


def a_stage(
    *events: Event, exits: Exits | None = None, prices: FixedPrices | None = None
) -> PositionStage:
    stage = PositionStage(prices or FixedPrices())
    signal = a_signal(exits=exits or some_exits())
    begin = (
        InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),)),
        EntryWanted(at_ms=AT_MS, signal=signal),
        OrderPlanned(at_ms=AT_MS, order=ENTRY),
    )
    for event in (*begin, *events):
        stage.handle(event)
    return stage


def an_open_stage(exits: Exits | None = None) -> PositionStage:
    return a_stage(
        filled(ENTRY, a_fill()), OrderPlanned(at_ms=AT_MS, order=EXIT), exits=exits or WATCHED
    )


def told(stage: PositionStage, event: Event) -> list[Event | Command]:
    return list(stage.handle(event))


def wish(reason: ExitReason) -> list[ExitWanted]:
    return [ExitWanted(at_ms=AT_MS, position_id=PLACE, reason=reason)]


def the_position(answer: list[Event | Command]) -> Position:
    (fact,) = [
        row for row in answer if isinstance(row, PositionOpened | PositionUpdated | PositionClosed)
    ]
    return fact.position


def test_an_entry_that_may_fill_more_opens_nothing_yet() -> None:
    part = a_fill(quantity=Decimal("0.4"))
    stage = a_stage()

    assert told(stage, filled(ENTRY, part, status=OrderStatus.OPEN)) == []
    opened = the_position(told(stage, filled(ENTRY, part, status=OrderStatus.CANCELED)))

    assert (opened.quantity, opened.status) == (Decimal("0.4"), PositionStatus.OPEN)


def test_an_entry_that_ended_empty_opens_only_if_a_fill_comes_late() -> None:
    stage = a_stage()
    assert told(stage, filled(ENTRY, status=OrderStatus.EXPIRED)) == []

    late = told(stage, filled(ENTRY, a_fill(), status=OrderStatus.FILLED))

    assert isinstance(late[0], PositionOpened)


def test_an_opened_position_is_watched() -> None:
    answer = told(a_stage(exits=WATCHED), filled(ENTRY, a_fill()))
    assert [type(row) for row in answer] == [PositionOpened, ArmBand, StartTimer]


def test_an_entry_too_small_ever_to_be_sold_opens_and_closes_at_once() -> None:
    dust = a_fill(quantity=Decimal("0.001"), fee=Decimal("0.0005"), fee_asset="BTC")

    answer = told(a_stage(), filled(ENTRY, dust, status=OrderStatus.CANCELED))

    assert [type(row) for row in answer] == [PositionOpened, PositionClosed]


def test_an_exit_that_an_earlier_run_had_filled_counts_once_the_entry_is_told() -> None:
    stage = a_stage()
    told(stage, OrderPlanned(at_ms=AT_MS, order=EXIT))
    sold = a_fill(2, quantity=Decimal("0.4"))
    assert told(stage, filled(EXIT, sold, status=OrderStatus.CANCELED)) == []
    opening = told(stage, filled(ENTRY, a_fill()))[0]
    assert isinstance(opening, PositionOpened)
    assert opening.position.quantity == Decimal("0.6")


def test_an_exit_that_fills_though_its_entry_never_did_is_an_alarm() -> None:
    stage = a_stage()
    told(stage, OrderPlanned(at_ms=AT_MS, order=EXIT))
    told(stage, filled(ENTRY, status=OrderStatus.EXPIRED))
    (alarm,) = told(stage, filled(EXIT, a_fill(2)))
    assert isinstance(alarm, Quarantined)


def test_a_repeat_changes_nothing() -> None:
    stage = an_open_stage()
    update = filled(EXIT, a_fill(2, quantity=Decimal("0.5")), status=OrderStatus.OPEN)
    assert the_position(told(stage, update)).quantity == Decimal("0.5")
    assert told(stage, update) == []
    assert told(stage, OrderPlanned(at_ms=AT_MS, order=ENTRY)) == []


def test_the_last_fill_closes_and_ends_the_watch() -> None:
    answer = told(an_open_stage(), filled(EXIT, a_fill(2, price=Decimal(101))))
    assert [type(row) for row in answer] == [PositionClosed, DisarmBand, StopTimer]
    assert the_position(answer).realized_pnl == Decimal("0.8")


def test_what_the_entry_fills_after_its_end_is_held_too() -> None:
    stage = a_stage(filled(ENTRY, a_fill(quantity=Decimal("0.4")), status=OrderStatus.CANCELED))

    more = (a_fill(quantity=Decimal("0.4")), a_fill(2, quantity=Decimal("0.6")))
    answer = told(stage, filled(ENTRY, *more))

    assert the_position(answer).quantity == Decimal(1)


def test_more_closed_than_held_ends_the_position_and_quarantines_the_symbol() -> None:
    second = an_order(Leg.EXIT, 2, position_id=PLACE)
    stage = a_stage(
        filled(ENTRY, a_fill()),
        OrderPlanned(at_ms=AT_MS, order=EXIT),
        OrderPlanned(at_ms=AT_MS, order=second),
        filled(EXIT, a_fill(2, quantity=Decimal("0.6")), status=OrderStatus.OPEN),
    )

    answer = told(stage, filled(second, a_fill(3)))

    assert [type(row) for row in answer] == [PositionClosed, DisarmBand, Quarantined]
    assert the_position(answer).quantity == 0


def test_a_fill_after_the_positions_end_quarantines_the_symbol() -> None:
    second = an_order(Leg.EXIT, 2, position_id=PLACE)
    stage = a_stage(
        filled(ENTRY, a_fill()),
        OrderPlanned(at_ms=AT_MS, order=EXIT),
        OrderPlanned(at_ms=AT_MS, order=second),
        filled(EXIT, a_fill(2)),
    )

    (answer,) = told(stage, filled(second, a_fill(3)))

    assert isinstance(answer, Quarantined)
    assert "after the position's end" in answer.reason


def test_a_fill_whose_signal_nobody_remembers_is_told() -> None:
    stage = PositionStage(FixedPrices())
    stage.handle(Started(at_ms=AT_MS, saved=Saved(orders=(ENTRY,))))

    assert told(stage, filled(ENTRY, status=OrderStatus.OPEN)) == []
    (answer,) = told(stage, filled(ENTRY, a_fill()))

    assert isinstance(answer, Quarantined)


def test_the_signal_of_a_refused_entry_is_forgotten() -> None:
    stage = PositionStage(FixedPrices())
    stage.handle(EntryWanted(at_ms=AT_MS, signal=a_signal()))
    refused = EntryRefused(at_ms=AT_MS, signal_id=a_signal().signal_id, reason="no cash")
    assert told(stage, refused) == []

    stage.handle(OrderPlanned(at_ms=AT_MS, order=ENTRY))
    (answer,) = told(stage, filled(ENTRY, a_fill()))
    assert isinstance(answer, Quarantined)


def test_orders_and_events_of_others_are_nothing() -> None:
    stage = an_open_stage()
    stranger = an_order(position_id=PositionId("p-other"), attempt=7)
    assert told(stage, filled(stranger, a_fill())) == []
    assert told(stage, FeedChanged(at_ms=AT_MS, is_up=True, reason="")) == []
    assert told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId("other:p-one"))) == []
    assert told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId("max-age:p-other"))) == []


def test_age_conditions_and_the_person_each_ask_to_leave() -> None:
    stage = an_open_stage()
    due = TimerDue(at_ms=AT_MS, timer_id=TimerId(f"max-age:{PLACE}"))
    met = ExitConditionsMet(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", condition="hot")
    other = ExitConditionsMet(at_ms=AT_MS, trader_id=TRADER, symbol="ETHUSDT", condition="hot")

    assert told(stage, due) == wish(ExitReason.MAX_AGE)
    assert told(stage, met) == wish(ExitReason.EXIT_CONDITIONS)
    assert told(stage, other) == []
    assert told(stage, CloseAsked(at_ms=AT_MS, position_id=PLACE)) == wish(ExitReason.MANUAL)


def test_a_position_that_is_closing_is_not_watched_any_more() -> None:
    stage = an_open_stage()
    (leaving,) = wish(ExitReason.MANUAL)

    answer = told(stage, leaving)

    assert [type(row) for row in answer] == [PositionUpdated, DisarmBand, StopTimer]
    assert the_position(answer).status is PositionStatus.CLOSING
    assert told(stage, leaving) == []
    assert told(stage, CloseAsked(at_ms=AT_MS, position_id=PLACE)) == []
    assert told(stage, TimerDue(at_ms=AT_MS, timer_id=TimerId(f"max-age:{PLACE}"))) == []
    assert told(stage, left("90")) == []


def left(price: str, band_id: BandId = TRAIL_BAND) -> PriceLeft:
    return PriceLeft(at_ms=AT_MS, band_id=band_id, price=Decimal(price))


@pytest.mark.parametrize("price", ["99", "95"])
def test_a_price_at_the_trail_leaves(price: str) -> None:
    assert told(an_open_stage(), left(price)) == wish(ExitReason.TRAILING)


def test_a_price_at_the_ratchet_raises_the_trail() -> None:
    stage = an_open_stage()

    updated, band = told(stage, left("110"))

    assert isinstance(updated, PositionUpdated)
    assert updated.position.trail_price == Decimal(110)
    assert isinstance(band, ArmBand)
    assert (band.below, band.above) == (108.9, 110.11)


def test_a_price_between_arms_the_band_again() -> None:
    (band,) = told(an_open_stage(), left("100.05"))
    assert isinstance(band, ArmBand)
    assert band.below == 99.0


def test_a_band_of_a_position_without_trail_is_nothing() -> None:
    assert told(an_open_stage(Exits(max_age_ms=60_000)), left("1")) == []


def test_starting_watches_what_was_open_and_knows_its_orders() -> None:
    position = a_position(position_id=PLACE, exits=WATCHED, trail_price=Decimal(105))
    entry = msgspec.structs.replace(ENTRY, fills=(a_fill(),), status=OrderStatus.FILLED)
    stage = PositionStage(FixedPrices())
    stage.handle(InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),)))

    band, timer, guard = told(
        stage, Started(at_ms=AT_MS, saved=Saved(positions=(position,), orders=(entry, EXIT)))
    )

    assert isinstance(band, ArmBand)
    assert band.below == 103.95
    assert isinstance(timer, StartTimer)
    assert guard == ArmBand(band_id=STOP_BAND, symbol="BTCUSDT", below=99.0)
    assert the_position(told(stage, filled(EXIT, a_fill(2)))).status is PositionStatus.CLOSED


def test_starting_knows_the_entry_that_was_on_its_way() -> None:
    stage = PositionStage(FixedPrices())
    saved = Saved(signals=(a_signal(),), orders=(ENTRY,))
    assert told(stage, Started(at_ms=AT_MS, saved=saved)) == []
    assert isinstance(told(stage, filled(ENTRY, a_fill()))[0], PositionOpened)


def test_a_stop_that_the_venue_does_not_hold_yet_is_watched_here() -> None:
    stage = a_stage()
    opened, guard = told(stage, filled(ENTRY, a_fill()))
    assert isinstance(opened, PositionOpened)
    assert guard == ArmBand(band_id=STOP_BAND, symbol="BTCUSDT", below=99.0)
    stage.handle(OrderPlanned(at_ms=AT_MS, order=STOP))

    assert told(stage, left("98.9", STOP_BAND)) == wish(ExitReason.STOP_LOSS)
    resting = filled(STOP, status=OrderStatus.OPEN)
    assert told(stage, resting) == [DisarmBand(band_id=STOP_BAND)]
    assert told(stage, resting) == []


def test_a_price_at_the_stop_is_the_venues_business_once_it_holds_the_stop() -> None:
    stage = a_stage(filled(ENTRY, a_fill()), OrderPlanned(at_ms=AT_MS, order=STOP))
    stage.handle(filled(STOP, status=OrderStatus.OPEN))
    assert told(stage, left("98.9", STOP_BAND)) == []
    assert told(stage, left("98.9", BandId("stop:p-other"))) == []


def test_a_stop_that_ends_unfilled_is_watched_here_again() -> None:
    stage = a_stage(filled(ENTRY, a_fill()), OrderPlanned(at_ms=AT_MS, order=STOP))
    stage.handle(filled(STOP, status=OrderStatus.OPEN))
    again = told(stage, filled(STOP, status=OrderStatus.CANCELED))
    assert again == [ArmBand(band_id=STOP_BAND, symbol="BTCUSDT", below=99.0)]


def test_leaving_ends_the_watch_over_the_stop() -> None:
    stage = a_stage(filled(ENTRY, a_fill()))
    (leaving,) = wish(ExitReason.MANUAL)
    assert [type(row) for row in told(stage, leaving)] == [PositionUpdated, DisarmBand]


def asked(price: str) -> StopMoveAsked:
    return StopMoveAsked(at_ms=AT_MS, position_id=PLACE, price=Decimal(price))


def test_a_stop_moved_by_a_person_is_guarded_until_the_new_one_rests() -> None:
    prices = FixedPrices()
    stage = a_stage(filled(ENTRY, a_fill()), prices=prices)
    prices.by_symbol["BTCUSDT"] = 100.0

    moved, band = told(stage, asked("98.5"))

    assert the_position([moved]).stop_price == Decimal("98.5")
    assert band == ArmBand(band_id=STOP_BAND, symbol="BTCUSDT", below=98.5)


def test_a_stop_is_not_moved_without_position_or_price_or_to_the_wrong_side() -> None:
    prices = FixedPrices()
    stage = a_stage(prices=prices)

    def refusal() -> str:
        (fact,) = told(stage, asked("101"))
        assert isinstance(fact, StopMoveRefused)
        return fact.reason

    assert refusal() == f"there is no open position {PLACE}"
    stage.handle(filled(ENTRY, a_fill()))
    assert refusal() == "there is no price yet to compare the stop with"
    prices.by_symbol["BTCUSDT"] = 100.0
    assert refusal() == "the stop of a LONG must be below the price, 100 now; found 101"
    stage.handle(ExitWanted(at_ms=AT_MS, position_id=PLACE, reason=ExitReason.MANUAL))
    assert refusal() == f"there is no open position {PLACE}"


def test_a_price_that_left_the_band_of_a_stop_moved_since_is_nothing() -> None:
    prices = FixedPrices()
    stage = a_stage(filled(ENTRY, a_fill()), prices=prices)
    prices.by_symbol["BTCUSDT"] = 100.0
    stage.handle(asked("98"))

    def at(price: str) -> list[Event | Command]:
        return told(stage, PriceLeft(at_ms=AT_MS, band_id=STOP_BAND, price=Decimal(price)))

    assert at("99") == []
    assert at("98") == wish(ExitReason.STOP_LOSS)


def test_a_band_at_a_stop_of_a_position_without_one_is_nothing() -> None:
    stage = an_open_stage()
    assert told(stage, PriceLeft(at_ms=AT_MS, band_id=STOP_BAND, price=Decimal(1))) == []


def test_break_even_moves_the_stop_and_guards_it_until_it_rests() -> None:
    exits = msgspec.structs.replace(some_exits(), break_even_pct=Decimal(1))
    stage = a_stage(filled(ENTRY, a_fill()), exits=exits)
    left = PriceLeft(at_ms=AT_MS, band_id=BandId(f"even:{PLACE}"), price=Decimal(101))

    moved, band = told(stage, left)

    assert the_position([moved]).stop_price == Decimal("100.2")
    assert band == ArmBand(band_id=STOP_BAND, symbol="BTCUSDT", below=100.2)
    assert told(stage, left) == []


def test_a_person_who_moves_the_stop_ends_break_even() -> None:
    exits = msgspec.structs.replace(some_exits(), break_even_pct=Decimal(1))
    prices = FixedPrices()
    stage = a_stage(filled(ENTRY, a_fill()), exits=exits, prices=prices)
    prices.by_symbol["BTCUSDT"] = 100.0
    assert DisarmBand(band_id=BandId(f"even:{PLACE}")) in told(stage, asked("98"))


def test_closing_all_pauses_entries_and_leaves_what_is_open_and_what_still_opens() -> None:
    everything = CloseAllAsked(at_ms=AT_MS)
    pause = EntriesPaused(at_ms=AT_MS, is_paused=True)
    assert told(an_open_stage(), everything) == [pause, *wish(ExitReason.MANUAL)]

    stage = a_stage()
    assert told(stage, everything) == [pause]
    stage.handle(pause)
    answer = told(stage, filled(ENTRY, a_fill()))
    assert isinstance(answer[0], PositionOpened)
    assert isinstance(answer[-1], ExitWanted)


def test_after_entries_are_resumed_what_opens_stays_open() -> None:
    stage = a_stage(
        CloseAllAsked(at_ms=AT_MS),
        EntriesPaused(at_ms=AT_MS, is_paused=True),
        EntriesPaused(at_ms=AT_MS, is_paused=False),
    )
    answer = told(stage, filled(ENTRY, a_fill()))
    assert not [row for row in answer if isinstance(row, ExitWanted)]
    stage = a_stage(CloseAllAsked(at_ms=AT_MS))
    assert told(stage, filled(ENTRY, status=OrderStatus.CANCELED)) == []


def test_a_trail_that_was_raised_counts_from_where_it_was_raised_to() -> None:
    stage = an_open_stage()
    raised = told(stage, left("110"))
    assert the_position(raised).trail_price == Decimal(110)
    assert told(stage, left("108.8")) == wish(ExitReason.TRAILING)


def test_a_pause_asks_nothing_of_positions() -> None:
    assert told(a_stage(), EntriesPaused(at_ms=AT_MS, is_paused=False)) == []


def test_an_order_that_ends_with_the_fills_it_had_changes_nothing() -> None:
    stage = an_open_stage()
    for status in (OrderStatus.OPEN, OrderStatus.CANCELED):
        part = filled(EXIT, a_fill(2, quantity=Decimal("0.5")), status=status)
        answer = told(stage, part)
    assert answer == []
