"""Which trader looks at which symbol now, and what it saw."""
