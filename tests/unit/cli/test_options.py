from __future__ import annotations

from pathlib import Path

import click
import pytest

from aitrader.cli.options import folder_of, settings_of


def contexts(above: Path | None) -> click.Context:
    """Return the context of a command in a group in the program, as Click nests them."""
    program = click.Context(click.Command("aitrader"), info_name="aitrader")
    program.params["data_folder"] = above
    group = click.Context(click.Command("traders"), parent=program, info_name="traders")
    return click.Context(click.Command("list"), parent=group, info_name="list")


def test_the_folder_after_the_command_goes_first() -> None:
    assert folder_of(contexts(Path("/above")), Path("/after")) == Path("/after")


def test_the_nearest_folder_before_the_command_counts() -> None:
    assert folder_of(contexts(Path("/above")), None) == Path("/above")
    assert folder_of(contexts(None), None) is None


def test_settings_follow_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITRADER_DATA_FOLDER", str(tmp_path / "elsewhere"))
    assert settings_of(contexts(None), tmp_path).data_folder == tmp_path
    assert settings_of(contexts(None), None).data_folder == tmp_path / "elsewhere"
