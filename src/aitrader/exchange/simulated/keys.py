"""Who may ask: API keys, signatures by HMAC-SHA256 or Ed25519, and the time a request is good for.

A signature is made over what was sent, as it was sent: query and body over HTTP, the sorted
parameters over the WebSocket API. `recvWindow` is checked when a request arrives and again right
before it is carried out, in exchange time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import unquote

import msgspec

from aitrader.exchange.simulated import ed25519
from aitrader.exchange.simulated.parameters import Params, needed, number, whole
from aitrader.model.errors import Refused

BAD_KEY_FORMAT, BAD_KEY, BAD_SIGNATURE, BAD_TIME = -2014, -2015, -1022, -1021
BAD_WINDOW, NO_SESSION_KEY = -1131, -4056
DEFAULT_WINDOW_MS, MAX_WINDOW_MS, AHEAD_MS = 5000, 60_000, 1000
PERMISSIONS = frozenset({"trade", "withdraw"})
INVALID_KEY = "Invalid API-key, IP, or permissions for action."
LATE = "Timestamp for this request is outside of the recvWindow."
EARLY = "Timestamp for this request was 1000ms ahead of the server's time."


class ApiKey(msgspec.Struct, frozen=True):
    """One key pair: a `secret` for HMAC, or the 32 bytes of an Ed25519 `public_key`."""

    key: str
    secret: str = ""
    public_key: bytes = b""
    may: frozenset[str] = frozenset({"trade"})
    """`trade`, `withdraw`: what it is allowed besides reading."""

    def has_signed(self, payload: str, signature: str) -> bool:
        """Return whether this key made the signature."""
        if self.public_key:
            return ed25519.has_signed(self.public_key, payload.encode(), _from_base64(signature))
        made = hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(made, signature.lower())


class Keyring:
    """The keys the exchange knows, and its judgement on signed requests."""

    def __init__(self, now_ms: Callable[[], int], *keys: ApiKey) -> None:
        self._now_ms = now_ms
        self._keys = {each.key: each for each in keys}

    def add(self, key: ApiKey) -> None:
        """Accept another key from now on."""
        self._keys[key.key] = key

    def remove(self, key: str) -> None:
        """Accept a key no longer."""
        self._keys.pop(key, None)

    def find(self, key: str) -> ApiKey:
        """Return a key.

        Raises:
            Refused: It is missing or nobody knows it.
        """
        if not key:
            raise Refused(BAD_KEY_FORMAT, "API-key format invalid.")
        try:
            return self._keys[key]
        except KeyError:
            raise Refused(BAD_KEY, INVALID_KEY) from None

    def check_http(self, key: str, query: str, body: str, params: Params) -> None:
        """Accept a request signed over query and body as they came.

        Raises:
            Refused: Key, signature or time is wrong.
        """
        found, signature = self.find(key), needed(params, "signature")
        if not found.has_signed(_unsigned(query) + _unsigned(body), signature):
            raise Refused(BAD_SIGNATURE, "Signature for this request is not valid.")
        self.check_time(params)

    def check_socket(self, params: Params) -> ApiKey:
        """Accept a request of the WebSocket API, signed over its sorted parameters.

        Raises:
            Refused: Key, signature or time is wrong.
        """
        found, signature = self.find(needed(params, "apiKey")), needed(params, "signature")
        signed = sorted((name, value) for name, value in params.items() if name != "signature")
        if not found.has_signed("&".join(f"{name}={value}" for name, value in signed), signature):
            raise Refused(BAD_SIGNATURE, "Signature for this request is not valid.")
        self.check_time(params)
        return found

    def check_time(self, params: Params) -> None:
        """Accept a request whose time has not passed.

        Raises:
            Refused: It is too old, from the future, or its window is too wide.
        """
        needed(params, "timestamp")
        stamp, window = whole(params, "timestamp", 0), _window_ms(params)
        stamp = stamp // 1000 if stamp > 10**15 else stamp
        if stamp >= self._now_ms() + AHEAD_MS:
            raise Refused(BAD_TIME, EARLY)
        if self._now_ms() - stamp > window:
            raise Refused(BAD_TIME, LATE)


def _window_ms(params: Params) -> Decimal:
    window = number(params, "recvWindow", Decimal(DEFAULT_WINDOW_MS))
    if not 0 < window <= MAX_WINDOW_MS:
        raise Refused(BAD_WINDOW, "recvWindow must be less than 60000.")
    return window


def read_key(given: Mapping[str, str]) -> ApiKey:
    """Return a key from its parts: `key` with `secret` or `public_key` (PEM, base64 or hex).

    `may` names its permissions, "trade" where it is missing.

    Raises:
        ValueError: It is no key.
    """
    name, secret, text = given.get("key", ""), given.get("secret", ""), given.get("public_key", "")
    if not name or bool(secret) == bool(text):
        raise ValueError("expected key and either secret or public_key")
    may = frozenset(given.get("may", "trade").split())
    if not may <= PERMISSIONS:
        raise ValueError(f"expected some of {' '.join(sorted(PERMISSIONS))} in may")
    if secret:
        return ApiKey(name, secret=secret, may=may)
    lines = [line for line in text.split("\n") if line and not line.startswith("-----")]
    packed = "".join(lines)
    raw = bytes.fromhex(packed) if len(packed) == 64 else _from_base64(packed)
    if len(raw) not in {32, 44}:
        raise ValueError(f"expected an Ed25519 public key of 32 bytes, found {len(raw)}")
    return ApiKey(name, public_key=raw[-32:], may=may)


def permissions(key: ApiKey) -> dict[str, object]:
    """Return what a key may do, as `apiRestrictions` tells it."""
    return {
        "ipRestrict": False,
        "createTime": 1_698_645_219_000,
        "enableReading": True,
        "enableWithdrawals": "withdraw" in key.may,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": "trade" in key.may,
        "enablePortfolioMarginTrading": False,
    }


def _from_base64(text: str) -> bytes:
    """Return the bytes; nothing if it is no base64. A signature may come percent-encoded."""
    try:
        return base64.b64decode(unquote(text) if "%" in text else text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _unsigned(text: str) -> str:
    return "&".join(pair for pair in text.split("&") if not pair.startswith("signature="))
