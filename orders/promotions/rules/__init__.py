"""Kinds of promotion, one file each: what the terms say, and what they take off the lines."""
