"""The tools of `make` refuse what they are there to refuse."""

from __future__ import annotations

from pathlib import Path

from tools import commit_is_clean, coverage_floor, lock_is_clean


def a_report(package: str, covered: int) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """A coverage report of one file with 60 lines and 40 branches, `covered` of them taken."""
    summary = {
        "num_statements": 60,
        "covered_lines": min(covered, 60),
        "num_branches": 40,
        "covered_branches": max(covered - 60, 0),
    }
    return {"files": {f"src/aitrader/{package}/x.py": {"summary": summary}}}


def test_a_pure_room_below_its_floor_is_refused() -> None:
    found = coverage_floor.shares(a_report("model", 94))
    assert coverage_floor.below_floor(found) == [
        "model: expected at least 95 % of branches, found 94.0 %"
    ]


def test_an_edge_may_have_less() -> None:
    assert not coverage_floor.below_floor(coverage_floor.shares(a_report("storage", 85)))


def test_the_whole_has_a_floor_too() -> None:
    assert coverage_floor.below_floor(coverage_floor.shares(a_report("storage", 84)))


def test_a_file_at_the_top_counts_for_the_whole() -> None:
    report = a_report("x", 50)
    report["files"] = {"src/aitrader/cli.py": report["files"]["src/aitrader/x/x.py"]}
    assert coverage_floor.shares(report) == {"top": 50.0, "all": 50.0}


def test_a_clean_lock_passes() -> None:
    assert not lock_is_clean.problems("a==1 \\\n    --hash=sha256:00\n    # via b\n")


def test_a_lock_with_an_address_or_a_path_is_refused() -> None:
    for line in ("--index-url https://x/simple", "a @ file:///opt/a.whl", "    # via -r /opt/in"):
        assert lock_is_clean.problems(f"a==1 --hash=sha256:00\n{line}\n"), line


def test_a_package_without_a_hash_is_refused() -> None:
    assert lock_is_clean.problems("a==1\nb==2 --hash=sha256:00\n") == [
        "a==1: expected a hash, found none"
    ]


def test_the_continuous_check_runs_both_commands() -> None:
    script = (Path(__file__).parents[2] / ".ci" / "run").read_text(encoding="utf-8")
    assert "make check\nmake test\n" in script


def test_a_key_in_a_commit_is_refused() -> None:
    line = b"API_" + b'KEY = "' + b"a1" * 20 + b'"\n'
    assert commit_is_clean.problems("x.py", line) == [
        "x.py:1: this looks like a key; keep it in the environment"
    ]
    assert not commit_is_clean.problems("x.py", line[:-1] + b"  # the published example\n")


def test_a_large_file_in_a_commit_is_refused() -> None:
    assert commit_is_clean.problems("x.csv", b"1" * 1_000_001)
    assert not commit_is_clean.problems("x.csv", b"1" * 1_000_000)
