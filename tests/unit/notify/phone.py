"""A loopback server that takes notices."""

from __future__ import annotations

import asyncio

import msgspec


class Phone:
    """A program that takes notices; `statuses` are its next answers, 200 after them."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.texts: list[str] = []
        self.news = asyncio.Event()

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
        body = msgspec.json.decode(await reader.readexactly(length))
        status = self.statuses.pop(0) if self.statuses else 200
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        writer.close()
        self.texts.append(next(body[key] for key in ("text", "message", "content") if key in body))
        self.news.set()

    async def until(self, count: int) -> None:
        while len(self.texts) < count:
            self.news.clear()
            await self.news.wait()
