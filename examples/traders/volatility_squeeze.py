"""Bollinger bands lay inside the Keltner channel and have just come out upwards."""
NAME = "Volatility squeeze"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "1.5 atr", "trailing": "1.5%", "max_age": "12h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    bands = bbands(m.close, 20, 2.0)
    channel = keltner(m, 20, 10, 1.5)
    squeezed = bands.upper < channel.upper and bands.lower > channel.lower
    return {
        "squeezed for 6 candles": always(squeezed, 6)[1],
        "squeeze is over": not squeezed,
        "momentum is up": m.close > sma(m.close, 20) and slope(m.close, 20) > 0,
    }
