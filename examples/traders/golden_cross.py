"""The 50-candle average has crossed the 200-candle average in a real trend."""
NAME = "Golden cross"
SYMBOLS = "top 30 USDT"
INTERVAL = "15m"
EXITS = {"stop_loss": "3 atr", "trailing": "3%"}
RISK = {"risk": "1%", "max_open": 4}


def conditions(m):
    fast, slow = sma(m.close, 50), sma(m.close, 200)
    return {
        "golden cross in the last 3 candles": within(crosses_above(fast, slow), 3),
        "trending": adx(m, 14) > 20,
        "price above both": m.close > fast > slow,
    }


def exit_conditions(m):
    return {"death cross": crosses_below(sma(m.close, 50), sma(m.close, 200))}
