"""Three strong Heikin-Ashi candles after a weak one."""
NAME = "Heikin-Ashi trend"
SYMBOLS = "top 50 USDT"
INTERVAL = "15m"
EXITS = {"stop_loss": "2 atr", "trailing": "2%", "max_age": "2d"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    ha = heikin_ashi(m)
    green = ha.close > ha.open
    no_lower_wick = min(ha.open, ha.close) - ha.low < 0.05 * (ha.high - ha.low)
    return {
        "3 strong candles": always(green and no_lower_wick, 3),
        "a red one before": (not green)[3],
        "not overbought": mfi(m, 14) < 75,
    }
