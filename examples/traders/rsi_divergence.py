"""Price makes a lower low while RSI makes a higher low, close to oversold."""
NAME = "RSI divergence"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
EXITS = {"take_profit": "2%", "max_age": "12h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    strength = rsi(m.close, 14)
    return {
        "bullish divergence": bullish_divergence(m, strength, left=5, right=3, max_bars=60),
        "RSI was low": within(strength < 35, 20),
        "RSI turns up": rising(strength, 2),
    }


def stop_loss(m):
    return lowest(m.low, 12) - 0.25 * atr(m, 14)
