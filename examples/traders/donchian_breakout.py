"""Breaks the 55-candle high with growing volatility while Bitcoin is strong."""
NAME = "Donchian breakout"
SYMBOLS = "top 50 USDT except BTCUSDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "2 atr", "trailing": "2%"}
RISK = {"risk": "0.5%", "max_open": 5}


def conditions(m):
    btc = m.of("BTCUSDT").at("1h")
    return {
        "55-candle breakout": crosses_above(m.close, donchian(m, 55).upper[1]),
        "volatility grows": natr(m, 14) > sma(natr(m, 14), 50),
        "Bitcoin above its 1h average": btc.close > ema(btc.close, 50),
    }
