"""While the hour rises, bids a little below the market for the length of three candles."""

NAME = "Limit in an uptrend"
SYMBOLS = "top 20 USDT"
INTERVAL = "5m"
SIDE = "LONG"
ENTRY = {"limit": "0.25%", "good_for": "15m"}
EXITS = {
    "stop_loss": "1 atr",
    "take_profit": [("0.8%", 0.5), ("1.6%", 0.5)],
    "trailing": "0.9%",
    "max_age": "6h",
}
RISK = {"risk": "0.5%", "max_open": 4}


def conditions(m):
    hour = m.at("1h")
    return {
        "dips": crosses_below(rsi(m.close, 14), 45),
        "1h uptrend": hour.close > ema(hour.close, 50),
    }
