"""The same decisions over past candles: history as events, the run, its numbers, its report."""
