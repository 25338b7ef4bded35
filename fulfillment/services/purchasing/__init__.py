"""What to buy, how much, and what came of it."""
