"""What went wrong with a request, as RFC 9457 says it: `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

TITLES: Mapping[int, str] = {
    400: "The request is not valid",
    401: "A valid token is needed",
    403: "This is not allowed",
    404: "There is no such thing",
    405: "This address does not take that method",
    409: "It has changed meanwhile",
    413: "The body is too large",
    415: "The body must be application/json",
    422: "The engine refused",
    429: "Too many requests",
    500: "This is a fault of the server; its log says more",
    503: "The engine cannot answer now",
}
"""Every status a request can fail with."""

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True):
    """Why a request failed: `title` is the same for a status, `detail` is one sentence."""

    title: str
    status: int
    detail: str = ""


class Failure(Exception):
    """A request that ends here; the router answers with it."""

    def __init__(
        self, status: int, detail: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(TITLES[status], status, detail)
        self.headers = dict(headers or {})


def answer_failure(failure: Failure) -> Response:
    """Return the response that says what went wrong."""
    return Response(
        msgspec.json.encode(failure.problem),
        failure.problem.status,
        failure.headers,
        media_type=MEDIA_TYPE,
    )
