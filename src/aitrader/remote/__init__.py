"""Control and view of an engine in another process."""
