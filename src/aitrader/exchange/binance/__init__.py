"""Binance spot: its wire, its streams and REST, its rules, its limits."""
