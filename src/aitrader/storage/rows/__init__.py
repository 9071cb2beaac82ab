"""One file per kind of row: how a fact becomes SQL, and how rows become values again."""
