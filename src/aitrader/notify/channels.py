"""Where notices go: Telegram, Discord, or any address that takes JSON."""

from __future__ import annotations

from typing import Protocol

import httpx2
import msgspec

TELEGRAM_URL = "https://api.telegram.org"
MOST_CHARS = 1_900
"""Discord takes 2,000 characters a message, Telegram 4,096."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a notice did not arrive, without an address; `is_final`: another try would not help."""

    reason: str
    is_final: bool = False


class Channel(Protocol):
    """One place; its address is a secret and is never logged."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    async def send(self, client: httpx2.AsyncClient, text: str) -> Refusal | None:
        """Try once to bring a text there; None: it has arrived. `client` is for who speaks HTTP."""
        ...


async def post(client: httpx2.AsyncClient, url: str, body: dict[str, object]) -> Refusal | None:
    """Send a JSON body once; what the server is unable to take now may be tried again."""
    try:
        answer = await client.post(url, json=body)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Refusal(type(error).__name__)  # not its text, which names the address
    status = answer.status_code
    if status < 300:
        return None
    return Refusal(f"it answered {status}", is_final=status < 500 and status != 429)


class Telegram(msgspec.Struct, frozen=True):
    """A chat with a bot of the person's own."""

    token: str
    chat_id: str
    base_url: str = TELEGRAM_URL
    name: str = "Telegram"

    def letter(self, text: str) -> tuple[str, dict[str, object]]:
        """Return the bot's address and the message."""
        body = {"chat_id": self.chat_id, "text": text, "disable_web_page_preview": True}
        return f"{self.base_url}/bot{self.token}/sendMessage", body

    async def send(self, client: httpx2.AsyncClient, text: str) -> Refusal | None:
        """Send the message once."""
        return await post(client, *self.letter(text))


class Discord(msgspec.Struct, frozen=True):
    """A channel's webhook; nobody is mentioned, whatever the text says."""

    url: str
    name: str = "Discord"

    def letter(self, text: str) -> tuple[str, dict[str, object]]:
        """Return the webhook's address and the message."""
        return self.url, {"content": text, "allowed_mentions": {"parse": []}}

    async def send(self, client: httpx2.AsyncClient, text: str) -> Refusal | None:
        """Send the message once."""
        return await post(client, *self.letter(text))


class Webhook(msgspec.Struct, frozen=True):
    """Any program of the person's: it gets `{"source": "aitrader", "text": ...}`."""

    url: str
    name: str = "the webhook"

    def letter(self, text: str) -> tuple[str, dict[str, object]]:
        """Return the address and the message."""
        return self.url, {"source": "aitrader", "text": text}

    async def send(self, client: httpx2.AsyncClient, text: str) -> Refusal | None:
        """Send the message once."""
        return await post(client, *self.letter(text))
