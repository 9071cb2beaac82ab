from __future__ import annotations

import base64

import pytest

from aitrader.exchange.binance.signing import (
    Credentials,
    Ed25519Signer,
    HmacSigner,
    signed_parameters,
    signed_query,
    signer_of,
)
from aitrader.exchange.simulated import ed25519
from aitrader.model.errors import ConfigError

# The vectors that Binance publishes with its documentation of signed requests.
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
REST_ORDER = {
    "symbol": "LTCBTC",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "0.1",
    "recvWindow": "5000",
    "timestamp": "1499827319559",
}
SOCKET_ORDER = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01000000",
    "price": "52000.00",
    "recvWindow": "100",
    "timestamp": "1645423376532",
    "apiKey": API_KEY,
}
PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""
"""The first key of RFC 8032, section 7.1."""
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


@pytest.mark.parametrize(
    ("symbol", "signature"),
    [
        ("LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (
            "１２３４５６",  # noqa: RUF001 - a symbol of such digits is in the documentation
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ],
)
def test_the_published_rest_signatures_hold(symbol: str, signature: str) -> None:
    query = signed_query({**REST_ORDER, "symbol": symbol}, HmacSigner(SECRET))
    assert query.endswith(f"&signature={signature}")


def test_the_published_socket_signature_holds() -> None:
    signed = signed_parameters(SOCKET_ORDER, HmacSigner(SECRET))
    expected = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    assert signed == {**SOCKET_ORDER, "signature": expected}


def test_a_parameter_is_encoded_before_it_is_signed_over_rest_only() -> None:
    class Echo:
        def sign(self, payload: str) -> str:
            return payload

    assert signed_query({"b": "a b", "a": "c"}, Echo()) == ("b=a+b&a=c&signature=b%3Da%2Bb%26a%3Dc")
    assert signed_parameters({"b": "a b", "a": "c"}, Echo())["signature"] == "a=c&b=a b"


def test_an_ed25519_key_signs_what_its_public_key_verifies() -> None:
    pytest.importorskip("cryptography", reason="the library for Ed25519 keys is not installed")
    signer = signer_of(PEM)
    assert isinstance(signer, Ed25519Signer)
    signature = base64.b64decode(signer.sign("symbol=BTCUSDT"))
    assert ed25519.has_signed(PUBLIC, b"symbol=BTCUSDT", signature)


def test_a_pem_that_holds_something_else_is_refused_without_being_quoted() -> None:
    pytest.importorskip("cryptography", reason="the library for Ed25519 keys is not installed")
    with pytest.raises(ConfigError) as refusal:
        signer_of(PEM.replace("MC4CAQAwBQYDK2Vw", "MC4CAQAwBQYDK2Vx"))
    assert "BCIEIJ1hsZ3v" not in str(refusal.value)


def test_without_a_secret_nothing_can_be_signed() -> None:
    with pytest.raises(ConfigError, match="found nothing"):
        signer_of("  ")


def test_a_signer_never_shows_its_secret() -> None:
    signer = signer_of(f" {SECRET}\n")
    assert repr(signer) == str(signer) == "HmacSigner"
    assert signer.sign("a") == HmacSigner(SECRET).sign("a")


def test_credentials_show_nothing() -> None:
    credentials = Credentials("the-key", HmacSigner("the-secret"))
    assert "the-" not in f"{credentials!r} {credentials}"
