"""The disk: one SQLite database per data folder, one writer, one engine."""
