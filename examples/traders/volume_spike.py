"""Three times the usual volume on a strong green candle that closes near its high."""
NAME = "Volume spike"
SYMBOLS = "top 100 USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "1.5 atr", "take_profit": "3 atr", "max_age": "4h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    usual = sma(m.volume, 20)[1]
    return {
        "volume spike": m.volume > 3 * usual,
        "green and strong": m.body > atr(m, 14)[1],
        "closes near its high": m.upper_wick < 0.25 * m.range,
    }
