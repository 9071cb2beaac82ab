"""What we hold and when to leave it."""
