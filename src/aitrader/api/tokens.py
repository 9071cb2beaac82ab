"""Who may come in: named bearer tokens, read-only or full, of which only hashes are kept.

Theory of operation. A token is 256 random bits, so one round of SHA-256 is enough to keep it: there
is nothing to guess. The file is read again when it has changed, so a token that is made or revoked
counts at once in a daemon that runs. A secret is compared with every token there is, each time in
constant time, so how long a refusal takes says nothing.

`API_KEY` is the first token: named `api-key`, full, not in the file.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import msgspec

from aitrader.api.audit import LOCAL_NAME
from aitrader.api.decoding import decoded
from aitrader.model.errors import ConfigError

log = logging.getLogger(__name__)

FILE_NAME = "tokens.json"
API_KEY_NAME = "api-key"
LEAST_API_KEY_CHARS = 16
SENDABLE = re.compile(r"[!-~]*")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


class Scope(Enum):
    """What a token lets its bearer do."""

    READ = "read"
    FULL = "full"


class Token(msgspec.Struct, frozen=True):
    """One token as it is kept; `expires_ms` None: never. Times are UTC epoch milliseconds."""

    name: str
    scope: Scope
    digest: str
    created_ms: int
    expires_ms: int | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who asks: the name of the token and what it may do."""

    name: str
    scope: Scope


_TOKENS = msgspec.json.Decoder(tuple[Token, ...])

LOCAL = Caller(LOCAL_NAME, Scope.FULL)
"""Whoever asks where no token is needed."""


class TokenFile:
    """The tokens of a data folder; only this user can read the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._stamp: tuple[int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def load(self) -> tuple[Token, ...]:
        """Return the tokens there are; reads only what has changed.

        Raises:
            ConfigError: The file cannot be read.
        """
        try:
            status = os.stat(self._name)  # each request comes by here
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._tokens = decoded(_TOKENS, self._path.read_bytes())
                self._stamp = stamp
        except FileNotFoundError:
            self._tokens, self._stamp = (), None
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"cannot read the tokens in {self._path}: {error}") from error
        return self._tokens

    def create(self, name: str, scope: Scope, *, now_ms: int, expires_ms: int | None = None) -> str:
        """Return a new token's secret, which is shown this once and not kept.

        Raises:
            ConfigError: The name is taken or is no name, or the file cannot be written.
        """
        tokens = self.load()
        if not NAME.fullmatch(name) or name in (API_KEY_NAME, LOCAL_NAME):
            raise ConfigError(
                f"a token's name is 1 to 40 letters, digits, - _ and ., found {name!r}"
            )
        if any(token.name == name for token in tokens):
            raise ConfigError(f"there is a token {name} already; revoke it or choose another name")
        secret = f"ait_{secrets.token_urlsafe(32)}"
        self._save((*tokens, Token(name, scope, digest_of(secret), now_ms, expires_ms)))
        return secret

    def revoke(self, name: str) -> None:
        """Forget a token; it counts no more from now on.

        Raises:
            ConfigError: There is no such token, or the file cannot be written.
        """
        tokens = self.load()
        kept = tuple(token for token in tokens if token.name != name)
        if len(kept) == len(tokens):
            known = " ".join(token.name for token in tokens) or "none"
            raise ConfigError(f"there is no token {name}; there are: {known}")
        self._save(kept)

    def _save(self, tokens: tuple[Token, ...]) -> None:
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with open(os.open(fresh, flags, 0o600), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(tokens)))
            fresh.replace(self._path)
        except OSError as error:
            raise ConfigError(f"cannot write the tokens to {self._path}: {error}") from error
        self._stamp = None


class Gate:
    """Says who a secret belongs to. Without a single token everybody is `LOCAL`.

    Once there was a token the door stays closed, also when all are revoked. While the file cannot
    be read its tokens count no more: one of them may be the one that was to be revoked.
    """

    def __init__(self, file: TokenFile, *, api_key: str, now_ms: Callable[[], int]) -> None:
        """Begin with the tokens there are.

        Raises:
            ConfigError: API_KEY is too short or cannot be sent, or the file cannot be read.
        """
        if api_key and len(api_key) < LEAST_API_KEY_CHARS:
            raise ConfigError(
                f"API_KEY needs at least {LEAST_API_KEY_CHARS} characters, found {len(api_key)}: "
                "it guards your money"
            )
        if not SENDABLE.fullmatch(api_key):
            raise ConfigError(
                "API_KEY takes letters, digits and signs of ASCII, and no spaces: it travels in a "
                "header of HTTP"
            )
        first = (Token(API_KEY_NAME, Scope.FULL, digest_of(api_key), 0),) if api_key else ()
        self._first = first
        self._file = file
        self._now_ms = now_ms
        self._fault = ""
        self._was_closed = bool(first or file.load())

    @property
    def is_open(self) -> bool:
        """True while there is no token: whoever reaches the server may do everything."""
        return not self._load() and not self._was_closed

    def find(self, secret: str) -> Caller | None:
        """Return whose secret this is, None if nobody's or if the token has expired."""
        tokens = self._load()
        if not tokens and not self._was_closed:
            return LOCAL
        self._was_closed = True
        digest, now_ms = digest_of(secret), self._now_ms()
        found: Caller | None = None
        for token in tokens:
            is_same = hmac.compare_digest(token.digest, digest)
            is_valid = token.expires_ms is None or now_ms < token.expires_ms
            if is_same and is_valid:
                found = Caller(token.name, token.scope)
        return found

    def _load(self) -> tuple[Token, ...]:
        """Return the tokens that count; says once why those of the file do not."""
        try:
            kept, fault = self._file.load(), ""
        except ConfigError as error:
            kept, fault = (), str(error)
            self._was_closed = True
        if fault and not self._fault:
            log.error("%s: nobody is let in but by API_KEY", fault)
        self._fault = fault
        return (*self._first, *kept)


def bearer_in(authorization: str) -> str:
    """Return the token of an Authorization header's value, "" without one."""
    kind, _, secret = authorization.partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
