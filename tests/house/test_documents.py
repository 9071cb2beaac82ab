"""Documents say what the code says: they name every command, event, request and error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.house.places import DOCS, ROOT, label
from tools.lock_is_clean import problems
from tools.reference import PAGES

SECTIONS = ("Status", "Context", "Decision", "Consequences", "What would change our mind")
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
MAX_CONTRIBUTING_LINES = 100


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_as_the_code_is(name: str) -> None:
    page = DOCS / "reference" / name
    written = page.read_text(encoding="utf-8") if page.exists() else ""
    assert written == PAGES[name](), f"run: make reference (docs/reference/{name} is old)"


@pytest.mark.parametrize("path", DECISIONS, ids=label)
def test_a_decision_has_its_five_parts_in_order(path: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(headings) == SECTIONS


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_contributing_can_be_read_in_one_sitting() -> None:
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < MAX_CONTRIBUTING_LINES


def test_the_changelog_has_the_unreleased_on_top() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0] == "Unreleased"


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=label)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    dead = [
        link for link in links if "://" not in link and not (path.parent / link).resolve().exists()
    ]
    assert not dead


LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address_and_every_hash(name: str) -> None:
    assert not problems((ROOT / name).read_text(encoding="utf-8"))


def test_the_product_is_tested_with_the_versions_that_people_get() -> None:
    people, tests = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in LOCKS
    )
    assert people < tests
