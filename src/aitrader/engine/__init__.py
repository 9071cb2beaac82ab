"""The loop that runs the stages in order, and what orders, retries, restarts and times things."""
