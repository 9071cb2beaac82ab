"""Failures as they go over the wire."""

from __future__ import annotations

import json

from aitrader.api.problems import TITLES, Failure, answer_failure


def test_a_failure_is_a_problem_document() -> None:
    response = answer_failure(Failure(429, "wait", headers={"retry-after": "3"}))
    assert response.status_code == 429
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "3"
    assert json.loads(response.body) == {
        "title": TITLES[429],
        "status": 429,
        "detail": "wait",
    }
