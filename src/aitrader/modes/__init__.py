"""One file per way to run; the only place that chooses parts and joins them."""
