"""Forty traders as a language model writes them from a one-sentence wish, untouched."""

# ruff: noqa: E501 -- one case per line reads best

WISHES: dict[str, str] = {
    "Buy when RSI is oversold and starts to rise": """
def conditions(m):
    r = rsi(m.close, 14)
    return {"oversold recently": within(r < 30, 5), "RSI rising": r > r[1] and r[1] > r[2]}
""",
    "Buy a breakout of the 20 bar high with volume": """
def conditions(m):
    prior_high = highest(m.high, 20)[1]
    avg_volume = sma(m.volume, 20)
    return {
        "breakout": m.close > prior_high,
        "volume confirmation": m.volume > avg_volume * 1.5,
    }
""",
    "Golden cross on the 50 and 200 EMA": """
def conditions(m):
    fast = ema(m.close, 50)
    slow = ema(m.close, 200)
    return {"golden cross": crosses_above(fast, slow)}
""",
    "MACD bullish crossover below zero": """
def conditions(m):
    macd_line, signal_line, histogram = macd(m.close)
    return {"cross": crosses_above(macd_line, signal_line), "below zero": macd_line < 0}
""",
    "Bollinger band bounce": """
def conditions(m):
    upper, middle, lower = bbands(m.close, 20, 2)
    return {
        "touched lower band": m.low[1] <= lower[1],
        "closed back inside": m.close > lower,
        "green candle": m.close > m.open,
    }
""",
    "Bollinger squeeze breakout": """
def conditions(m):
    bb = bbands(m.close, 20, 2.0)
    narrow = bb.width < lowest(bb.width, 100) * 1.1
    return {"was squeezed": within(narrow, 5), "breaks upper band": crosses_above(m.close, bb.upper)}
""",
    "TTM squeeze fires upwards": """
def conditions(m):
    bb = bbands(m.close, 20, 2.0)
    kc = keltner(m, 20, 20, 1.5)
    squeeze_on = (bb.lower > kc.lower) and (bb.upper < kc.upper)
    momentum = linreg(m.close - (highest(m.high, 20) + lowest(m.low, 20)) / 2, 20)
    return {"fired": squeeze_on[1] and not squeeze_on, "momentum up": momentum > 0}
""",
    "RSI bullish divergence near support": """
def conditions(m):
    r = rsi(m.close, 14)
    support = lowest(m.low, 100)[1]
    return {
        "divergence": bullish_divergence(m.low, r, left=5, right=5),
        "near support": m.close < support * 1.03,
    }
""",
    "MACD histogram bearish divergence for a short": """
def conditions(m):
    hist = macd(m.close, 12, 26, 9).hist
    return {"bearish divergence": bearish_divergence(m.high, hist), "below EMA 20": m.close < ema(m.close, 20)}
""",
    "Trend following with ADX and DI": """
def conditions(m):
    return {
        "strong trend": adx(m, 14) > 25,
        "DI plus above DI minus": crosses_above(plus_di(m, 14), minus_di(m, 14)),
    }
""",
    "Supertrend flips up and higher timeframe agrees": """
def conditions(m):
    st = supertrend(m, 10, 3)
    htf = m.at("1h")
    return {
        "flip up": st.direction > 0 and st.direction[1] < 0,
        "1h above EMA50": htf.close > ema(htf.close, 50),
    }
""",
    "Stochastic cross in oversold zone on the 15m trend": """
def conditions(m):
    k, d = stoch(m, 14, 3, 3)
    slow = m.at("15m")
    return {
        "cross": crosses_above(k, d),
        "oversold": k[1] < 20,
        "15m uptrend": ema(slow.close, 20) > ema(slow.close, 50),
    }
""",
    "Ichimoku cloud breakout": """
def conditions(m):
    ich = ichimoku(m, 9, 26, 52)
    cloud_top = max(ich.span_a, ich.span_b)
    return {
        "above cloud": crosses_above(m.close, cloud_top),
        "tenkan over kijun": ich.tenkan > ich.kijun,
    }
""",
    "VWAP reclaim with volume": """
def conditions(m):
    v = vwap(m)
    return {
        "reclaim": m.close > v and m.close[1] < v[1],
        "volume": rvol(m, 20) > 1.5,
    }
""",
    "Mean reversion on z-score": """
def conditions(m):
    z = (m.close - sma(m.close, 50)) / stdev(m.close, 50)
    return {"stretched": z < -2.5, "turning": m.close > m.close[1]}
""",
    "Buy only when Bitcoin is bullish": """
def conditions(m):
    btc = m.of("BTCUSDT")
    btc_bullish = btc.close > ema(btc.close, 200)
    return {
        "btc bullish": btc_bullish,
        "pullback": rsi(m.close, 14) < 40,
        "uptrend": m.close > ema(m.close, 100),
    }
""",
    "Relative strength against Bitcoin": """
def conditions(m):
    btc = m.of("BTCUSDT")
    ratio = m.close / btc.close
    return {"ratio at new high": ratio > highest(ratio, 50)[1], "btc not falling": roc(btc.close, 12) > -1}
""",
    "US session momentum": """
def conditions(m):
    us_session = m.hour >= 13 and m.hour < 20
    return {"session": us_session, "momentum": roc(m.close, 6) > 1.0, "volume": m.volume > sma(m.volume, 50)}
""",
    "Weekday only, London open breakout": """
def conditions(m):
    asia_high = highest(m.high, 84)[1]
    return {
        "weekday": m.weekday < 5,
        "london open": 7 <= m.hour < 9,
        "breaks asia high": crosses_above(m.close, asia_high),
    }
""",
    "Three white soldiers with volume": """
def conditions(m):
    return {
        "three white soldiers": pattern(m, "3whitesoldiers") > 0,
        "volume rising": m.volume > m.volume[1],
    }
""",
    "Hammer at the lower Bollinger band": """
def conditions(m):
    bb = bbands(m.close, 20, 2)
    return {"hammer": pattern(m, "hammer") > 0, "at lower band": m.low <= bb.lower}
""",
    "Engulfing candle by hand": """
def conditions(m):
    engulfing = m.close > m.open[1] and m.open < m.close[1] and m.close[1] < m.open[1]
    return {"bullish engulfing": engulfing, "oversold": rsi(m.close, 14) < 40}
""",
    "Inside bar breakout": """
def conditions(m):
    inside = (m.high < m.high[1]) & (m.low > m.low[1])
    return {"inside bar before": inside[1], "breaks mother bar": m.close > m.high[2]}
""",
    "Volume climax reversal": """
def conditions(m):
    climax = (m.volume > highest(m.volume, 50)[1]) & (m.close < m.open)
    return {"climax on previous bar": climax[1], "reversal bar": m.close > m.high[1]}
""",
    "Money flow accumulation": """
def conditions(m):
    flow = cmf(m, 20)
    o = obv(m)
    return {"cmf positive": flow > 0.1, "obv above average": o > ema(o, 21), "price quiet": natr(m, 14) < 1.0}
""",
    "Taker buy pressure": """
def conditions(m):
    buy_ratio = m.taker_buy_volume / m.volume
    return {"buyers dominate": sma(buy_ratio, 10) > 0.55, "price rising": rising(m.close, 2)}
""",
    "Multi-timeframe RSI alignment": """
def conditions(m):
    result = {}
    for tf, level in [("15m", 50), ("1h", 50), ("4h", 45)]:
        result[f"RSI {tf} above {level}"] = rsi(m.at(tf).close, 14) > level
    result["entry pullback"] = crosses_above(rsi(m.close, 14), 40)
    return result
""",
    "EMA ribbon alignment": """
LENGTHS = [8, 13, 21, 34, 55]

def conditions(m):
    ribbon = [ema(m.close, n) for n in LENGTHS]
    aligned = all(a > b for a, b in zip(ribbon, ribbon[1:]))
    return {"ribbon aligned": aligned, "pullback to EMA 21": m.low <= ribbon[2], "closes above": m.close > ribbon[1]}
""",
    "Donchian turtle entry with ATR filter": """
def conditions(m):
    dc = donchian(m, 55)
    return {
        "55 bar breakout": m.close > dc.upper[1],
        "ATR expanding": atr(m, 14) > sma(atr(m, 14), 50),
    }
""",
    "Parabolic SAR flip with EMA trend": """
def conditions(m):
    sar = psar(m, 0.02, 0.2)
    flip = m.close > sar and m.close[1] < sar[1]
    return {"sar flip": flip, "trend": m.close > ema(m.close, 100)}
""",
    "Williams R and CCI both oversold": """
def conditions(m):
    return {"williams": willr(m, 14) < -85, "cci": cci(m, 20) < -150, "turn": m.close > m.open}
""",
    "Heikin Ashi trend change": """
def conditions(m):
    ha = heikin_ashi(m)
    bullish = ha.close > ha.open
    return {"two green": bullish and bullish[1], "red before": not bullish[2]}
""",
    "Gap between price and average closes": """
def conditions(m):
    distance_pct = (m.close / ema(m.close, 50) - 1) * 100
    return {"far below": lowest(distance_pct, 10) < -3, "coming back": distance_pct > distance_pct[1]}
""",
    "Low volatility then expansion": """
def conditions(m):
    vol = natr(m, 14)
    quiet = percent_rank(vol, 100) < 20
    return {"quiet before": within(quiet, 10), "expansion": m.range > 2 * atr(m, 14)[1], "up": m.close > m.open}
""",
    "Higher highs and higher lows": """
def conditions(m):
    hh = highest(m.high, 10) > highest(m.high, 10)[10]
    hl = lowest(m.low, 10) > lowest(m.low, 10)[10]
    return {"higher high": hh, "higher low": hl, "pullback over": crosses_above(m.close, ema(m.close, 10))}
""",
    "Retest of a broken level": """
def conditions(m):
    level = value_when(crosses_above(m.close, highest(m.high, 50)[1]), highest(m.high, 50)[1], 0)
    return {
        "broke out lately": bars_since(crosses_above(m.close, highest(m.high, 50)[1])) < 30,
        "retest": m.low <= level * 1.002,
        "holds": m.close > level,
    }
""",
    "Consecutive red candles then green": """
def conditions(m):
    red = m.close < m.open
    return {"five red": count(red, 5)[1] == 5, "green now": not red}
""",
    "Score based entry": """
def conditions(m):
    score = 0
    score += where(rsi(m.close, 14) < 40, 1, 0)
    score += where(m.close > ema(m.close, 50), 1, 0)
    score += where(macd(m.close).hist > 0, 1, 0)
    score += where(m.volume > sma(m.volume, 20), 1, 0)
    return {"score of at least 3": score >= 3}
""",
    "Stochastic RSI cross with daily trend": """
def conditions(m):
    srsi = stoch_rsi(m.close, 14, 14, 3, 3)
    day = m.at("1d")
    return {"cross up": crosses_above(srsi.k, srsi.d), "from oversold": srsi.k[1] < 20, "daily green": day.close > day.open}
""",
    "Keltner channel pullback with helper": """
def near(a, b, pct=0.5):
    return abs(a - b) / b * 100 < pct

def conditions(m):
    kc = keltner(m, 20, 10, 2)
    return {"near middle": near(m.low, kc.middle), "trend up": slope(kc.middle, 10) > 0, "closes above": m.close > kc.middle}
""",
}
