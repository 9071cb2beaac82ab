"""The one thing added to uvicorn's WebSocket: sending frames that are already encoded.

A burst of hundreds of small frames goes out in one write, and a frame that many connections share
is encoded once. Compression is never negotiated, so an encoded frame fits every connection.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ENCODED = "websocket.encoded"
"""The type of an ASGI message whose `bytes` are whole WebSocket frames."""


class EncodedFrames(WebSocketsSansIOProtocol):
    """uvicorn's protocol that understands `ENCODED` besides everything else."""

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI messages are untyped
        """Write encoded frames once the client has read what was written before."""
        if message["type"] != ENCODED:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(message["bytes"])
