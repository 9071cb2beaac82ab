"""Which notices the settings ask for, and where they go."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from aitrader.config import Settings
from aitrader.model.errors import ConfigError
from aitrader.model.ports import Clock
from aitrader.notify.channels import Channel, Discord, Telegram, Webhook
from aitrader.notify.notifier import Manners, Notifier
from aitrader.notify.services import Service
from aitrader.notify.wording import Topic

TELEGRAM = re.compile(r"telegram:([0-9]+:[A-Za-z0-9_-]+)/(-?[0-9]+|@\w+)")
QUIET = re.compile(r"quiet=([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])")
DISCORD_HOSTS = ("discord.com", "discordapp.com")


def find_notifier(settings: Settings, clock: Clock) -> Notifier | None:
    """Return who tells the person, None when nobody is to be told.

    Raises:
        ConfigError: A place or `notify_on` is not understood, or the extra for `notify_urls` is
            missing; no secret is quoted.
    """
    manners = _manners(settings.notify_on)
    places = enumerate(settings.notify_to.split(), 1)
    addresses = enumerate(settings.notify_urls.split(), 1)
    channels: list[Channel] = [channel_of(word, number) for number, word in places]
    channels += [Service(word, number) for number, word in addresses]
    return Notifier(channels, clock, manners) if channels else None


def channel_of(word: str, number: int) -> Channel:
    """Return the place that a word of `notify_to` names; the log tells it by its `number`.

    Raises:
        ConfigError: It names none; the word is a secret and not quoted.
    """
    which = f"(number {number} of NOTIFY_TO)"
    telegram = TELEGRAM.fullmatch(word)
    if telegram is not None:
        return Telegram(telegram[1], telegram[2], name=f"Telegram {which}")
    try:
        parts = urlsplit(word)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError(
            f"NOTIFY_TO takes telegram:TOKEN/CHAT or an address such as https://example.org/hook; "
            f"number {number} is neither"
        )
    if host in DISCORD_HOSTS:
        return Discord(word, name=f"Discord {which}")
    return Webhook(word, name=f"the webhook {which}")


def _manners(text: str) -> Manners:
    topics: set[Topic] = set()
    quiet: tuple[int, int] | None = None
    known = {topic.value: topic for topic in Topic}
    for word in text.split():
        hours = QUIET.fullmatch(word)
        if hours is not None:
            quiet = int(hours[1]), int(hours[2])
        elif word in known:
            topics.add(known[word])
        else:
            raise ConfigError(
                f"NOTIFY_ON takes some of {' '.join(known)} and quiet=22-7, found {word[:40]!r}"
            )
    return Manners(topics=frozenset(topics), quiet=quiet)
