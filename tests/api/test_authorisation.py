"""Every route x every kind of caller, from the routes themselves: one without a rule fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.api_room import EXPIRED, FULL, READ, Room, ask

from aitrader.api.app import operations_of
from aitrader.api.lobby import Lobby
from aitrader.api.policy import Access
from aitrader.api.router import Operation
from aitrader.api.sockets import Sockets

ALLOWED = {
    Access.PUBLIC: {"none", "wrong", "expired", "read", "full"},
    Access.READ: {"read", "full"},
    Access.FULL: {"full"},
}
SECRETS = {"none": "", "wrong": "wrong", "expired": EXPIRED, "read": READ, "full": FULL}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
READ_BY_POST = {"/api/check"}
"""A body is sent, nothing is changed."""


def all_operations(folder: Path) -> tuple[Operation, ...]:
    room = Room(folder)
    return operations_of(room.inside, room.metrics, Sockets(room.inside, room.hub, Lobby()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test per route and caller."""
    if "operation" in metafunc.fixturenames:
        found = all_operations(Path())
        names = [f"{each.method} {each.path}" for each in found]
        metafunc.parametrize("operation", found, ids=names)


@pytest.mark.parametrize("caller", SECRETS)
def test_a_route_lets_in_whom_its_rule_names(
    tmp_path: Path, operation: Operation, caller: str
) -> None:
    path = operation.path
    for name in operation.in_path:
        path = path.replace(f"{{{name}}}", {"symbol": "BTCUSDT", "interval": "5m"}.get(name, "x"))
    response = ask(Room(tmp_path), operation.method, path, token=SECRETS[caller])
    is_in = response.status_code not in (401, 403)
    assert is_in is (caller in ALLOWED[operation.access])


def test_whatever_changes_something_needs_a_full_token(operation: Operation) -> None:
    if operation.method in CHANGING and operation.path not in READ_BY_POST:
        assert operation.access is Access.FULL


WHO = {Access.PUBLIC: "anybody", Access.READ: "read", Access.FULL: "full"}


def test_the_documents_name_every_route_with_its_rule_and_no_other(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z]+ /\S*)` \| (\w+) \|", page, re.MULTILINE)
    found = all_operations(tmp_path)
    assert sorted(rows) == sorted((f"{o.method} {o.path}", WHO[o.access]) for o in found)
