"""Supertrend is up, the price came back to its line, and buyers answer."""
NAME = "Supertrend pullback"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
EXITS = {"take_profit": "2%", "max_age": "12h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    trend = supertrend(m, 10, 3.0)
    return {
        "supertrend is up": trend.up,
        "came back to the line": m.low - trend.line < 0.5 * atr(m, 14),
        "buyers answer": pattern(m, "engulfing") > 0 or pattern(m, "hammer") > 0,
    }


def stop_loss(m):
    return supertrend(m, 10, 3.0).line - 0.5 * atr(m, 14)
