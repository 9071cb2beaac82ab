from decimal import Decimal

from aitrader.exchange.simulated.account import Account


def an_account() -> Account:
    return Account({"USDT": Decimal(100)})


def test_a_hold_moves_from_free_to_locked_and_back() -> None:
    account = an_account()
    account.hold(1, "USDT", Decimal(30))
    assert (account.free("USDT"), account.held(1), account.total("USDT")) == (70, 30, 100)
    account.hold(1, "USDT", Decimal(10))
    assert (account.free("USDT"), account.held(1)) == (90, 10)
    account.hold(1, "USDT", Decimal(0))
    assert (account.free("USDT"), account.held(1)) == (100, 0)


def test_a_hold_may_change_its_asset() -> None:
    account = an_account()
    account.add("BTC", Decimal(2))
    account.hold(1, "USDT", Decimal(30))
    account.hold(1, "BTC", Decimal(1))
    assert (account.free("USDT"), account.free("BTC")) == (100, 1)


def test_what_changed_is_told_once_in_order() -> None:
    account = an_account()
    account.add("BTC", Decimal(1))
    account.hold(1, "USDT", Decimal(5))
    assert account.touched() == ("BTC", "USDT")
    assert account.touched() == ()
