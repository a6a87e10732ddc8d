"""What if the numbers are wrong: tornado, draws, screening, flip radius."""
