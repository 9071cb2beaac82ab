"""RSI comes back from oversold on a candle that closes in its upper half."""
NAME = "RSI rebound"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
SIDE = "LONG"
EXITS = {"stop_loss": "2 atr", "take_profit": "1.5%", "max_age": "6h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    strength = rsi(m.close, 14)
    return {
        "RSI crosses back above 30": crosses_above(strength, 30),
        "closes in its upper half": m.close > m.hl2,
    }


def exit_conditions(m):
    return {"RSI above 65": rsi(m.close, 14) > 65}
