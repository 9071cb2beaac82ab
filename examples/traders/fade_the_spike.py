"""Sells short after a stretched spike turns down (paper only: spot accounts cannot sell short)."""
NAME = "Fade the spike"
SYMBOLS = "top 30 USDT"
INTERVAL = "1m"
SIDE = "SHORT"
EXITS = {"stop_loss": "0.5%", "take_profit": "0.6%", "max_age": "15m"}
RISK = {"size": "5%", "max_open": 2}


def conditions(m):
    stretched = zscore(m.close, 40) > 1.8
    return {
        "was stretched in the last 3 minutes": within(stretched, 3),
        "turns down": m.close < m.low[1],
    }


def exit_conditions(m):
    return {"back at its average": m.close <= sma(m.close, 40)}
