"""Exchanges behind the ports: Binance's wire, paper trading, and a simulated exchange."""
