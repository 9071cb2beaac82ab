"""From ENTER to a filled order, and from a wish to leave to nothing held."""
