"""Ids: computed from what they name, so that a crash cannot draw a second one."""

from __future__ import annotations

import re
from base64 import b32encode
from hashlib import blake2b

from aitrader.model.ids import (
    LOOK_AHEAD,
    PositionId,
    SignalId,
    TraderId,
    client_order_id,
    last_attempt,
    position_id,
    signal_id,
    trader_id,
)

DIP = TraderId("dip")


def a_signal_id(symbol: str = "BTCUSDT", open_ms: int = 0, source: str = "x") -> str:
    """The id of a signal of the trader `dip`."""
    return signal_id(DIP, symbol, candle_open_ms=open_ms, source=source)


def test_the_same_signal_has_the_same_id() -> None:
    assert a_signal_id() == a_signal_id()


def test_another_symbol_candle_or_file_is_another_signal() -> None:
    ids = {a_signal_id(), a_signal_id("ETHUSDT"), a_signal_id(open_ms=1), a_signal_id(source="y")}
    assert len(ids) == 4


def test_a_position_follows_from_its_signal() -> None:
    signal = signal_id(DIP, "BTCUSDT", candle_open_ms=0, source="x")
    assert position_id(signal) == position_id(signal)
    assert position_id(signal).startswith("p-")
    assert position_id(signal, "paper") == position_id(signal)


def test_positions_of_two_accounts_and_so_their_orders_never_share_an_id() -> None:
    signal = signal_id(DIP, "BTCUSDT", candle_open_ms=0, source="x")
    owners = {position_id(signal), position_id(signal, "live")}
    assert len({client_order_id(owner, "ENTRY", 1) for owner in owners}) == 2


def test_an_order_id_is_one_that_binance_takes() -> None:
    owner = position_id(signal_id(DIP, "BTCUSDT", candle_open_ms=0, source="x"))
    found = client_order_id(owner, "ENTRY", 1)
    assert re.fullmatch(r"at1-[a-z2-7]{26}", found)
    assert re.fullmatch(r"[a-zA-Z0-9-_]{1,36}", found)


def test_an_id_is_base32_of_a_hash_of_what_it_names() -> None:
    for attempt in range(200):
        digest = blake2b(f"s-1|ENTRY|{attempt}".encode(), digest_size=16).digest()
        text = b32encode(digest).decode().lower().rstrip("=")
        assert client_order_id(SignalId("s-1"), "ENTRY", attempt) == f"at1-{text}"


def test_each_leg_and_attempt_is_another_order() -> None:
    owner = position_id(signal_id(DIP, "BTCUSDT", candle_open_ms=0, source="x"))
    ids = {client_order_id(owner, leg, attempt) for leg in ("ENTRY", "EXIT") for attempt in (1, 2)}
    assert len(ids) == 4


def test_the_last_attempt_is_the_highest_though_some_are_missing() -> None:
    owner = PositionId("p-one")

    def last(*numbers: int) -> int:
        return last_attempt(owner, "EXIT", [client_order_id(owner, "EXIT", n) for n in numbers])

    assert [last(), last(1), last(2, 1), last(4, 2, 5), last(1, 9)] == [0, 1, 2, 5, 9]
    assert last(LOOK_AHEAD, 2 * LOOK_AHEAD) == 2 * LOOK_AHEAD
    foreign = [client_order_id(owner, "ENTRY", 1), client_order_id(owner, "EXIT", 3)]
    assert last_attempt(owner, "EXIT", foreign) == 3


def test_a_trader_id_is_its_name_in_kebab_case() -> None:
    assert trader_id("MACD crossover (5m)!", frozenset()) == "macd-crossover-5m"


def test_a_taken_name_is_numbered() -> None:
    assert trader_id("Dip", frozenset({"dip", "dip-2"})) == "dip-3"


def test_a_name_without_letters_is_a_trader_still() -> None:
    assert trader_id("!!!", frozenset()) == "trader"


def test_a_long_name_is_cut() -> None:
    assert len(trader_id("a" * 99, frozenset())) == 40
