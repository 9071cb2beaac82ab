"""What a setting takes: kinds that several share, and long ones, in the words people read.

The title stands in error sentences, title and description in `docs/settings.md`; a pattern or a
bound is checked where `config.py` reads the value.
"""

from __future__ import annotations

from msgspec import Meta


def whole(least: int, most: int, description: str) -> Meta:
    """Return what a whole number in a range takes."""
    title = f"a whole number from {least} to {most}"
    return Meta(title=title, description=description, ge=least, le=most)


def percent(description: str) -> Meta:
    """Return what a percentage takes that is no limit at 0."""
    return Meta(title="0 (no limit) to 100", description=description)


def address(scheme: str, description: str, *, or_else: str = "") -> Meta:
    """Return what an address of a scheme, plain or secure, takes; `or_else`: a pattern besides."""
    title = f"an address that begins with {scheme}:// or {scheme}s://"
    pattern = rf"{or_else}^{scheme}s?://[^\s/]+"
    return Meta(title=title, description=description, pattern=pattern)


NOTHING = "^$|"
"""An `or_else` that also takes an empty value."""

# -- limits of the books ---------------------------------------------------------------------------

EXPOSURE = percent("What all open positions may be worth, of equity.")
DAILY_LOSS = percent("No entry once this much of equity was lost since 00:00 UTC.")
DRAWDOWN = percent("No entry once equity is so far below its best, until entries are resumed.")
COOLDOWN = whole(0, 10_080, "Minutes without entry in a symbol after a position in it closed.")
LOSS_STREAK = whole(0, 1000, "So many losses in a row end the day (UTC) for entries; 0: never.")
ENTRIES = whole(0, 1000, "Entry orders of all traders within a minute; 0: no limit.")

# -- notices ---------------------------------------------------------------------------------------

NOTIFY_TO = Meta(
    title="telegram:TOKEN/CHAT or addresses, with spaces between",
    description="Who is told what happens: a Telegram chat, a Discord or other webhook.",
)
NOTIFY_URLS = Meta(
    title="addresses of Apprise such as ntfys://ntfy.sh/topic, with spaces between",
    description="Who else is told, by any of the services that Apprise knows. Never shown.",
)
NOTIFY_ON = Meta(title="topics, quiet=22-7", description="What is told, and hours (UTC) of quiet.")
