"""Lotteries: opened, drawn, closed; what their prizes give."""
