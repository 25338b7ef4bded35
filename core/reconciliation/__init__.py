"""Two books about the same things, compared: a mechanism that knows no goods and no providers."""
