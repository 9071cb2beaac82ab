"""Reading what a client has sent: one function per shape, refused with Binance's codes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from aitrader.model.errors import Refused
from aitrader.model.money import ZERO

Params = Mapping[str, str]

BAD_PARAMETER, MISSING_PARAMETER, EMPTY_PARAMETER, TOO_PRECISE = -1100, -1102, -1105, -1111
MAX_DECIMALS = 8
ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def needed(params: Params, name: str) -> str:
    """Return a mandatory parameter.

    Raises:
        Refused: It is missing.
    """
    value = params.get(name, "")
    if not value:
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise Refused(MISSING_PARAMETER, message)
    return value


def whole(params: Params, name: str, default: int) -> int:
    """Return a whole number.

    Raises:
        Refused: It is something else.
    """
    text = params.get(name, "")
    if not text:
        return default
    if not text.removeprefix("-").isdecimal() or len(text) > 20:
        message = (
            f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        )
        raise Refused(BAD_PARAMETER, message)
    return int(text)


def number(params: Params, name: str, default: Decimal = ZERO) -> Decimal:
    """Return an exact number above zero, or the default if it was not sent.

    Raises:
        Refused: It is something else, or has more than eight decimals.
    """
    text = params.get(name, "")
    if not text:
        return default
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < ZERO or "e" in text.lower():
        raise Refused(BAD_PARAMETER, f"Illegal characters found in parameter '{name}'.")
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_DECIMALS:
        raise Refused(TOO_PRECISE, f"Parameter '{name}' has too much precision.")
    return value


def client_id(params: Params, name: str) -> str:
    """Return a name the client gave, "" for none.

    Raises:
        Refused: It has other characters than Binance takes, or more than 36.
    """
    value = params.get(name, "")
    if len(value) > 36 or not ID_CHARACTERS.issuperset(value):
        message = (
            f"Illegal characters found in parameter '{name}'; "
            "legal range is '^[a-zA-Z0-9-_]{1,36}$'."
        )
        raise Refused(BAD_PARAMETER, message)
    return value


def is_true(params: Params, name: str, default: bool) -> bool:
    """Return a flag as the wire spells it."""
    return params.get(name, str(default)).lower() == "true"
