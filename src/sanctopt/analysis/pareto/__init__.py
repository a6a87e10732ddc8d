"""Two objectives against each other."""
