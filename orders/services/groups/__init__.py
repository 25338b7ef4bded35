"""Group buys: seats taken, paid, left; groups that fill or end."""
