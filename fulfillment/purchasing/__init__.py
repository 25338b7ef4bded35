"""What will be sold and what to buy: pure functions over plain values (F12)."""
