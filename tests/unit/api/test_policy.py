"""Who may do what, how often, and what is written down of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api_room import EXPIRED, FULL, READ, Room

from aitrader.api.policy import WRONG_PER_MIN, Access, Budget
from aitrader.api.problems import Failure
from aitrader.api.tokens import LOCAL, Caller, Scope
from aitrader.model.control import (
    CloseAll,
    ClosePosition,
    PauseEntries,
    ReadTrader,
)

READER = Caller("read", Scope.READ)


def status_of(call: object) -> int:
    with pytest.raises(Failure) as caught:
        call()  # type: ignore[operator]
    return caught.value.problem.status


@pytest.mark.parametrize("secret", [FULL, READ])
def test_a_visit_ends_with_its_token(tmp_path: Path, secret: str) -> None:
    room = Room(tmp_path)
    visit = room.policy.receive(secret, "here")
    assert not visit.is_over
    room.tokens.write_bytes(b"[]")
    assert visit.is_over


def test_a_visit_without_a_token_ends_with_the_first_token(tmp_path: Path) -> None:
    room = Room(tmp_path, has_tokens=False)
    visit = room.policy.receive("", "here")
    assert (visit.caller, visit.is_over) == (LOCAL, False)
    Room(tmp_path)
    assert visit.is_over


def test_nobody_comes_to_stay_with_a_wrong_token(tmp_path: Path) -> None:
    assert status_of(lambda: Room(tmp_path).policy.receive(EXPIRED, "here")) == 401


def test_a_read_only_token_reads_and_changes_nothing(tmp_path: Path) -> None:
    policy = Room(tmp_path).policy
    policy.admit_request(READER, ReadTrader("x"))
    assert status_of(lambda: policy.admit_request(READER, CloseAll())) == 403
    assert status_of(lambda: policy.admit(READER, Access.FULL, Budget.NONE)) == 403


def test_wrong_and_expired_tokens_are_refused(tmp_path: Path) -> None:
    policy = Room(tmp_path).policy
    assert policy.enter(FULL, "a") == Caller("full", Scope.FULL)
    assert policy.enter(READ, "a") == READER
    for secret in ("", "wrong", EXPIRED):
        assert status_of(lambda secret=secret: policy.enter(secret, "a")) == 401  # type: ignore[misc]


def test_guessing_tokens_is_slowed_down_by_address(tmp_path: Path) -> None:
    policy = Room(tmp_path, wrong_per_min=WRONG_PER_MIN).policy
    for _ in range(WRONG_PER_MIN):
        assert status_of(lambda: policy.enter("wrong", "a")) == 401
    assert status_of(lambda: policy.enter("wrong", "a")) == 429
    assert status_of(lambda: policy.enter("wrong", "b")) == 401
    assert policy.enter(FULL, "a").name == "full"


def test_orders_have_a_limit_of_their_own(tmp_path: Path) -> None:
    policy = Room(tmp_path, data_per_min=100, orders_per_min=1).policy
    policy.admit_request(LOCAL, ClosePosition("p"))
    assert status_of(lambda: policy.admit_request(LOCAL, ClosePosition("p"))) == 429
    policy.admit_request(LOCAL, ReadTrader("x"))


def test_who_wants_to_stop_is_never_held_back(tmp_path: Path) -> None:
    policy = Room(tmp_path, data_per_min=1, orders_per_min=1).policy
    policy.admit_request(LOCAL, ReadTrader("x"))
    policy.admit_request(LOCAL, ClosePosition("p"))
    for request in (ReadTrader("x"), ClosePosition("p")):
        assert status_of(lambda request=request: policy.admit_request(LOCAL, request)) == 429  # type: ignore[misc]
    for brake in (CloseAll(), PauseEntries(is_paused=True)):
        policy.admit_request(LOCAL, brake)


def test_a_wait_is_told_in_whole_seconds(tmp_path: Path) -> None:
    policy = Room(tmp_path, data_per_min=1).policy
    policy.admit(READER, Access.READ, Budget.DATA)
    with pytest.raises(Failure) as caught:
        policy.admit(READER, Access.READ, Budget.DATA)
    assert caught.value.headers == {"retry-after": "60"}
