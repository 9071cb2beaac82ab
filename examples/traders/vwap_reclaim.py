"""Takes the day's average price back after an hour below it, in US hours."""
NAME = "VWAP reclaim"
SYMBOLS = "top 30 USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "1 atr", "take_profit": "2 atr", "max_age": "6h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    average = vwap(m)
    return {
        "reclaims the VWAP": crosses_above(m.close, average),
        "was below for an hour": always((m.close < average)[1], 12),
        "US hours": 13 <= m.hour < 21,
        "more volume than usual": rvol(m, 20) > 1.2,
    }
