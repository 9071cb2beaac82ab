"""Stochastic turns up from below 25 in an uptrend."""
NAME = "Stochastic oversold"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "1.5%", "take_profit": [("1%", 0.5), ("2%", 0.5)], "max_age": "8h"}
RISK = {"size": "5%", "max_open": 4}


def conditions(m):
    k, d = stoch(m, 14, 3, 3)
    return {
        "K crosses D": crosses_above(k, d),
        "both below 25": k < 25 and d < 25,
        "uptrend": sma(m.close, 50) > sma(m.close, 200),
    }
