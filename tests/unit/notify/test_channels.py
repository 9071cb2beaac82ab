"""What is sent where."""

from __future__ import annotations

from aitrader.notify.channels import Discord, Telegram, Webhook


def test_telegram_gets_a_message_for_the_chat() -> None:
    url, body = Telegram("1:abc", "42").letter("hello")
    assert url == "https://api.telegram.org/bot1:abc/sendMessage"
    assert (body["chat_id"], body["text"]) == ("42", "hello")


def test_discord_mentions_nobody() -> None:
    url, body = Discord("https://discord.com/hook").letter("@everyone")
    assert url == "https://discord.com/hook"
    assert body == {"content": "@everyone", "allowed_mentions": {"parse": []}}


def test_a_program_gets_the_text() -> None:
    assert Webhook("http://127.0.0.1:1").letter("x")[1] == {"source": "aitrader", "text": "x"}
