from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from tests.unit.exchange.binance.account_room import WallClock, an_account
from tests.unit.exchange.binance.stub import CUT, StubExchange
from tests.unit.exchange.binance.test_account_rest import a_client

from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.keys import check_key
from aitrader.model.errors import ConfigError
from aitrader.model.events import Saved

Answer = tuple[int, object]
ACCOUNT = (200, {"balances": [], "canTrade": True})
SAFE = (200, {"enableWithdrawals": False, "enableSpotAndMarginTrading": True})


def check(account: Answer, restrictions: Answer = SAFE, *, may_withdraw: bool = False) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            for path, (status, value) in {
                "/api/v3/account": account,
                "/sapi/v1/account/apiRestrictions": restrictions,
            }.items():
                stub.scripted[path] = [(status, {}, json.dumps(value).encode())] * 4
            rest = a_client(stub.rest_url, ExchangeTime(WallClock()))
            try:
                await check_key(rest, may_withdraw=may_withdraw)
            finally:
                await rest.close()

    asyncio.run(play())


def refusal(code: int) -> Answer:
    return 400, {"code": code, "msg": "the exchange's words"}


def test_a_key_that_trades_and_cannot_withdraw_is_taken() -> None:
    check(ACCOUNT)


def test_a_key_that_may_withdraw_is_refused_unless_it_is_wanted() -> None:
    can = (200, {"enableWithdrawals": True})
    with pytest.raises(ConfigError, match="may withdraw: take that permission from it"):
        check(ACCOUNT, can)
    check(ACCOUNT, can, may_withdraw=True)


def test_a_key_or_an_account_that_may_not_trade_is_refused() -> None:
    with pytest.raises(ConfigError, match="may not trade spot"):
        check(ACCOUNT, (200, {"enableSpotAndMarginTrading": False}))
    with pytest.raises(ConfigError, match="does not let this account trade"):
        check((200, {"balances": [], "canTrade": False}))


def test_an_exchange_without_that_page_is_taken_as_it_is() -> None:
    check(ACCOUNT, (404, {}))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (-2014, "expected an API key of the exchange"),
        (-2015, "may not be used from this address"),
        (-1022, "does not belong to binance_api_key"),
        (-1021, "set the clock"),
        (-1100, "does not show the account"),
    ],
)
def test_a_refusal_says_what_to_do(code: int, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        check(refusal(code))


def test_a_refused_question_about_the_key_is_no_missing_page() -> None:
    with pytest.raises(ConfigError, match="may not be used from this address"):
        check(ACCOUNT, refusal(-2015))
    with pytest.raises(ConfigError, match="does not show the account"):
        check(ACCOUNT, (200, {"enableWithdrawals": "perhaps"}))


@pytest.mark.parametrize(
    ("may", "sentence"),
    [
        ("trade", ""),
        ("trade withdraw", "may withdraw: take that permission from it"),
        ("", "may not trade spot"),
    ],
)
def test_what_a_key_may_do_is_asked_of_the_exchange_over_the_wire(may: str, sentence: str) -> None:
    async def play() -> None:
        async with an_account(api_key="mine", secret="mine") as room:
            given = {"key": "mine", "secret": "mine", "may": may}
            assert (await room.http.post("/simulator/keys", json=given)).status_code == 200
            is_well = contextlib.nullcontext()
            with pytest.raises(ConfigError, match=sentence) if sentence else is_well:
                await room.venue.recover(Saved())
            if "withdraw" in may:
                wanted = room.another(allow_withdraw_keys=True)
                await wanted.recover(Saved())
                await wanted.close()

    asyncio.run(play())


def test_an_exchange_that_is_away_is_said() -> None:
    with pytest.raises(ConfigError, match="no account to trade with"):
        check((CUT, {}))
