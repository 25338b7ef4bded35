"""Exchange codes: made in batches, redeemed once."""
