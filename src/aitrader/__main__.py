"""`python -m aitrader` is the command `aitrader`."""

from aitrader.cli import main

main()
