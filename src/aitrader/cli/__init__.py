"""The command line."""

from aitrader.cli.main import cli, main

__all__ = ["cli", "main"]
