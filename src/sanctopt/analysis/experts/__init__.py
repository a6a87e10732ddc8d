"""Types from what experts can answer, and base rates."""
