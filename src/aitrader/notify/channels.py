"""Where notices go: Telegram, Discord, or any address that takes JSON."""

from __future__ import annotations

from typing import Protocol

import msgspec

TELEGRAM_URL = "https://api.telegram.org"
MOST_CHARS = 1_900
"""Discord takes 2,000 characters a message, Telegram 4,096."""


class Channel(Protocol):
    """One place; its address is a secret and is never logged."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    def letter(self, text: str) -> tuple[str, dict[str, object]]:
        """Return the address and the JSON body that bring a text there."""
        ...


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


class Discord(msgspec.Struct, frozen=True):
    """A channel's webhook; nobody is mentioned, whatever the text says."""

    url: str
    name: str = "Discord"

    def letter(self, text: str) -> tuple[str, dict[str, object]]:
        """Return the webhook's address and the message."""
        return self.url, {"content": text, "allowed_mentions": {"parse": []}}


class Webhook(msgspec.Struct, frozen=True):
    """Any program of the person's: it gets `{"source": "aitrader", "text": ...}`."""

    url: str
    name: str = "the webhook"

    def letter(self, text: str) -> tuple[str, dict[str, object]]:
        """Return the address and the message."""
        return self.url, {"source": "aitrader", "text": text}
