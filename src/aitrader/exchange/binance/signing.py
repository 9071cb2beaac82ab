"""Signatures of requests that concern the account: HMAC-SHA256 or Ed25519.

Over REST the signed payload is the query as it is sent, percent-encoded before it is signed. Over
the WebSocket API it is every parameter, sorted by name and not encoded. A signer never shows its
secret: its text is its kind.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote, urlencode

from aitrader.model.errors import ConfigError

_PEM = "-----BEGIN"


class Signer(Protocol):
    """Whatever makes the signature of a payload."""

    def sign(self, payload: str) -> str:
        """Return the signature as it is sent, not yet percent-encoded."""
        ...


class HmacSigner:
    """Signs with a shared secret."""

    __slots__ = ("_key",)

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def sign(self, payload: str) -> str:
        """Return the signature in lower-case hex."""
        return hmac.new(self._key, payload.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "HmacSigner"


class Ed25519Signer:
    """Signs with a private key that the exchange has never seen."""

    __slots__ = ("_sign",)

    def __init__(self, pem: str) -> None:
        """Read a private key.

        Raises:
            ConfigError: It is none, or the library that reads it is not installed.
        """
        self._sign = _ed25519(pem)

    def sign(self, payload: str) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self._sign(payload.encode())).decode()

    def __repr__(self) -> str:
        return "Ed25519Signer"


class Credentials:
    """The key and who signs with it; shows neither."""

    __slots__ = ("api_key", "signer")

    def __init__(self, api_key: str, signer: Signer) -> None:
        self.api_key = api_key
        self.signer = signer

    def __repr__(self) -> str:
        return "Credentials"


def signer_of(secret: str) -> Signer:
    """Return who signs with this secret: text for HMAC, a PEM for Ed25519.

    Raises:
        ConfigError: The secret is empty, or a PEM that holds no Ed25519 private key.
    """
    if not secret.strip():
        raise ConfigError("binance_secret_key: expected the secret of the API key, found nothing")
    if secret.lstrip().startswith(_PEM):
        return Ed25519Signer(secret.strip())
    return HmacSigner(secret.strip())


def signed_query(parameters: Mapping[str, str], signer: Signer) -> str:
    """Return the query string of a REST request, its signature last."""
    query = urlencode(parameters)
    return f"{query}&signature={quote(signer.sign(query), safe='')}"


def signed_parameters(parameters: Mapping[str, str], signer: Signer) -> dict[str, str]:
    """Return the parameters of a WebSocket API request with their signature."""
    payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    return {**parameters, "signature": signer.sign(payload)}


def _ed25519(pem: str) -> Callable[[bytes], bytes]:
    """Return what signs with the private key in a PEM; the library is loaded only for it."""
    try:
        from cryptography.exceptions import InternalError, UnsupportedAlgorithm  # noqa: PLC0415 - 10 MB, for few
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PrivateKey,
        )
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
            load_pem_private_key,
        )
    except ImportError as error:
        raise ConfigError(
            "an Ed25519 key needs one more library: pip install 'aitrader[ed25519]'"
        ) from error
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        # The library's words may quote the key.
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            "binance_secret_key: expected an Ed25519 private key in PEM without a password, "
            "found another PEM"
        )
    sign: Callable[[bytes], bytes] = key.sign
    return sign
