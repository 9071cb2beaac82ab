from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import AT_MS, POSITION, a_filled_order, an_order
from tests.unit.exchange.papers import Desk, a_candle, a_stop, a_target, kinds

from aitrader.exchange import paper_checks
from aitrader.exchange.paper import PaperSettings
from aitrader.exchange.paper_book import KEPT_DONE
from aitrader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    Saved,
    SavedAccount,
)
from aitrader.model.ids import ClientOrderId, PositionId
from aitrader.model.order import Leg, OrderKind, OrderStatus, Side


def test_a_market_order_fills_at_the_next_price_with_the_fee_in_quote() -> None:
    desk = Desk()
    order = an_order()
    assert kinds(desk.submit(order)) == [OrderAccepted]
    assert desk.price(5.0, "ETHUSDT") == []
    (filled,) = desk.price(100.0)
    assert isinstance(filled, OrderFilled)
    assert filled.fill.fill_id == f"{order.client_order_id}-1"
    assert (filled.fill.quantity, filled.fill.price) == (Decimal(1), Decimal(100))
    assert (filled.fill.fee, filled.fill.fee_asset) == (Decimal("0.1"), "USDT")
    assert desk.venue.account.cash == Decimal("9899.9")
    assert desk.price(101.0) == []


def test_a_symbol_is_awaited_until_its_orders_are_done() -> None:
    room = Desk()
    room.submit(an_order())
    assert room.venue.awaited() == {"BTCUSDT"}
    room.price(100.0)
    assert room.venue.awaited() == set()


def test_slippage_worsens_what_a_market_order_gets() -> None:
    desk = Desk(slippage_bps=Decimal(10))
    desk.submit(an_order())
    (filled,) = desk.price(100.0)
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal("100.1")


def test_a_stop_fills_at_the_worse_price_seen_and_its_target_is_canceled() -> None:
    desk = Desk()
    desk.bought()
    stop, target = a_stop(list_id="l"), a_target(list_id="l")
    assert kinds(desk.submit(stop, target)) == [OrderAccepted, OrderAccepted]
    assert desk.price(100.5) == []
    filled, canceled = desk.price(98.0)
    assert isinstance(filled, OrderFilled)
    assert filled.client_order_id == stop.client_order_id
    assert filled.fill.price == Decimal(98)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.client_order_id == target.client_order_id
    assert desk.venue.account.held(POSITION) == 0


def test_a_target_fills_at_its_price_and_its_stop_is_canceled() -> None:
    desk = Desk()
    desk.bought()
    stop, target = a_stop(list_id="l"), a_target(list_id="l")
    desk.submit(stop, target)
    desk.price(100.0)
    filled, canceled = desk.price(105.0)
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(102)
    assert isinstance(canceled, OrderCanceled)
    assert canceled.client_order_id == stop.client_order_id


def test_one_price_that_touches_both_orders_of_a_list_fills_the_stop_alone() -> None:
    desk = Desk()
    desk.bought()
    stop, target = a_stop("99", list_id="l"), a_target("98", list_id="l")
    desk.submit(target, stop)
    filled, canceled = desk.price(98.5)
    assert isinstance(filled, OrderFilled)
    assert filled.client_order_id == stop.client_order_id
    assert isinstance(canceled, OrderCanceled)


def test_a_target_the_market_has_passed_takes_the_better_price() -> None:
    desk = Desk()
    desk.bought()
    desk.submit(a_target("102"))
    (filled,) = desk.price(103.0)
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(103)


def test_canceling_one_order_of_a_list_takes_off_both() -> None:
    desk = Desk()
    desk.bought()
    stop, target = a_stop(list_id="l"), a_target(list_id="l")
    desk.submit(stop, target)
    assert kinds(desk.cancel(stop)) == [OrderCanceled, OrderCanceled]
    assert desk.price(90.0) == []


def test_canceling_what_has_filled_reports_the_fill_again() -> None:
    desk = Desk()
    order = desk.bought()
    assert kinds(desk.cancel(order)) == [OrderAccepted, OrderFilled]


def test_canceling_or_asking_for_an_unknown_order_finds_nothing() -> None:
    desk = Desk()
    assert kinds(desk.cancel(an_order())) == [OrderNotFound]
    assert kinds(desk.query(an_order())) == [OrderNotFound]


def test_asking_reports_all_that_is_known() -> None:
    desk = Desk()
    order = an_order()
    desk.submit(order)
    assert kinds(desk.query(order)) == [OrderAccepted]
    (first,) = desk.price(100.0)
    assert desk.query(order)[1:] == [first]
    resting = a_stop()
    desk.submit(resting)
    desk.cancel(resting)
    assert kinds(desk.query(resting)) == [OrderAccepted, OrderCanceled]


def test_submitting_a_known_order_again_changes_nothing() -> None:
    desk = Desk()
    order = an_order()
    desk.submit(order)
    assert kinds(desk.submit(order)) == [OrderAccepted]
    desk.price(100.0)
    assert kinds(desk.submit(order)) == [OrderAccepted, OrderFilled]
    assert desk.venue.account.held(POSITION) == 1


def test_what_breaks_a_rule_is_rejected_and_stays_rejected() -> None:
    desk = Desk()
    order = an_order(quantity=Decimal("0.0001"))
    for answers in (desk.submit(order), desk.submit(order), desk.query(order)):
        (rejected,) = answers
        assert isinstance(rejected, OrderRejected)
        assert (rejected.code, rejected.reason) == (-1013, "Filter failure: LOT_SIZE")


def test_an_order_that_was_not_found_is_rejected_once_its_time_is_over() -> None:
    desk = Desk()
    order = an_order()
    desk.query(order)
    desk.time_ms = AT_MS + 5001
    (rejected,) = desk.submit(order)
    assert isinstance(rejected, OrderRejected)
    assert rejected.code == paper_checks.TOO_LATE


def test_an_order_not_found_may_still_arrive_in_time() -> None:
    desk = Desk()
    order = an_order()
    desk.query(order)
    assert kinds(desk.submit(order)) == [OrderAccepted]


def test_a_clock_that_leaps_between_plan_and_submission_rejects_nothing() -> None:
    desk = Desk()
    desk.time_ms = AT_MS + 6000
    assert kinds(desk.submit(an_order())) == [OrderAccepted]


def test_a_symbol_without_rules_is_rejected() -> None:
    (rejected,) = Desk().submit(an_order(symbol="NOPEUSDT"))
    assert isinstance(rejected, OrderRejected)
    assert rejected.code == paper_checks.UNKNOWN_SYMBOL


def test_an_entry_the_cash_does_not_cover_is_rejected() -> None:
    desk = Desk()
    desk.price(100.0)
    (rejected,) = desk.submit(an_order(quantity=Decimal("100.001")))
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason == "Account has insufficient balance for requested action."


def test_entries_that_rest_hold_their_cash() -> None:
    desk = Desk()
    resting = an_order(kind=OrderKind.LIMIT, price=Decimal(90), quantity=Decimal(60))
    other = an_order(Leg.ENTRY, 2, kind=OrderKind.LIMIT, price=Decimal(90), quantity=Decimal(60))
    assert kinds(desk.submit(resting)) == [OrderAccepted]
    assert kinds(desk.submit(other)) == [OrderRejected]


def test_exits_never_sell_more_than_is_held() -> None:
    desk = Desk()
    desk.bought("1")
    half = Decimal("0.5")
    assert kinds(desk.submit(a_stop(quantity=half, list_id="l"))) == [OrderAccepted]
    assert kinds(desk.submit(a_target("110", 3, quantity=half))) == [OrderAccepted]
    assert kinds(desk.submit(a_stop("95", 4, quantity=half))) == [OrderRejected]


def test_one_positions_exits_do_not_hold_what_another_has() -> None:
    desk = Desk()
    desk.bought()
    other = PositionId("p-two")
    entry = an_order(Leg.ENTRY, 2, position_id=other)
    desk.submit(entry)
    desk.price(100.0)
    assert kinds(desk.submit(a_stop(attempt=5, position_id=other))) == [OrderAccepted]
    assert kinds(desk.submit(a_stop())) == [OrderAccepted]


def test_a_short_locks_its_worth_until_it_is_bought_back() -> None:
    desk = Desk()
    desk.submit(an_order(side=Side.SELL, quantity=Decimal(40)))
    desk.price(100.0)
    account = desk.venue.account
    assert account.cash == Decimal("13996")
    assert account.free_cash == Decimal("5996")
    desk.submit(an_order(Leg.EXIT, 1, side=Side.BUY, quantity=Decimal(10)))
    desk.price(100.0)
    assert account.free_cash == Decimal("6995")
    desk.submit(an_order(Leg.EXIT, 2, side=Side.BUY, quantity=Decimal(30)))
    desk.price(90.0)
    assert account.held(POSITION) == 0
    assert account.free_cash == account.cash == Decimal("10292.3")


def test_a_short_needs_its_worth_in_free_cash() -> None:
    desk = Desk()
    desk.price(100.0)
    short = an_order(side=Side.SELL, quantity=Decimal(101))
    assert kinds(desk.submit(short)) == [OrderRejected]


def test_recovery_knows_orders_holdings_and_cash_however_often_it_runs() -> None:
    desk = Desk()
    entry = a_filled_order()
    stop = a_stop(status=OrderStatus.OPEN)
    lost = a_target(attempt=3)
    saved = Saved(orders=(entry, stop, lost), accounts=(SavedAccount(cash=Decimal(500)),))
    desk.recover(saved)
    desk.recover(saved)
    assert desk.venue.account.cash == 500
    assert desk.venue.account.held(POSITION) == 1
    assert kinds(desk.query(lost)) == [OrderNotFound]
    assert kinds(desk.query(entry)) == [OrderAccepted, OrderFilled]
    (filled,) = desk.price(98.0)
    assert isinstance(filled, OrderFilled)
    assert filled.client_order_id == stop.client_order_id


def test_recovered_ends_are_reported_as_they_were() -> None:
    desk = Desk()
    expired = an_order(status=OrderStatus.EXPIRED, note="never arrived")
    rejected = an_order(Leg.ENTRY, 2, status=OrderStatus.REJECTED, note="no")
    desk.recover(Saved(orders=(expired, rejected)))
    assert desk.venue.account.cash == Decimal(10_000)
    assert kinds(desk.query(expired)) == [OrderAccepted, OrderExpired]
    (said,) = desk.query(rejected)
    assert isinstance(said, OrderRejected)
    assert (said.code, said.reason) == (0, "no")


def test_a_price_of_a_symbol_whose_rules_are_gone_fills_nothing() -> None:
    desk = Desk()
    desk.recover(Saved(orders=(an_order(symbol="GONEUSDT", status=OrderStatus.OPEN),)))
    assert desk.price(1.0, "GONEUSDT") == []


def test_only_the_newest_ended_orders_stay_known() -> None:
    desk = Desk()
    orders = tuple(
        an_order(
            client_order_id=ClientOrderId(f"at1-{number}"),
            status=OrderStatus.REJECTED,
            note="no",
        )
        for number in range(KEPT_DONE + 2)
    )
    desk.recover(Saved(orders=orders))
    assert kinds(desk.query(orders[0])) == [OrderNotFound]
    assert kinds(desk.query(orders[-1])) == [OrderRejected]


def test_the_settings_name_their_defaults() -> None:
    assert msgspec.structs.asdict(PaperSettings())["start_cash"] == Decimal(10_000)


@given(
    prices=st.lists(st.integers(90_00, 115_00), min_size=1, max_size=12),
    cancels_at=st.integers(0, 12),
)
def test_whatever_prices_come_a_list_sells_what_is_held_once_and_no_cash_is_lost(
    prices: list[int], cancels_at: int
) -> None:
    desk = Desk()
    desk.bought()
    stop, target = a_stop(list_id="l"), a_target(list_id="l")
    desk.submit(stop, target)
    for number, price in enumerate(prices):
        if number == cancels_at:
            desk.cancel(target)
        desk.price(price / 100)
    sold = [event.fill for event in desk.events[2:] if isinstance(event, OrderFilled)]
    distinct = {fill.fill_id: fill for fill in sold}
    assert len(distinct) <= 1
    earned = (fill.quantity * fill.price - fill.fee for fill in distinct.values())
    assert desk.venue.account.cash == Decimal("9899.9") + sum(earned)
    assert desk.venue.account.held(POSITION) == 1 - len(distinct)


# -- whole candles


def test_a_candle_that_touches_stop_and_target_fills_the_stop_at_its_trigger() -> None:
    desk = Desk()
    desk.bought()
    stop, target = a_stop(list_id="l"), a_target(list_id="l")
    desk.submit(stop, target)
    desk.venue.on_candle("BTCUSDT", a_candle("98", "103"), AT_MS)
    filled, canceled = desk.events[-2:]
    assert isinstance(filled, OrderFilled)
    assert (filled.client_order_id, filled.fill.price) == (stop.client_order_id, Decimal(99))
    assert isinstance(canceled, OrderCanceled)
    assert not desk.venue.open_orders("BTCUSDT")


def test_a_target_that_rests_when_a_candle_opens_beyond_it_takes_the_open_as_it_arrives() -> None:
    desk = Desk()
    desk.bought()
    desk.submit(a_target("102"))
    desk.venue.on_candle("BTCUSDT", a_candle("100", "106", opens="104"), AT_MS)
    filled = desk.events[-1]
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(104)


def test_a_target_whose_first_candle_was_passed_over_rests_like_any_other() -> None:
    desk = Desk()
    desk.bought()
    desk.submit(a_target("102"))
    desk.venue.settle_arrivals("BTCUSDT")
    desk.venue.on_candle("BTCUSDT", a_candle("100", "106", opens="104"), AT_MS)
    filled = desk.events[-1]
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(102)


def test_a_target_within_a_candle_fills_at_its_price() -> None:
    desk = Desk()
    desk.bought()
    desk.submit(a_target("102"))
    desk.venue.on_candle("BTCUSDT", a_candle("100", "101"), AT_MS)
    desk.venue.on_candle("BTCUSDT", a_candle("100", "103"), AT_MS)
    filled = desk.events[-1]
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(102)


def test_a_market_order_lets_a_candle_pass_and_takes_the_next_open() -> None:
    desk = Desk()
    order = an_order(quantity=Decimal(1))
    desk.submit(order)
    desk.venue.on_candle("BTCUSDT", a_candle("98", "103"), AT_MS)
    assert desk.venue.open_orders("BTCUSDT")
    (filled,) = desk.price(101.0)
    assert isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(101)


def test_a_known_price_is_what_an_entry_is_worth_before_any_is_seen() -> None:
    desk = Desk(start_cash=Decimal(150))
    desk.venue.know_price("BTCUSDT", 100.0)
    (refused,) = desk.submit(an_order(quantity=Decimal(2)))
    assert isinstance(refused, OrderRejected)


def test_a_candle_of_a_symbol_without_rules_does_nothing() -> None:
    desk = Desk()
    desk.venue.on_candle("ETHUSDT", a_candle("98", "103"), AT_MS)
    assert desk.events == []


def test_a_short_whose_exit_is_stamped_before_its_entry_is_booked_in_the_right_order() -> None:
    entry = a_filled_order(side=Side.SELL, planned_ms=AT_MS + 5)
    half = a_filled_order(
        Leg.EXIT,
        1,
        side=Side.BUY,
        fills=(msgspec.structs.replace(entry.fills[0], quantity=Decimal("0.5")),),
        planned_ms=AT_MS,
    )
    desk = Desk()
    desk.recover(Saved(orders=(half, entry), accounts=(SavedAccount(cash=Decimal(10_000)),)))
    assert desk.venue.account.free_cash == Decimal(10_000) - 2 * Decimal(50)
