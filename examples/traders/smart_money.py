"""Takers buy and money flows in while the price still goes nowhere."""
NAME = "Smart money"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "2 atr", "take_profit": "3%", "max_age": "24h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    bought = rolling_sum(m.delta, 20) / rolling_sum(m.volume, 20)
    flow = cmf(m, 20)
    spread = highest(m.high, 20) - lowest(m.low, 20)
    return {
        "takers buy": bought > 0.03,
        "money flows in": flow > 0.05 and rising(flow, 2),
        "OBV above its average": obv(m) > sma(obv(m), 50),
        "price still flat": spread < 6 * atr(m, 14),
    }
