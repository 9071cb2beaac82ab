"""aitrader watches the crypto market for a person and trades it by that person's rules."""

__version__ = "0.1.0"
