"""What the market did lately: candle series, their gaps, watch bands and universes. Pure."""
