"""What programs see of an engine: the local stream for terminals; HTTP later."""
