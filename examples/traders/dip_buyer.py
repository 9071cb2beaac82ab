"""Several RSI lengths are oversold at once after a fast drop, but it is no free fall."""
NAME = "Dip buyer"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "3%", "take_profit": "2%", "max_age": "6h"}
RISK = {"size": "4%", "max_open": 3}

LEVELS = {7: 22, 14: 30, 21: 35}


def oversold(m, length, level):
    return rsi(m.close, length) < level


def conditions(m):
    found = {f"RSI {n} below {level}": oversold(m, n, level) for n, level in LEVELS.items()}
    found["dropped 1.5% in an hour"] = pct_change(m.close, 12) < -1.5
    found["not in free fall"] = m.close > lowest(m.low, 48)[1] * 0.98
    return found
