"""A simulated exchange that speaks Binance's REST and streams on loopback."""
