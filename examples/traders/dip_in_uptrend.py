"""Buys a short dip while the five-minute trend still points up."""
NAME = "Dip in an uptrend"
SYMBOLS = "top 40 USDT"
INTERVAL = "1m"
SIDE = "LONG"
EXITS = {"stop_loss": "1.5 atr", "take_profit": [("0.5%", 0.5), ("1%", 0.5)], "max_age": "20m"}
RISK = {"risk": "0.5%", "max_open": 3}


def conditions(m):
    slow = m.at("5m")
    bands = bbands(m.close, 20, 2)
    return {
        "closes back above the lower band": crosses_above(m.close, bands.lower),
        "5m trend is up": slow.close > ema(slow.close, 34),
    }


def exit_conditions(m):
    return {"reached the upper band": m.close > bbands(m.close, 20, 2).upper}
