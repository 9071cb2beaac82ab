"""uvicorn's fast protocol, with a limit on what it would keep while a request is not whole.

A head that never ends, or what follows a body piece by piece, is kept in memory by the parser and
shown to nobody. Whoever sends more than `MAX_HEAD_BYTES` of it is sent away before any of it is
looked at.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024


class ShortHeads(HttpToolsProtocol):
    """The protocol of one connection."""

    _kept_bytes = 0
    """What came since the last whole head or piece of a body."""

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._kept_bytes += len(data)
        super().data_received(data)
        if self._kept_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"At most {MAX_HEAD_BYTES} bytes of headers.")

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._kept_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body goes on to who reads it."""
        self._kept_bytes = 0
        super().on_body(body)
