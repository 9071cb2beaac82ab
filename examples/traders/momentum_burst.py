"""Rides short bursts: price crosses its fast average while the last minutes gain strength."""
NAME = "Momentum burst"
SYMBOLS = "top 30 USDT"
INTERVAL = "1m"
SIDE = "LONG"
EXITS = {"stop_loss": "0.4%", "take_profit": "0.6%", "max_age": "15m"}
RISK = {"size": "5%", "max_open": 3}


def conditions(m):
    fast, slow = ema(m.close, 9), ema(m.close, 21)
    return {
        "fast average turns above slow": crosses_above(fast, slow),
        "RSI has room": 45 < rsi(m.close, 14) < 75,
    }


def exit_conditions(m):
    return {"fast average turns below slow": crosses_below(ema(m.close, 9), ema(m.close, 21))}
