"""One file per panel: its columns, its order, what its rows say in detail."""
