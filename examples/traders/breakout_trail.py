"""Buys a new half-hour high on rising volume and lets a trailing stop decide when it is over."""
NAME = "Breakout with trail"
SYMBOLS = "top 30 USDT"
INTERVAL = "1m"
SIDE = "LONG"
EXITS = {"stop_loss": "0.6%", "trailing": "0.4%", "max_age": "30m"}
RISK = {"size": "5%", "max_open": 2}


def conditions(m):
    ceiling = highest(m.high, 30)[1]
    return {
        "breaks the 30-minute high": crosses_above(m.close, ceiling),
        "volume above usual": rvol(m, 20) > 1.1,
    }
