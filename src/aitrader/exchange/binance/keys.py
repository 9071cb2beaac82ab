"""Whether an API key may and should be used, found out before anything is traded with it.

A key that cannot trade is useless, one that can withdraw is dangerous: whoever reads it can take
everything. The exchange's refusals are turned into a sentence that says what to do.
"""

from __future__ import annotations

import logging

from aitrader.exchange.binance.account_rest import AccountRest
from aitrader.exchange.binance.orders import Request, asking_account
from aitrader.exchange.binance.together import both
from aitrader.exchange.binance.verdicts import (
    BAD_KEY,
    BAD_KEY_FORMAT,
    BAD_SIGNATURE,
    BAD_TIME,
)
from aitrader.exchange.binance.wire_orders import (
    AccountAnswer,
    Restrictions,
    read_account,
    read_restrictions,
)
from aitrader.model.errors import ConfigError, Refused, Transient

log = logging.getLogger(__name__)

_WHY: dict[int, str] = {
    BAD_KEY_FORMAT: "binance_api_key: expected an API key of the exchange, found something else",
    BAD_KEY: "the exchange refuses binance_api_key: the key does not exist there, may not be used "
    "from this address, or may not trade; look at its IP list and permissions on the exchange",
    BAD_SIGNATURE: "binance_secret_key does not belong to binance_api_key: the exchange refused "
    "what was signed with it",
    BAD_TIME: "this computer's clock and the exchange's do not agree, and could not be made to; "
    "set the clock",
}


async def check_key(rest: AccountRest, *, may_withdraw: bool) -> AccountAnswer:
    """Return the account if its key is one to trade with.

    Raises:
        ConfigError: It is not, or the exchange cannot be reached, in one sentence.
    """
    try:
        body, restrictions = await both(rest.ask(asking_account()), _restrictions(rest))
        account = read_account(body)
    except Transient as transient:
        raise ConfigError(f"there is no account to trade with: {transient}") from transient
    except Refused as refused:
        why = _WHY.get(refused.code, f"the exchange does not show the account: {refused}")
        raise ConfigError(why) from refused
    if not account.can_trade:
        raise ConfigError("the exchange does not let this account trade; ask the exchange why")
    if restrictions is None:
        log.warning("this exchange does not tell what the API key may do: check it there")
    elif restrictions.enable_withdrawals and not may_withdraw:
        raise ConfigError(
            "the API key may withdraw: take that permission from it on the exchange, or set "
            "allow_withdraw_keys=true"
        )
    elif not restrictions.enable_spot_and_margin_trading:
        raise ConfigError("the API key may not trade spot: give it that permission on the exchange")
    return account


async def _restrictions(rest: AccountRest) -> Restrictions | None:
    """Return what the key may do, None where the exchange has no such page (testnets)."""
    request = Request(
        verb="GET",
        path="/sapi/v1/account/apiRestrictions",
        method="",
        parameters={},
        weight=1,
        is_urgent=True,
    )
    try:
        body = await rest.ask(request)
    except Refused as refused:
        if refused.code in _WHY:
            raise
        return None
    return read_restrictions(body)
