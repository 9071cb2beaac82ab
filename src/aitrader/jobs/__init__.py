"""Long work that a face asked for, in processes of its own."""
