"""What credibility moves, what threats are worth, and whether they would be carried out."""
