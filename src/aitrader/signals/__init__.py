"""A signal from birth to its end."""
