"""MACD turns up below zero while the hour is in an uptrend."""
NAME = "MACD crossover"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
SIDE = "LONG"
EXITS = {
    "stop_loss": "1.5 atr",
    "take_profit": [("1.5%", 0.5), ("3%", 0.5)],
    "trailing": "1%",
    "max_age": "12h",
}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    line, signal, hist = macd(m.close, 12, 26, 9)
    hour = m.at("1h")
    return {
        "MACD crosses up": crosses_above(line, signal),
        "below the zero line": line < 0,
        "1h uptrend": hour.close > ema(hour.close, 50),
    }


def exit_conditions(m):
    return {"overbought": rsi(m.close, 14) > 75}
